//! A segment that a site defines, derived by hand: decodes, encodes, is checked, and stands in an ADT_A01 in its place.

use hl7_types::v2_5_1::datatypes::{Cx, Xpn};
use hl7_types::v2_5_1::messages::AdtA01;
use hl7_types::v2_5_1::segments::{Evn, Msh, Pid, Pv1};
use hl7_types::v2_5_1::tables::YesNoIndicator;
use hl7_types::{
    Coded, DecodeOptions, Extra, Message, Part, RawSegment, Rule, Rules, Segment, encode_segment,
};

/// What the site adds to a visit.
#[derive(Segment)]
#[hl7(id = "ZPV", name = "Visit Addendum")]
struct Zpv {
    #[hl7(seq = 1, usage = "R", len = 4)]
    set_id: hl7_types::primitives::Si,
    #[hl7(seq = 2)]
    wristband: Part<Cx>,
    #[hl7(seq = 3, name = "Interpreter Needed", len = 1)]
    interpreter: Coded<YesNoIndicator>,
    #[hl7(seq = 4)]
    contacts: Vec<Xpn>,
    #[hl7(extra)]
    extra: Extra,
}

/// An admission with the site's segment as a member of its own, after PV1.
#[derive(Message)]
#[hl7(id = "ADT_A01")]
struct SiteAdt {
    msh: Part<Msh>,
    evn: Part<Evn>,
    pid: Part<Pid>,
    pv1: Part<Pv1>,
    zpv: Option<Box<Zpv>>,
    #[hl7(extra)]
    extra: Extra,
}

const MESSAGE: &[u8] =
    b"MSH|^~\\&|ADT|HARBOUR|EHR|HARBOUR|20260211140114||ADT^A01^ADT_A01|1|P|2.5.1\r\
    EVN||20260211140114\r\
    PID|||4711^^^HARBOUR^MR||EVERYMAN^ADAM\r\
    PV1||I\r\
    ZPV|1|W77^^^HARBOUR|Y|EVERYWOMAN^EVE~EVERYMAN^SETH|surplus\r";
const ZPV: &[u8] = b"ZPV|1|W77^^^HARBOUR|Y|EVERYWOMAN^EVE~EVERYMAN^SETH|surplus";

#[test]
fn stands_in_a_standard_message_where_it_stood() {
    let decoded = AdtA01::decode(MESSAGE).expect("a message");
    let rules: Vec<_> = decoded.findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(rules, [Rule::SiteSegment]);
    let message = decoded.message;
    assert_eq!(message.encode(), MESSAGE);

    let zpv = message.extra.stray::<Zpv>().expect("the segment is there");
    assert_eq!(zpv.message.contacts[1].family_name.surname, "EVERYMAN");
    assert_eq!(zpv.message.interpreter.known(), Some(YesNoIndicator::Yes));
    assert_eq!(
        zpv.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(),
        [Rule::SurplusField]
    );
    assert_eq!(encode_segment(&zpv.message), ZPV);
    assert_eq!(message.get(&"ZPV-4[2].2".parse().expect("a path")).as_deref(), Some("SETH"));
}

#[test]
fn is_checked_where_its_definition_is_given() {
    let faulty =
        String::from_utf8_lossy(MESSAGE).replace("ZPV|1|", "ZPV|x|").replace("|Y|", "|maybe|");
    let options = DecodeOptions {
        rules: Rules::ALL,
        site_segments: vec![<Zpv as Segment>::DESC],
        ..DecodeOptions::default()
    };
    let findings = AdtA01::decode_with(faulty.as_bytes(), &options).expect("a message").findings;
    let found: Vec<_> =
        findings.iter().map(|finding| format!("{} {}", finding.rule.id(), finding.path)).collect();
    assert_eq!(
        found,
        ["bad-format ZPV-1", "unknown-code ZPV-3", "too-long ZPV-3", "surplus-field ZPV-5"]
    );
}

#[test]
fn is_a_member_of_a_message_of_the_site() {
    let decoded = SiteAdt::decode(MESSAGE).expect("a message");
    assert_eq!(
        decoded.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>(),
        [Rule::SurplusField]
    );
    let mut message = decoded.message;
    assert_eq!(message.encode(), MESSAGE);
    let zpv = message.zpv.as_mut().expect("the segment is there");
    zpv.interpreter = YesNoIndicator::No.into();
    assert_eq!(
        message.encode(),
        String::from_utf8_lossy(MESSAGE).replace("|Y|", "|N|").into_bytes()
    );

    let misplaced = String::from_utf8_lossy(MESSAGE).replace("PID|||", "ZPV|2\rPID|||");
    let decoded = SiteAdt::decode(misplaced.as_bytes()).expect("a message");
    assert_eq!(decoded.findings.first().map(|finding| finding.rule), Some(Rule::MisplacedSegment));
    assert_eq!(decoded.message.encode(), misplaced.as_bytes());
}

#[test]
fn is_built_and_put_into_a_standard_message() {
    let mut zpv = Zpv::new("1");
    zpv.interpreter = YesNoIndicator::Yes.into();
    let mut message =
        AdtA01::decode(&MESSAGE[..MESSAGE.len() - ZPV.len() - 1]).expect("a message").message;
    message.extra.insert_stray(7, 1, RawSegment::from_typed(&zpv));
    assert!(message.encode().ends_with(b"PV1||I\rZPV|1||Y\r"));
}
