//! What rules say that the examples of 2.5.1 do not show: those about what other versions state, and the borders of each.

use hl7_types::{DecodeOptions, Rules, Tree, Version};

/// The findings behind the header of an acknowledgment of a version.
fn found(version: &str, segments: &str) -> Vec<String> {
    let known = Version::find(version).expect("it is enabled");
    let kind = if version >= "2.5" { "ACK^A01^ACK" } else { "ACK^A01" };
    let text = format!("MSH|^~\\&|||||20260211140114||{kind}|1|P|{version}\r{segments}\r");
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let typed = known.decode(text.as_bytes(), &options).expect("a message").findings;
    let tree = Tree::parse(text.as_bytes()).expect("a message");
    let structure = tree.structure(known.desc()).expect("each version has this structure");
    assert_eq!(tree.check(structure, &options), typed, "without types");
    let behind = typed.iter().filter(|finding| finding.segment > 1);
    behind
        .map(|finding| format!("{} {}: {}", finding.rule.id(), finding.path, finding.message))
        .collect()
}

#[track_caller]
fn check(version: &str, segments: &str, expected: &[&str]) {
    assert_eq!(found(version, segments), expected, "{version} {segments}");
}

#[test]
fn lengths() {
    let user = |text: &str, count: usize| {
        format!("MSA|AE|1\rERR|||207^Error^HL70357|E||||{}", text.repeat(count))
    };
    check("2.9", &user("A", 250), &[]);
    check("2.9", &user("\u{e9}", 250), &[]);
    check(
        "2.9",
        &user("A", 251),
        &[
            "conformance-length ERR-8: User Message has 251 characters, a receiver need keep 250 only; \
           the rest may be cut off",
        ],
    );
    // From 2.7 to 2.8.2 nothing is stated, before there is a maximum.
    check("2.8", &user("A", 251), &[]);
    check(
        "2.5",
        &user("A", 251),
        &["too-long ERR-8: User Message has 251 characters, at most 250 are allowed"],
    );
    // Where there is a maximum, too, it is reported alone.
    check(
        "2.9",
        &format!("MSA|AA|{}", "1".repeat(200)),
        &["too-long MSA-2: Message Control ID has 200 characters, at most 199 are allowed"],
    );
    check(
        "2.9",
        "MSA|A|1",
        &[
            "unknown-code MSA-1: Acknowledgment Code: not a code of table 0008, Acknowledgment code",
            "too-short MSA-1: Acknowledgment Code has 1 characters, at least 2 are required",
        ],
    );
    // A null is no text.
    check("2.9", "MSA|\"\"|1", &[]);
}

#[test]
fn conditions_with_two_terms() {
    // CWE.3 unless CWE.14 says what the coding system is; a text alone asks for neither.
    let err = |code: &str| format!("MSA|AE|1\rERR|||{code}|E");
    let missing = "conditional ERR-3.3: Name of Coding System is empty, and required where \
                   Identifier is valued and Coding System OID is empty";
    check("2.8", &err("207^Error^HL70357"), &[]);
    check("2.8", &err("207^Error^^^^^^^^^^^^2.16.840.1.113883.12.357"), &[]);
    check("2.8", &err("^Error"), &[]);
    check("2.8", &err("\"\""), &[]);
    check("2.8", &err("207^Error"), &[missing]);
    check("2.8", &err("207^Error^\"\""), &[]);
    // Not stated before.
    check("2.6", &err("207^Error"), &[]);
}
