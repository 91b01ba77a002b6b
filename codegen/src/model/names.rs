//! Rust names for the standard's names. The whole policy is here.
//!
//! **Words.** A text is first cut into words. Apostrophes vanish (`Patient's` → `patients`), so do the
//! bracket of `Site(s)`, a bracket with examples (`Prefix (e.g., DR)` → `prefix`) and a footnote mark (`+`
//! or `*`) at the end. `&` is *and*, `%` *percent*, `#` *number*, `+` *plus*, the dot of `3.2` *point*,
//! `1/2` *half*. Single letters stay together (`R/U` → `ru`), so does a plural of capitals (`IDs` → `ids`).
//! Latin letters lose their accents; every other sign separates words.
//!
//! **Fields and components** are snake case of the element name, without a trailing ` - PID` that names
//! the own segment (`Set ID - PID` → `set_id`). **Members** of a structure are snake case of the segment
//! id or group name; the second occurrence of a segment among siblings is `rol2`, the third `rol3`, and
//! with an underscore where the id ends in a digit (`pv1_2`). In a choice the same names are upper camel,
//! they are variants there.
//!
//! **Types** are upper camel of the id or name (`PID` → `Pid`, `ADT_A01` → `AdtA01`, `PATIENT_RESULT` →
//! `PatientResult`, table `Administrative Sex` → `AdministrativeSex`). **Modules** are snake case.
//!
//! **Reserved.** A snake name that is a keyword of the 2024 edition, `extra` (the member that generated
//! structs have for surplus content) or `new` gets an underscore at its end. A type that would shadow the
//! prelude or the runtime gets the word of its kind: `FN` → `FnType`, `ERR` → `ErrSegment`, `RESULT` →
//! `ResultGroup`. Never `r#`. A leading digit gets `n`: `n_2nd_name`, `N2ndName`. A module that Windows has no file
//! for gets an underscore (`CON` → `con_`).
//!
//! **Tables.** Equal names, no name, or a name that another type has: the id is appended, to all of them
//! (`Diet0114`). A value is upper camel of its label; without a label, or when that is longer than
//! [`LONGEST_VARIANT`], it is `Code` and the code, spelled out. Where two labels of a table give one name,
//! each of them gets its code appended.
//!
//! What still collides is an error that asks for `ident="…"` in the schema; nothing is numbered silently.

use std::borrow::Cow;

use heck::{ToSnakeCase, ToUpperCamelCase};

/// The longest variant name made from a label.
pub const LONGEST_VARIANT: usize = 40;

/// Keywords of the 2024 edition, and names that generated structs use themselves.
const RESERVED_SNAKE: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "extra", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "new", "override", "priv",
    "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The prelude, `Self`, what generated files import from the runtime, and the variants that generated enums have for
/// everything else.
const RESERVED_TYPES: &[&str] = &[
    "AsMut",
    "AsRef",
    "AsyncFn",
    "AsyncFnMut",
    "AsyncFnOnce",
    "Box",
    "Clone",
    "Code",
    "Copy",
    "Datatype",
    "DatatypeDesc",
    "DatatypeKind",
    "Debug",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "ElementDesc",
    "Eq",
    "Err",
    "ExactSizeIterator",
    "Extend",
    "Extra",
    "Fn",
    "FnMut",
    "FnOnce",
    "Format",
    "From",
    "FromIterator",
    "Future",
    "Group",
    "GroupDesc",
    "Hash",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "MemberDesc",
    "MemberKind",
    "Message",
    "None",
    "Ok",
    "Option",
    "Ord",
    "Other",
    "PartialEq",
    "PartialOrd",
    "Raw",
    "Result",
    "Segment",
    "SegmentDesc",
    "Self",
    "Send",
    "Sized",
    "Some",
    "String",
    "StructureDesc",
    "Sync",
    "TableDesc",
    "TableKind",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Usage",
    "Vec",
];

/// Names that a file on Windows cannot have, whatever its extension.
const RESERVED_FILES: &[&str] = &["aux", "con", "nul", "prn"];

/// What a type stands for; its word is appended to a reserved name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeOf {
    /// A datatype.
    Datatype,
    /// A segment.
    Segment,
    /// A message structure.
    Message,
    /// A group in a structure.
    Group,
    /// A choice in a structure.
    Choice,
}

impl TypeOf {
    fn word(self) -> &'static str {
        match self {
            Self::Datatype => "Type",
            Self::Segment => "Segment",
            Self::Message => "Message",
            Self::Group => "Group",
            Self::Choice => "Choice",
        }
    }
}

/// The type for an id or group name.
#[must_use]
pub fn type_name(id: &str, of: TypeOf) -> String {
    let name = camel(id);
    if is_reserved_type(&name) { name + of.word() } else { name }
}

/// True for a type name that the prelude or the runtime has.
#[must_use]
pub fn is_reserved_type(name: &str) -> bool {
    RESERVED_TYPES.contains(&name)
}

/// The module for an id: `adt_a01`; for a version: `v2_5_1`.
#[must_use]
pub fn module_name(id: &str) -> String {
    let name = if id.starts_with(|sign: char| sign.is_ascii_digit()) {
        format!("v{}", id.replace('.', "_"))
    } else {
        snake(id)
    };
    if RESERVED_FILES.contains(&name.as_str()) { name + "_" } else { not_reserved(name) }
}

/// The field for an element name; `owner` is the id of the segment, for ` - PID` at the end.
#[must_use]
pub fn field_name(name: &str, owner: &str) -> String {
    not_reserved(snake(without_owner(name.trim(), owner)))
}

/// The field for a segment id or group name in a structure.
#[must_use]
pub fn member_name(name: &str) -> String {
    not_reserved(snake(name))
}

/// The variant for a segment id or group name in a choice.
#[must_use]
pub fn alternative_name(name: &str) -> String {
    variant(camel(name))
}

/// `name` for its `n`th occurrence among siblings, counted from 1.
#[must_use]
pub fn nth(name: String, n: usize) -> String {
    match n {
        0 | 1 => name,
        _ if name.ends_with(|sign: char| sign.is_ascii_digit()) => format!("{name}_{n}"),
        _ => format!("{}{n}", name.trim_end_matches('_')),
    }
}

/// The enum for a table, before other tables are looked at; empty when the table has no name.
#[must_use]
pub fn table_name(name: &str) -> String {
    camel(name)
}

/// The variant for a table value, before the other values are looked at.
#[must_use]
pub fn variant_name(label: &str, code: &str) -> String {
    let name = camel(label);
    if name.is_empty() || name.len() > LONGEST_VARIANT {
        format!("Code{}", code_name(code))
    } else {
        variant(name)
    }
}

/// A code as part of a name, with its signs spelled out so that different codes stay different.
#[must_use]
pub fn code_name(code: &str) -> String {
    let mut words = String::new();
    for sign in code.chars() {
        match spelled(sign) {
            Some(word) => {
                words.push(' ');
                words.push_str(word);
                words.push(' ');
            }
            None => words.push(sign),
        }
    }
    words.to_upper_camel_case()
}

/// True when `ident` can be written for a field or member as it is.
#[must_use]
pub fn is_field_ident(ident: &str) -> bool {
    is_word(ident)
        && ident == ident.to_ascii_lowercase()
        && !ident.starts_with('_')
        && not_reserved(ident.to_owned()) == ident
}

/// True when `ident` can be written for a type or variant as it is.
#[must_use]
pub fn is_type_ident(ident: &str) -> bool {
    is_word(ident)
        && ident.starts_with(|sign: char| sign.is_ascii_uppercase())
        && !ident.contains('_')
        && ident != "Self"
}

fn is_word(ident: &str) -> bool {
    let signs = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    !ident.is_empty()
        && ident.chars().all(signs)
        && !ident.starts_with(|sign: char| sign.is_ascii_digit())
}

fn snake(text: &str) -> String {
    let name = words(text).to_snake_case();
    if name.starts_with(|sign: char| sign.is_ascii_digit()) { format!("n_{name}") } else { name }
}

fn camel(text: &str) -> String {
    let name = words(text).to_upper_camel_case();
    if name.starts_with(|sign: char| sign.is_ascii_digit()) { format!("N{name}") } else { name }
}

fn variant(name: String) -> String {
    if name == "Self" { "SelfValue".into() } else { name }
}

fn not_reserved(name: String) -> String {
    if RESERVED_SNAKE.contains(&name.as_str()) { name + "_" } else { name }
}

/// `Set ID - PID` is `Set ID` in PID; the dash varies.
fn without_owner<'n>(name: &'n str, owner: &str) -> &'n str {
    name.strip_suffix(owner)
        .filter(|_| !owner.is_empty())
        .map(str::trim_end)
        .and_then(|rest| rest.strip_suffix(['-', '–', '_']))
        .map(str::trim_end)
        .filter(|rest| !rest.is_empty())
        .unwrap_or(name)
}

/// ASCII letters, digits and spaces, ready for heck.
fn words(text: &str) -> String {
    let text = without_examples(text.trim()).trim_end_matches(['+', '*']).replace("(s)", "s");
    let signs: Vec<char> = text.replace("1/2", "½").chars().collect();
    let mut out = String::with_capacity(text.len());
    for (index, sign) in signs.iter().copied().enumerate() {
        let (before, after) = signs.split_at(index);
        let after = &after[1..];
        let word: Cow<'static, str> = match sign {
            '\'' | '’' => continue,
            '/' | '.'
                if is_single_letter(before.iter().rev()) && is_single_letter(after.iter()) =>
            {
                continue;
            }
            '.' if ends_in_digit(before) && after.first().is_some_and(char::is_ascii_digit) => {
                " point ".into()
            }
            's' if ends_in_capitals(before)
                && !after.first().is_some_and(char::is_ascii_alphanumeric) =>
            {
                lower_last_word(&mut out);
                "s".into()
            }
            '&' => " and ".into(),
            '%' => " percent ".into(),
            '#' => " number ".into(),
            '+' => " plus ".into(),
            '½' => " half ".into(),
            'Æ' => "Ae".into(),
            'æ' => "ae".into(),
            'ß' => "ss".into(),
            _ if sign.is_ascii_alphanumeric() => String::from(sign).into(),
            _ => without_accent(sign).map_or(" ".into(), |letter| String::from(letter).into()),
        };
        out.push_str(&word);
    }
    out
}

/// Cuts `(e.g., DR)` off the end; the bracket need not be closed.
fn without_examples(text: &str) -> &str {
    let kept = text.find("(e.g.").map_or(text, |start| text[..start].trim_end());
    if kept.is_empty() { text } else { kept }
}

/// True when what begins is a letter that stands alone.
fn is_single_letter<'c>(mut signs: impl Iterator<Item = &'c char>) -> bool {
    signs.next().is_some_and(char::is_ascii_alphabetic)
        && !signs.next().is_some_and(char::is_ascii_alphanumeric)
}

fn ends_in_digit(signs: &[char]) -> bool {
    signs.last().is_some_and(char::is_ascii_digit)
}

/// True after a word of two capitals or more, and nothing else in it.
fn ends_in_capitals(signs: &[char]) -> bool {
    let mut word = signs.iter().rev().take_while(|sign| sign.is_ascii_alphanumeric()).peekable();
    word.peek().is_some() && word.clone().count() > 1 && word.all(char::is_ascii_uppercase)
}

/// `Parent ID` → `Parent id`, so that an `s` behind it does not become a word of its own.
fn lower_last_word(out: &mut str) {
    let start = out.rfind(' ').map_or(0, |space| space + 1);
    if let Some(word) = out.get_mut(start..) {
        word.make_ascii_lowercase();
    }
}

fn without_accent(sign: char) -> Option<char> {
    Some(match sign {
        'À'..='Å' => 'A',
        'Ç' => 'C',
        'È'..='Ë' => 'E',
        'Ì'..='Ï' => 'I',
        'Ñ' => 'N',
        'Ò'..='Ö' | 'Ø' => 'O',
        'Ù'..='Ü' => 'U',
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        _ => return None,
    })
}

/// The word for a sign that a name cannot hold; none for what it can, and for what only separates.
fn spelled(sign: char) -> Option<&'static str> {
    Some(match sign {
        '<' => "Lt",
        '>' => "Gt",
        '=' => "Eq",
        '+' => "Plus",
        '-' => "Dash",
        '*' => "Star",
        '.' => "Dot",
        ',' => "Comma",
        ':' => "Colon",
        ';' => "Semicolon",
        '/' => "Slash",
        '\\' => "Backslash",
        '^' => "Caret",
        '&' => "And",
        '%' => "Percent",
        '#' => "Number",
        '?' => "Question",
        '!' => "Bang",
        '@' => "At",
        '$' => "Dollar",
        '~' => "Tilde",
        '|' => "Bar",
        '(' => "Open",
        ')' => "Close",
        '[' => "OpenSquare",
        ']' => "CloseSquare",
        '{' => "OpenBrace",
        '}' => "CloseBrace",
        '"' => "Quote",
        '\'' => "Apostrophe",
        _ if sign.is_ascii() => return None,
        _ => "Sign",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        for (name, owner, want) in [
            ("Set ID - PID", "PID", "set_id"),
            ("Set ID -PID", "PID", "set_id"),
            ("Action Code-RXA", "RXA", "action_code"),
            ("Set ID - PV1", "PID", "set_id_pv1"),
            ("Patient Identifier List", "PID", "patient_identifier_list"),
            ("Date/Time of Birth", "PID", "date_time_of_birth"),
            ("Driver's License Number - Patient", "PID", "drivers_license_number_patient"),
            ("Collector’s Comment *", "OBR", "collectors_comment"),
            ("Filler Field 1 +", "OBR", "filler_field_1"),
            ("Family+last name", "CN", "family_plus_last_name"),
            ("Fillers Field #1", "OBR", "fillers_field_number_1"),
            ("Address of Outside Site(s)", "OM1", "address_of_outside_sites"),
            ("Expected Surgery Date & Time", "PV2", "expected_surgery_date_and_time"),
            ("Valid Coded \"Answers\"", "OM3", "valid_coded_answers"),
            ("Type", "IN1", "type_"),
            ("Extra", "ZZZ", "extra_"),
            ("New", "ZZZ", "new_"),
            ("gen", "ZZZ", "gen_"),
            ("2nd Name", "ZZZ", "n_2nd_name"),
            ("ROL", "ROL", "rol"),
            ("Prefix (e.g., DR)", "XPN", "prefix"),
            ("Degree (e.g., MD", "XPN", "degree"),
            ("(e.g. this)", "ZZZ", "eg_this"),
            ("R/U Date/Time", "URD", "ru_date_time"),
            ("Delay Before L.R. Day", "IN1", "delay_before_lr_day"),
            ("Specimen Parent IDs", "SPM", "specimen_parent_ids"),
            ("E-Mail Address", "STF", "e_mail_address"),
            ("100% Paid", "ZZZ", "n_100_percent_paid"),
        ] {
            assert_eq!(field_name(name, owner), want, "{owner}: {name}");
        }
    }

    #[test]
    fn types_and_modules() {
        for (id, of, want) in [
            ("PID", TypeOf::Segment, "Pid"),
            ("PV1", TypeOf::Segment, "Pv1"),
            ("ERR", TypeOf::Segment, "ErrSegment"),
            ("FN", TypeOf::Datatype, "FnType"),
            ("varies", TypeOf::Datatype, "Varies"),
            ("ADT_A01", TypeOf::Message, "AdtA01"),
            ("QBP_Qnn", TypeOf::Message, "QbpQnn"),
            ("PATIENT_RESULT", TypeOf::Group, "PatientResult"),
            ("RESULT", TypeOf::Group, "ResultGroup"),
            ("OPTION", TypeOf::Choice, "OptionChoice"),
        ] {
            assert_eq!(type_name(id, of), want, "{id}");
        }
        for (id, want) in [
            ("PID", "pid"),
            ("ADT_A01", "adt_a01"),
            ("FN", "fn_"),
            ("CON", "con_"),
            ("2.5.1", "v2_5_1"),
        ] {
            assert_eq!(module_name(id), want, "{id}");
        }
    }

    #[test]
    fn members() {
        for (name, n, want) in
            [("ROL", 1, "rol"), ("ROL", 2, "rol2"), ("PV1", 2, "pv1_2"), ("LOOP", 1, "loop_")]
        {
            assert_eq!(nth(member_name(name), n), want, "{name} {n}");
        }
        assert_eq!(alternative_name("ORDER_DETAIL"), "OrderDetail");
    }

    #[test]
    fn variants() {
        let long = "Medical visit on same day as a type T or S procedure";
        for (label, code, want) in [
            ("Female", "F", "Female"),
            ("Self", "SEL", "SelfValue"),
            ("None", "N", "None"),
            ("10% Formalin", "F10", "N10PercentFormalin"),
            ("3.2% Citrate", "C32", "N3Point2PercentCitrate"),
            ("2 1/2 hours", "2.5H", "N2HalfHours"),
            ("Åland Islands", "ALA", "AlandIslands"),
            ("Côte d'Ivoire", "CIV", "CoteDIvoire"),
            ("", "A01", "CodeA01"),
            ("", "<", "CodeLt"),
            ("*", "*", "CodeStar"),
            (long, "21", "Code21"),
            ("", "1002-5", "Code1002Dash5"),
        ] {
            assert_eq!(variant_name(label, code), want, "{code}: {label}");
        }
    }

    #[test]
    fn what_may_be_written_as_ident() {
        for (ident, field, ty) in [
            ("set_id", true, false),
            ("type", false, false),
            ("extra", false, false),
            ("_x", false, false),
            ("9x", false, false),
            ("SetId", false, true),
            ("Self", false, false),
            ("Set_Id", false, false),
            ("", false, false),
        ] {
            assert_eq!(is_field_ident(ident), field, "{ident}");
            assert_eq!(is_type_ident(ident), ty, "{ident}");
        }
    }
}
