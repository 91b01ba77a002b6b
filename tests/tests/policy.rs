//! Two systems agree on what departs from the standard: a policy, and what a message under it is found to have.

use hl7_types::policy::Policy;
use hl7_types::{Rule, Severity, Tree, v2_3, v2_5_1};

const MESSAGE: &str = "MSH|^~\\&|ADT|HARBOUR|EHR|HARBOUR|20260211140114||ADT^A01^ADT_A01|1|P|2.5.1\r\
    EVN||20260211140114\r\
    PID|||4711^^^HARBOUR^MR||EVERYMAN^ADAM||19610615|M\r\
    PV1||I\r";

fn policy(text: &str) -> Policy {
    match Policy::parse(text, &[&v2_5_1::VERSION]) {
        Ok(policy) => policy,
        Err(errors) => panic!("{errors}"),
    }
}

/// What a message has under a policy, from descriptors and from structs, which must be the same.
fn findings(policy: &Policy, message: &str) -> Vec<String> {
    let options = policy.options(&v2_5_1::VERSION);
    let tree = Tree::parse(message).expect("a message");
    let structure = tree.structure(&v2_5_1::VERSION).expect("a structure");
    let untyped = tree.check(structure, &options);
    let decoded = v2_5_1::AnyMessage::decode_with(message.as_bytes(), &options).expect("a message");
    assert_eq!(decoded.message.encode(), message.as_bytes(), "a policy changes no message");
    assert_eq!(decoded.findings, untyped);
    let told = |finding: &hl7_types::Finding| {
        format!("{}[{}] {}", finding.severity.word(), finding.rule.id(), finding.path)
    };
    untyped.iter().map(told).collect()
}

#[track_caller]
fn check(toml: &str, message: &str, expected: &[&str]) {
    assert_eq!(findings(&policy(toml), message), expected, "{toml}");
}

/// A message with something for every switch: a header without MSH-11, an empty field that is required, a segment out of its
/// order, a date and a number that are none, a code that is none, more components than there are.
const FAULTY: &str = "MSH|^~\\&|ADT|HARBOUR|EHR|HARBOUR|20260211140114||ADT^A01^ADT_A01|1||2.5.1\r\
    PID|x||4711^^^HARBOUR^MR||EVERYMAN^ADAM||1961-06-15|F|||||||||||||||PORT^surplus\r\
    EVN|A01\r\
    PV1||Q\r";

/// Statement 19: the switches act each for itself, and the header is validated whatever they say.
#[test]
fn statement_19_switches_act_separately() {
    let header = "error[required-field] MSH-11";
    check(
        "",
        FAULTY,
        &[
            header,
            "error[missing-segment] EVN",
            "error[bad-format] PID-1",
            "error[bad-format] PID-7.1",
            "warning[surplus-component] PID-23",
            "error[misplaced-segment] EVN",
            "error[required-field] EVN-2",
            "note[site-code] PV1-2",
        ],
    );
    // Body off: required fields, forms, order and codes pass; separators that are too many do not.
    check("[validation]\nbody = false", FAULTY, &[header, "warning[surplus-component] PID-23"]);
    // The forms of dates alone; that of PID-1, which is a number, is still looked at.
    check(
        "[validation]\ncustom-datatypes = false",
        FAULTY,
        &[
            header,
            "error[missing-segment] EVN",
            "error[bad-format] PID-1",
            "warning[surplus-component] PID-23",
            "error[misplaced-segment] EVN",
            "error[required-field] EVN-2",
            "note[site-code] PV1-2",
        ],
    );
    check(
        "[validation]\nbody = false\n[rules]\nsurplus-component = \"error\"\nrequired-field = \"note\"",
        FAULTY,
        &["note[required-field] MSH-11", "error[surplus-component] PID-23"],
    );
}

/// Statement 19: separators with nothing behind them, whatever else is looked at.
#[test]
fn statement_19_trailing_delimiters_are_allowed_or_not() {
    let trailing = MESSAGE.replace("|M\r", "|M|^|\r").replace("^MR|", "^MR^^|");
    let noted = ["note[trailing-delimiters] PID-3", "note[trailing-delimiters] PID"];
    let wrong = noted.map(|finding| finding.replace("note", "error"));
    let wrong = wrong.each_ref().map(String::as_str);
    check("", &trailing, &noted);
    check("[validation]\ntrailing-delimiters = \"allowed\"", &trailing, &[]);
    check("[validation]\ntrailing-delimiters = \"error\"", &trailing, &wrong);
    check("[validation]\nbody = false\ntrailing-delimiters = \"error\"", &trailing, &wrong);
    check(
        "[validation]\ntrailing-delimiters = \"allowed\"\n[rules]\ntrailing-delimiters = \"error\"",
        &trailing,
        &wrong,
    );
    check("[validation]\ntrailing-delimiters = \"error\"", MESSAGE, &[]);
}

/// A usage that is agreed on takes the place of the standard's condition.
#[test]
fn agreed_usage_depends_on_nothing() {
    let message = format!("{MESSAGE}OBX|1||1^NOTE||||||||F\r");
    let with_value = message.replace("NOTE||||", "NOTE||x||");
    check("", &message, &[]);
    let unnamed = "error[conditional] OBX-2";
    check("[rules]\nunknown-datatype = \"off\"", &with_value, &[unnamed]);
    let agreed = "[rules]\nunknown-datatype = \"off\"\n[fields.\"OBX-2\"]\nusage = ";
    check(&format!("{agreed}\"O\""), &with_value, &[]);
    check(&format!("{agreed}\"C\""), &with_value, &[unnamed]);
    check(&format!("{agreed}\"R\""), &message, &["error[required-field] OBX-2"]);
}

/// Statement 19: lengths are looked at, or not.
#[test]
fn statement_19_lengths_are_optional() {
    let long = MESSAGE.replace("|M\r", "|MALE\r");
    let code = "note[site-code] PID-8";
    check("", &long, &[code, "warning[too-long] PID-8"]);
    check("[rules]\ntoo-long = \"off\"", &long, &[code]);
    check("[rules]\ntoo-long = \"error\"", &long, &[code, "error[too-long] PID-8"]);
    check("[fields.\"PID-8\"]\nlen = 4", &long, &[code]);
}

/// Statement 21: one engine, one message, two profiles of ADT^A01.
#[test]
fn statement_21_two_partners_have_two_profiles() {
    let first = policy(
        "[fields.\"PID-3\"]\nmax = 1\n[fields.\"PID-3.6\"]\nusage = \"R\"\n[fields.\"PID-19\"]\nusage = \"X\"",
    );
    let second = policy(
        "[fields.\"PID-10\"]\nusage = \"R\"\ntable = \"HW1\"\n[tables.HW1]\ncodes = [\"A\"]",
    );
    let message = MESSAGE
        .replace("^MR|", "^MR~0815^^^STATE^SS|")
        .replace("|M\r", "|M|||||||||||123-45-6789\r");
    assert_eq!(
        findings(&first, &message),
        [
            "error[required-component] PID-3.6",
            "error[too-many-repetitions] PID-3[2]",
            "error[required-component] PID-3[2].6",
            "error[not-supported] PID-19",
        ]
    );
    assert_eq!(findings(&second, &message), ["error[required-field] PID-10"]);
    let raced = MESSAGE.replace("|M\r", "|M||B\r");
    assert_eq!(
        findings(&first, &raced),
        ["error[required-component] PID-3.6", "note[site-code] PID-10.1"]
    );
    assert_eq!(findings(&second, &raced), ["error[unknown-code] PID-10.1"]);
    // The standard is what it was.
    check("", &message, &[]);
}

/// Statement 18: a segment of the site's own passes and is noted; once declared, it is validated instead.
#[test]
fn statement_18_site_segments_are_validated_once_declared() {
    let zpv = "[segments.ZPV]\nfields = [\
        { seq = 1, name = \"Set ID\", type = \"SI\", usage = \"R\" },\
        { seq = 3, name = \"Colour\", type = \"ID\", table = \"HW01\", max = 2 },\
        { seq = 4, name = \"Bed\", type = \"PL\", len = 5 }]\n\
        [tables.HW01]\ncodes = [\"R\", \"Y\"]\n";
    let message = |segment: &str| format!("{MESSAGE}{segment}\r");
    let noted = "note[site-segment] ZPV";
    for segment in ["ZPV|1||R", "ZPV|x||Q", "ZPV"] {
        check("", &message(segment), &[noted]);
    }
    check(zpv, &message("ZPV|1|any~thing^at&all|R~Y|W^3"), &[]);
    check(
        zpv,
        &message("ZPV|x||Q~R~Y|WARD 3^4|more"),
        &[
            "error[bad-format] ZPV-1",
            "error[unknown-code] ZPV-3",
            "error[too-many-repetitions] ZPV-3[3]",
            "warning[too-long] ZPV-4",
            "warning[surplus-field] ZPV-5",
        ],
    );
    check(zpv, &message("ZPV"), &["error[required-field] ZPV-1"]);
    check(zpv, &message("ZPW|1"), &["note[site-segment] ZPW"]);
    check(
        &format!("{zpv}[rules]\nsite-segment = \"error\""),
        &message("ZPW"),
        &["error[site-segment] ZPW"],
    );
    // A segment of the standard behind one of the site keeps its place.
    check(zpv, &MESSAGE.replace("PV1|", "ZPV|1\rPV1|"), &[]);
}

#[test]
fn tables_take_codes_of_a_site() {
    let message = MESSAGE.replace("|M\r", "|X\r").replace("PV1||I", "PV1||Q");
    check("", &message, &["note[site-code] PID-8", "note[site-code] PV1-2"]);
    check("[tables.0001]\nadd = [\"X\"]", &message, &["note[site-code] PV1-2"]);
    check(
        "[tables.0004]\nclosed = true\nadd = [\"P2\"]",
        &message,
        &["note[site-code] PID-8", "error[unknown-code] PV1-2"],
    );
    // All codes in place of the standard's: `M` is none of them any more.
    check("[tables.0001]\ncodes = [\"1\", \"2\"]", MESSAGE, &["note[site-code] PID-8"]);
    // A code that is longer than its field is right, as those of the standard are.
    let long = MESSAGE.replace("|M\r", "|DIVERSE\r");
    check("[tables.0001]\nadd = [\"DIVERSE\"]", &long, &[]);
}

#[test]
fn a_version_may_be_named() {
    let message = MESSAGE.replace("|2.5.1\r", "|2.4\r");
    check("", &message, &["warning[other-version] MSH-12"]);
    check("version = \"2.5.1\"", &message, &[]);
    check(
        "version = \"2.5.1\"\n[rules]\nother-version = \"error\"",
        &message,
        &["error[other-version] MSH-12"],
    );
}

/// A policy for several versions says what each version has.
#[test]
fn versions_take_what_they_have() {
    let versions = [&v2_3::VERSION, &v2_5_1::VERSION];
    let text = "[fields.\"PID-35\"]\nusage = \"R\"\n[fields.\"PID-8\"]\nusage = \"R\"";
    let policy = Policy::parse(text, &versions).expect("2.5.1 has PID-35");
    let message = MESSAGE.replace("||19610615|M\r", "\r");
    let required = |version: &'static hl7_types::desc::VersionDesc| -> Vec<String> {
        let tree = Tree::parse(message.as_str()).expect("a message");
        let structure = tree.structure(version).expect("a structure");
        let findings = tree.check(structure, &policy.options(version));
        let required = findings.iter().filter(|finding| finding.path.segment() == "PID");
        required.map(|finding| finding.path.to_string()).collect()
    };
    assert_eq!(required(&v2_3::VERSION), ["PID-8"]);
    assert_eq!(required(&v2_5_1::VERSION), ["PID-8", "PID-35"]);
}

#[test]
fn the_example_is_right() {
    let text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/partner.toml"))
            .expect("the example");
    let policy = policy(&text);
    assert_eq!(policy.name(), Some("Harbour Hospital, admissions"));
    assert_eq!(policy.version().map(|version| version.id), Some("2.5.1"));
    assert!(!policy.rules().contains(Rule::TooLong));
    assert_eq!(policy.severity(Rule::SiteSegment), Severity::Error);
    assert_eq!(policy.options(&v2_5_1::VERSION).limits.findings, 500);
    let faulty = format!(
        "{}ZPV||W77|B||N\rZAB\r",
        MESSAGE.replace("HARBOUR^MR", "^MR").replace("|M\r", "|X\r")
    );
    assert_eq!(
        findings(&policy, &faulty),
        [
            "error[required-component] PID-3.4",
            "error[required-field] ZPV-1",
            "error[unknown-code] ZPV-3",
            "error[site-segment] ZAB",
        ]
    );
}

/// Reading the same policy again gives the same descriptors: a program may do that as often as it likes.
#[test]
fn reading_again_makes_nothing_anew() {
    let text = "[fields.\"PID-3\"]\nmax = 1\n[segments.ZZ1]\nfields = [{ seq = 1, name = \"One\", type = \"ST\" }]";
    let (first, second) = (policy(text), policy(&format!("{text}\n[rules]\ntoo-long = \"off\"")));
    let (first, second) = (first.options(&v2_5_1::VERSION), second.options(&v2_5_1::VERSION));
    assert!(std::ptr::eq(first.site.expect("a site"), second.site.expect("a site")));
    assert!(std::ptr::eq(first.site_segments[0], second.site_segments[0]));
}
