//! Finds what to read and reads it: files, folders, standard input.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use hl7_types::{DecodeError, DecodeErrorKind, Limits, Tree};

use crate::console::{Console, Status};
use crate::split::{header_behind, split};
use crate::text::printable;

/// What to call standard input.
pub(crate) const STDIN: &str = "(standard input)";

/// Something to read messages from.
#[derive(Debug)]
pub(crate) enum Source {
    Stdin,
    File(PathBuf),
}

/// One message of a file.
pub(crate) struct Message<'a> {
    /// The file, as it was named.
    pub(crate) file: &'a str,
    /// Which message of the file, from one.
    pub(crate) index: usize,
    /// Whether the file has others.
    pub(crate) one_of_many: bool,
    /// Where in the file it starts.
    pub(crate) offset: usize,
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
    /// What stands between it and the message before: lines of file and batch headers.
    pub(crate) before: &'a [u8],
}

impl Message<'_> {
    /// `adt.hl7`, or `adt.hl7#2` if the file has several messages.
    pub(crate) fn label(&self) -> String {
        if self.one_of_many {
            format!("{}#{}", self.file, self.index)
        } else {
            self.file.to_owned()
        }
    }

    /// Indexes the message.
    ///
    /// # Errors
    /// When it is no HL7 message; the text says why and what to do.
    pub(crate) fn tree(&self) -> Result<Tree, String> {
        self.tree_within(&Limits::DEFAULT)
    }

    /// Indexes the message within bounds.
    ///
    /// # Errors
    /// When it is no HL7 message, or over a bound; the text says why and what to do.
    pub(crate) fn tree_within(&self, limits: &Limits) -> Result<Tree, String> {
        Tree::parse_within(self.bytes, limits).map_err(|error| self.explain(&error))
    }

    /// Why it could not be read, with what can be seen from here.
    pub(crate) fn explain(&self, error: &DecodeError) -> String {
        if self.bytes.is_empty() {
            return "the input is empty".to_owned();
        }
        match (error.kind(), header_behind(self.bytes)) {
            (DecodeErrorKind::NoHeader, Some(at)) => format!(
                "not an HL7 message: {at} bytes of other text stand before the segment MSH; remove them"
            ),
            (DecodeErrorKind::Batch, None) => {
                "a file or batch header without a message behind it".to_owned()
            }
            _ => error.to_string(),
        }
    }
}

/// What to do with an input.
pub(crate) trait Visit {
    /// A message was found.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn message(&mut self, message: &Message<'_>, console: &mut Console) -> io::Result<()>;

    /// A file was read; its messages are looked for in what this gives.
    fn read_file(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    /// A file ends with these bytes behind its last message.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn end(&mut self, file: &str, rest: &[u8], console: &mut Console) -> io::Result<()> {
        let _ = (file, rest, console);
        Ok(())
    }

    /// A file or folder could not be read; the reason is complete.
    ///
    /// # Errors
    /// When the output cannot be written.
    fn unreadable(&mut self, file: &str, reason: &str, console: &mut Console) -> io::Result<()> {
        let _ = (file, reason);
        let _ = console;
        Ok(())
    }

    /// A file has headers and trailers of files or batches.
    fn envelope(&mut self, file: &str, lines: usize, console: &mut Console) {
        let _ = (file, lines, console);
    }
}

/// Calls a visitor with every message of the inputs.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn visit(
    inputs: &[PathBuf],
    console: &mut Console,
    visitor: &mut dyn Visit,
) -> io::Result<Status> {
    let found = sources(inputs, console, |file, reason, console| {
        visitor.unreadable(file, reason, console)
    })?;
    let Some((sources, mut status)) = found else { return Ok(Status::Unreadable) };
    for source in &sources {
        status.worsen(source.read(console, visitor)?);
        console.file_done()?;
    }
    Ok(status)
}

/// What the arguments name, and whether all of it is there; `None` where there is nothing to read.
pub(crate) fn sources(
    inputs: &[PathBuf],
    console: &mut Console,
    mut unreadable: impl FnMut(&str, &str, &mut Console) -> io::Result<()>,
) -> io::Result<Option<(Vec<Source>, Status)>> {
    if inputs.is_empty() && io::stdin().is_terminal() {
        console.complain("nothing to read: name files or folders, or pipe a message in");
        return Ok(None);
    }
    let mut status = Status::Clean;
    let mut sources = Vec::new();
    if inputs.is_empty() {
        sources.push(Source::Stdin);
    }
    for input in inputs {
        if input.as_os_str() == "-" {
            sources.push(Source::Stdin);
        } else if let Err((path, error)) = collect(input, &mut sources) {
            status = Status::Unreadable;
            unreadable(&path.display().to_string(), &reason(&error), console)?;
        }
    }
    console.expect_files(sources.len());
    Ok(Some((sources, status)))
}

impl Source {
    /// Calls a visitor with every message of this input.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub(crate) fn read(
        &self,
        console: &mut Console,
        visitor: &mut dyn Visit,
    ) -> io::Result<Status> {
        let (file, bytes) = match self {
            Source::Stdin => (STDIN.to_owned(), read_stdin()),
            Source::File(path) => (path.display().to_string(), fs::read(path)),
        };
        match bytes {
            Ok(bytes) => {
                messages(&file, &visitor.read_file(bytes), console, visitor)?;
                Ok(Status::Clean)
            }
            Err(error) => {
                visitor.unreadable(&file, &reason(&error), console)?;
                Ok(Status::Unreadable)
            }
        }
    }
}

/// What to do with an input that is read as a stream.
pub(crate) trait VisitStream {
    /// An input was opened.
    ///
    /// # Errors
    /// When the output cannot be written. A stream that fails is reported, and gives [`Status::Unreadable`].
    fn stream(
        &mut self,
        file: &str,
        stream: &mut dyn Read,
        console: &mut Console,
    ) -> io::Result<Status>;
}

/// Calls a visitor with each of the inputs as a stream, so that they may be longer than memory.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn visit_streams(
    inputs: &[PathBuf],
    console: &mut Console,
    visitor: &mut dyn VisitStream,
) -> io::Result<Status> {
    let Some((sources, mut status)) = sources(inputs, console, |file, reason, console| {
        console.complain(&format!("{}: {reason}", printable(file)));
        Ok(())
    })?
    else {
        return Ok(Status::Unreadable);
    };
    for source in &sources {
        let worse = match source {
            Source::Stdin => visitor.stream(STDIN, &mut io::stdin().lock(), console)?,
            Source::File(path) => {
                let file = path.display().to_string();
                match fs::File::open(path) {
                    Ok(mut stream) => visitor.stream(&file, &mut stream, console)?,
                    Err(error) => {
                        console.complain(&format!("{}: {}", printable(&file), reason(&error)));
                        Status::Unreadable
                    }
                }
            }
        };
        status.worsen(worse);
        console.file_done()?;
    }
    Ok(status)
}

/// Calls a visitor with every message of one file.
fn messages(
    file: &str,
    bytes: &[u8],
    console: &mut Console,
    visitor: &mut dyn Visit,
) -> io::Result<()> {
    let messages = split(bytes);
    if messages.envelope_lines > 0 {
        visitor.envelope(file, messages.envelope_lines, console);
    }
    let one_of_many = messages.ranges.len() > 1;
    let mut end = 0;
    for (index, range) in messages.ranges.into_iter().enumerate() {
        let before = &bytes[end..range.start];
        end = range.end;
        let message = Message {
            file,
            index: index + 1,
            one_of_many,
            offset: range.start,
            bytes: &bytes[range],
            before,
        };
        visitor.message(&message, console)?;
    }
    visitor.end(file, &bytes[end..], console)
}

/// Adds a file, or the files of a folder in order.
fn collect(input: &Path, sources: &mut Vec<Source>) -> Result<(), (PathBuf, io::Error)> {
    let fail = |error| (input.to_owned(), error);
    if !fs::metadata(input).map_err(fail)?.is_dir() {
        sources.push(Source::File(input.to_owned()));
        return Ok(());
    }
    let mut entries: Vec<_> = fs::read_dir(input)
        .and_then(|entries| {
            entries
                .map(|entry| entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))))
                .collect::<io::Result<_>>()
        })
        .map_err(fail)?;
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (entry, kind) in entries {
        // Links to folders are not followed: they may lead in a circle.
        if kind.is_file() || kind.is_symlink() && entry.is_file() {
            sources.push(Source::File(entry));
        } else if kind.is_dir() {
            collect(&entry, sources)?;
        }
    }
    Ok(())
}

fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a file cannot be read, and what to do.
pub(crate) fn reason(error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::NotFound => "; check the name",
        io::ErrorKind::PermissionDenied => "; ask for permission to read it",
        _ => "",
    };
    let what = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "reading it is not allowed".to_owned(),
        _ => error.to_string(),
    };
    format!("{what}{advice}")
}
