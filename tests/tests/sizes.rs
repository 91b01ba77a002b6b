//! Sizes of the types that a message is made of: what a leaf, an absent part and a segment cost.
//!
//! A size that grows is paid for by every field of every message; change a number here only on purpose.

#![cfg(target_pointer_width = "64")]

use hl7_types::v2_5_1::messages::{AdtA01, OruR01};
use hl7_types::v2_5_1::{AnyMessage, datatypes as d, segments as s, tables};
use hl7_types::{Coded, Extra, Finding, Part, Path, RawSegment, Value, node::Slot, primitives::St};

macro_rules! sizes {
    ($($type:ty),* $(,)?) => {
        [$((stringify!($type), size_of::<$type>())),*]
    };
}

#[test]
fn sizes_of_hot_types() {
    let sizes = sizes![
        Value,
        St,
        Coded<tables::AdministrativeSex>,
        Part<d::Cx>,
        Option<Box<s::Pid>>,
        Extra,
        Slot<'static>,
        RawSegment,
        Path,
        Finding,
        d::Cx,
        d::Xpn,
        d::Ce,
        s::Msh,
        s::Pid,
        s::Obx,
        AdtA01,
        OruR01,
        AnyMessage,
    ];
    let table: String = sizes.iter().map(|(name, size)| format!("{size:>5} {name}\n")).collect();
    insta::assert_snapshot!(table);
}
