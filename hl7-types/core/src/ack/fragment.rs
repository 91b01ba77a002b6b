//! Cuts a message that is too long into fragments (section 2.10.2): DSC says how it goes on, ADD continues a segment.

use crate::header::{leaf, write_segment};
use crate::tree::Tree;

/// Why a message cannot be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FragmentError {
    /// It has ADD or DSC already.
    #[error("the message has ADD or DSC segments already: it is a fragment itself")]
    Fragment,
    /// The header alone leaves no room for anything else.
    #[error("{limit} bytes leave no room for data behind the header; allow {needed} at least")]
    NoRoom {
        /// The limit.
        limit: usize,
        /// What would do.
        needed: usize,
    },
    /// It has segments that end in something else than a carriage return.
    #[error(
        "the message has line feeds, or lines that do not end in a carriage return alone, which fragments cannot keep"
    )]
    LineEnds,
}

/// The fewest bytes of data in a fragment.
const LEAST: usize = 16;

/// Cuts a message into fragments of at most `limit` bytes, the first with the message's own header, the others with its
/// header and another control id (MSH-10) and the continuation pointer in MSH-14. `pointer` gives the pointer of fragment
/// 1, 2, and so on, which is the control id of the next as well: make them unique on the link.
///
/// # Errors
/// When the message cannot be cut, or not into pieces that small.
pub fn fragment(
    message: &Tree,
    limit: usize,
    mut pointer: impl FnMut(usize) -> String,
) -> Result<Vec<Vec<u8>>, FragmentError> {
    if message.bytes().len() <= limit {
        return Ok(vec![message.bytes().to_vec()]);
    }
    let lines = lines(message)?;
    let (&header, body) = lines.split_first().unwrap_or((&&b""[..], &[]));
    let mut cut =
        Cut { message, limit, out: Vec::new(), current: [header, b"\r"].concat(), data: 0 };
    for &line in body {
        cut.segment(header, line, &mut pointer)?;
    }
    cut.out.push(cut.current);
    Ok(cut.out)
}

/// The segments without their line ends.
fn lines(message: &Tree) -> Result<Vec<&[u8]>, FragmentError> {
    let mut lines: Vec<&[u8]> = Vec::new();
    let mut expected = 0;
    // A line feed that is text could look like a line end once the text behind it is cut.
    if memchr::memchr(b'\n', message.bytes()).is_some() {
        return Err(FragmentError::LineEnds);
    }
    for segment in message.segments() {
        if matches!(segment.id(), Some("ADD" | "DSC")) {
            return Err(FragmentError::Fragment);
        }
        let range = segment.range();
        if range.start != expected || message.bytes().get(range.end) != Some(&b'\r') {
            return Err(FragmentError::LineEnds);
        }
        expected = range.end + 1;
        lines.push(segment.raw());
    }
    if expected == message.bytes().len() { Ok(lines) } else { Err(FragmentError::LineEnds) }
}

/// A message being cut.
struct Cut<'a> {
    message: &'a Tree,
    limit: usize,
    out: Vec<Vec<u8>>,
    current: Vec<u8>,
    /// Segments, or pieces of one, in the current fragment behind its header.
    data: usize,
}

impl Cut<'_> {
    fn segment(
        &mut self,
        header: &[u8],
        line: &[u8],
        pointer: &mut impl FnMut(usize) -> String,
    ) -> Result<(), FragmentError> {
        let field = self.message.delimiters().field;
        let mut line = line;
        let mut is_rest = false;
        loop {
            let next = pointer(self.out.len() + 1);
            let mut end = Vec::new();
            let fields = [leaf(&next, self.message.delimiters()), b"F".to_vec()];
            write_segment(&mut end, b"DSC", &fields, field);
            let lead: &[u8] = if is_rest { b"ADD" } else { b"" };
            let separator = usize::from(is_rest);
            let room = self.limit.saturating_sub(self.current.len() + end.len());
            let whole = lead.len() + separator + line.len() + 1;
            if whole <= room {
                self.push(lead, is_rest.then_some(field), line);
                return Ok(());
            }
            // A segment is cut only where it does not fit into a fragment of its own.
            if self.data == 0 {
                // `ADD` and a carriage return behind the piece mark that it goes on.
                let most = room.saturating_sub(lead.len() + separator + 1 + 4);
                if most < LEAST {
                    let needed = self.current.len() + end.len() + whole - line.len() + 4 + LEAST;
                    return Err(FragmentError::NoRoom { limit: self.limit, needed });
                }
                let at = boundary(line, most);
                let (piece, rest) = line.split_at(at);
                self.push(lead, is_rest.then_some(field), piece);
                self.current.extend_from_slice(b"ADD\r");
                (line, is_rest) = (rest, true);
            }
            self.current.extend_from_slice(&end);
            let following = self.header(header, &next);
            self.out.push(std::mem::replace(&mut self.current, following));
            self.data = 0;
        }
    }

    fn push(&mut self, lead: &[u8], separator: Option<u8>, piece: &[u8]) {
        self.current.extend_from_slice(lead);
        self.current.extend(separator);
        self.current.extend_from_slice(piece);
        self.current.push(b'\r');
        self.data += 1;
    }

    /// The header of a further fragment.
    fn header(&self, header: &[u8], pointer: &str) -> Vec<u8> {
        let delimiters = self.message.delimiters();
        let pointer = leaf(pointer, delimiters);
        let mut fields: Vec<&[u8]> = header.split(|&byte| byte == delimiters.field).collect();
        fields.resize(fields.len().max(14), b"");
        // The first of these is the id: MSH-10 is the tenth, MSH-1 being the separator.
        fields[9] = &pointer;
        fields[13] = &pointer;
        let mut out = fields.join(&delimiters.field);
        out.push(b'\r');
        out
    }
}

/// The last position up to `most` that is not inside of a character in UTF-8, nor between an id and its separator.
fn boundary(line: &[u8], most: usize) -> usize {
    let inside = |at: &usize| line.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    (4..=most).rev().take(4).find(|at| !inside(at)).unwrap_or(most)
}
