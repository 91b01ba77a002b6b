//! Writes files and batches with right counts.

use std::io::{self, Write};

use crate::ack::AckCode;
use crate::er7::{Delimiters, translate};
use crate::header::{Header, leaf, write_segment};

use super::reader::{FS, VT};
use super::start::{BOM, Start};

/// What a header of a batch or file says (BHS, FHS). Applications and facilities are ER7 under the recommended delimiters
/// (`LAB^2.16.1^ISO`), the others are texts without escapes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct BatchHeader {
    /// Field 3.
    pub sending_application: String,
    /// Field 4.
    pub sending_facility: String,
    /// Field 5.
    pub receiving_application: String,
    /// Field 6.
    pub receiving_facility: String,
    /// Field 7: when it was made, as HL7 writes it.
    pub time: String,
    /// Field 9: name, id or type of a batch; name of a file.
    pub name: String,
    /// Field 10.
    pub comment: String,
    /// Field 11.
    pub control_id: String,
    /// Field 12: the control id of the batch or file that this one answers.
    pub reference: String,
}

impl std::fmt::Debug for BatchHeader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BatchHeader(..)")
    }
}

impl BatchHeader {
    /// The header of an answer: applications and facilities change places, field 12 is the control id of the batch or file
    /// that it answers. The header of a message does for messages that came without one.
    #[must_use]
    pub fn answering(header: &Header<'_>, control_id: &str, time: &str) -> Self {
        let text = |seq: usize| {
            let (raw, from) = (header.field(seq), header.delimiters());
            let raw = if from.is_standard() {
                raw.to_vec()
            } else {
                translate(raw, from, &Delimiters::STANDARD)
            };
            String::from_utf8_lossy(&raw).into_owned()
        };
        Self {
            sending_application: text(5),
            sending_facility: text(6),
            receiving_application: text(3),
            receiving_facility: text(4),
            time: time.to_owned(),
            control_id: control_id.to_owned(),
            reference: if header.id() == "MSH" {
                String::new()
            } else {
                header.text(11).into_owned()
            },
            ..Self::default()
        }
    }

    fn write(&self, id: &[u8; 3], out: &mut Vec<u8>) {
        let delimiters = &Delimiters::STANDARD;
        let fields = [
            delimiters.encoding_characters(),
            field(&self.sending_application),
            field(&self.sending_facility),
            field(&self.receiving_application),
            field(&self.receiving_facility),
            leaf(&self.time, delimiters),
            Vec::new(),
            leaf(&self.name, delimiters),
            leaf(&self.comment, delimiters),
            leaf(&self.control_id, delimiters),
            leaf(&self.reference, delimiters),
        ];
        write_segment(out, id, &fields, delimiters.field);
    }
}

/// ER7 that stays inside of its field.
fn field(er7: &str) -> Vec<u8> {
    let one_field = er7.replace('|', "\\F\\").replace('\r', "\\X0D\\").replace('\n', "\\X0A\\");
    one_field.into_bytes()
}

/// Why something cannot be written into a batch.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The output failed.
    #[error("cannot write the batch: {0}")]
    Io(#[from] io::Error),
    /// Not one message: none, several, or one with other lines around it.
    #[error(
        "not one HL7 message: it must start with MSH, and have no other message, header or trailer behind it"
    )]
    NotOneMessage,
    /// A file inside of a file, or a batch inside of a batch.
    #[error("{0} is open already; end it first")]
    Open(&'static str),
    /// A trailer without its header.
    #[error("no {0} is open")]
    NotOpen(&'static str),
}

/// Writes `[FHS] {[BHS] {message} [BTS]} [FTS]`, counting as it goes. Messages are written as they are, each with a line
/// end behind it.
#[derive(Debug)]
pub struct BatchWriter<W> {
    sink: W,
    /// Batches in the open file.
    file: Option<u64>,
    /// Messages in the open batch.
    batch: Option<u64>,
}

impl<W: Write> BatchWriter<W> {
    /// Nothing is open yet; messages may be written all the same.
    pub fn new(sink: W) -> Self {
        Self { sink, file: None, batch: None }
    }

    /// Messages in the open batch.
    #[must_use]
    pub fn messages(&self) -> u64 {
        self.batch.unwrap_or(0)
    }

    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), BatchError> {
        let mut line = Vec::new();
        write(&mut line);
        Ok(self.sink.write_all(&line)?)
    }

    /// Writes FHS.
    ///
    /// # Errors
    /// When a file or batch is open, or the output fails.
    pub fn begin_file(&mut self, header: &BatchHeader) -> Result<(), BatchError> {
        if self.batch.is_some() {
            return Err(BatchError::Open("a batch"));
        }
        if self.file.is_some() {
            return Err(BatchError::Open("a file"));
        }
        self.write(|line| header.write(b"FHS", line))?;
        self.file = Some(0);
        Ok(())
    }

    /// Writes BHS.
    ///
    /// # Errors
    /// When a batch is open, or the output fails.
    pub fn begin_batch(&mut self, header: &BatchHeader) -> Result<(), BatchError> {
        if self.batch.is_some() {
            return Err(BatchError::Open("a batch"));
        }
        self.write(|line| header.write(b"BHS", line))?;
        self.batch = Some(0);
        Ok(())
    }

    /// Writes a message; marks of an MLLP block, blanks and byte order marks around it are left out.
    ///
    /// # Errors
    /// When it is not one message, or the output fails.
    pub fn message(&mut self, message: &[u8]) -> Result<(), BatchError> {
        let message = one_message(message).ok_or(BatchError::NotOneMessage)?;
        self.sink.write_all(message)?;
        if !message.ends_with(b"\r") && !message.ends_with(b"\n") {
            self.sink.write_all(b"\r")?;
        }
        self.batch = self.batch.map(|messages| messages + 1);
        Ok(())
    }

    /// Writes BTS with the number of messages.
    ///
    /// # Errors
    /// When no batch is open, or the output fails.
    pub fn end_batch(&mut self) -> Result<(), BatchError> {
        let messages = self.batch.take().ok_or(BatchError::NotOpen("batch"))?;
        self.file = self.file.map(|batches| batches + 1);
        self.write(|line| write_segment(line, b"BTS", &[messages.to_string().into()], b'|'))
    }

    /// Writes FTS with the number of batches.
    ///
    /// # Errors
    /// When no file is open, a batch is, or the output fails.
    pub fn end_file(&mut self) -> Result<(), BatchError> {
        if self.batch.is_some() {
            return Err(BatchError::Open("a batch"));
        }
        let batches = self.file.take().ok_or(BatchError::NotOpen("file"))?;
        self.write(|line| write_segment(line, b"FTS", &[batches.to_string().into()], b'|'))
    }

    /// Ends what is open and gives the output back.
    ///
    /// # Errors
    /// When the output fails.
    pub fn finish(mut self) -> Result<W, BatchError> {
        if self.batch.is_some() {
            self.end_batch()?;
        }
        if self.file.is_some() {
            self.end_file()?;
        }
        self.sink.flush()?;
        Ok(self.sink)
    }
}

/// The one message that the bytes are, as a reader of batches would find it.
fn one_message(bytes: &[u8]) -> Option<&[u8]> {
    let mut message = bytes.trim_ascii_start();
    message = message.strip_prefix(&[VT]).unwrap_or(message).trim_ascii_start();
    message = message.strip_prefix(BOM).unwrap_or(message).trim_ascii_start();
    if let Some(inside) = message.trim_ascii_end().strip_suffix(&[FS]) {
        message = inside;
    }
    let field = *message.get(3)?;
    let starts = |line: &[u8]| Start::of(line.strip_prefix(BOM).unwrap_or(line), field).is_some();
    let is_one = Start::of(message, field) == Some(Start::Message)
        // What stood in a block may look like the end of one outside of it.
        && memchr::memchr2(VT, FS, message).is_none()
        && !memchr::memchr2_iter(b'\r', b'\n', message).any(|end| starts(&message[end + 1..]));
    is_one.then_some(message)
}

/// Which acknowledgments go into a batch of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WhichAcks {
    /// All.
    All,
    /// Those that are negative; what is not there was accepted.
    Negative,
}

/// Writes a batch of acknowledgments, the answer to a batch.
#[derive(Debug)]
pub struct AckBatch<W> {
    writer: BatchWriter<W>,
    which: WhichAcks,
}

impl<W: Write> AckBatch<W> {
    /// Begins the batch.
    ///
    /// # Errors
    /// When the output fails.
    pub fn begin(sink: W, which: WhichAcks, header: &BatchHeader) -> Result<Self, BatchError> {
        let mut writer = BatchWriter::new(sink);
        writer.begin_batch(header)?;
        Ok(Self { writer, which })
    }

    /// Writes an acknowledgment, if it is one of those that are wanted.
    ///
    /// # Errors
    /// When it is not one message, or the output fails.
    pub fn ack(&mut self, code: AckCode, ack: &[u8]) -> Result<(), BatchError> {
        if self.which == WhichAcks::Negative && code.is_positive() {
            return Ok(());
        }
        self.writer.message(ack)
    }

    /// Ends the batch, which may be empty: everything was accepted.
    ///
    /// # Errors
    /// When the output fails.
    pub fn finish(self) -> Result<W, BatchError> {
        self.writer.finish()
    }
}
