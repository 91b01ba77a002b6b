//! The bytes around a message, on the command line.

use hl7_mllp::{Decoder, DecoderOptions, Encoder, Framing};

use super::Failure;

/// The bytes around a message.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Marks {
    /// The byte before a message, as a decimal number
    #[arg(long, default_value_t = 11, value_name = "BYTE")]
    start: u8,

    /// The byte behind a message
    #[arg(long, default_value_t = 28, value_name = "BYTE")]
    end: u8,

    /// The byte behind that one
    #[arg(long, default_value_t = 13, value_name = "BYTE")]
    trailer: u8,
}

impl Marks {
    pub(super) fn both(&self) -> Result<(Encoder, Decoder), Failure> {
        let framing = Framing::new(self.start, self.end, &[self.trailer])?;
        let options = DecoderOptions { framing, ..DecoderOptions::STRICT };
        Ok((Encoder { framing, ..Encoder::default() }, Decoder::with_options(options)))
    }
}
