//! What the JSON of all commands has in common: an array with an object for each message.

use std::io::{self, Write};

use serde::Serialize;

use crate::console::Console;
use crate::input::Message;

/// An array that is written item by item.
#[derive(Debug)]
pub(crate) struct List {
    first: bool,
}

/// What could not be read.
#[derive(Serialize)]
struct Unreadable<'a> {
    file: &'a str,
    index: Option<usize>,
    offset: Option<usize>,
    error: &'a str,
}

impl List {
    /// Opens the array.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn start(console: &mut Console) -> io::Result<Self> {
        write!(console, "[")?;
        Ok(Self { first: true })
    }

    /// Writes an item.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn item(&mut self, item: &impl Serialize, console: &mut Console) -> io::Result<()> {
        write!(console, "{}", if std::mem::take(&mut self.first) { "\n" } else { ",\n" })?;
        serde_json::to_writer(console, item).map_err(io::Error::from)
    }

    /// Writes that a file, or a message of it, could not be read.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn unreadable(
        &mut self,
        file: &str,
        message: Option<&Message<'_>>,
        error: &str,
        console: &mut Console,
    ) -> io::Result<()> {
        let index = message.map(|message| message.index);
        let offset = message.map(|message| message.offset);
        self.item(&Unreadable { file, index, offset, error }, console)
    }

    /// Goes on behind a part that was written apart, from a list of its own; call it before the part is written.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn join(&mut self, part: &Self, console: &mut Console) -> io::Result<()> {
        if !part.first && !std::mem::take(&mut self.first) {
            write!(console, ",")?;
        }
        Ok(())
    }

    /// A list whose items are written apart.
    pub(crate) fn apart() -> Self {
        Self { first: true }
    }

    /// Closes the array.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(crate) fn end(&self, console: &mut Console) -> io::Result<()> {
        writeln!(console, "{}]", if self.first { "" } else { "\n" })
    }
}
