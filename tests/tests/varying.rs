//! Fields whose datatype the message names: OBX-5 by OBX-2, MFE-4 by MFE-5, MFA-5 by MFA-6, the columns of RDT by RDF-2.
//! Whatever is named, nothing is lost.

use hl7_types::v2_5_1::datatypes::Varies;
use hl7_types::v2_5_1::messages::{MfkM01, MfnM02, OruR01, RspK11, RtbK13};
use hl7_types::v2_5_1::{AnyMessage, VERSION};
use hl7_types::{DecodeOptions, Decoded, Message, Rule, Rules, Tree};

fn message(kind: &str, segments: &str) -> Vec<u8> {
    let segments = segments.replace('\n', "\r");
    format!("MSH|^~\\&|A|B|C|D|20240311||{kind}|1|P|2.5.1\r{segments}\r").into_bytes()
}

/// Decodes it; it must come back as it was, and be judged alike without structs.
#[track_caller]
fn read<M: Message>(bytes: &[u8]) -> Decoded<M> {
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let decoded = M::decode_with(bytes, &options).expect("a message");
    assert_eq!(String::from_utf8_lossy(&decoded.message.encode()), String::from_utf8_lossy(bytes));
    let tree = Tree::parse(bytes).expect("a message");
    assert_eq!(tree.check(M::DESC, &options), decoded.findings);
    decoded
}

/// What is said about names and forms, each with its place.
fn said<M>(decoded: &Decoded<M>) -> Vec<String> {
    let rules = [Rule::UnknownDatatype, Rule::Conditional, Rule::BadFormat];
    let findings = decoded.findings.iter().filter(|finding| rules.contains(&finding.rule));
    findings.map(|finding| format!("{} {}", finding.path, finding.rule.id())).collect()
}

/// The datatype that a value was read as, and its text.
fn shown(value: &Varies) -> String {
    let text = match value {
        Varies::Raw(raw) => return format!("raw {}", raw.raw()),
        Varies::Ce(code) => return format!("CE {}", code.identifier.text()),
        Varies::Cx(id) => return format!("CX {}", id.id_number.text()),
        Varies::Xpn(name) => return format!("XPN {}", name.family_name.surname.text()),
        Varies::Nm(number) => number.text(),
        Varies::St(text) => text.text(),
        _ => panic!("none of these"),
    };
    format!("text {text}")
}

#[test]
fn obx_5_by_obx_2() {
    for (named, value, is, finding) in [
        ("NM", "5.4", "text 5.4", ""),
        ("ST", "a~b", "text a", ""),
        ("CE", "AP^A positive", "CE AP", ""),
        // Wrong: the value is not of the form that the name promises.
        ("NM", "<5", "text <5", "OBX-5 bad-format"),
        ("NM", "5^6&7", "text 5", ""),
        // Unknown, in lower case, of another version, several names.
        ("QQ", "a^b&c~d", "raw a^b&c", "OBX-2 unknown-datatype"),
        ("nm", "5", "raw 5", "OBX-2 unknown-datatype"),
        ("CWE^x", "5", "CWE", ""),
        ("varies", "5", "raw 5", "OBX-2 unknown-datatype"),
        // Nothing says what it is.
        ("", "a^b&c~d", "raw a^b&c", "OBX-2 conditional"),
        ("\"\"", "5", "raw 5", "OBX-2 unknown-datatype"),
        // Nothing is there to be named.
        ("", "", "", ""),
        ("QQ", "", "", ""),
    ] {
        let bytes = message("ORU^R01", &format!("OBR|1|||1^x\nOBX|1|{named}|1^x||{value}||||||F"));
        let decoded = read::<OruR01>(&bytes);
        let order = &decoded.message.patient_result[0].order_observation[0];
        let first = order.observation[0].obx.observation_value.first();
        match (first, is) {
            (Some(Varies::Cwe(_)), "CWE") => {}
            (first, is) => assert_eq!(first.map(shown).unwrap_or_default(), is, "{named} {value}"),
        }
        assert_eq!(said(&decoded).first().map_or("", String::as_str), finding, "{named} {value}");
    }
}

/// A name stands for the repetition with its number, the last one for those behind it.
#[test]
fn mfe_4_by_mfe_5_repetition_by_repetition() {
    for (values, names, expected, findings) in [
        ("A1^Ward", "CE", &["CE A1"][..], &[][..]),
        ("A1^Ward~12~F^O", "CE~NM~XPN", &["CE A1", "text 12", "XPN F"], &[]),
        ("1~2~3", "ST~NM", &["text 1", "text 2", "text 3"], &[]),
        (
            "1~x~y",
            "ST~NM",
            &["text 1", "text x", "text y"],
            &["MFE-4[2] bad-format", "MFE-4[3] bad-format"],
        ),
        ("1~2~3", "ST~~NM", &["text 1", "raw 2", "text 3"], &["MFE-5 unknown-datatype"]),
        ("1^a~2", "QQ~CE", &["raw 1^a", "CE 2"], &["MFE-5 unknown-datatype"]),
        ("1^a", "", &["raw 1^a"], &["MFE-5 unknown-datatype"]),
    ] {
        let segments = format!("MFI|STF|||||NE\nMFE|MAD|||{values}|{names}\nSTF|1");
        let decoded = read::<MfnM02>(&message("MFN^M02", &segments));
        let entry = &decoded.message.mf_staff[0].mfe;
        assert_eq!(entry.primary_key_value.iter().map(shown).collect::<Vec<_>>(), expected);
        assert_eq!(said(&decoded), findings, "{values} {names}");

        let segments = format!("MSA|AA|1\nMFI|STF|||||NE\nMFA|MAD|||S|{values}|{names}");
        let decoded = read::<MfkM01>(&message("MFK^M01", &segments));
        let answer = &decoded.message.mfa[0];
        assert_eq!(answer.primary_key_value.iter().map(shown).collect::<Vec<_>>(), expected);
        let findings: Vec<_> = findings
            .iter()
            .map(|line| line.replace("MFE-4", "MFA-5").replace("MFE-5", "MFA-6"))
            .collect();
        assert_eq!(said(&decoded), findings, "{values} {names}");
    }
}

/// As many names as values, and more of either than anybody counts: each is looked up once.
#[test]
fn names_are_read_once() {
    let many = |what: &str| vec![what; 20_000].join("~");
    for names in [many("NM"), "NM".to_owned(), String::new()] {
        let segments = format!("MFI|STF|||||NE\nMFE|MAD|||{}|{names}\nSTF|1", many("7"));
        let decoded = read::<MfnM02>(&message("MFN^M02", &segments));
        assert_eq!(decoded.message.mf_staff[0].mfe.primary_key_value.len(), 20_000);
    }
}

#[test]
fn rdt_by_rdf() {
    for (rdf, rdt, expected, findings) in [
        ("3|A^ST^20~B^CX^20~C^NM^5", "a|7^^^X|3", &["text a", "CX 7", "text 3"][..], &[][..]),
        // Each repetition of a column is of its type.
        ("2|A^CE^20~B^XPN^20", "a^b~c^d|F^O~G^P", &["CE a", "CE c", "XPN F", "XPN G"], &[]),
        ("1|A^NM^20", "x", &["text x"], &["RDT-1 bad-format"]),
        // A column need not say what it is, but what it says has to be a datatype.
        ("2|A~B^NM^5", "a^b|3", &["raw a^b", "text 3"], &[]),
        ("2|A^QQ^20~B^NM^5", "a^b|3", &["raw a^b", "text 3"], &["RDF-2.2 unknown-datatype"]),
        // More columns than the definition has.
        ("1|A^NM^5", "3|a^b", &["text 3", "raw a^b"], &[]),
    ] {
        let segments =
            format!("MSA|AA|1\nQAK|1|OK\nQPD|Q13^Table|1\nRDF|{rdf}\nRDT|{rdt}\nRDT|{rdt}");
        let decoded = read::<RtbK13>(&message("RTB^K13^RTB_K13", &segments));
        let rows = &decoded.message.row_definition.as_ref().expect("rows").rdt;
        for row in rows {
            let values: Vec<_> = row.column_value.iter().flatten().map(shown).collect();
            assert_eq!(values, expected, "{rdf} {rdt}");
        }
        let mut said = said(&decoded);
        said.retain(|line| !line.starts_with("RDT[2]"));
        assert_eq!(said, findings, "{rdf} {rdt}");
    }
}

/// The definition in force is the last one; without one, rows are raw.
#[test]
fn the_last_row_definition_counts() {
    let segments = "MSA|AA|1\nQAK|1|OK\nQPD|Q11^x|1\nRDT|1^2\nRDF|1|A^CX^20\nRDT|1^2\nZZZ|1\nRDT|3^4\n\
        RDF|1|B^NM^5\nRDT|5\nRDT|6";
    let bytes = message("RSP^K11^RSP_K11", segments);
    let decoded = AnyMessage::decode(&bytes).expect("a message");
    assert_eq!(decoded.message.encode(), bytes);
    let names: Vec<_> = decoded.findings.iter().map(|finding| finding.rule).collect();
    assert!(!names.contains(&Rule::UnknownDatatype), "{names:?}");
    // What is placed shows what it was read as.
    let decoded = read::<RspK11>(&message(
        "RSP^K11^RSP_K11",
        "MSA|AA|1\nQAK|1|OK\nQPD|Q11^x|1\nRDF|1|A^CX^20\nRDT|1^2\nZZZ|1\nRDT|3^4",
    ));
    let rows = &decoded.message.row_definition.as_ref().expect("rows").rdt;
    let values: Vec<_> = rows.iter().flat_map(|row| &row.column_value).flatten().collect();
    assert_eq!(values.into_iter().map(shown).collect::<Vec<_>>(), ["CX 1", "CX 3"]);
    assert!(VERSION.segment("RDF").is_some());
}

/// Parameters of a query are what those who use it agreed on: raw, until somebody who knows says more.
#[test]
fn qpd_parameters_vary() {
    use hl7_types::v2_5_1::messages::QbpQ11;
    let bytes = message("QBP^Q11^QBP_Q11", "QPD|Q11^x|1|100234^^^HARBOUR^MR|F^O~G^P\nRCP|I");
    let mut query = read::<QbpQ11>(&bytes).message;
    let parameters = &mut query.qpd.user_parameters_in_successive_fields;
    assert_eq!(
        parameters.iter().flatten().map(shown).collect::<Vec<_>>(),
        ["raw 100234^^^HARBOUR^MR", "raw F^O", "raw G^P"]
    );
    parameters[0][0] = Varies::St("a&b".into());
    let line = b"QPD|Q11^x|1|a\\T\\b|F^O~G^P\r";
    assert!(query.encode().windows(line.len()).any(|window| window == line));
}
