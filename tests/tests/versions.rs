//! What differs between versions: how a message finds its version and structure, and types that only some versions have.

use hl7_types::node::GroupNode;
use hl7_types::{DecodeOptions, Message, Rule, Rules, VERSIONS, Version};

// --- which version, which structure --------------------------------------------------------------------------------------

#[track_caller]
fn check(type_and_version: [&str; 2], expected: [&str; 2], finding: Option<Rule>) {
    let [message_type, version] = type_and_version;
    let bytes = format!("MSH|^~\\&|A|B|C|D|20260211||{message_type}|1|P|{version}\r");
    let decoded = hl7_types::decode(bytes.as_bytes()).expect("a header");
    let message = &decoded.message;
    assert_eq!([message.version().id, message.name()], expected, "{type_and_version:?}");
    assert_eq!(message.encode(), bytes.as_bytes(), "{type_and_version:?}");
    let about_them = [Rule::OtherVersion, Rule::UnknownStructure, Rule::SiteMessage];
    let found = decoded.findings.iter().map(|finding| finding.rule);
    let found: Vec<_> = found.filter(|rule| about_them.contains(rule)).collect();
    assert_eq!(found, finding.into_iter().collect::<Vec<_>>(), "{type_and_version:?}");
}

#[test]
fn msh_9_names_the_structure_in_every_form_of_the_field() {
    for (message_type, structure) in [
        ("ADT^A01^ADT_A01", "ADT_A01"),
        ("ADT^A01", "ADT_A01"),
        ("ADT^A01^", "ADT_A01"),
        ("ADT^A04^ADT_A01", "ADT_A01"),
        ("ADT^A04", "ADT_A01"),
        // Senders who make the third component of the first two.
        ("ADT^A04^ADT_A04", "ADT_A01"),
        ("ADT^A08^", "ADT_A01"),
        ("ADT^A40", "ADT_A39"),
        ("ACK", "ACK"),
        ("ACK^A01", "ACK"),
        ("ACK^A01^ACK", "ACK"),
        ("ORU_R01", "ORU_R01"),
        ("ORU_R01^R01", "ORU_R01"),
        ("^^ORU_R01", "ORU_R01"),
        (" ORU ^ R01 ", "ORU_R01"),
    ] {
        check([message_type, "2.5.1"], ["2.5.1", structure], None);
    }
    // The event map is the version's own.
    check(["ADT^A04", "2.2"], ["2.2", "ADT_A04"], None);
    check(["ADT^A04", "2.3"], ["2.3", "ADT_A01"], None);
    check(["ADT^A40", "2.3.1"], ["2.3.1", "ADT_A39"], None);
    check(["ORM^O01", "2.8"], ["2.8", ""], Some(Rule::UnknownStructure));
    for unknown in ["XYZ^X99", "", "^^", "\"\"", "ADT^"] {
        check([unknown, "2.5.1"], ["2.5.1", ""], Some(Rule::UnknownStructure));
    }
    // What the standard leaves to sites is no mistake.
    for site in ["ZZZ^Z99", "ADT^Z01", "ADT^Z01^ADT_Z01", "ZDT^A01"] {
        check([site, "2.5.1"], ["2.5.1", ""], Some(Rule::SiteMessage));
    }
    // Some messages have a structure for all events of a kind.
    check(["MFN^Z42", "2.5.1"], ["2.5.1", "MFN_Znn"], None);
    check(["QBP^Q99", "2.5.1"], ["2.5.1", "QBP_Qnn"], None);
    check(["RTB^K99", "2.6"], ["2.6", "RTB_Knn"], None);
    check(["QBP^Z42", "2.9"], ["2.9", "QBP_Q11"], None);
}

#[test]
fn codes_of_sites_are_notes_in_the_tables_of_message_types() {
    let found = |said: &str, rules: Rules| {
        let bytes = format!("MSH|^~\\&|A|B|C|D|20260211||{said}|1|P|2.5.1\r");
        let options = DecodeOptions { rules, ..DecodeOptions::default() };
        let decoded = hl7_types::decode_with(bytes.as_bytes(), &options).expect("a header");
        let found = decoded.findings.iter();
        found.map(|finding| (finding.rule, finding.path.to_string())).collect::<Vec<_>>()
    };
    let code = |path: &str| (Rule::SiteCode, path.to_owned());
    let codes = [code("MSH-9.1"), code("MSH-9.2"), code("MSH-9.3")];
    // The message as a whole is one note; its codes are none beside it.
    let message = (Rule::SiteMessage, "MSH-9".to_owned());
    assert_eq!(found("ZDT^Z01^ZDT_Z01", Rules::ALL), [message]);
    assert_eq!(found("ZDT^Z01^ZDT_Z01", Rules::ALL.without(Rule::SiteMessage)), codes);
    let of_structure = found("ADT^Z01^ADT_A01", Rules::ALL);
    assert!(of_structure.contains(&code("MSH-9.2")), "{of_structure:?}");
}

/// Table 0125 of 2.5 leaves out datatypes that 2.5 has; OBX-5 is read all the same.
#[test]
fn a_datatype_that_its_table_leaves_out() {
    let found = |version: &str, datatype: &str| {
        let bytes = format!(
            "MSH|^~\\&|A|B|C|D|20260211||ORU^R01^ORU_R01|1|P|{version}\rOBR|1|||X^Y^L\rOBX|1|{datatype}|X^Y^L||1||||||F\r"
        );
        let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
        let decoded = hl7_types::decode_with(bytes.as_bytes(), &options).expect("a header");
        let about =
            decoded.findings.iter().filter(|finding| finding.path.to_string().ends_with("OBX-2"));
        about.map(|finding| finding.rule).collect::<Vec<_>>()
    };
    assert_eq!(found("2.5", "NM"), []);
    assert_eq!(found("2.5", "NA"), [Rule::SiteCode]);
    assert_eq!(found("2.5", "XYZ"), [Rule::UnknownCode, Rule::UnknownDatatype]);
    assert_eq!(found("2.3", "PN"), []);
}

#[test]
fn msh_12_names_the_version_or_the_nearest() {
    for version in VERSIONS {
        let id = version.desc().id;
        check(["ORU^R01", id], [id, "ORU_R01"], None);
        check(["ORU^R01", &format!("{id}^USA^1")], [id, "ORU_R01"], None);
    }
    let other = Some(Rule::OtherVersion);
    check(["ADT^A01", "2.5.9"], ["2.5.1", "ADT_A01"], other);
    check(["ADT^A01", "2.3."], ["2.3", "ADT_A01"], other);
    check(["ADT^A01", "2.10"], ["2.9", "ADT_A01"], other);
    check(["ADT^A01", "3"], ["2.9", "ADT_A01"], other);
    check(["ADT^A01", ""], ["2.9", "ADT_A01"], other);
    // Without a version, the newest that has the message.
    check(["ORM^O01", ""], ["2.6", "ORM_O01"], other);
    check(["UDM^Q05", "?"], ["2.8.2", "UDM_Q05"], other);
}

#[test]
fn a_message_can_be_read_as_another_version() {
    let bytes = b"MSH|^~\\&|A|B|C|D|20260211||ADT^A01|1|P|2.3\rPID|1||7||EVERYMAN^ADAM\r";
    for version in VERSIONS {
        let decoded = version.decode(bytes, &DecodeOptions::default()).expect("a header");
        assert_eq!(decoded.message.version().id, version.desc().id);
        assert_eq!(decoded.message.encode(), bytes);
        let told = decoded.findings.iter().any(|finding| finding.rule == Rule::OtherVersion);
        assert_eq!(told, version.desc().id != "2.3");
    }
    assert_eq!(Version::find("2.5.9").map(Version::desc).map(|desc| desc.id), None);
}

// --- types of some versions ----------------------------------------------------------------------------------------------

fn findings(message: &impl Message) -> Vec<String> {
    let found = message.check().expect("the recommended delimiters");
    found.iter().map(ToString::to_string).collect()
}

fn read<T: Message>(bytes: &[u8]) -> T {
    let decoded = T::decode(bytes).expect("a header");
    assert_eq!(decoded.message.encode(), bytes);
    decoded.message
}

/// 2.1 leaves open what a CM consists of: it is one piece, and what stands in it is nobody's mistake.
#[test]
fn a_composite_without_parts() {
    use hl7_types::v2_1::messages::OrmO01;
    use hl7_types::v2_1::messages::orm_o01::Choice;
    let bytes = b"MSH|^~\\&|A|B|C|D|20260211||ORM^O01|1|P|2.1\r\
        ORC|NW\rOBR|1|42^DEPT~43|||||||||||||||||||||||||^Q6H&0600^D3\r";
    let message: OrmO01 = read(bytes);
    let detail = message.order[0].order_detail.as_ref().expect("an OBR");
    let Choice::Obr(obr) = &*detail.choice else { panic!("not an OBR") };
    assert_eq!(obr.placer_order_number.raw(), "42^DEPT");
    assert_eq!(obr.quantity_timing[0].raw(), "^Q6H&0600^D3");
    let found = findings(&message);
    assert!(!found.iter().any(|finding| finding.contains("surplus")), "{found:#?}");
}

/// 2.2 to 2.3.1 name the kinds of CM and their parts.
#[test]
fn composites_of_their_place() {
    use hl7_types::v2_3::messages::OruR01;
    let bytes = b"MSH|^~\\&|A|B|C|D|20260211||ORU^R01|1|P|2.3\r\
        OBR|1|||80002^GLUCOSE^L|||||||||||BLD&Blood&HL70070^EDTA\r\
        OBX|1|NM|80002^GLUCOSE^L||5.1|mmol/l|||||F\r";
    let message: OruR01 = read(bytes);
    assert_eq!(message.msh.message_type.message_type.text(), "ORU");
    let order = &message.response[0].order_observation[0];
    let source = &order.obr.specimen_source;
    assert_eq!(source.specimen_source_name_or_code.identifier.text(), "BLD");
    assert_eq!(source.additives.text(), "EDTA");
}

/// TS is a composite up to 2.5.1; from 2.6 on DTM has its place.
#[test]
fn times_of_old_and_new() {
    let bytes = |version: &str| {
        format!("MSH|^~\\&|A|B|C|D|20260211140114.5+0100||ACK|1|P|{version}\rMSA|AA|1\r")
    };
    let old: hl7_types::v2_5_1::messages::Ack = read(bytes("2.5.1").as_bytes());
    let new: hl7_types::v2_6::messages::Ack = read(bytes("2.6").as_bytes());
    assert_eq!(old.msh.date_time_of_message.time.text(), "20260211140114.5+0100");
    assert_eq!(new.msh.date_time_of_message.text(), "20260211140114.5+0100");
}

/// A withdrawn field keeps its place: it is decoded, said to be withdrawn, and encoded.
#[test]
fn withdrawn_fields_keep_their_place() {
    use hl7_types::v2_6::segments::Dg1;
    let line = hl7_types::RawSegment::from_er7("DG1|1|I9|428.0^HF|Heart failure^x~y||A|MDC");
    let decoded = line.decode::<Dg1>().expect("a DG1");
    let told: Vec<_> = decoded.findings.iter().map(|finding| finding.path.to_string()).collect();
    let dg1 = decoded.message;
    assert_eq!(dg1.diagnosis_coding_method.text(), "I9");
    assert_eq!(hl7_types::encode_segment(&dg1), line.er7());
    let bytes = b"MSH|^~\\&|A|B|C|D|20260211||BAR^P01|1|P|2.6\rDG1|1|I9|428.0^HF||||MDC\r";
    let message: hl7_types::v2_6::messages::BarP01 = read(bytes);
    let found = findings(&message);
    for path in ["DG1-2", "DG1-7"] {
        let expected = format!("warning[withdrawn] {path}: ");
        assert!(found.iter().any(|finding| finding.starts_with(&expected)), "{path}: {found:#?}");
    }
    assert!(told.is_empty(), "decoding alone does not ask for it: {told:?}");
}

/// `Hxx` takes any segment of the standard, `Zxx` any of a site, and what they took is read like any other.
#[test]
fn any_segment() {
    use hl7_types::v2_2::messages::MfnM01;
    use hl7_types::v2_3::messages::MfnM03;
    let message: MfnM01 = read(
        b"MSH|^~\\&|A|B|C|D|20260211||MFN^M01|1|P|2.2\rMFI|CDM||UPD|||NE\rMFE|MAD|||1\rZTX|a^b\r",
    );
    let row = message.mf[0].zxx.as_ref().expect("the Z segment");
    assert_eq!(row.get(&"ZTX-1.2".parse().expect("a path")).as_deref(), Some("b"));
    assert!(message.mf[0].extra.strays().is_empty());
    let message: MfnM03 = read(
        b"MSH|^~\\&|A|B|C|D|20260211||MFN^M03|1|P|2.3\rMFI|OMA||UPD|||NE\r\
          MFE|MAD|||1\rOM1|1|X\rOM2|1|mmol/l\r",
    );
    let test = &message.mf_test[0];
    assert_eq!(test.hxx.id(), Some("OM2"));
    let om2 = test.hxx.decode::<hl7_types::v2_3::segments::Om2>().expect("an OM2").message;
    assert_eq!(om2.units_of_measure.identifier.text(), "mmol/l");
}

/// Where the standard's text has a sequence and its XML schema a choice, the sequence is what counts.
#[test]
fn a_choice_of_the_xml_schema_only() {
    use hl7_types::v2_6::messages::EhcE01;
    let message: EhcE01 = read(
        b"MSH|^~\\&|A|B|C|D|20260211||EHC^E01|1|P|2.6\r\
          IVC|1|1|1|OR|NORM|FN|20260211\rPYE|1|ORG\rCTD|AP\rPSS|1|1|1|1\r",
    );
    let invoice = &message.invoice_information;
    assert!(invoice.pye.is_some());
    assert_eq!(invoice.ctd.len(), 1);
    assert!(invoice.extra.strays().is_empty());
}

/// QPD-3 stands for any number of parameters, RDT-1 for any number of columns; each may repeat.
#[test]
fn open_numbers_of_fields() {
    use hl7_types::v2_5_1::datatypes::Varies;
    use hl7_types::v2_5_1::messages::{QbpQ11, RtbK13};
    let bytes = b"MSH|^~\\&|A|B|C|D|20260211||QBP^Q22^QBP_Q11|1|P|2.5.1\r\
        QPD|Q22^Find|T1|@PID.3.1^7~@PID.8^F|||80|\rRCP|I\r";
    let mut query: QbpQ11 = read(bytes);
    let parameters = &query.qpd.user_parameters_in_successive_fields;
    assert_eq!(parameters.len(), 4);
    assert_eq!(parameters[0].len(), 2);
    let raw = |parameter: &Varies| match parameter {
        Varies::Raw(raw) => raw.raw().to_owned(),
        _ => panic!("nothing says what a parameter is"),
    };
    assert_eq!(raw(&parameters[0][1]), "@PID.8^F");
    assert_eq!(raw(&parameters[3][0]), "80");
    let path = |text: &str| text.parse::<hl7_types::Path>().expect("a path");
    assert_eq!(query.get(&path("QPD-6")).as_deref(), Some("80"));
    assert_eq!(query.get(&path("QPD-3[2]")).as_deref(), Some("@PID.8^F"));
    query.set(&path("QPD-9"), "new").expect("open");
    let line = b"\rQPD|Q22^Find|T1|@PID.3.1^7~@PID.8^F|||80|||new\r";
    assert!(query.encode().windows(line.len()).any(|window| window == line));
    let found = query.check().expect("a header");
    assert!(found.iter().all(|finding| finding.path.segment() != "QPD"), "{found:?}");

    let row = |values: &str| {
        format!(
            "MSH|^~\\&|A|B|C|D|20260211||RTB^K13^RTB_K13|1|P|2.5.1\rMSA|AA|1\rQAK|1|OK\r\
             QPD|Q13^Table|1\rRDF|3|A^ST^20~B^ST^20~C^NM^5\rRDT|{values}\r"
        )
    };
    let table: RtbK13 = read(row("a|b~c|3||").as_bytes());
    let columns = &table.row_definition.as_ref().expect("rows").rdt[0].column_value;
    assert_eq!(columns.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2, 1]);
    assert!(matches!(&columns[1][1], Varies::St(text) if text.text() == "c"));
    assert!(matches!(&columns[2][0], Varies::Nm(number) if number.text() == "3"));
    // As many as anybody likes, and more.
    for count in [1, 1_000, 59_999, 60_000, 60_001, 70_000] {
        for end in ["", "|", "||", "x|", "x~y^z&w"] {
            read::<RtbK13>(row(&format!("{}{end}", "|".repeat(count))).as_bytes());
            read::<RtbK13>(row(&format!("{}{end}", "1|".repeat(count))).as_bytes());
        }
    }
}

/// Trees of groups are the version's own.
#[test]
fn groups_differ() {
    let names = |group: &dyn GroupNode| {
        group.desc().members.iter().map(|member| member.name()).collect::<Vec<_>>().join(" ")
    };
    let options = DecodeOptions { rules: Rules::NONE, ..DecodeOptions::default() };
    let of = |id: &str| {
        let bytes = format!("MSH|^~\\&|A|B|C|D|1||ORU^R01|1|P|{id}\r");
        let decoded = hl7_types::decode_with(bytes.as_bytes(), &options).expect("a header");
        decoded.message.group().map(names).expect("a structure")
    };
    assert_eq!(of("2.1"), "MSH PATIENT_RESULT DSC");
    assert_eq!(of("2.5.1"), "MSH SFT PATIENT_RESULT DSC");
    assert_eq!(of("2.9"), "MSH ARV SFT UAC PATIENT_RESULT DSC");
}
