//! With a descriptor, what it states cannot be stated again.

use hl7_types::primitives::St;
use hl7_types::v2_5_1::VERSION;
use hl7_types::v2_5_1::messages::ack::ACK;
use hl7_types::v2_5_1::segments::{MSA, Msa, Msh};
use hl7_types::{Extra, Message, Part, Segment};

#[derive(Segment)]
#[hl7(id = "MSA", name = "Acknowledgment", desc = MSA)]
struct Mine {
    #[hl7(seq = 1, usage = "R", len = 2, table = hl7_types::v2_5_1::tables::TABLE_0008)]
    code: St,
    #[hl7(extra)]
    extra: Extra,
}

#[derive(Message)]
#[hl7(id = "ACK", desc = ACK, version = VERSION)]
struct Ack {
    msh: Part<Msh>,
    #[hl7(min = 1, max = 2)]
    msa: Vec<Msa>,
    #[hl7(extra)]
    extra: Extra,
}

fn main() {}
