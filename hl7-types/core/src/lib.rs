//! The runtime of the HL7 v2 toolkit: ER7, the lossless tree, paths, descriptors, and the one engine that decodes,
//! encodes and checks.

pub mod ack;
pub mod batch;
mod bytes;
mod charset;
mod convert;
pub mod date_time;
mod debug;
mod decode;
pub mod desc;
pub mod diff;
mod encode;
mod er7;
mod error;
mod extra;
pub mod extract;
mod finding;
mod format;
pub mod formatted;
mod grammar;
mod header;
mod indexed;
mod limits;
mod message;
mod navigate;
pub mod node;
mod number;
mod order;
mod part;
mod path;
mod placement;
#[cfg(feature = "policy")]
pub mod policy;
pub mod primitives;
mod reading;
mod same;
mod sample;
mod site;
mod summary;
mod tree;
mod update;
mod value;
mod version;
pub mod view;
mod visit;
mod walk;

pub use charset::Charset;
#[cfg(feature = "jiff")]
pub use convert::ConvertError;
pub use decode::DecodeOptions;
pub use er7::Delimiters;
pub use error::{DecodeError, DecodeErrorKind};
pub use extra::{Extra, LineEnd, RawSegment, Stray};
pub use extract::FromHl7;
pub use finding::{Finding, Findings, Rule, Rules, Severities, Severity};
pub use header::Header;
pub use limits::Limits;
pub use message::{Decoded, Message, encode_segment};
pub use navigate::SetError;
pub use navigate::presence;
pub use node::Segment;
pub use number::Number;
pub use order::segments;
pub use part::Part;
pub use path::{Path, PathError};
pub use primitives::{Coded, Table};
pub use reading::ValueError;
pub use sample::{Faulty, Fill, sample, sample_faulty, sample_seeded};
pub use site::Site;
pub use tree::{Piece, Tree, TreeSegment};
pub use update::{Record, apply_update};
pub use value::{Presence, Value};
pub use walk::{Visit, walk};

/// What the derives and the generated code name. Not part of the public interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::debug::{debug_element, debug_group, debug_node, debug_variant, debug_varies};
    pub use crate::decode::DecodeOptions;
    pub use crate::desc::*;
    pub use crate::error::DecodeError;
    pub use crate::extra::{Extra, RawSegment};
    pub use crate::extract::*;
    pub use crate::finding::Findings;
    pub use crate::indexed::{Indexed, Reading, encode_group, get_in_group, set_in};
    pub use crate::message::Decoded;
    pub use crate::message::Message;
    pub use crate::navigate::SetError;
    pub use crate::navigate::set_first_leaf;
    pub use crate::node::*;
    pub use crate::part::Part;
    pub use crate::path::Path;
    pub use crate::primitives::*;
    pub use crate::same::{
        clone_group, clone_node, same_element, same_group, same_node, same_varies,
    };
    pub use crate::value::Value;
}
