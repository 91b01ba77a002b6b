//! ER7, the "vertical bar" encoding (section 2.6): delimiters, escapes, and the one pass that finds every delimiter.

mod block;
mod delims;
mod escape;
mod notation;
mod scan;
mod span;

pub use delims::Delimiters;
pub(crate) use escape::{
    Token, escape_into, is_defined, is_plain, is_sequence, tokens, translate, unescape, unescaped,
};
pub(crate) use notation::Notation;
pub(crate) use scan::{Class, Mark, Scan, is_header};
pub(crate) use span::{Parts, Span};
