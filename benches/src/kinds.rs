//! The kinds of messages: a template each, the structure it is decoded into, and ten values that an application reads.

use hl7_types::v2_5_1::{messages, views};

use crate::corpus::Corpus;
use crate::operations::{Keeper, Operation, kept, operations};

/// A kind of message.
#[derive(Debug)]
pub struct Kind {
    /// How tables call it.
    pub name: &'static str,
    /// Its messages, see the module `template`.
    pub(crate) template: &'static str,
    /// Ten values that each of its messages has, of the first segment of their name.
    pub paths: [&'static str; 10],
    /// What is measured on its messages.
    pub operations: for<'a> fn(&'a Corpus) -> Vec<Operation<'a>>,
    /// What can be kept of a message.
    pub kept: for<'a> fn(&'a Corpus) -> Vec<Keeper<'a>>,
}

macro_rules! kind {
    ($name:literal, $file:literal, $structure:ident, $paths:expr) => {
        Kind {
            name: $name,
            template: include_str!(concat!("../messages/", $file, ".txt")),
            paths: $paths,
            operations: operations::<messages::$structure, views::messages::$structure<'static>>,
            kept: kept::<messages::$structure, views::messages::$structure<'static>>,
        }
    };
}

/// What a report is asked for, with a document or with numbers.
const OF_A_REPORT: [&str; 10] = [
    "PID-3.1", "PID-3.4", "PID-5.1", "PID-5.2", "PID-7", "PID-8", "OBR-4.1", "OBR-7", "OBX-2",
    "OBX-3.1",
];

/// All kinds, in the order of the tables.
pub const KINDS: &[Kind] = &[
    kind!(
        "adt",
        "adt_a01",
        AdtA01,
        [
            "PID-3.1", "PID-3.4", "PID-5.1", "PID-5.2", "PID-7", "PID-8", "PV1-2", "PV1-3.1",
            "DG1-3.1", "IN1-4",
        ]
    ),
    kind!("oru-40", "oru_r01", OruR01, OF_A_REPORT),
    kind!("oru-1mb", "oru_r01_document", OruR01, OF_A_REPORT),
    kind!(
        "siu",
        "siu_s12",
        SiuS12,
        [
            "SCH-1.1", "SCH-2.1", "SCH-7.1", "PID-3.1", "PID-5.1", "PID-5.2", "PID-7", "AIS-3.1",
            "AIS-4", "AIL-3.1",
        ]
    ),
    kind!(
        "orm",
        "orm_o01",
        OrmO01,
        [
            "PID-3.1", "PID-5.1", "PID-5.2", "PID-7", "PV1-3.1", "ORC-1", "ORC-2.1", "OBR-4.1",
            "OBR-4.2", "DG1-3.1",
        ]
    ),
    kind!(
        "vxu",
        "vxu_v04",
        VxuV04,
        [
            "PID-3.1", "PID-5.1", "PID-5.2", "PID-7", "NK1-2.1", "ORC-3.1", "RXA-3", "RXA-5.1",
            "RXA-15", "RXR-1.1",
        ]
    ),
    kind!(
        "mdm",
        "mdm_t02",
        MdmT02,
        [
            "PID-3.1", "PID-5.1", "PID-5.2", "PID-7", "PV1-3.1", "TXA-2", "TXA-4", "TXA-12.1",
            "OBX-3.1", "OBX-3.2",
        ]
    ),
];

/// The kind of a name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}
