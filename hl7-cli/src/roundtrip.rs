//! `hl7 roundtrip`: whether decoding a message into structs and encoding it again gives the same bytes.

use std::io::{self, Write};
use std::path::PathBuf;

use hl7_types::{DecodeOptions, Path, Piece, Rules, Tree, TreeSegment, Version};

use crate::console::{BAD, Console, GOOD, Status, WARN};
use crate::input::{self, Message, Visit};
use crate::leaves::declares_delimiters;
use crate::segments::{located, number};
use crate::text::printable;
use crate::versions;

/// Decode messages into structs, encode them again, and compare every byte
///
/// Prints a line for each message: same, different (with the first byte that differs and its place), or not readable.
/// No values are printed.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Files or folders; - or nothing for standard input
    files: Vec<PathBuf>,

    /// Print only what is not the same
    #[arg(short, long)]
    quiet: bool,

    /// Read as this version of the standard, whatever MSH-12 says
    #[arg(long, value_parser = versions::parse)]
    version: Option<&'static Version>,
}

const HELP: &str = "\
A file with one message is compared whole, with what stands before and behind the message. Of a \
file with several each message is compared, printed as file#2; the lines of file and batch \
headers belong to none.

Examples:
  hl7 roundtrip inbox/
  hl7 roundtrip -q inbox/ && echo \"all the same\"

Exit status:
  0  all are the same
  1  something is different or not readable";

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    let mut roundtrip = Roundtrip { args, same: 0, different: 0, not_readable: 0 };
    let read = input::visit(&args.files, console, &mut roundtrip)?;
    let Roundtrip { same, different, not_readable, .. } = roundtrip;
    writeln!(console, "{same} same, {different} different, {not_readable} not readable")?;
    let all_same = different == 0 && not_readable == 0 && read == Status::Clean;
    Ok(if all_same { Status::Clean } else { Status::Found })
}

/// Compares one message after the other.
struct Roundtrip<'a> {
    args: &'a Args,
    same: usize,
    different: usize,
    not_readable: usize,
}

impl Visit for Roundtrip<'_> {
    fn message(&mut self, message: &Message<'_>, console: &mut Console) -> io::Result<()> {
        let tree = match message.tree() {
            Ok(tree) => tree,
            Err(reason) => return self.unreadable(&message.label(), &reason, console),
        };
        let version = versions::of(&tree, self.args.version);
        let options = DecodeOptions { rules: Rules::NONE, ..DecodeOptions::default() };
        let encoded = match version.decode(message.bytes, &options) {
            Ok(decoded) => decoded.message.encode(),
            Err(error) => {
                return self.unreadable(&message.label(), &message.explain(&error), console);
            }
        };
        if encoded == message.bytes {
            self.same += 1;
            if !self.args.quiet {
                writeln!(console, "{GOOD}same{GOOD:#}  {}", printable(&message.label()))?;
            }
            return Ok(());
        }
        self.different += 1;
        let difference = difference(message, &tree, &encoded);
        writeln!(console, "{BAD}different{BAD:#}  {}: {difference}", printable(&message.label()))
    }

    fn unreadable(&mut self, file: &str, reason: &str, console: &mut Console) -> io::Result<()> {
        self.not_readable += 1;
        writeln!(console, "{WARN}not readable{WARN:#}  {}: {reason}", printable(file))
    }
}

/// The first byte that differs: where it stands in the file and in the message, and what became of it.
fn difference(message: &Message<'_>, tree: &Tree, encoded: &[u8]) -> String {
    let pairs = message.bytes.iter().zip(encoded);
    let at = pairs.take_while(|(sent, written)| sent == written).count();
    let (byte, place) = (message.offset + at, place(tree, at));
    match (message.bytes.get(at), encoded.get(at)) {
        (Some(sent), Some(written)) => {
            format!("byte {byte} (0x{sent:02x}) in {place}: came out as 0x{written:02x}")
        }
        (Some(sent), None) => {
            let lost = message.bytes.len() - at;
            format!(
                "byte {byte} (0x{sent:02x}) in {place}: the output ends here, {lost} bytes early"
            )
        }
        (None, _) => {
            let more = encoded.len() - at;
            format!("byte {byte} (end) behind {place}: the output has {more} more bytes")
        }
    }
}

/// What a byte of a message belongs to: a path, or the line end behind a segment.
fn place(tree: &Tree, at: usize) -> String {
    let mut before: Option<Path> = None;
    for (index, (segment, path)) in located(tree).enumerate() {
        let range = segment.range();
        if at < range.start {
            break;
        }
        match path {
            Some(path) if at < range.end => return in_segment(segment, path, at).to_string(),
            None if at < range.end => return format!("line {}, which is no segment", index + 1),
            Some(path) => before = Some(path),
            None => {}
        }
    }
    before.map_or("what stands before MSH".to_owned(), |path| format!("the line end of {path}"))
}

/// Which piece a byte belongs to; a separator belongs to the piece before it.
fn around<'a>(mut pieces: impl Iterator<Item = Piece<'a>>, at: usize) -> Option<usize> {
    pieces.position(|piece| at <= piece.range().end)
}

/// The path of the innermost piece around a byte.
fn in_segment(segment: TreeSegment<'_>, path: Path, at: usize) -> Path {
    let Some(field) = around(segment.fields(), at) else { return path };
    // The id and its separator stand before the first field.
    if segment.fields().next().is_some_and(|first| at < first.range().start) {
        return path;
    }
    let path = path.with_field(number(field));
    let Some(piece) = segment.field(field + 1) else { return path };
    if piece.is_leaf() || declares_delimiters(segment, path.field) {
        return path;
    }
    let Some(repetition) = around(piece.repetitions(), at) else { return path };
    let path = path.with_repetition(number(repetition));
    let Some(piece) = piece.repetitions().nth(repetition) else { return path };
    let Some(component) = around(piece.components(), at).filter(|_| !piece.is_leaf()) else {
        return path;
    };
    let path = path.with_component(number(component));
    let Some(piece) = piece.components().nth(component) else { return path };
    match around(piece.subcomponents(), at).filter(|_| !piece.is_leaf()) {
        Some(subcomponent) => path.with_subcomponent(number(subcomponent)),
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, Tree, difference, place};

    const MESSAGE: &str = "\u{b}MSH|^~\\&|A\rOBX|1|CE|a^b&c~d\r\rnoise\rOBX|2\r\n";

    #[test]
    fn every_byte_has_a_place() {
        let tree = Tree::parse(MESSAGE).expect("a message");
        let mut places: Vec<String> = Vec::new();
        for at in 0..MESSAGE.len() {
            let place = place(&tree, at);
            if places.last() != Some(&place) {
                places.push(place);
            }
        }
        let expected = [
            "what stands before MSH",
            "MSH",
            "MSH-1",
            "MSH-2",
            "MSH-3",
            "the line end of MSH",
            "OBX",
            "OBX-1",
            "OBX-2",
            "OBX-3.1",
            "OBX-3.2.1",
            "OBX-3.2.2",
            "OBX-3[2]",
            "the line end of OBX",
            "line 3, which is no segment",
            "the line end of OBX",
            "OBX[2]",
            "OBX[2]-1",
            "the line end of OBX[2]",
        ];
        assert_eq!(places, expected);
    }

    #[track_caller]
    fn check(encoded: &str, expected: &str) {
        let tree = Tree::parse(MESSAGE).expect("a message");
        let bytes = MESSAGE.as_bytes();
        let message =
            Message { file: "", index: 2, one_of_many: true, offset: 100, bytes, before: b"" };
        assert_eq!(difference(&message, &tree, encoded.as_bytes()), expected);
    }

    #[test]
    fn differences_are_located_in_the_file() {
        check(&MESSAGE.replace("b&c", "b^c"), "byte 124 (0x26) in OBX-3.2.1: came out as 0x5e");
        check(
            MESSAGE.trim_end(),
            "byte 141 (0x0d) in the line end of OBX[2]: the output ends here, 2 bytes early",
        );
        check(
            &format!("{MESSAGE}PID|"),
            "byte 143 (end) behind the line end of OBX[2]: the output has 4 more bytes",
        );
    }
}
