//! `hl7 get`: values by path, as a table.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::PathBuf;

use hl7_types::{Path, PathError, Piece, Tree};

use crate::console::{Console, Status};
use crate::input::{self, Message, Visit};
use crate::segments::nth;
use crate::text::printable;

/// Print the values at paths, a line for each message, tab-separated
///
/// A path is a segment, -field, [repetition], .component, .subcomponent: PID-3.1, PID-5[2].1.1, OBX[3]-5. A leaf is
/// printed without escapes, anything with parts as it stands in the message. What is absent is an empty
/// column, an explicit null stands as "".
#[derive(Debug, clap::Args)]
#[command(after_help = HELP, override_usage = USAGE)]
pub(crate) struct Args {
    /// Paths, then files or folders; - or none for standard input
    #[arg(value_name = "PATH|FILE")]
    arguments: Vec<String>,

    /// A path; when this is given all other arguments are files
    #[arg(short, long = "path", value_name = "PATH")]
    paths: Vec<String>,

    /// Files or folders, whatever they are called
    #[arg(last = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Print every occurrence of the segment and every repetition of the field that the path does not choose,
    /// separated by ~
    #[arg(short, long)]
    all: bool,

    /// Print values as they stand in the message, with their escapes
    #[arg(short, long)]
    raw: bool,

    /// Start each line with the file and the number of the message in it
    #[arg(long)]
    with_name: bool,
}

const USAGE: &str = "hl7 get [OPTIONS] PATH... [FILE]...
       hl7 get [OPTIONS] PATH... -- [FILE]...
       hl7 get [OPTIONS] -p PATH [-p PATH]... [FILE]...";

const HELP: &str = "\
Arguments up to the first that is no path are paths, the others are files. A file whose name \
looks like a path goes behind -- or is written ./PID. Control characters in values are printed \
as \\t, \\n, \\r or \\x1b, so that a message is one line.

Examples:
  hl7 get PID-3.1 PID-5 adt.hl7
  hl7 get --with-name MSH-10 MSH-9 inbox/ | sort -k2
  hl7 get --all OBX-3.1 OBX-5 oru.hl7
  cat adt.hl7 | hl7 get PID-3[2].1

Exit status:
  0  a value was found
  1  no message has any
  2  something could not be read";

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    let (paths, files) = match sort_out(args) {
        Ok(sorted) => sorted,
        Err(reason) => {
            console.complain(&reason);
            return Ok(Status::Unreadable);
        }
    };
    let mut get = Get { args, paths, found: false, status: Status::Clean };
    let mut status = input::visit(&files, console, &mut get)?;
    status.worsen(get.status);
    if !get.found {
        status.worsen(Status::Found);
    }
    Ok(status)
}

/// A path, and which of its numbers were given.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    path: Path,
    any_segment: bool,
}

impl Wanted {
    fn parse(text: &str) -> Result<Self, PathError> {
        let path = text.parse()?;
        Ok(Self { path, any_segment: text.as_bytes().get(3) != Some(&b'[') })
    }
}

/// Which arguments are paths and which are files.
fn sort_out(args: &Args) -> Result<(Vec<Wanted>, Vec<PathBuf>), String> {
    let given: Result<Vec<_>, _> = args.paths.iter().map(|text| Wanted::parse(text)).collect();
    let mut paths = given.map_err(|error| error.to_string())?;
    let mut rest = args.arguments.as_slice();
    while let (true, [first, others @ ..]) = (args.paths.is_empty(), rest) {
        match Wanted::parse(first) {
            Ok(path) => paths.push(path),
            Err(error) if paths.is_empty() || !args.files.is_empty() => {
                return Err(error.to_string());
            }
            // A slip in a path is not a file.
            Err(error) if looks_like_path(first) && !std::path::Path::new(first).exists() => {
                return Err(error.to_string());
            }
            Err(_) => break,
        }
        rest = others;
    }
    if paths.is_empty() {
        return Err("name a path, as in `hl7 get PID-3.1 adt.hl7`".to_owned());
    }
    Ok((paths, rest.iter().map(PathBuf::from).chain(args.files.iter().cloned()).collect()))
}

/// Whether somebody may have meant a path.
fn looks_like_path(text: &str) -> bool {
    let (id, rest) = text.split_at_checked(3).unwrap_or((text, ""));
    id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && rest.bytes().all(|byte| byte.is_ascii_digit() || b"-.[]".contains(&byte))
}

/// Prints one line a message.
struct Get<'a> {
    args: &'a Args,
    paths: Vec<Wanted>,
    found: bool,
    status: Status,
}

impl Visit for Get<'_> {
    fn message(&mut self, message: &Message<'_>, console: &mut Console) -> io::Result<()> {
        let tree = match message.tree() {
            Ok(tree) => tree,
            Err(reason) => {
                self.status = Status::Unreadable;
                return self.unreadable(&message.label(), &reason, console);
            }
        };
        if self.args.with_name {
            write!(console, "{}:{}\t", printable(message.file), message.index)?;
        }
        for (index, wanted) in self.paths.iter().enumerate() {
            let value = self.value(&tree, *wanted);
            self.found |= !value.is_empty();
            write!(console, "{}{}", if index > 0 { "\t" } else { "" }, printable(&value))?;
        }
        writeln!(console)
    }

    fn unreadable(&mut self, file: &str, reason: &str, console: &mut Console) -> io::Result<()> {
        console.complain(&format!("{}: {reason}", printable(file)));
        Ok(())
    }
}

impl Get<'_> {
    fn value<'t>(&self, tree: &'t Tree, wanted: Wanted) -> Cow<'t, str> {
        if !self.args.all {
            let piece = tree.piece(&wanted.path);
            return piece.map_or(Cow::Borrowed(""), |piece| self.text(tree, wanted.path, piece));
        }
        let mut values = Vec::new();
        let path = wanted.path;
        for occurrence in 1.. {
            let path = if wanted.any_segment { nth(path, occurrence) } else { path };
            let Some(_) = tree.segment(&path) else { break };
            let repetitions = match tree.piece(&path.with_field(path.field)) {
                Some(field) if path.field > 0 && path.repetition == 0 => {
                    field.repetitions().count()
                }
                _ => 1,
            };
            for repetition in 1..=repetitions {
                let repetition = u32::try_from(repetition).unwrap_or(u32::MAX);
                let chosen = path.field == 0 || path.repetition > 0;
                let path = if chosen { path } else { path.with_repetition(repetition) };
                let piece = tree.piece(&path);
                values.push(piece.map_or(Cow::Borrowed(""), |piece| self.text(tree, path, piece)));
            }
            if !wanted.any_segment {
                break;
            }
        }
        match values.as_mut_slice() {
            [one] => std::mem::take(one),
            all if all.iter().all(|value| value.is_empty()) => Cow::Borrowed(""),
            _ => Cow::Owned(values.join("~")),
        }
    }

    fn text<'t>(&self, tree: &Tree, path: Path, piece: Piece<'t>) -> Cow<'t, str> {
        let delimiters = path.field <= 2 && path.field > 0 && path.segment() == "MSH";
        if self.args.raw || delimiters {
            tree.charset().decode(piece.raw()).0
        } else {
            piece.text()
        }
    }
}
