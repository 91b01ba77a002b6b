//! The bytes around a message, on the command line.

use hl7_mllp::{Decoder, DecoderOptions, EncodeError, Encoder, Framing};

use super::Failure;

/// The bytes around a message.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Marks {
    /// The byte before a message, as a decimal number
    #[arg(long, default_value_t = 11, value_name = "BYTE", help_heading = "Framing")]
    start: u8,

    /// The byte behind a message
    #[arg(long, default_value_t = 28, value_name = "BYTE", help_heading = "Framing")]
    end: u8,

    /// The byte behind that one
    #[arg(long, default_value_t = 13, value_name = "BYTE", help_heading = "Framing")]
    trailer: u8,

    /// There is no byte before a message: send none, accept messages without
    #[arg(long, help_heading = "Framing")]
    no_start: bool,

    /// There is no byte behind the end: send none, expect none
    #[arg(long, help_heading = "Framing")]
    no_trailer: bool,
}

/// Writes and reads frames.
#[derive(Clone)]
pub(super) struct Frames {
    encoder: Encoder,
    /// Bytes of a frame that are left out.
    without: usize,
    options: DecoderOptions,
}

impl Marks {
    pub(super) fn frames(&self) -> Result<Frames, Failure> {
        let trailer = [self.trailer];
        let trailer = if self.no_trailer { &[][..] } else { &trailer };
        let framing = Framing::new(self.start, self.end, trailer)?;
        let options =
            DecoderOptions { framing, missing_start: self.no_start, ..DecoderOptions::STRICT };
        let encoder = Encoder { framing, ..Encoder::default() };
        let without = if self.no_start { framing.prefix().len() } else { 0 };
        Ok(Frames { encoder, without, options })
    }
}

impl Frames {
    /// A message with the bytes around it.
    pub(super) fn around(&self, message: &[u8]) -> Result<Vec<u8>, EncodeError> {
        let mut frame = Vec::with_capacity(message.len() + 8);
        self.encoder.encode(message, &mut frame)?;
        Ok(frame.split_off(self.without))
    }

    /// What reads the frames of a connection.
    pub(super) fn decoder(&self) -> Decoder {
        Decoder::with_options(self.options)
    }
}
