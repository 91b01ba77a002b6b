//! Changes as rows with a mark in front: `+` new, `-` gone, `~` changed.

use std::io::{self, Write};

use anstyle::Style;
use hl7_types::desc::{ElementDesc, MemberDesc, MemberKind, TableDesc, Usage};
use hl7_types::diff::{
    Cardinality, Change, ElementChange, MemberChange, StructureChange, TableChange,
};

use crate::console::{BAD, Console, DIM, GOOD, NAME, WARN};
use crate::text::{pad, width};

/// What became of the thing in a row.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Mark {
    New,
    Restored,
    Changed,
    Withdrawn,
    Gone,
}

impl Mark {
    const ALL: [Self; 5] = [Self::New, Self::Restored, Self::Changed, Self::Withdrawn, Self::Gone];

    fn sign(self) -> &'static str {
        match self {
            Self::New | Self::Restored => "+",
            Self::Changed => "~",
            Self::Withdrawn | Self::Gone => "-",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::New | Self::Restored => GOOD,
            Self::Changed => WARN,
            Self::Withdrawn | Self::Gone => BAD,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Restored => "in use again",
            Self::Changed => "changed",
            Self::Withdrawn => "withdrawn",
            Self::Gone => "gone",
        }
    }
}

/// One thing that changed.
pub(super) struct Row {
    pub(super) mark: Mark,
    pub(super) id: String,
    pub(super) cells: Vec<String>,
    /// A name that it had before, on a line of its own: names are long.
    pub(super) was: Option<&'static str>,
}

/// Prints rows in columns, and what the marks count. A column where no row has anything is left out.
pub(super) fn print(head: &[&str], rows: &[Row], console: &mut Console) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids = rows.iter().map(|row| width(&row.id)).max().unwrap_or(0);
    let cell = |row: &Row, column: usize| row.cells.get(column).map_or(0, |cell| width(cell));
    let columns: Vec<_> = (0..rows.iter().map(|row| row.cells.len()).max().unwrap_or(0))
        .map(|column| rows.iter().map(|row| cell(row, column)).max().unwrap_or(0))
        .enumerate()
        .filter(|(_, widest)| *widest > 0)
        .map(|(column, widest)| {
            (column, widest.max(head.get(column).map_or(0, |head| width(head))))
        })
        .collect();
    let line = |cells: &[&str]| {
        let cell = |(column, widest): &(usize, usize)| {
            let cell = cells.get(*column).copied().unwrap_or("");
            format!("{cell}{}", pad(cell, *widest))
        };
        columns.iter().map(cell).collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    writeln!(console)?;
    if !head.is_empty() {
        writeln!(console, "    {}  {DIM}{}{DIM:#}", pad("", ids), line(head))?;
    }
    for row in rows {
        let (style, sign) = (row.mark.style(), row.mark.sign());
        let cells: Vec<_> = row.cells.iter().map(String::as_str).collect();
        let rest = format!("{}  {}", pad(&row.id, ids), line(&cells));
        let id = &row.id;
        writeln!(console, "  {style}{sign}{style:#} {NAME}{id}{NAME:#}{}", rest.trim_end())?;
        if let Some(was) = row.was {
            writeln!(console, "    {}  {DIM}was {was}{DIM:#}", pad("", ids))?;
        }
    }
    let counted = Mark::ALL.into_iter().filter_map(|mark| {
        let count = rows.iter().filter(|row| row.mark == mark).count();
        (count > 0).then(|| format!("{} {count} {}", mark.sign(), mark.word()))
    });
    writeln!(console, "\n  {DIM}{}{DIM:#}", counted.collect::<Vec<_>>().join(", "))
}

/// The columns of [`elements`].
pub(super) const ELEMENT_HEAD: [&str; 6] = ["Name", "Type", "Usage", "Card", "Length", "Table"];

/// A row for each field or component that changed: all facts of a new one, else only those that are others.
pub(super) fn elements(
    owner: &str,
    new: &[ElementDesc],
    changes: &[(usize, ElementChange)],
) -> Vec<Row> {
    let row = |changes: &[(usize, ElementChange)]| {
        let seq = changes.first().map_or(0, |(seq, _)| *seq);
        let name = new.get(seq.saturating_sub(1)).map_or("", |element| element.name);
        let id = format!("{owner}{seq}");
        let mut row = Row { mark: Mark::Changed, id, cells: vec![String::new(); 6], was: None };
        name.clone_into(&mut row.cells[0]);
        for (_, change) in changes {
            show(change, &mut row);
        }
        row
    };
    changes.chunk_by(|a, b| a.0 == b.0).map(row).collect()
}

/// Puts one change into the row of its element.
fn show(change: &ElementChange, row: &mut Row) {
    match *change {
        ElementChange::Added(new) => (row.mark, row.cells) = (Mark::New, facts(new)),
        ElementChange::Removed(old) => (row.mark, row.cells) = (Mark::Gone, facts(old)),
        ElementChange::Restored(change) => {
            (row.mark, row.cells) = (Mark::Restored, facts(change.new));
        }
        ElementChange::Withdrawn(change) => {
            row.mark = Mark::Withdrawn;
            row.cells[1] = change.map(datatype).to_string();
            row.cells[2] = change.map(|element| element.usage.code()).to_string();
        }
        ElementChange::Renamed(change) => row.was = Some(change.old),
        ElementChange::Retyped(change) => {
            row.cells[1] = change.map(|datatype| datatype.id).to_string();
        }
        ElementChange::Usage(change) => row.cells[2] = change.map(Usage::code).to_string(),
        ElementChange::Cardinality(change) => row.cells[3] = change.to_string(),
        ElementChange::Length(change) => {
            row.cells[4] = change.map(|length| or_dash(length.to_string())).to_string();
        }
        ElementChange::Table(change) => row.cells[5] = change.map(table).to_string(),
        // What a later release of the library tells apart.
        _ => {}
    }
}

fn facts(element: &ElementDesc) -> Vec<String> {
    vec![
        element.name.to_owned(),
        datatype(element).to_owned(),
        element.usage.code().to_owned(),
        Cardinality::from(element).to_string(),
        element.length.to_string(),
        element.table.map_or("", |table| table.id).to_owned(),
    ]
}

fn datatype(element: &ElementDesc) -> &'static str {
    element.datatype.map_or("-", |datatype| datatype.id)
}

fn table(table: Option<&'static TableDesc>) -> &'static str {
    table.map_or("-", |table| table.id)
}

/// A dash for a text that says nothing.
pub(super) fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
}

/// A row for each code.
pub(super) fn codes(changes: &[TableChange]) -> Vec<Row> {
    let row = |change: &TableChange| {
        let (mark, code, label, was) = match *change {
            TableChange::Added(code) => (Mark::New, code, code.label, None),
            TableChange::Removed(code) => (Mark::Gone, code, code.label, None),
            TableChange::Relabelled(Change { old, new }) => {
                (Mark::Changed, new, new.label, Some(old.label))
            }
            _ => return None,
        };
        Some(Row { mark, id: code.code.to_owned(), cells: vec![label.to_owned()], was })
    };
    changes.iter().filter_map(row).collect()
}

/// A row for each member.
pub(super) fn members(changes: &[StructureChange]) -> Vec<Row> {
    // A member that became several things has several changes, one behind the other.
    let same = |a: &StructureChange, b: &StructureChange| {
        a.groups == b.groups && std::ptr::eq(a.change.member(), b.change.member())
    };
    let row = |changes: &[StructureChange]| {
        let id = changes.first().map(StructureChange::path).unwrap_or_default();
        let mut row = Row { mark: Mark::Changed, id, cells: vec![String::new(); 2], was: None };
        for change in changes {
            show_member(&change.change, &mut row);
        }
        row
    };
    changes.chunk_by(same).map(row).collect()
}

/// Puts one change into the row of its member.
fn show_member(change: &MemberChange, row: &mut Row) {
    match *change {
        MemberChange::Added { new, after } => {
            let cells = vec![Cardinality::from(new).to_string(), place(new, "", after)];
            (row.mark, row.cells) = (Mark::New, cells);
        }
        MemberChange::Removed { old, after } => {
            let cells = vec![Cardinality::from(old).to_string(), place(old, "was ", after)];
            (row.mark, row.cells) = (Mark::Gone, cells);
        }
        MemberChange::Moved { member, after } => {
            row.cells[1] = place(member.new, "now ", after);
        }
        MemberChange::Renamed(change) => row.was = Some(change.old.name()),
        MemberChange::Cardinality(change) => {
            row.cells[0] = change.map(Cardinality::from).to_string();
        }
        _ => {}
    }
}

/// `Role, after PID`; of a group, what is in it.
fn place(member: &MemberDesc, when: &str, after: Option<&MemberDesc>) -> String {
    let what = match member.kind {
        MemberKind::Segment(segment) => segment.name.to_owned(),
        MemberKind::Any(_) => "any segment".to_owned(),
        MemberKind::Group(group) | MemberKind::Choice(group) => {
            let members: Vec<_> = group.members.iter().map(MemberDesc::name).collect();
            let choice = matches!(member.kind, MemberKind::Choice(_));
            format!("{} {}", if choice { "one of" } else { "group of" }, members.join(" "))
        }
    };
    match after {
        Some(before) => format!("{what}, {when}after {}", before.name()),
        None => format!("{what}, {when}first"),
    }
}
