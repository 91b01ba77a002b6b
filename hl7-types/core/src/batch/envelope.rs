//! Which file and batch a message belongs to, and what is wrong with their headers and trailers.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::header::Header;

use super::finding::{BatchFinding, BatchRule};

/// Most control ids of a batch that are remembered; of further messages those are not compared.
const MOST_IDS: usize = 1 << 19;

/// Control ids, by their hashes: a memory that does not grow with their length.
#[derive(Default)]
struct Ids(HashSet<u64>);

impl Ids {
    /// Whether an id was there before.
    fn repeats(&mut self, id: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let hash = hasher.finish();
        if self.0.len() < MOST_IDS { !self.0.insert(hash) } else { self.0.contains(&hash) }
    }
}

/// Where the reader is between headers and trailers.
#[derive(Default)]
pub(super) struct Envelope {
    /// Which file of the input, from one; zero before the first.
    pub(super) file: u64,
    /// Which batch of the file, from one; zero before the first.
    pub(super) batch: u64,
    /// Messages so far in the batch, or in the run of messages without one.
    pub(super) ordinal: u64,
    /// Messages so far in the input.
    pub(super) messages: u64,
    in_file: bool,
    in_batch: bool,
    /// Whether messages of the file stood in no batch.
    loose: bool,
    /// Whether any header or trailer was there.
    any: bool,
    /// Whether messages outside were reported since the last header or trailer.
    reported: bool,
    message_ids: Ids,
    batch_ids: Ids,
    pub(super) findings: Vec<BatchFinding>,
}

impl Envelope {
    pub(super) fn report(&mut self, rule: BatchRule, offset: u64, message: impl Into<String>) {
        self.findings.push(BatchFinding { rule, offset, message: message.into() });
    }

    pub(super) fn file_header(&mut self, line: &[u8], offset: u64) {
        self.close_batch(offset);
        self.close_file(offset);
        self.first_envelope(offset);
        self.file += 1;
        (self.batch, self.in_file, self.loose) = (0, true, false);
        self.batch_ids = Ids::default();
        self.check_header(line, offset);
        self.new_run();
    }

    pub(super) fn batch_header(&mut self, line: &[u8], offset: u64) {
        self.close_batch(offset);
        self.first_envelope(offset);
        if std::mem::take(&mut self.loose) && self.in_file {
            let text = "a batch behind messages of the same file that are in none";
            self.report(BatchRule::MessageOutside, offset, text);
        }
        self.batch += 1;
        self.in_batch = true;
        self.check_header(line, offset);
        let id = Header::of(line).map_or(&b""[..], |header| header.field(11));
        if !id.is_empty() && self.batch_ids.repeats(id) {
            let text = "BHS-11 is the control id of an earlier batch of the file as well";
            self.report(BatchRule::SameControlId, offset, text);
        }
        self.new_run();
    }

    fn check_header(&mut self, line: &[u8], offset: u64) {
        if let Some(header) = Header::of(line).filter(|header| !header.is_sound()) {
            let text = format!("{} declares no usable delimiters", header.id());
            self.report(BatchRule::BrokenHeader, offset, text);
        }
    }

    /// Messages before the first header belong to no file.
    fn first_envelope(&mut self, offset: u64) {
        if !self.any && self.messages > 0 {
            let text = "a header behind messages that belong to no batch or file";
            self.report(BatchRule::MessageOutside, offset, text);
        }
        self.any = true;
    }

    fn new_run(&mut self) {
        (self.ordinal, self.reported) = (0, false);
        self.message_ids = Ids::default();
    }

    /// A message; `None` where its header was not looked at.
    pub(super) fn message(&mut self, header: Option<&Header<'_>>, offset: u64) {
        self.messages += 1;
        self.ordinal += 1;
        if !self.in_batch {
            self.message_outside(offset);
        }
        let Some(header) = header.filter(|header| header.is_sound()) else { return };
        let id = header.field(10);
        if id.is_empty() {
            self.report(BatchRule::NoControlId, offset, "MSH-10 is empty");
        } else if self.message_ids.repeats(id) {
            let text = "MSH-10 is the control id of an earlier message as well";
            self.report(BatchRule::SameControlId, offset, text);
        }
    }

    fn message_outside(&mut self, offset: u64) {
        // A file need not have batches, and an input need not have files.
        let alone = if self.in_file { self.batch == 0 } else { !self.any };
        self.loose |= self.in_file && alone;
        if !alone && !self.reported {
            self.reported = true;
            let text = if self.in_file {
                "a message of a file with batches that is in none of them"
            } else {
                "a message outside of batches and files"
            };
            self.report(BatchRule::MessageOutside, offset, text);
        }
    }

    pub(super) fn batch_trailer(&mut self, line: &[u8], offset: u64) {
        self.any = true;
        if self.in_batch {
            let (found, ordinal) = (count(line), self.ordinal);
            let unit = if ordinal == 1 { "message" } else { "messages" };
            self.check_count(
                BatchRule::BatchCount,
                offset,
                found,
                |said| said == ordinal,
                |said| format!("BTS-1 says {said}, the batch has {ordinal} {unit}"),
            );
            self.in_batch = false;
        } else {
            self.report(BatchRule::UnexpectedBatchTrailer, offset, "BTS without a BHS before it");
        }
        self.new_run();
    }

    pub(super) fn file_trailer(&mut self, line: &[u8], offset: u64) {
        self.close_batch(offset);
        self.any = true;
        if self.in_file {
            // Messages without BHS and BTS are one batch to some and none to others.
            let (found, batches, loose) = (count(line), self.batch, self.loose);
            let unit = if batches == 1 { "batch" } else { "batches" };
            self.check_count(
                BatchRule::FileCount,
                offset,
                found,
                |said| said == batches || loose && said == batches + 1,
                |said| format!("FTS-1 says {said}, the file has {batches} {unit}"),
            );
            self.in_file = false;
        } else {
            self.report(BatchRule::UnexpectedFileTrailer, offset, "FTS without an FHS before it");
        }
        self.new_run();
    }

    fn check_count(
        &mut self,
        rule: BatchRule,
        offset: u64,
        found: Option<Result<u64, ()>>,
        is_right: impl Fn(u64) -> bool,
        text: impl Fn(u64) -> String,
    ) {
        match found {
            None => {}
            Some(Ok(said)) if is_right(said) => {}
            Some(Ok(said)) => self.report(rule, offset, text(said)),
            Some(Err(())) => {
                self.report(BatchRule::NotACount, offset, "the count in field 1 is no number");
            }
        }
    }

    fn close_batch(&mut self, offset: u64) {
        if std::mem::take(&mut self.in_batch) {
            self.report(BatchRule::MissingBatchTrailer, offset, "the batch before has no BTS");
        }
    }

    fn close_file(&mut self, offset: u64) {
        if std::mem::take(&mut self.in_file) {
            self.report(BatchRule::MissingFileTrailer, offset, "the file before has no FTS");
        }
    }

    pub(super) fn end(&mut self, offset: u64) {
        self.close_batch(offset);
        self.close_file(offset);
    }
}

/// The count in the first field of a trailer; `None` where there is none.
fn count(line: &[u8]) -> Option<Result<u64, ()>> {
    let (&separator, rest) = line.get(3..)?.split_first()?;
    let ends = |byte: &u8| *byte == separator || matches!(byte, b'\r' | b'\n');
    let field = rest.split(ends).next().unwrap_or_default().trim_ascii();
    if field.is_empty() || matches!(separator, b'\r' | b'\n') {
        return None;
    }
    let text = std::str::from_utf8(field).map_err(|_| ());
    Some(text.and_then(|text| text.parse().map_err(|_| ())))
}
