//! An enum of datatypes by hand.

use hl7_types::primitives::{Id, Nm, Raw, St};
use hl7_types::v2_5_1::datatypes::Ce;
use hl7_types::{Datatype, Extra, Part, RawSegment, Segment, encode_segment};

/// What a measurement may be.
#[derive(Datatype)]
enum Measured {
    /// A number.
    #[hl7(id = "NM")]
    Number(Nm),
    /// A code.
    #[hl7(id = "CE")]
    Code(Part<Ce>),
    /// Anything else.
    #[hl7(raw)]
    Other(Raw),
}

/// A measurement.
#[derive(Segment)]
#[hl7(id = "ZMS")]
struct Zms {
    /// ZMS-1.
    #[hl7(seq = 1)]
    value_type: Id,
    /// ZMS-2.
    #[hl7(seq = 2, varies_by = 1)]
    value: Measured,
    /// ZMS-3.
    #[hl7(seq = 3, usage = "R")]
    by: St,
    /// Everything else.
    #[hl7(extra)]
    extra: Extra,
}

fn read(line: &str) -> Zms {
    let decoded = RawSegment::from_er7(line).decode::<Zms>().expect("it is a ZMS");
    assert_eq!(encode_segment(&decoded.message), line.as_bytes());
    decoded.message
}

#[test]
fn an_enum_of_datatypes() {
    assert!(matches!(read("ZMS|NM|5|me").value, Measured::Number(number) if number == "5"));
    let coded = read("ZMS|CE|T^Toe^L|me").value;
    assert_eq!(format!("{coded:?}"), "CE {1: 1 bytes, 2: 3 bytes, 3: 1 bytes}");
    assert!(matches!(coded, Measured::Code(code) if code.text == "Toe"));
    assert!(matches!(read("ZMS|XYZ|a^b&c|me").value, Measured::Other(raw) if raw.raw() == "a^b&c"));
    assert_eq!(Measured::default(), Measured::Other(Raw::default()));
}
