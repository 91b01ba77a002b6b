//! MLLP, the framing of HL7 v2 messages on a stream, without any I/O.
//!
//! ```
//! use hl7_mllp::{Commit, Decoder, Encoder, Kind};
//!
//! let encoder = Encoder::default();
//! let mut wire = Vec::new();
//! encoder.encode(b"MSH|^~\\&|LAB|||||||1\r", &mut wire)?;
//! encoder.encode(b"MSH|^~\\&|LAB|||||||2\r", &mut wire)?;
//! encoder.commit(Commit::Ack, &mut wire);
//!
//! let mut decoder = Decoder::new();
//! let (mut messages, mut commits) = (Vec::new(), 0);
//! for read in wire.chunks(7) {
//!     let mut rest = read;
//!     while let Some(event) = decoder.next_event(&mut rest) {
//!         match event.kind {
//!             Kind::Frame(payload) => messages.push(payload.to_vec()),
//!             Kind::Commit(Commit::Ack) => commits += 1,
//!             Kind::Blank => {}
//!             other => panic!("{other:?} of {} bytes", event.length),
//!         }
//!     }
//! }
//! assert_eq!(decoder.finish(), None);
//! assert_eq!(messages, [&b"MSH|^~\\&|LAB|||||||1\r"[..], b"MSH|^~\\&|LAB|||||||2\r"]);
//! assert_eq!(commits, 1);
//! # Ok::<(), hl7_mllp::EncodeError>(())
//! ```
//!
//! MLLP Release 1 and 2 (HL7 transport specification, appendix C section C.4) put a message between marks: SB `0x0B`, the
//! payload, EB `0x1C`, CR `0x0D`. Release 2 adds commit blocks, frames around `0x06` or `0x15`, by which the receiver says
//! that it has stored a frame or has not.
//!
//! # What becomes of each byte
//!
//! The [`Decoder`] turns a stream into [`Event`]s, which follow each other without a gap. They depend on the bytes of
//! the stream, never on how it was cut into reads. "Between" is the start of the stream and behind the end of a frame.
//!
//! | where | bytes | strict (the default) | with an option of [`DecoderOptions`] |
//! |---|---|---|---|
//! | anywhere | SB payload EB CR | [`Kind::Frame`] | other marks, no trailer: `framing` |
//! | anywhere | SB `06` EB CR, SB `15` EB CR | [`Kind::Commit`] | |
//! | between | CR, LF | [`Kind::Blank`] | |
//! | between | `MSH` up to EB CR, SB or the end | broken: [`Fault::NoStart`] | `missing_start`: as if SB stood before it |
//! | between | any others, up to EB CR or before SB | [`Kind::Noise`], 4 KiB at most a piece | |
//! | frame | EB and neither CR nor SB | payload | |
//! | frame | EB SB; EB and the end of the stream | broken: [`Fault::NoTrailer`] | `missing_trailer`: a frame |
//! | frame | EB and then nothing for a while | still inside | `missing_trailer`: a frame after [`Decoder::pause`] |
//! | frame | SB | broken: [`Fault::StartInside`]; a frame starts with it | `start_inside`: payload |
//! | frame | the end of the stream | broken: [`Fault::StreamEnded`] | |
//! | frame | a payload of more than 16 MiB | broken: [`Fault::TooLong`], once, at its end | `limit` |
//!
//! With a trailer of several bytes, one that breaks off counts as missing. A payload may hold any byte: what the
//! specification forbids below `0x20` occurs, and is for the reader of the message to judge. With `start_inside` and without
//! `missing_trailer`, EB SB is payload too.
//!
//! Broken frames and noise come with their bytes (of a frame over the limit, the first 4 KiB: enough to answer it), so that
//! nothing is lost that the caller did not choose to drop. Errors and `Debug` never show any.

mod decoder;
mod encoder;
mod event;
mod framing;
mod held;
mod scanner;

pub use decoder::{Decoder, DecoderOptions, PIECE};
pub use encoder::{EncodeError, Encoder};
pub use event::{Commit, Event, Fault, Kind};
pub use framing::{Framing, FramingError};
