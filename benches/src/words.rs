//! What the places of a template are filled with. All of it is invented: nobody has these names or lives there.

use std::fmt::Write;

use crate::random::Random;

/// Bytes of the document in a report that carries one.
const DOCUMENT: usize = 1 << 20;

const FAMILIES: &[&str] = &[
    "FENWICK",
    "BRACKENHURST",
    "QUILL",
    "PELLERIN",
    "OKONJO-VALE",
    "SALTER",
    "DUNMOOR",
    "AXWORTH",
    "TIRRELL",
    "VANTONGEREN",
    "LOWE",
    "MARCHETTI",
    "IBARROLA",
    "STELLWAGEN",
    "OSK",
    "NAKAGOME",
];
const GIVEN: &[&str] = &[
    "ODETTE",
    "BARNABY",
    "ISOLDE",
    "WREN",
    "LINNET",
    "AMOS",
    "BERYL",
    "TAMSIN",
    "JASPER",
    "MARIGOLD",
    "CORMAC",
    "HESTER",
    "ALDOUS",
    "PIA",
    "BO",
    "EVANGELINE",
];
const STREETS: &[&str] =
    &["Lantern Row", "Gull Steps", "Old Harbour Road", "Mill Lane", "Weir Close", "Kiln Street"];
const TOWNS: &[&str] =
    &["Port Ellery^EL^90210", "Eastquay^EL^90188", "Nether Sound^MK^71002", "Holm^MK^7104"];
const WARDS: &[&str] = &["WARD3", "WARD12", "ICU", "MATERNITY", "DAY-SURGERY"];
const COMPLAINTS: &[&str] = &[
    "Chest pain, short of breath",
    "Fall from a ladder",
    "Fever",
    "Planned admission",
    "Dizziness",
];
const SUBSTANCES: &[&str] =
    &["Penicillin", "Latex", "Metformin", "Bisoprolol", "Acetylsalicylic acid", "Codeine"];
const REACTIONS: &[&str] = &["Rash", "Swollen lips", "Nausea", "Short of breath", "Hives"];
const DIAGNOSES: &[&str] = &[
    "I20.9^Angina pectoris, unspecified",
    "E11.9^Type 2 diabetes",
    "S52.5^Fracture of radius",
    "J18.9^Pneumonia",
    "I10^Hypertension",
    "K35.8^Acute appendicitis",
];
const ANALYTES: &[&str] = &[
    "2345-7^Glucose [Mass/volume] in Serum or Plasma",
    "2823-3^Potassium [Moles/volume] in Serum",
    "2951-2^Sodium [Moles/volume] in Serum",
    "718-7^Hemoglobin [Mass/volume] in Blood",
    "2160-0^Creatinine [Mass/volume] in Serum",
    "1742-6^ALT [Enzymatic activity/volume]",
    "2093-3^Cholesterol [Mass/volume]",
    "6690-2^Leukocytes [#/volume] in Blood",
    "777-3^Platelets [#/volume] in Blood",
    "3016-3^Thyrotropin",
];
const UNITS: &[&str] = &["mg/dL", "mmol/L", "g/dL", "U/L", "10*3/uL", "ng/mL"];
const INSURERS: &[&str] = &["Harbour Plus", "Eastquay Mutual", "Sound Health"];
const PLAIN: &[&str] = &[
    "admitted",
    "with",
    "stable",
    "findings",
    "no",
    "evidence",
    "of",
    "infection",
    "repeat",
    "test",
    "within",
    "two",
    "weeks",
    "patient",
    "walks",
    "unaided",
    "wound",
    "clean",
    "and",
    "dry",
    "discussed",
    "family",
    "continue",
    "treatment",
    "as",
    "before",
];

/// Writes what belongs to a place: a named one, or one of the alternatives that it lists.
pub(crate) fn fill(out: &mut String, place: &str, random: &mut Random) {
    let word = match place {
        "application" => random.pick(&["ADT1", "LAB1", "HUB", "RADIOLOGY", "OE1"]),
        "facility" => random.pick(&["HARBOUR GENERAL", "EASTQUAY CLINIC", "ST ODO HOSPITAL"]),
        "site" => random.pick(&["HARBOUR", "EASTQUAY", "STODO"]),
        "family" => random.pick(FAMILIES),
        "given" => random.pick(GIVEN),
        "ward" => random.pick(WARDS),
        "complaint" => random.pick(COMPLAINTS),
        "substance" => random.pick(SUBSTANCES),
        "reaction" => random.pick(REACTIONS),
        "diagnosis" => random.pick(DIAGNOSES),
        "analyte" => random.pick(ANALYTES),
        "unit" => random.pick(UNITS),
        "insurer" => random.pick(INSURERS),
        _ if place.contains('/') => {
            let alternatives: Vec<&str> = place.split('/').collect();
            random.pick(&alternatives)
        }
        _ => return compose(out, place, random),
    };
    out.push_str(word);
}

/// What is not a word of a list.
fn compose(out: &mut String, place: &str, random: &mut Random) {
    // Writing to a string does not fail.
    let _ = match place {
        "id" => write!(out, "{}{:06}", random.pick(&["HG", "EQ", "ORD-"]), random.below(1_000_000)),
        "number" => write!(out, "{}", random.between(1_000, 99_999_999)),
        "lot" => write!(out, "LOT-{:03}A", random.below(1_000)),
        "room" => write!(out, "{}", random.between(1, 640)),
        "days" => write!(out, "{}", random.between(1, 60)),
        "height" => write!(out, "{}", random.between(140, 205)),
        "weight" => write!(out, "{}.{}", random.between(40, 120), random.below(10)),
        "value" => write!(out, "{}.{}", random.below(200), random.below(10)),
        "range" => write!(out, "{}-{}", random.between(1, 70), random.between(80, 400)),
        "phone" => write!(out, "(555)555-{:04}", random.below(10_000)),
        "date" => date(out, random),
        "time" => date(out, random).and_then(|()| {
            write!(
                out,
                "{:02}{:02}{:02}+0000",
                random.below(24),
                random.below(60),
                random.below(60)
            )
        }),
        "address" => {
            let number = random.between(1, 240);
            write!(out, "{number} {}^^{}^USA^H", random.pick(STREETS), random.pick(TOWNS))
        }
        "staff" => {
            let (number, family) = (random.between(1_000, 9_999), random.pick(FAMILIES));
            write!(out, "{number}^{family}^{}^^^DR^MD", random.pick(GIVEN))
        }
        "nurse" => write!(out, "{}^{}", random.between(1_000, 9_999), random.pick(FAMILIES)),
        "words" => words(out, random),
        "base64" => base64(out, random),
        _ => unreachable!("no such place: {place}"),
    };
}

fn date(out: &mut String, random: &mut Random) -> std::fmt::Result {
    let (year, month, day) =
        (random.between(1930, 2026), random.between(1, 12), random.between(1, 28));
    write!(out, "{year}{month:02}{day:02}")
}

fn words(out: &mut String, random: &mut Random) -> std::fmt::Result {
    out.push_str(random.pick(PLAIN));
    for _ in 0..random.between(1, 6) {
        write!(out, " {}", random.pick(PLAIN))?;
    }
    Ok(())
}

fn base64(out: &mut String, random: &mut Random) -> std::fmt::Result {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.reserve(DOCUMENT);
    out.extend((0..DOCUMENT).map(|_| char::from(DIGITS[random.below(DIGITS.len())])));
    Ok(())
}
