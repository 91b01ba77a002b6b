//! `hl7 show`: what a message says, each value with its path and name.

mod groups;
mod json;

use std::io::{self, Write};
use std::path::PathBuf;

use hl7_types::{Tree, Version};

use crate::console::{BAD, BOLD, Console, DIM, GROUP, NAME, Status};
use crate::input::{self, Message, Visit};
use crate::leaves::{Row, What, rows};
use crate::segments::located;
use crate::text::{count, decoded, pad, printable, redact, width};
use crate::versions;

/// Longer names do not move the values of others to the right.
const WIDEST_NAME: usize = 40;

/// Show what messages say: segments, fields and components with their paths and names
///
/// Values stand without escapes, under the names that the standard gives them. Groups of the message structure are
/// headings if the structure is known. An explicit null is shown as "" (null).
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Files or folders; - or nothing for standard input
    files: Vec<PathBuf>,

    /// Show fields without a value too
    #[arg(long)]
    empty: bool,

    /// Hide values: letters become x, digits 9
    #[arg(long)]
    redact: bool,

    /// Print an array of messages as JSON (see below)
    #[arg(long)]
    json: bool,

    /// Read as this version of the standard, whatever MSH-12 says
    #[arg(long, value_parser = versions::parse)]
    version: Option<&'static Version>,
}

const HELP: &str = "\
Examples:
  hl7 show adt.hl7
  hl7 show --empty adt.hl7 | less -S
  hl7 show --json inbox/ |
    jq -r '.[].segments[]?.fields[] | select(.path == \"PID-5\").repetitions[0][0][0]'

JSON:
  [{\"file\": \"adt.hl7\", \"index\": 1, \"offset\": 0, \"length\": 512,
    \"version\": \"2.5.1\", \"structure\": \"ADT_A01\",
    \"segments\": [{\"id\": \"PID\", \"ordinal\": 3, \"path\": \"PID\",
      \"name\": \"Patient Identification\", \"groups\": [],
      \"fields\": [{\"path\": \"PID-5\", \"name\": \"Patient Name\", \"datatype\": \"XPN\",
                  \"repetitions\": [[[\"EVERYMAN\"], \"ADAM\"]]}]}]}]

A repetition is a text if its datatype is primitive, else an array of components; a component \
likewise is a text or an array of subcomponents. Nothing is an empty text or array, an explicit \
null is null. groups names the groups around a segment, outermost first, with their occurrence. \
What could not be read has error instead of segments.

Exit status:
  0  everything was shown
  2  something could not be read";

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    if args.json {
        return json::run(args, console);
    }
    let mut show = Show { args, status: Status::Clean, first: true };
    let mut status = input::visit(&args.files, console, &mut show)?;
    status.worsen(show.status);
    Ok(status)
}

/// Prints messages as text.
struct Show<'a> {
    args: &'a Args,
    status: Status,
    first: bool,
}

impl Visit for Show<'_> {
    fn message(&mut self, message: &Message<'_>, console: &mut Console) -> io::Result<()> {
        match message.tree() {
            Ok(tree) => {
                if !std::mem::take(&mut self.first) {
                    writeln!(console)?;
                }
                self.tree(message, &tree, console)
            }
            Err(reason) => {
                self.status = Status::Unreadable;
                self.unreadable(&message.label(), &reason, console)
            }
        }
    }

    fn unreadable(&mut self, file: &str, reason: &str, console: &mut Console) -> io::Result<()> {
        console.complain(&format!("{}: {reason}", printable(file)));
        Ok(())
    }
}

impl Show<'_> {
    fn tree(&self, message: &Message<'_>, tree: &Tree, console: &mut Console) -> io::Result<()> {
        let version = versions::of(tree, self.args.version);
        let structure =
            tree.structure(version.desc()).map_or("structure not known", |found| found.id);
        let said = versions::declared(tree);
        let said = match said.as_str() {
            "" => String::new(),
            said if said == version.desc().id => String::new(),
            said => format!(" instead of {}", printable(said)),
        };
        writeln!(
            console,
            "{BOLD}{}{BOLD:#}  {structure}  {DIM}{}, {}, read as {}{said}{DIM:#}",
            printable(&message.label()),
            count(tree.segments().len(), "segment"),
            count(tree.bytes().len(), "byte"),
            version.desc().id,
        )?;
        let groups = groups::of(message.bytes, version);
        let mut open: &[String] = &[];
        for (index, (segment, path)) in located(tree).enumerate() {
            let inside = groups.get(index).map_or(&[][..], Vec::as_slice);
            let same = inside.iter().zip(open).take_while(|(a, b)| a == b).count();
            for (depth, group) in inside.iter().enumerate().skip(same) {
                writeln!(console, "{}{GROUP}{group}{GROUP:#}", "  ".repeat(depth))?;
            }
            open = inside;
            let indent = "  ".repeat(inside.len());
            let Some(path) = path else {
                let text = decoded(segment.raw());
                writeln!(console, "{indent}{BAD}not a segment{BAD:#}  {}", self.value(&text))?;
                continue;
            };
            let name = match version.desc().segment(path.segment()) {
                Some(desc) => desc.name,
                None if path.segment().starts_with('Z') => "site-defined",
                None => "not in this version",
            };
            writeln!(console, "{indent}{BOLD}{path}{BOLD:#}  {name}")?;
            let rows = rows(segment, version.desc(), path, self.args.empty);
            self.rows(&rows, &indent, console)?;
        }
        Ok(())
    }

    fn rows(&self, rows: &[Row<'_>], indent: &str, console: &mut Console) -> io::Result<()> {
        let shift = |row: &Row<'_>| if row.below { "  " } else { "" };
        let paths = rows.iter().map(|row| width(&row.path) + shift(row).len()).max().unwrap_or(0);
        let valued = rows.iter().filter(|row| !matches!(row.what, What::Heading(_)));
        let names = valued.map(|row| width(&row.name) + shift(row).len());
        let names = names.filter(|width| *width <= WIDEST_NAME).max().unwrap_or(0);
        for row in rows {
            let shift = shift(row);
            let path =
                format!("{shift}{NAME}{}{NAME:#}{}", row.path, pad(&row.path, paths - shift.len()));
            write!(console, "{indent}  {path}  {shift}")?;
            if let What::Heading(datatype) = row.what {
                writeln!(console, "{}  {DIM}{datatype}{DIM:#}", row.name)?;
                continue;
            }
            write!(console, "{}{}  ", row.name, pad(&row.name, names.saturating_sub(shift.len())))?;
            match &row.what {
                What::Value(text, label) => {
                    let column = indent.len()
                        + 2
                        + paths
                        + 2
                        + names.max(width(&row.name) + shift.len())
                        + 2;
                    self.lines(text, column, *label, console)?;
                }
                What::Null => writeln!(console, "\"\" {DIM}(null){DIM:#}")?,
                What::Absent | What::Heading(_) => writeln!(console, "{DIM}-{DIM:#}")?,
            }
        }
        Ok(())
    }

    /// A value, its further lines below the first.
    fn lines(
        &self,
        text: &str,
        column: usize,
        label: Option<&str>,
        console: &mut Console,
    ) -> io::Result<()> {
        for (index, line) in text.split('\n').enumerate() {
            if index > 0 {
                write!(console, "\n{}", " ".repeat(column))?;
            }
            write!(console, "{}", self.value(line))?;
        }
        match label.filter(|_| !self.args.redact) {
            Some(label) => writeln!(console, "  {DIM}{label}{DIM:#}"),
            None => writeln!(console),
        }
    }

    /// A value as it may be shown.
    fn value(&self, text: &str) -> String {
        let text = printable(text);
        if self.args.redact { redact(&text) } else { text.into_owned() }
    }
}
