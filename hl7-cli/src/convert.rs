//! `hl7 convert`: messages in another character set.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use encoding_rs::Encoding;
use hl7_types::{Charset, Tree};

use crate::console::{Console, Status, WARN};
use crate::input::{self, Message, Visit};
use crate::text::printable;

/// Write messages in another character set
///
/// Text is read as the character set that it is in: the one that MSH-18 declares, unless the bytes say otherwise. MSH-18 of the
/// result declares the new one. Everything else stays as it is, byte for byte: separators, line ends, escapes,
/// lines of file and batch headers. Files in UTF-16 with a byte order mark are read too.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// Files or folders; - or nothing for standard input
    files: Vec<PathBuf>,

    /// The character set to write: utf-8, or a name of table 0211
    #[arg(long, default_value = "utf-8", value_parser = charset, value_name = "NAME")]
    charset: Charset,

    /// Read the messages as this character set, whatever they say
    #[arg(long, value_parser = charset, value_name = "NAME")]
    from: Option<Charset>,

    /// Write each file into this folder, under its own name, instead of everything to standard output
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

const HELP: &str = "\
What the new character set lacks is written as hexadecimal data (\\X..\\), bytes that are no text in \
the character set of their message are read as ISO 8859-1; both are reported on standard error. What is no HL7 \
message is written as it is.

Examples:
  hl7 convert adt.hl7 > adt-utf8.hl7
  hl7 convert --charset 8859/1 -o latin/ inbox/
  hl7 convert --from windows-1250 old.hl7 | hl7 show

Exit status:
  0  all of it was converted
  1  some text was no text, or the new character set lacks it
  2  something could not be read or written";

/// Reads a name.
fn charset(name: &str) -> Result<Charset, String> {
    Charset::named(name).ok_or_else(|| {
        "no character set of that name; write utf-8, a name of table 0211 such as 8859/1, ISO IR87, GB 18030-2000, BIG-5, \
         or one like windows-1252"
            .to_owned()
    })
}

/// Runs the command.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn run(args: &Args, console: &mut Console) -> io::Result<Status> {
    let mut convert = Convert { args, out: Vec::new(), status: Status::Clean };
    let mut status = input::visit(&args.files, console, &mut convert)?;
    status.worsen(convert.status);
    Ok(status)
}

/// Converts one file after the other.
struct Convert<'a> {
    args: &'a Args,
    /// What is to be written of the file.
    out: Vec<u8>,
    status: Status,
}

impl Convert<'_> {
    fn tree(&self, bytes: &[u8]) -> Option<Tree> {
        match self.args.from {
            Some(charset) => Tree::parse_in(bytes, charset),
            None => Tree::parse(bytes),
        }
        .ok()
    }
}

impl Visit for Convert<'_> {
    fn read_file(&mut self, bytes: Vec<u8>) -> Vec<u8> {
        // No message that is not made of bytes starts with one of these marks.
        match Encoding::for_bom(&bytes) {
            Some((encoding, mark)) if encoding != encoding_rs::UTF_8 => {
                encoding.decode_without_bom_handling(&bytes[mark..]).0.into_owned().into_bytes()
            }
            _ => bytes,
        }
    }

    fn message(&mut self, message: &Message<'_>, console: &mut Console) -> io::Result<()> {
        self.out.extend_from_slice(message.before);
        let Some(tree) = self.tree(message.bytes) else {
            let reason = message.tree().err().unwrap_or_default();
            console.complain(&format!("{}: {reason}", printable(&message.label())));
            self.out.extend_from_slice(message.bytes);
            self.status.worsen(Status::Unreadable);
            return Ok(());
        };
        let (converted, findings) = tree.to_charset(self.args.charset);
        for finding in &findings {
            let (file, path, text) = (message.label(), finding.path, &finding.message);
            console.say(&format!("{WARN}warning{WARN:#}: {} {path}: {text}", printable(&file)));
            self.status.worsen(Status::Found);
        }
        self.out.extend_from_slice(converted.bytes());
        Ok(())
    }

    fn unreadable(&mut self, file: &str, reason: &str, console: &mut Console) -> io::Result<()> {
        console.complain(&format!("{}: {reason}", printable(file)));
        Ok(())
    }

    fn end(&mut self, file: &str, rest: &[u8], console: &mut Console) -> io::Result<()> {
        self.out.extend_from_slice(rest);
        let out = std::mem::take(&mut self.out);
        let Some(folder) = &self.args.output else { return console.write_bytes(&out) };
        let path = folder.join(inside(Path::new(file)));
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        if let Err(error) = made.and_then(|()| fs::write(&path, out)) {
            console.complain(&format!("cannot write {}: {error}", path.display()));
            self.status.worsen(Status::Unreadable);
        }
        Ok(())
    }
}

/// A path that cannot lead out of the folder it is put into.
fn inside(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_stay_in_their_folder() {
        for (path, expected) in [
            ("a.hl7", "a.hl7"),
            ("in/b/a.hl7", "in/b/a.hl7"),
            ("../../a", "a"),
            ("/etc/./x", "etc/x"),
        ] {
            assert_eq!(inside(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}
