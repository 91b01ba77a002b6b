//! The reports that there are: what they have in common is when they are called.

use std::io;

use super::Checked;
use super::diagnostics::Diagnostics;
use super::json::Json;
use super::sarif::Sarif;
use super::summary::Summary;
use crate::console::Console;
use crate::input::Message;
use crate::text::printable;

/// How findings are printed.
#[derive(Debug)]
pub(super) enum Report {
    Diagnostics(Diagnostics),
    Json(Json),
    Sarif(Sarif),
    Summary(Summary),
}

impl Report {
    /// A message was checked.
    pub(super) fn checked(&mut self, checked: &Checked<'_>, out: &mut Console) -> io::Result<()> {
        match self {
            Self::Diagnostics(report) => report.checked(checked, out),
            Self::Json(report) => report.checked(checked, out),
            Self::Sarif(report) => report.checked(checked, out),
            Self::Summary(report) => {
                report.checked(checked);
                Ok(())
            }
        }
    }

    /// Something could not be read.
    pub(super) fn unreadable(
        &mut self,
        file: &str,
        message: Option<&Message<'_>>,
        reason: &str,
        out: &mut Console,
    ) -> io::Result<()> {
        match self {
            Self::Json(report) => return report.unreadable(file, message, reason, out),
            Self::Sarif(report) => report.unreadable(file, message, reason),
            Self::Diagnostics(_) | Self::Summary(_) => {}
        }
        let label = message.map_or_else(|| file.to_owned(), Message::label);
        out.complain(&format!("{}: {reason}", printable(&label)));
        Ok(())
    }

    /// All is read.
    pub(super) fn end(&mut self, out: &mut Console) -> io::Result<()> {
        match self {
            Self::Diagnostics(_) => Ok(()),
            Self::Json(report) => report.end(out),
            Self::Sarif(report) => report.end(out),
            Self::Summary(report) => report.end(out),
        }
    }

    /// A report of the same kind for a part of the files.
    pub(super) fn apart(&self) -> Self {
        match self {
            Self::Diagnostics(report) => Self::Diagnostics(report.clone()),
            Self::Json(report) => Self::Json(report.apart()),
            Self::Sarif(_) => Self::Sarif(Sarif::apart()),
            Self::Summary(report) => Self::Summary(report.apart()),
        }
    }

    /// Takes over what a part has, before what it wrote is written.
    pub(super) fn join(&mut self, part: Self, out: &mut Console) -> io::Result<()> {
        match (self, part) {
            (Self::Json(report), Self::Json(part)) => report.join(&part, out),
            (Self::Sarif(report), Self::Sarif(part)) => report.join(part, out),
            (Self::Summary(report), Self::Summary(part)) => {
                report.join(part);
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
