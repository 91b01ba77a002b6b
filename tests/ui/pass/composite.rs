//! A composite by hand, made of text, of another composite, and nested in a segment.

use hl7_types::primitives::{Nm, St};
use hl7_types::{Datatype, Extra, Part, RawSegment, Segment, encode_segment};

/// A side and a quantity.
#[derive(Datatype)]
#[hl7(id = "ZQ")]
struct Quantity {
    /// ZQ.1.
    #[hl7(seq = 1, usage = "R")]
    side: Part<Side>,
    /// ZQ.2.
    #[hl7(seq = 2)]
    amount: Nm,
    /// Everything else.
    #[hl7(extra)]
    extra: Extra,
}

/// A side.
#[derive(Datatype)]
#[hl7(id = "ZS", name = "Side of the Body")]
struct Side {
    /// ZS.1.
    #[hl7(seq = 1, name = "Left or Right", conf_len = "1#")]
    code: St,
    /// Everything else.
    #[hl7(extra)]
    extra: Extra,
}

/// Where.
#[derive(Segment)]
#[hl7(id = "ZWH")]
struct Zwh {
    /// ZWH-1.
    #[hl7(seq = 1, usage = "R")]
    quantity: Quantity,
    /// Everything else.
    #[hl7(extra)]
    extra: Extra,
}

#[test]
fn composites() {
    assert_eq!(Quantity::default().side.code.text(), "");
    let mut zwh = Zwh::new("L");
    assert_eq!(zwh.quantity.side.code, "L");
    zwh.quantity.amount = "3".into();
    assert_eq!(encode_segment(&zwh), b"ZWH|L^3");
    let line = "ZWH|L&x&y^3^z^|";
    let mut again = RawSegment::from_er7(line).decode::<Zwh>().expect("it is a ZWH").message;
    assert_eq!(encode_segment(&again), line.as_bytes());
    again.quantity.side.code.set("a^b");
    assert_eq!(encode_segment(&again), b"ZWH|a\\S\\b&x&y^3^z^|");
}
