//! Messages of one version that are read as another: what the version that they name has instead is said at each finding
//! that is none under it.

use std::fmt::Write as _;

use hl7_types::{DecodeOptions, Findings, Rules, Tree, Version};

fn options() -> DecodeOptions {
    DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() }
}

fn message(kind: &str, declared: &str, segments: &str) -> Vec<u8> {
    let segments = segments.replace('\n', "\r");
    format!("MSH|^~\\&|ADT1|HARBOUR|HUB|HARBOUR|199603110915||{kind}|7|P|{declared}\r{segments}\r")
        .into_bytes()
}

/// One line a finding that the named version does not have: where, which rule, and what that version has.
fn explained(findings: &Findings) -> String {
    let mut out = String::new();
    for finding in findings {
        if let Some(allowed) = &finding.allowed {
            writeln!(out, "{} {}: {allowed}", finding.path, finding.rule.id())
                .expect("a string takes text");
        }
    }
    out
}

#[track_caller]
fn check(kind: &str, declared: &str, read_as: &str, segments: &str, expected: &[&str]) {
    let bytes = message(kind, declared, segments);
    let version = Version::find(read_as).expect("a version");
    let decoded = version.decode(&bytes, &options()).expect("a message");
    assert_eq!(explained(&decoded.findings).lines().collect::<Vec<_>>(), expected);
    assert_eq!(decoded.message.encode(), bytes);
    // The same without structs, and nothing else about a finding changes.
    let tree = Tree::parse(bytes.as_slice()).expect("a message");
    let check = |options: &DecodeOptions| match tree.structure(version.desc()) {
        Some(structure) => tree.check(structure, options),
        None => tree.check_segments(version.desc(), options),
    };
    let consulted = DecodeOptions { versions: Version::descriptors(), ..options() };
    assert_eq!(check(&consulted), decoded.findings);
    let mut alone: Vec<_> = decoded.findings.into_iter().collect();
    alone.iter_mut().for_each(|finding| finding.allowed = None);
    assert_eq!(check(&options()).into_iter().collect::<Vec<_>>(), alone);
}

#[test]
fn an_older_message_under_a_newer_version() {
    check(
        "ADT^A01",
        "2.3",
        "2.5.1",
        "EVN|A01|199603110914\n\
         PID|1|12345678901234567890^^^X|100234^^^HARBOUR^MR||FENWICK^ODETTE||19610615|F|||||||||S\n\
         PV1|1|I\nACC|199603110800\nZIN|1",
        &["PID-17.1 site-code: 2.3: table 0006 lists no codes"],
    );
    check(
        "ACK",
        "2.3",
        "2.5.1",
        "MSA|AA|42|fine||D|100^x",
        &[
            "MSH-9.2 required-component: 2.3: MSH-9.2 ID, optional",
            "MSA-5 withdrawn: 2.3: MSA-5 ID, backward compatible, 1 character",
        ],
    );
    check(
        "ACK",
        "2.3",
        "2.8",
        "MSA|AA|42|fine||D|100^x",
        &[
            "MSH-9.2 required-component: 2.3: MSH-9.2 ID, optional",
            "MSA-3 withdrawn: 2.3: MSA-3 ST, optional, 80 characters",
            "MSA-5 withdrawn: 2.3: MSA-5 ID, backward compatible, 1 character",
            "MSA-6 withdrawn: 2.3: MSA-6 CE, optional, 100 characters",
        ],
    );
    check(
        "ORU^R01",
        "2.3",
        "2.8",
        "PID|1|4711|100234^^^HARBOUR^MR||FENWICK^ODETTE\nOBR|1|||2345-7^Glucose\n\
         OBX|1|CE|882-1^Group||AP^A positive||||||F\nOBX|2|TS|11368-8^Meal||199603110715||||||F",
        &[
            "PID-2 withdrawn: 2.3: PID-2 CX, optional, 16 characters",
            "OBX-2 unknown-code: 2.3: code of table 0125",
            "OBX-2 unknown-datatype: 2.3: CE is a datatype",
            "OBX[2]-2 unknown-code: 2.3: code of table 0125",
            "OBX[2]-2 unknown-datatype: 2.3: TS is a datatype",
        ],
    );
}

#[test]
fn a_newer_message_under_an_older_version() {
    check(
        "ADT^A01^ADT_A01",
        "2.5.1",
        "2.3",
        "SFT|EASTQUAY|7.2|LIS|TW\nEVN||199603110914\n\
         PID|1||100234^^^HARBOUR^MR||FENWICK^ODETTE~QUILL^ODETTE||19610615|F||2106-3^White^HL70005||||||M^Married^HL70002|||||||||||||||N\n\
         PD1||F\nROL||AD|AT^Attending|4021^PELLERIN\nPV1|1|I\nPDA||X",
        &[
            "MSH-9 too-long: 2.5.1: MSH-9 MSG, required, 15 characters",
            "MSH-9.3 surplus-component: 2.5.1: MSH-9 MSG has 3 components",
            "MSH-12 unknown-code: 2.5.1: code of table 0104",
            "SFT unexpected-segment: 2.5.1: SFT 0..* in ADT_A01",
            "EVN-1 required-field: 2.5.1: EVN-1 ID, backward compatible, 3 characters",
            "PID-5[2] too-many-repetitions: 2.5.1: PID-5 XPN, required, repeats, 250 characters",
            "PID-10 too-long: 2.5.1: PID-10 CE, optional, repeats, 250 characters",
            "PID-10 surplus-component: 2.5.1: PID-10 CE has 6 components",
            "PID-16 too-long: 2.5.1: PID-16 CE, optional, 250 characters",
            "PID-16 surplus-component: 2.5.1: PID-16 CE has 6 components",
            "PID-31 surplus-field: 2.5.1: PID has 39 fields",
            "ROL misplaced-segment: 2.5.1: ROL 0..* in ADT_A01, 0..* in ADT_A01.PROCEDURE, 0..* in ADT_A01.INSURANCE",
            "ROL-1 required-field: 2.5.1: ROL-1 EI, conditional, 60 characters",
            "PDA unexpected-segment: 2.5.1: PDA 0..1 in ADT_A01",
        ],
    );
    check(
        "OUL^R22^OUL_R22",
        "2.5.1",
        "2.3",
        "PID|1||100234^^^HARBOUR^MR||FENWICK^ODETTE",
        &[
            "MSH-9.1 unknown-code: 2.5.1: code of table 0076",
            "MSH-9 too-long: 2.5.1: MSH-9 MSG, required, 15 characters",
            "MSH-9 unknown-structure: 2.5.1 has OUL_R22",
            "MSH-9.2 unknown-code: 2.5.1: code of table 0003",
            "MSH-9.3 surplus-component: 2.5.1: MSH-9 MSG has 3 components",
            "MSH-12 unknown-code: 2.5.1: code of table 0104",
        ],
    );
    check(
        "ORU^R01^ORU_R01",
        "2.8",
        "2.5.1",
        "PID|1||100234^^^HARBOUR^MR||FENWICK^ODETTE|||F|||||||||||||||||||||||||||||||^PRN^CP^^^555\n\
         OBR|1|||2345-7^Glucose^LN|||20240311\nOBX|1|CWE|882-1^Group^LN||AP^A positive||||||F|||||||||LA^Left arm\n\
         PRT||AD||AT^Attending",
        &[
            "MSH-12.1 unknown-code: 2.8: code of table 0104",
            "OBX-20 not-supported: 2.8: OBX-20 CWE, optional, repeats",
            "PRT unexpected-segment: 2.8: PRT 0..* in ORU_R01.PATIENT_RESULT.PATIENT, 0..* in ORU_R01.PATIENT_RESULT.PATIENT.PATIENT_OBSERVATION, 0..* in ORU_R01.PATIENT_RESULT.PATIENT.VISIT and 5 more",
        ],
    );
}

#[test]
fn versions_that_agree_explain_nothing() {
    let segments = "EVN||1996\nPID|1||100234||FENWICK^ODETTE~QUILL||x|QQ";
    check("ADT^A01", "2.3", "2.3", segments, &[]);
    check("ADT^A01", "2.5.1", "2.5.1", segments, &[]);
    // Not a version that anybody has.
    check("ADT^A01", "2.3.", "2.5.1", segments, &[]);
}

/// More findings than are kept: what is not known to be allowed is not said to be.
#[test]
fn what_is_cut_short_is_not_explained() {
    let segments = "EVN||1996\nPID|1||1||F~F||x|QQ\nPV1|1|I";
    let bytes = message("ADT^A01", "2.5.1", segments);
    let options = DecodeOptions {
        limits: hl7_types::Limits { findings: 1, ..hl7_types::Limits::DEFAULT },
        ..options()
    };
    let version = Version::find("2.3").expect("a version");
    let decoded = version.decode(&bytes, &options).expect("a message");
    assert_eq!(decoded.findings.len(), 1);
    assert!(decoded.findings.total > 1);
    assert_eq!(explained(&decoded.findings), "");
}
