//! What each command prints, as snapshots.

mod common;

use common::{ADT, FAULTY, Folder, ORU};

/// A folder with the messages that all these tests show.
fn messages() -> Folder {
    Folder::new()
        .with("adt.hl7", ADT)
        .with("oru.hl7", ORU)
        .with("faulty.hl7", FAULTY)
        .with("two.hl7", format!("{ADT}{FAULTY}"))
        .with("other.hl7", ADT.replace("|2.5.1", "|2.3").replace("ADT^A01^ADT_A01", "XYZ^X99"))
        .with("text.txt", "just text\n")
        .with("empty.hl7", "")
}

/// What is wrong with batches, and what they hold.
#[test]
fn batch_check() {
    let folder = Folder::new()
        .with("good.hl7", format!("FHS|^~\\&|LAB\rBHS|^~\\&|LAB\r{ADT}BTS|1\rFTS|1\r"))
        .with("bad.hl7", format!("log\rBHS|^~\\&|LAB\r{ADT}{ADT}BTS|3\r{ADT}"));
    insta::assert_snapshot!(folder.run(&["batch", "check", "."]).all());
    let quiet = folder.run(&["batch", "check", "-q", "good.hl7"]);
    assert_eq!(quiet.all(), "--- standard error\n--- exit status 0\n");
}

macro_rules! snapshots {
    ($($(#[$doc:meta])* $name:ident: $($arg:literal)*;)*) => {
        $(#[test]
        fn $name() {
            let run = messages().run(&[$($arg),*]);
            let description = format!("hl7 {}", [$($arg),*].join(" "));
            insta::with_settings!({ description => description, omit_expression => true }, {
                insta::assert_snapshot!(run.all());
            });
        })*
    };
}

snapshots! {
    show_adt: "show" "adt.hl7";
    show_oru: "show" "oru.hl7";
    show_faulty: "show" "faulty.hl7";
    show_empty_fields: "show" "--empty" "oru.hl7";
    show_redacted: "show" "--redact" "adt.hl7";
    show_not_hl7: "show" "text.txt" "adt.hl7" "missing.hl7";
    show_other_version: "show" "other.hl7";
    show_json: "show" "--json" "adt.hl7" "text.txt" "missing.hl7";
    check_clean: "check" "oru.hl7";
    check_faulty: "check" "faulty.hl7";
    check_verbose: "check" "-v" "two.hl7";
    check_errors_only: "check" "--min-severity" "error" "faulty.hl7";
    check_structure_only: "check" "--structure-only" "faulty.hl7";
    check_redacted: "check" "--redact" "faulty.hl7";
    check_summary: "check" "--summary" "--top" "0" "-v" ".";
    check_summary_top: "check" "--summary" "--top" "2" "--version" "2.8" ".";
    check_unknown_structure: "check" "--structure-only" "other.hl7";
    check_named_version: "check" "--min-severity" "error" "--version" "2.3" "adt.hl7";
    check_named_version_json: "check" "--json" "--min-severity" "error" "--version" "2.3" "adt.hl7";
    check_json: "check" "--json" "two.hl7" "text.txt" "missing.hl7";
    get_values: "get" "MSH-10" "PID-3.1" "PID-5" "PID-5[2].1" "PID-11.2" "PID-40" "adt.hl7" "two.hl7";
    get_with_name: "get" "--with-name" "-p" "MSH-10" "two.hl7" "oru.hl7";
    get_escapes: "get" "OBX-5" "MSH-2" "adt.hl7";
    get_raw: "get" "--raw" "OBX-5" "PID-3" "adt.hl7";
    get_all: "get" "--all" "OBX-3.1" "OBX-5" "PID-3.1" "OBX[2]-5" "PR1-3" "--" "oru.hl7" "adt.hl7";
    get_segment: "get" "ZBD" "adt.hl7";
    get_nothing: "get" "NK1-2" "adt.hl7";
    get_no_path: "get" "adt.hl7";
    get_bad_path: "get" "MSH-10" "PID3" "adt.hl7";
    describe_segment: "describe" "EVN";
    describe_field: "describe" "PID-3" "pid.8";
    describe_varying: "describe" "OBX-5";
    describe_component: "describe" "CX.4" "PID-5.1.1";
    describe_datatype: "describe" "FN" "NM";
    describe_table: "describe" "0001" "HL70155";
    describe_structure: "describe" "ORU_R01";
    describe_choice: "describe" "ORL_O22";
    describe_event: "describe" "ADT^A04" "ACK";
    describe_message: "describe" "ADT";
    describe_search: "describe" "birth place";
    describe_unknown: "describe" "PDI" "ADT_A99" "PID-99" "XYZZY";
    describe_json: "describe" "--json" "EVN" "CX.4" "FN" "0155" "ACK" "ADT^A01" "birth place";
    diff_segment: "diff-schema" "2.3.1" "2.5.1" "PID";
    diff_withdrawn: "diff-schema" "2.5.1" "2.7" "MRG" "NK1-7";
    diff_backwards: "diff-schema" "2.7" "2.5.1" "MRG" "PID-40";
    diff_field: "diff-schema" "2.3.1" "2.5.1" "PID-3" "pid.8";
    diff_component: "diff-schema" "2.3.1" "2.5.1" "CX.4" "PID-5.1.1";
    diff_datatype: "diff-schema" "2.3.1" "2.5.1" "CX" "NM";
    diff_table: "diff-schema" "2.3.1" "2.5.1" "0001" "HL70155" "0200" "1";
    diff_structure: "diff-schema" "2.3.1" "2.5.1" "ORU_R01";
    diff_groups: "diff-schema" "2.5.1" "2.9" "ADT_A01" "ORL_O22";
    diff_event: "diff-schema" "2.3.1" "2.5.1" "ADT^A04" "ADT^A05" "ORU";
    diff_any_case: "diff-schema" "2.5.1" "2.9" "mfn_znn" "mfn^znn";
    diff_overview: "diff-schema" "2.7" "2.7.1";
    diff_one_sided: "diff-schema" "2.3.1" "2.5.1" "SFT" "PID-35" "CX.8" "TN" "0445" "ADT_A60" "ADT^A60";
    diff_none: "diff-schema" "2.5" "2.5.1" "EVN" "ADT_A03" "ADT^A03";
    diff_unknown: "diff-schema" "2.3.1" "2.5.1" "PDI" "ADT_A99" "PID-99" "EVN-3" "XYZZY";
    diff_unknown_version: "diff-schema" "2.3.1" "2.5.2" "PID";
    diff_json: "diff-schema" "--json" "2.3.1" "2.5.1" "EVN" "0001" "ADT^A05" "SFT";
    diff_overview_json: "diff-schema" "--json" "2.7" "2.7.1";
    roundtrip: "roundtrip" ".";
    roundtrip_quiet: "roundtrip" "-q" ".";
    help: "--help";
    help_ack: "ack" "--help";
    help_batch: "batch" "--help";
    help_batch_check: "batch" "check" "--help";
    help_batch_split: "batch" "split" "--help";
    help_batch_join: "batch" "join" "--help";
    help_show: "show" "--help";
    help_check: "check" "--help";
    help_get: "get" "--help";
    help_describe: "describe" "--help";
    help_diff_schema: "diff-schema" "--help";
    help_roundtrip: "roundtrip" "--help";
    help_convert: "convert" "--help";
}
