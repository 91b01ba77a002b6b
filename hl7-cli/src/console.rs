//! Where output goes: standard output through a buffer, complaints to standard error, a progress bar between them.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use crate::text::{decoded, printable};

/// Headings.
pub(crate) const BOLD: Style = Style::new().bold();
/// What matters less.
pub(crate) const DIM: Style = Style::new().dimmed();
/// Segment ids and paths.
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
/// Groups of a structure.
pub(crate) const GROUP: Style = AnsiColor::Magenta.on_default();
/// What is as it should be.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What a receiver may stumble over.
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
/// What is wrong.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// What is worth knowing.
pub(crate) const NOTE: Style = AnsiColor::Blue.on_default().bold();

/// Written at once when the output goes to a file or a pipe.
const CHUNK: usize = 1 << 16;
/// Fewer files than this need no progress bar.
const MANY_FILES: usize = 50;
/// Columns of output that goes to a file or a pipe.
const WIDTH: usize = 100;

/// The answer to `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Nothing to report.
    Clean,
    /// Something was found (or, for `get`, nothing).
    Found,
    /// Something could not be read.
    Unreadable,
}

impl Status {
    /// The exit status of the process.
    pub(crate) fn code(self) -> ExitCode {
        ExitCode::from(self as u8)
    }

    /// Turns worse, never better.
    pub(crate) fn worsen(&mut self, other: Self) {
        *self = (*self).max(other);
    }
}

/// Standard output. What is buffered has the escape sequences of colours.
#[derive(Debug)]
enum Out {
    /// With colours.
    Coloured(AutoStream<io::Stdout>),
    /// Without.
    Plain(io::Stdout),
    /// A page: what is written stays in the buffer, what is said is kept.
    Page(Vec<String>),
}

impl Out {
    fn write(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Coloured(out) => out.write_all(buffer).and_then(|()| out.flush()),
            Self::Plain(out) => {
                remove_colours(buffer);
                out.write_all(buffer).and_then(|()| out.flush())
            }
            Self::Page(_) => Ok(()),
        }
    }
}

/// Removes the escape sequences of colours. There are no others: values are made printable before.
fn remove_colours(buffer: &mut Vec<u8>) {
    let (mut kept, mut from) = (0, 0);
    while from < buffer.len() {
        let plain = buffer[from..].iter().position(|&byte| byte == 0x1b);
        let until = plain.map_or(buffer.len(), |length| from + length);
        buffer.copy_within(from..until, kept);
        kept += until - from;
        let sequence = buffer[until..].iter().position(|&byte| byte == b'm');
        from = sequence.map_or(buffer.len(), |length| until + length + 1);
    }
    buffer.truncate(kept);
}

/// Standard output and standard error of one run.
#[derive(Debug)]
pub(crate) struct Console {
    buffer: Vec<u8>,
    out: Out,
    err: AutoStream<io::Stderr>,
    terminal: bool,
    progress: ProgressBar,
}

impl Console {
    /// A console that colours as asked.
    pub(crate) fn new(colour: Colour) -> Self {
        let choice = match colour {
            Colour::Auto => ColorChoice::Auto,
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
        };
        let out = AutoStream::new(io::stdout(), choice);
        let out = match out.current_choice() {
            ColorChoice::Never => Out::Plain(io::stdout()),
            _ => Out::Coloured(out),
        };
        Self {
            buffer: Vec::new(),
            out,
            err: AutoStream::new(io::stderr(), choice),
            terminal: io::stdout().is_terminal(),
            progress: ProgressBar::hidden(),
        }
    }

    /// A console that keeps what is written and said, for [`Console::take`].
    pub(crate) fn page(&self) -> Self {
        Self {
            buffer: Vec::new(),
            out: Out::Page(Vec::new()),
            err: AutoStream::never(io::stderr()),
            terminal: self.terminal,
            progress: ProgressBar::hidden(),
        }
    }

    /// Says and writes what a page has kept.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn take(&mut self, page: Self) -> io::Result<()> {
        if let Out::Page(said) = &page.out {
            said.iter().for_each(|line| self.say(line));
        }
        self.write_all(&page.buffer)
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        let of_terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        self.terminal.then(of_terminal).flatten().unwrap_or(WIDTH)
    }

    /// Writes a message: to a file or pipe as it is, on a terminal with a line for each segment and nothing that the
    /// terminal would act on.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn message(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.terminal {
            for line in decoded(bytes).split_terminator('\r') {
                writeln!(self, "{}", printable(line))?;
            }
            return Ok(());
        }
        self.write_bytes(bytes)
    }

    /// Shows a progress bar when there are many files and somebody is watching.
    pub(crate) fn expect_files(&mut self, files: usize) {
        if files < MANY_FILES || !io::stderr().is_terminal() {
            return;
        }
        let style =
            ProgressStyle::with_template("{bar:30} {human_pos}/{human_len} files, {eta} left");
        self.progress = ProgressBar::new(files as u64);
        if let Ok(style) = style {
            self.progress.set_style(style);
        }
    }

    /// Writes bytes as they are: what is written otherwise is text, which may lose its colours.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn write_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        self.progress.suspend(|| {
            let mut out = io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()
        })
    }

    /// One file is done.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn file_done(&mut self) -> io::Result<()> {
        self.progress.inc(1);
        if self.terminal || self.buffer.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    /// Ends the progress bar and writes what is left.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.progress.finish_and_clear();
        self.flush()
    }

    /// Says what went wrong, on standard error.
    pub(crate) fn complain(&mut self, text: &str) {
        self.say(&format!("{BAD}error{BAD:#}: {text}"));
    }

    /// Says something on standard error; if that is closed there is nobody to tell.
    pub(crate) fn say(&mut self, line: &str) {
        if let Out::Page(said) = &mut self.out {
            return said.push(line.to_owned());
        }
        let err = &mut self.err;
        self.progress.suspend(|| {
            let _ = writeln!(err, "{line}");
        });
    }
}

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() || matches!(self.out, Out::Page(_)) {
            return Ok(());
        }
        let (out, buffer) = (&mut self.out, &mut self.buffer);
        let written = self.progress.suspend(|| out.write(buffer));
        self.buffer.clear();
        written
    }
}

#[cfg(test)]
mod tests {
    use super::{BAD, remove_colours};

    #[test]
    fn colours_go_and_nothing_else() {
        let mut text = format!("a{BAD}bm{BAD:#}c").into_bytes();
        remove_colours(&mut text);
        assert_eq!(text, b"abmc");
        for (text, expected) in
            [("", ""), ("mm", "mm"), ("\u{1b}[1m\u{1b}[0m", ""), ("a\u{1b}[1", "a")]
        {
            let mut text = text.as_bytes().to_vec();
            remove_colours(&mut text);
            assert_eq!(text, expected.as_bytes());
        }
    }
}
