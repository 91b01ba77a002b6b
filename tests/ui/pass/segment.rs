//! A segment by hand: descriptor, constructor, decoding, text.

use hl7_types::desc::{MANY, Usage};
use hl7_types::primitives::{Dt, Id, Nm, Raw, Si, St};
use hl7_types::v2_5_1::datatypes::{Cx, Varies, Xpn};
use hl7_types::v2_5_1::tables::{TABLE_0136, YesNoIndicator};
use hl7_types::{Coded, Extra, Part, RawSegment, Segment, encode_segment};

/// What the site adds to a visit.
#[derive(Segment)]
#[hl7(id = "ZPV", name = "Visit Addendum")]
struct Zpv {
    /// ZPV-1.
    #[hl7(seq = 1, usage = "R", len = 4, item = 90001)]
    set_id: Si,
    /// ZPV-2.
    #[hl7(seq = 2, usage = "R")]
    wristbands: Vec<Part<Cx>>,
    /// ZPV-3.
    #[hl7(seq = 3, name = "Interpreter Needed?", min_len = 1, len = 1, conf_len = "1=")]
    interpreter: Coded<YesNoIndicator>,
    /// ZPV-4.
    #[hl7(seq = 4, table = TABLE_0136, usage = "C(R/X)")]
    transport: Id,
    /// ZPV-5.
    #[hl7(seq = 5, min = 1, max = 3, usage = "RE")]
    contacts: Vec<Xpn>,
    /// ZPV-6.
    #[hl7(seq = 6, usage = "W")]
    withdrawn_6: Raw,
    /// ZPV-7.
    #[hl7(seq = 7)]
    r#type: St,
    /// ZPV-8.
    #[hl7(seq = 8, varies_by = 7)]
    value: Vec<Varies>,
    /// ZPV-9.
    #[hl7(seq = 9, usage = "R")]
    since: Part<Band>,
    /// ZPV-10.
    #[hl7(seq = 10, open)]
    parameters: Vec<Raw>,
    /// Everything else.
    #[hl7(extra)]
    extra: Extra,
}

/// A composite of the site's.
#[derive(hl7_types::Datatype)]
#[hl7(id = "ZB", name = "Band")]
struct Band {
    /// ZB.1.
    #[hl7(seq = 1, usage = "R", len = 8)]
    day: Dt,
    /// ZB.2.
    #[hl7(seq = 2)]
    width: Nm,
    /// Everything else.
    #[hl7(extra)]
    extra: Extra,
}

/// A segment that asks for nothing, without a constructor.
#[derive(Segment)]
#[hl7(id = "ZNO", crate = hl7_types, no_new)]
struct Zno {
    #[hl7(extra)]
    extra: Extra,
}

impl Zno {
    /// The name is free.
    fn new(extra: Extra) -> Self {
        Self { extra }
    }
}

#[test]
fn a_segment() {
    let desc = <Zpv as Segment>::DESC;
    assert_eq!((desc.id, desc.name, desc.fields.len()), ("ZPV", "Visit Addendum", 10));
    let names: Vec<_> = desc.fields.iter().map(|field| field.name).collect();
    assert_eq!(names[..4], ["Set Id", "Wristbands", "Interpreter Needed?", "Transport"]);
    assert_eq!((desc.fields[6].name, desc.fields[6].ident), ("Type", "type"));
    let rows: Vec<_> =
        desc.fields.iter().map(|field| (field.usage, field.min, field.max)).collect();
    assert_eq!(rows[0], (Usage::R, 1, 1));
    assert_eq!(rows[1], (Usage::R, 1, MANY));
    assert_eq!(rows[3], (Usage::CrX, 0, 1));
    assert_eq!(rows[4], (Usage::Re, 1, 3));
    assert_eq!(rows[5], (Usage::W, 0, 0));
    assert_eq!((desc.fields[0].item, desc.fields[0].length.max), (90001, 4));
    assert_eq!((desc.fields[2].length.min, desc.fields[2].length.conformance), (1, 1));
    assert_eq!(desc.fields[2].table.map(|table| table.id), Some("0136"));
    assert_eq!(desc.fields[3].table.map(|table| table.id), Some("0136"));
    assert!(desc.fields[5].datatype.is_none());
    assert_eq!((desc.fields[7].varies_by, desc.fields[9].open), (7, true));
    let band = desc.fields[8].datatype.expect("a datatype");
    assert_eq!((band.id, band.components()[1].name), ("ZB", "Width"));

    let mut zpv = Zpv::new("1", "W77", "20260211");
    zpv.r#type = "NM".into();
    zpv.value = vec![Varies::Nm("5".into()), Varies::Nm("6".into())];
    zpv.interpreter = YesNoIndicator::Yes.into();
    assert_eq!(encode_segment(&zpv), b"ZPV|1|W77|Y||||NM|5~6|20260211");
    let again = RawSegment::from_typed(&zpv).decode::<Zpv>().expect("it is a ZPV");
    assert_eq!(again.message, zpv);
    assert_eq!(again.message.value[0].text_of(), "5");
    assert!(RawSegment::from_typed(&zpv).decode::<Zno>().is_none());

    // An open field is as many fields as it holds.
    zpv.parameters = vec!["a".into(), "".into(), "b".into()];
    assert_eq!(encode_segment(&zpv), b"ZPV|1|W77|Y||||NM|5~6|20260211|a||b");
    let again = RawSegment::from_typed(&zpv).decode::<Zpv>().expect("it is a ZPV");
    assert_eq!(again.message, zpv);

    let shown = format!("{zpv:?}");
    assert!(shown.starts_with("ZPV {1: 1 bytes, 2: ["), "{shown}");
    assert!(!shown.contains("W77"), "{shown}");
    assert_eq!(encode_segment(&Zno::new(Extra::NONE)), b"ZNO");
}

trait Text {
    fn text_of(&self) -> String;
}

impl Text for Varies {
    fn text_of(&self) -> String {
        match self {
            Varies::Nm(number) => number.text().into_owned(),
            other => panic!("{other:?}"),
        }
    }
}
