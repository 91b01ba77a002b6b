//! Every mistake a schema can have, and what the reader or the model says about it.
//!
//! Each case is a small schema with one mistake. It is written into the place of a sound one, so that
//! nothing else is wrong, and the whole text of the error is compared.

use std::path::PathBuf;

use hl7_codegen::{model, schema};

/// A sound schema, one element of each kind.
const DATATYPES: &str = r#"<primitive id="ST" name="String" format="string"/>
<varies id="varies"/>
<composite id="CX"><component seq="1" name="ID" type="ST" table="0001"/></composite>"#;
const SEGMENTS: &str = r#"<segment id="MSH" name="Header"><field seq="1" name="Separator" type="ST"/></segment>
<segment id="PID" name="Patient"><field seq="1" name="Set ID - PID" type="CX"/></segment>"#;
const MESSAGES: &str = r#"<structure id="ADT_A01"><segment id="MSH" min="1"/></structure>
<event message="ADT" trigger="A01" structure="ADT_A01"/>"#;
const TABLES: &str = r#"<table id="0001" name="Sex"><value code="F" label="Female"/></table>"#;

/// The four files, with `body` appended to the contents of the one named `file`, from line 10 on.
fn files(file: &str, body: &str) -> Vec<(PathBuf, String)> {
    [("datatypes", DATATYPES), ("segments", SEGMENTS), ("messages", MESSAGES), ("tables", TABLES)]
        .map(|(root, sound)| {
            let lines = sound.lines().count();
            let padding = "\n".repeat(8 - lines);
            let body = if root == file { body } else { "" };
            let text = format!("<{root} version=\"2.5.1\">\n{sound}{padding}\n{body}\n</{root}>\n");
            (PathBuf::from(format!("{root}.xml")), text)
        })
        .into()
}

fn errors(files: &[(PathBuf, String)]) -> String {
    match schema::parse(files).and_then(|source| model::build(&source)) {
        Ok(_) => "nothing is wrong".into(),
        Err(errors) => {
            let lines: Vec<String> =
                errors.iter().map(|error| format!("{}: {}", error.at, error.what)).collect();
            lines.join("\n")
        }
    }
}

#[track_caller]
fn check(file: &str, body: &str, expected: &str) {
    assert_eq!(errors(&files(file, body)), expected, "\nin {file}.xml: {body}");
}

#[test]
fn a_sound_schema_has_no_errors() {
    check("segments", "", "nothing is wrong");
    check("datatypes", "<!-- a comment -->", "nothing is wrong");
}

#[test]
fn what_the_reader_finds() {
    for (file, body, expected) in [
        (
            "segments",
            r#"<segmant id="ZZZ" name="Z"/>"#,
            "segments.xml:10: unexpected element <segmant> in <segments>, did you mean `segment`?",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="1" name="A" type="ST" usge="R"/></segment>"#,
            "segments.xml:10: <field> has an unknown attribute `usge`, did you mean `usage`?",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="one" name="A" type="ST"/></segment>"#,
            "segments.xml:10: <field> has seq=\"one\", expected a whole number from 0 to 65535",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="1" name="A" type="ST" max="many"/></segment>"#,
            "segments.xml:10: <field> has max=\"many\", expected a whole number up to 65535, or `*`",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="1" name="A" type="ST" usage="Q"/></segment>"#,
            "segments.xml:10: <field> has usage=\"Q\", expected a usage: R, RE, O, C, B, X, W, \
             or C(a/b) where a and b are R, RE, O or X",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="1" name="A" type="ST" conf-len="20"/></segment>"#,
            "segments.xml:10: <field> has conf-len=\"20\", expected a number and then `#` (may be \
             truncated) or `=` (may not), as `20#`",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="1" name="A" type="ST" disputed="dt"/></segment>"#,
            "segments.xml:10: <field> has disputed=\"dt\", expected words out of: \
             type, usage, max, len, table, tree",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="1" name="A" type="ST" open="yes"/></segment>"#,
            "segments.xml:10: <field> has open=\"yes\", expected `true` or `false`",
        ),
        (
            "segments",
            r#"<segment name="Z" id="ZZZ" status="X"/>"#,
            "segments.xml:10: <segment> has status=\"X\", expected one of: W",
        ),
        (
            "datatypes",
            r#"<primitive id="NM" format="numeric"/>"#,
            "datatypes.xml:10: <primitive> has format=\"numeric\", expected one of: string, text, \
             formatted, sequence, number, id, coded, date, time, datetime, timing, telephone, \
             string-number, composite-unknown",
        ),
        (
            "datatypes",
            r#"<varies/>"#,
            "datatypes.xml:10: <varies> lacks the required attribute `id`",
        ),
        (
            "segments",
            "<segment\n  name=\"Z\"/>",
            "segments.xml:10: <segment> lacks the required attribute `id`",
        ),
        ("tables", "values", "tables.xml:10: text between elements"),
        (
            "tables",
            r#"<table id="0002" id="0003"/>"#,
            "tables.xml:10: <table> has a malformed attribute: position 16: duplicated attribute, \
             previous declaration at position 6",
        ),
    ] {
        check(file, body, expected);
    }
}

#[test]
fn all_mistakes_of_one_element_are_reported() {
    check(
        "segments",
        r#"<segment id="ZZZ" name="Z"><field max="x" min="-1" colour="red" name="A"/></segment>"#,
        "segments.xml:10: <field> has an unknown attribute `colour`\n\
         segments.xml:10: <field> has max=\"x\", expected a whole number up to 65535, or `*`\n\
         segments.xml:10: <field> has min=\"-1\", expected a whole number from 0 to 65535\n\
         segments.xml:10: <field> lacks the required attribute `seq`",
    );
    check(
        "messages",
        "<event/>",
        "messages.xml:10: <event> lacks the required attribute `message`\n\
         messages.xml:10: <event> lacks the required attribute `structure`",
    );
}

#[test]
fn mistakes_of_whole_files() {
    let mut missing = files("tables", "");
    missing.pop();
    assert_eq!(errors(&missing), "tables.xml: no file with <tables>");

    let mut mixed = files("tables", "");
    mixed[3].1 = mixed[3].1.replace("2.5.1", "2.6");
    let version = "tables.xml:1: version \"2.6\", but datatypes.xml:1 has \"2.5.1\"";
    assert_eq!(errors(&mixed), version);

    let mut broken = files("tables", "");
    broken[3].1 = "<tables version=\"2.5.1\">\n<table id=\"0001\">\n".into();
    assert_eq!(errors(&broken), "tables.xml:2: <table> is never closed");

    let mut twice = files("tables", "");
    twice[3] = (PathBuf::from("more.xml"), twice[1].1.clone());
    assert!(errors(&twice).contains("more.xml:1: a second <segments>"));

    let mut other = files("tables", "");
    other[3].1 = "<table version=\"2.5.1\"/>".into();
    let root = "tables.xml:1: unknown root element <table>, did you mean `tables`?";
    assert_eq!(errors(&other), root);
}

#[test]
fn a_folder_without_files_names_each_of_them() {
    let found = schema::read_version(&PathBuf::from("no/such/folder"));
    let files: Vec<String> = match found {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(|error| error.at.to_string()).collect(),
    };
    let expected =
        ["datatypes", "messages", "segments", "tables"].map(|n| format!("no/such/folder/{n}.xml"));
    assert_eq!(files, expected);
}

#[test]
fn references_and_positions() {
    for (file, body, expected) in [
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="1" name="A" type="CXX"/></segment>"#,
            "segments.xml:10: ZZZ-1 names the unknown datatype `CXX`, did you mean `CX`?",
        ),
        (
            "datatypes",
            r#"<composite id="ED"><component seq="1" name="A" type="XST"/></composite>"#,
            "datatypes.xml:10: ED.1 names the unknown datatype `XST`, did you mean `ST`?",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="1" name="A" type="ST" table="0002"/></segment>"#,
            "segments.xml:10: ZZZ-1 names the unknown table `0002`, did you mean `0001`?",
        ),
        (
            "messages",
            r#"<structure id="ACK"><segment id="MSG"/><segment id="Hxx"/><segment id="Zxx"/></structure>"#,
            "messages.xml:10: structure ACK names the unknown segment `MSG`, did you mean `MSH`?",
        ),
        (
            "messages",
            r#"<event message="ADT" trigger="A04" structure="ADT_A04"/>"#,
            "messages.xml:10: event ADT^A04 names the unknown structure `ADT_A04`, \
             did you mean `ADT_A01`?",
        ),
        (
            "messages",
            r#"<event message="ADT" trigger="A01" structure="ADT_A01"/>"#,
            "messages.xml:10: event ADT^A01 is defined twice, first at messages.xml:3",
        ),
        (
            "segments",
            r#"<segment id="PID" name="P"><field seq="1" name="A" type="ST"/></segment>"#,
            "segments.xml:10: segment PID is defined twice, first at segments.xml:3",
        ),
        (
            "datatypes",
            r#"<primitive id="ST" format="text"/>"#,
            "datatypes.xml:10: datatype ST is defined twice, first at datatypes.xml:2",
        ),
        (
            "messages",
            r#"<structure id="ADT_A01"><segment id="MSH"/></structure>"#,
            "messages.xml:10: structure ADT_A01 is defined twice, first at messages.xml:2",
        ),
        (
            "tables",
            r#"<table id="0001"/>"#,
            "tables.xml:10: table 0001 is defined twice, first at tables.xml:2",
        ),
        (
            "segments",
            r#"<segment id="1AB" name="Z"><field seq="1" name="A" type="ST"/></segment>
               <segment id="Zid" name="Z"><field seq="1" name="A" type="ST"/></segment>"#,
            "segments.xml:10: segment id \"1AB\"\nsegments.xml:11: segment id \"Zid\"",
        ),
        (
            "datatypes",
            r#"<primitive id="X-Y" format="text"/>"#,
            "datatypes.xml:10: datatype id \"X-Y\"",
        ),
        (
            "messages",
            r#"<structure id="9_A01"><segment id="MSH"/></structure>"#,
            "messages.xml:10: structure id \"9_A01\"",
        ),
        ("tables", r#"<table id="12"/>"#, "tables.xml:10: table id \"12\", expected four digits"),
        (
            "tables",
            r#"<table id="0002"><value code="A"/><value code="A" label="Again"/></table>"#,
            "tables.xml:10: table 0002 has the code `A` twice, first at tables.xml:10",
        ),
        (
            "tables",
            r#"<table id="0002"><value code="99zzz" pattern="99*  L"/></table>"#,
            "tables.xml:10: value `99zzz` of table 0002 has pattern=\"99*  L\"",
        ),
        (
            "tables",
            r#"<table id="0002"><value code=""/></table>"#,
            "tables.xml:10: table 0002 has an empty code",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z">
               <field seq="1" name="A" type="ST"/>
               <field seq="1" name="B" type="ST"/></segment>"#,
            "segments.xml:12: ZZZ has two fields with seq=\"1\"",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z">
               <field seq="1" name="A" type="ST"/>
               <field seq="3" name="B" type="ST"/></segment>"#,
            "segments.xml:10: ZZZ has no field 2",
        ),
        (
            "datatypes",
            r#"<composite id="ED"><component seq="2" name="A" type="ST"/></composite>"#,
            "datatypes.xml:10: ED has no component 1",
        ),
        (
            "datatypes",
            r#"<composite id="ED"><component seq="0" name="A" type="ST"/></composite>"#,
            "datatypes.xml:10: ED: seq=\"0\"",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="1" name="A" type="ST" item="105"/></segment>"#,
            "segments.xml:10: ZZZ-1 has item=\"105\", expected five digits",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"/>"#,
            "segments.xml:10: segment ZZZ has no fields",
        ),
        (
            "datatypes",
            r#"<composite id="ED"/>"#,
            "datatypes.xml:10: composite ED has no components",
        ),
        ("segments", r#"<segment id="ZZZ" name="Z" status="W"/>"#, "nothing is wrong"),
    ] {
        check(file, body, expected);
    }
}

#[test]
fn fields() {
    for (attributes, expected) in [
        (r#"type="ST" min="3" max="2" usage="R""#, "ZZZ-1 has min 3 > max 2"),
        (r#"type="ST" max="0""#, "ZZZ-1 has max 0 with usage O"),
        (r#"type="ST" max="0" usage="X""#, ""),
        (r#"type="ST" usage="R""#, "ZZZ-1 has usage R and min 0"),
        (r#"type="ST" min="1""#, "ZZZ-1 has min 1 and usage O"),
        (r#"type="ST" usage="C(R/X)" min="0""#, ""),
        (r#"usage="W" hist-type="GONE""#, ""),
        (r#"usage="W" max="1""#, "ZZZ-1 is withdrawn and has the cardinality 0..1"),
        (r#"usage="W" type="ST""#, "ZZZ-1 has usage W and the type ST"),
        ("", "ZZZ-1 has no type"),
        (r#"type="ST" min-len="9" len="8""#, "ZZZ-1 has min-len 9 > len 8"),
        (r#"type="varies" varies-by="2""#, ""),
        (r#"type="varies" varies-by="3""#, "ZZZ-1 has varies-by=\"3\", but ZZZ has no field 3"),
        (r#"type="varies" varies-by="1""#, "ZZZ-1 has varies-by=\"1\", which is itself"),
        (r#"type="varies" varies-by="RDF-2""#, ""),
        (r#"type="ST" varies-by="2""#, "ZZZ-1 has varies-by or open, but its type does not vary"),
        (r#"type="varies" open="true""#, "ZZZ-1 is open, but other fields follow it"),
        (r#"type="ST" usage="C" if="2""#, ""),
        (r#"type="ST" if="!2""#, ""),
        (r#"type="ST" usage="C(R/X)" if="2""#, ""),
        (r#"type="ST" usage="C" if="3""#, "ZZZ-1 has if=\"…3…\", but ZZZ has no 3"),
        (r#"type="ST" usage="C" if="2 !1""#, "ZZZ-1 has if=\"…1…\", which is itself"),
        (r#"type="ST" usage="R" min="1" if="2""#, "ZZZ-1 has the usage R and a condition"),
        (r#"type="ST" usage="C(O/R)" if="2""#, "ZZZ-1 has the usage C(O/R) and a condition"),
        (
            r#"type="ST" usage="C" if="2 2 2""#,
            "<field> has if=\"2 2 2\", expected the position of a field or component, `5`, or `!5` for one without a value; two with a space between",
        ),
        (
            r#"type="ST" usage="C" if="0""#,
            "<field> has if=\"0\", expected the position of a field or component, `5`, or `!5` for one without a value; two with a space between",
        ),
        (
            r#"type="ST" usage="C" if="128""#,
            "<field> has if=\"128\", expected the position of a field or component, `5`, or `!5` for one without a value; two with a space between",
        ),
        (r#"type="ST" ident="Kind""#, "ZZZ-1 has ident=\"Kind\""),
        (r#"type="ST" ident="extra""#, "ZZZ-1 has ident=\"extra\""),
    ] {
        let body = format!(
            "<segment id=\"ZZZ\" name=\"Z\"><field seq=\"1\" name=\"A\" {attributes}/>\
             <field seq=\"2\" name=\"B\" type=\"ST\"/></segment>"
        );
        let expected = match expected {
            "" => "nothing is wrong".to_owned(),
            what => format!("segments.xml:10: {what}"),
        };
        check("segments", &body, &expected);
    }
}

#[test]
fn structures() {
    for (members, expected) in [
        (r#"<group name="EMPTY"/>"#, "ACK.EMPTY is an empty group"),
        (r#"<choice/>"#, "ACK.CHOICE is an empty choice"),
        ("", "ACK is empty"),
        (r#"<segment id="PID" min="2"/>"#, "ACK.PID has min 2 > max 1"),
        (r#"<segment id="PID" max="0"/>"#, "ACK.PID has max 0, nothing can reach it"),
        (
            r#"<choice name="ONE"><segment id="PID" max="*"/></choice>"#,
            "ACK.ONE.PID is an alternative and has the cardinality 1..*",
        ),
        (
            r#"<choice name="ONE"><segment id="MSH"/><choice name="TWO"><segment id="PID"/></choice></choice>"#,
            "ACK.ONE.TWO is a choice inside a choice",
        ),
        (
            r#"<choice name="ONE"><segment id="PID"/><segment id="PID" ident="again"/></choice>"#,
            "ACK.ONE.PID is unreachable, an earlier alternative is the same",
        ),
        (
            r#"<group name="A"><segment id="PID"/></group><group name="A"><segment id="MSH"/></group>"#,
            "ACK.A and ACK.A (messages.xml:10) have the same Rust name `A` in the types of ACK\n\
             messages.xml:10: ACK.A and ACK.A (messages.xml:10) have the same Rust name `a` in ACK",
        ),
        (
            r#"<group name="A"><segment id="PID"/></group>
               <group name="B"><group name="A"><segment id="MSH"/></group></group>"#,
            "ACK.B.A and ACK.A (messages.xml:10) have the same Rust name `A` in the types of ACK",
        ),
        (
            r#"<group name="ACK"><segment id="PID"/></group>"#,
            "ACK.ACK and the structure (messages.xml:10) have the same Rust name `Ack` \
             in the types of ACK",
        ),
        (
            r#"<group name="PID"><segment id="PID"/></group>"#,
            "ACK.PID and segment PID (messages.xml:10) have the same Rust name `Pid` \
             in the types of ACK",
        ),
        (r#"<group name="PID" ident="pid_group"><segment id="PID"/></group>"#, ""),
        (r#"<segment id="PID" ident="type"/>"#, "ACK.PID has ident=\"type\""),
        (
            r#"<segment id="PID"/><segment id="PID"/><segment id="MSH" ident="pid2"/>"#,
            "ACK.MSH and ACK.PID (messages.xml:10) have the same Rust name `pid2` in ACK",
        ),
    ] {
        let body = format!("<structure id=\"ACK\">{members}</structure>");
        let expected = match expected {
            "" => "nothing is wrong".to_owned(),
            what if what.starts_with("ACK.B.A") => format!("messages.xml:11: {what}"),
            what => format!("messages.xml:10: {what}"),
        };
        check("messages", &body, &expected);
    }
}

#[test]
fn name_collisions() {
    for (file, body, expected) in [
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="1" name="Patient ID" type="ST"/>
               <field seq="2" name="Patient-ID - ZZZ" type="ST"/></segment>"#,
            "segments.xml:11: ZZZ-2 Patient-ID - ZZZ and ZZZ-1 Patient ID (segments.xml:10) \
             have the same Rust name `patient_id` in segment ZZZ",
        ),
        (
            "segments",
            r#"<segment id="ZZZ" name="Z"><field seq="1" name="???" type="ST"/></segment>"#,
            "segments.xml:10: ZZZ-1 has a name without letters: \"???\"",
        ),
        (
            "datatypes",
            r#"<composite id="ED"><component seq="1" name="Type" type="ST"/>
               <component seq="2" name="type" type="ST"/></composite>"#,
            "datatypes.xml:11: ED.2 type and ED.1 Type (datatypes.xml:10) \
             have the same Rust name `type_` in datatype ED",
        ),
        (
            "datatypes",
            r#"<primitive id="st" format="text"/>"#,
            "datatypes.xml:10: datatype st and datatype ST (datatypes.xml:2) \
             have the same Rust name `St` in the version",
        ),
        (
            "datatypes",
            r#"<primitive id="PID" format="text"/>"#,
            "segments.xml:3: segment PID and datatype PID (datatypes.xml:10) \
             have the same Rust name `Pid` in the version",
        ),
        (
            "messages",
            r#"<structure id="ADT_a01"><segment id="MSH"/></structure>"#,
            "messages.xml:10: structure ADT_a01 and structure ADT_A01 (messages.xml:2) \
             have the same Rust name `AdtA01` in the version",
        ),
        (
            "tables",
            r#"<table id="0002" name="Race"/><table id="0003" ident="Race"/>"#,
            "tables.xml:10: table 0003 and table 0002 (tables.xml:10) \
             have the same Rust name `Race` in the tables",
        ),
        (
            "tables",
            r#"<table id="0002"><value code="A" label="Same"/><value code="a" label="Same"/></table>"#,
            "tables.xml:10: value `a` and value `A` (tables.xml:10) \
             have the same Rust name `SameA` in table 0002",
        ),
        (
            "tables",
            r#"<table id="0002"><value code="A" ident="lower"/></table>"#,
            "tables.xml:10: value `A` has ident=\"lower\"",
        ),
    ] {
        check(file, body, expected);
    }
}

#[test]
fn a_cycle_of_first_components_is_an_error() {
    check(
        "datatypes",
        r#"<composite id="ZB"><component seq="1" name="A" type="ZA"/></composite>
           <composite id="ZA"><component seq="1" name="B" type="ZB"/></composite>
           <composite id="ZC"><component seq="1" name="B" type="ZB"/></composite>
           <composite id="ZD"><component seq="1" name="D" type="ZD"/></composite>"#,
        "datatypes.xml:11: cyclic structure: the first components of ZA lead back to it \
         (ZA → ZB → ZA), a bare text would find no leaf\n\
         datatypes.xml:13: cyclic structure: the first components of ZD lead back to it \
         (ZD → ZD), a bare text would find no leaf",
    );
}

#[test]
fn errors_of_several_files_come_together_and_say_what_to_do() {
    let mut files = files("segments", r#"<segment id="ZZZ" name="Z"/>"#);
    files[3].1 = files[3].1.replace("0001", "1");
    let text = schema::parse(&files)
        .and_then(|source| model::build(&source))
        .map_or_else(|errors| errors.to_string(), |_| String::new());
    assert_eq!(
        text,
        "datatypes.xml:4: CX.1 names the unknown table `0001`\n  \
           help: correct the name, or define it in tables.xml\n\
         segments.xml:10: segment ZZZ has no fields\n  \
           help: add a <field>, or status=\"W\" when it is withdrawn\n\
         tables.xml:2: table id \"1\", expected four digits\n  \
           help: write the number with its zeros, as 0001\n\
         3 mistakes in the schema"
    );
}

// --- errata --------------------------------------------------------------------------------------------------------------

fn with_errata(body: &str) -> Vec<(PathBuf, String)> {
    let mut files = files("", "");
    let text = format!("<errata version=\"2.5.1\">\n{body}\n</errata>\n");
    files.insert(0, (PathBuf::from("errata.xml"), text));
    files
}

#[test]
fn errata_correct_the_definitions() {
    let body = r#"<change at="PID-1" attribute="name" was="Set ID - PID" is="Set ID" reason="r" sources="s"/>
<change at="PID-1" attribute="len" is="4" reason="r" sources="s"/>
<change at="CX.1" attribute="table" was="0001" reason="r" sources="s"/>
<change at="0001#F" attribute="label" was="Female" is="Woman" reason="r" sources="s"/>
<change at="ADT_A01/MSH" attribute="max" is="2" reason="r" sources="s"/>
<change at="CX" attribute="name" is="Id" reason="r" sources="s"/>
<add at="0001" reason="r" sources="s"><value code="M" label="Man"/></add>
<add at="ADT_A01" reason="r" sources="s"><segment id="PID"/></add>
<add at="PID" reason="r" sources="s"><field seq="2" name="New" type="ST"/></add>"#;
    let version = schema::parse(&with_errata(body)).unwrap_or_else(|errors| panic!("{errors}"));
    let field = &version.segments[1].fields[0];
    assert_eq!((field.name.as_str(), field.len), ("Set ID", Some(4)));
    assert_eq!(version.segments[1].fields[1].name, "New");
    let codes: Vec<_> = version.tables[0].values.iter().map(|value| &value.label[..]).collect();
    assert_eq!(codes, ["Woman", "Man"]);
    assert_eq!(version.structures[0].members[0].max, Some(schema::Max::Times(2)));
    assert_eq!(version.structures[0].members[1].name, "PID");
    assert_eq!(version.datatypes[2].name, "Id");
    let schema::DatatypeKind::Composite(components) = &version.datatypes[2].kind else {
        panic!("CX is a composite")
    };
    assert_eq!(components[0].table, None);
    // Where the order is the meaning, and what is new as a whole.
    let body = r#"<add at="ADT_A01" before="MSH" reason="r" sources="s"><segment id="PID"/><segment id="MSH"/></add>
<add at="tables" reason="r" sources="s"><table id="0002" name="Other" type="User"/></add>
<remove at="messages" reason="r" sources="s"><event message="ADT" trigger="A01" structure="ADT_A01"/></remove>"#;
    let version = schema::parse(&with_errata(body)).unwrap_or_else(|errors| panic!("{errors}"));
    let names: Vec<_> =
        version.structures[0].members.iter().map(|member| &member.name[..]).collect();
    assert_eq!(names, ["PID", "MSH", "MSH"]);
    assert_eq!(version.tables[1].id, "0002");
    assert!(version.events.is_empty());
    // And back, in one go: errata are laid on one after the other.
    let body = r#"<add at="0001" reason="r" sources="s"><value code="M"/></add>
<remove at="0001" reason="r" sources="s"><value code="M"/><value code="F"/></remove>
<remove at="PID" reason="r" sources="s"><field seq="1"/></remove>"#;
    let version = schema::parse(&with_errata(body)).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(version.tables[0].values.is_empty());
    assert!(version.segments[1].fields.is_empty());
}

#[test]
fn an_erratum_that_no_longer_applies_is_an_error() {
    const WHY: &str = r#"reason="r" sources="s""#;
    for (erratum, expected) in [
        (
            r#"<change at="PID-1" attribute="name" was="Set" is="Id" WHY/>"#,
            r#"PID-1 has name="Set ID - PID", not name="Set""#,
        ),
        (
            r#"<change at="PID-1" attribute="name" is="Id" WHY/>"#,
            r#"PID-1 has name="Set ID - PID", not no name"#,
        ),
        (
            r#"<change at="PID-1" attribute="len" was="3" is="4" WHY/>"#,
            r#"PID-1 has no len, not len="3""#,
        ),
        (
            r#"<change at="PID-1" attribute="name" was="Set ID - PID" is="Set ID - PID" WHY/>"#,
            "changes nothing",
        ),
        (r#"<change at="PID-2" attribute="name" is="Id" WHY/>"#, r#"there is nothing at "PID-2""#),
        (r#"<change at="ZZZ" attribute="name" is="Id" WHY/>"#, r#"there is nothing at "ZZZ""#),
        (r#"<change at="CX.9" attribute="name" is="Id" WHY/>"#, r#"there is nothing at "CX.9""#),
        (r#"<change at="0002" attribute="name" is="Id" WHY/>"#, r#"there is nothing at "0002""#),
        (
            r#"<change at="0001#M" attribute="label" is="m" WHY/>"#,
            r#"there is nothing at "0001#M""#,
        ),
        (
            r#"<change at="ADT^A02" attribute="structure" is="m" WHY/>"#,
            r#"there is nothing at "ADT^A02""#,
        ),
        (
            r#"<change at="ADT_A01/MSH[2]" attribute="max" is="2" WHY/>"#,
            r#"there is nothing at "ADT_A01/MSH[2]""#,
        ),
        (r#"<add at="0001" WHY><value code="F"/></add>"#, "0001 has that already"),
        (r#"<remove at="0001" WHY><value code="M"/></remove>"#, "0001 has no such <value>"),
        (
            r#"<add at="ADT_A01" before="PV1" WHY><segment id="PID"/></add>"#,
            r#"there is nothing at "ADT_A01/PV1""#,
        ),
        (
            r#"<remove at="ADT_A01" before="MSH" WHY><segment id="MSH"/></remove>"#,
            "before is for <add> only",
        ),
        (r#"<add at="0001" WHY/>"#, "holds nothing"),
        (
            r#"<add at="0001" reason=" " sources="s"><value code="M"/></add>"#,
            "reason or sources are empty",
        ),
        (
            r#"<add at="0001" sources="s"><value code="M"/></add>"#,
            "<add> lacks the required attribute `reason`",
        ),
        (r#"<correct at="0001"/>"#, "unexpected element <correct> in <errata>"),
    ] {
        let erratum = erratum.replace("WHY", WHY);
        let expected = format!("errata.xml:2: {expected}");
        assert_eq!(errors(&with_errata(&erratum)), expected, "\nfor {erratum}");
    }
    // What an erratum puts in is checked like everything else, and stands where the erratum stands.
    let unknown = r#"<add at="PID" reason="r" sources="s">
<field seq="2" name="New" type="XX"/></add>"#;
    assert!(
        errors(&with_errata(unknown)).starts_with("errata.xml:3: "),
        "{}",
        errors(&with_errata(unknown))
    );
    let mut other = with_errata("");
    other[0].1 = other[0].1.replace("2.5.1", "2.5");
    assert!(
        errors(&other).contains("version \"2.5.1\", but errata.xml:1 has \"2.5\""),
        "{}",
        errors(&other)
    );
}
