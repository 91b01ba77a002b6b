//! Descriptions as text.

use std::io::{self, Write};

use hl7_types::desc::{
    BY_COLUMN, DatatypeDesc, DatatypeKind, ElementDesc, EventDesc, GroupDesc, MemberKind,
    StructureDesc, TableDesc, TableKind, Usage, VersionDesc,
};

use hl7_types::diff::Cardinality;

use super::find::{Subject, elements_with, structures_with};
use crate::console::{BOLD, Console, DIM, GROUP, NAME};
use crate::text::{count, pad, width};

/// Codes that the description of a field shows; the table itself shows all.
const MOST_CODES: usize = 25;
/// Nobody reads a list longer than this.
const MOST_IDS: usize = 120;
/// What is shown of a longer one.
const FEW_IDS: usize = 10;

/// Prints one description.
pub(super) fn subject(
    subject: &Subject,
    version: &VersionDesc,
    console: &mut Console,
) -> io::Result<()> {
    match subject {
        Subject::Segment(segment) => {
            let fields = count(segment.fields.len(), "field");
            title(
                segment.id,
                segment.name,
                &format!("segment, {}, {fields}", version.id),
                console,
            )?;
            elements(&format!("{}-", segment.id), segment.fields, console)?;
            list("in structures", &structures_with(segment.id, version), console)
        }
        Subject::Element(path, element) => describe_element(path, element, version, console),
        Subject::Datatype(datatype) => describe_datatype(datatype, version, console),
        Subject::Table(table) => {
            describe_table(table, version, console)?;
            writeln!(console)?;
            codes(table, usize::MAX, console)?;
            let named =
                |element: &ElementDesc| element.table.is_some_and(|used| used.id == table.id);
            let users = elements_with(version, named);
            list(
                "used by",
                &users.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(),
                console,
            )
        }
        Subject::Structure(structure) => describe_structure(structure, version, console),
        Subject::Events(name, events) => describe_events(name, events, version, console),
        Subject::Named(text, named) => {
            let what = format!("in the names of {}, {}", count(named.len(), "element"), version.id);
            title(text, "", &what, console)?;
            for (id, name) in named {
                writeln!(console, "  {NAME}{id:<10}{NAME:#} {name}")?;
            }
            Ok(())
        }
    }
}

/// `PID  Patient Identification  (segment, 2.5.1)`
pub(crate) fn title(id: &str, name: &str, what: &str, console: &mut Console) -> io::Result<()> {
    let space = if name.is_empty() { "" } else { "  " };
    writeln!(console, "{BOLD}{id}{BOLD:#}{space}{name}  {DIM}({what}){DIM:#}")
}

/// A line about the whole.
pub(crate) fn fact(name: &str, value: &str, console: &mut Console) -> io::Result<()> {
    writeln!(console, "  {DIM}{name:<12}{DIM:#} {value}")
}

/// A table with a row for each field or component.
fn elements(owner: &str, elements: &[ElementDesc], console: &mut Console) -> io::Result<()> {
    if elements.is_empty() {
        return Ok(());
    }
    let head = ["", "Name", "Type", "Usage", "Card", "Length", "Table"].map(str::to_owned);
    let rows: Vec<[String; 7]> = elements
        .iter()
        .enumerate()
        .map(|(index, element)| {
            [
                format!("{owner}{}", index + 1),
                element.name.to_owned(),
                element.datatype.map_or("-", |datatype| datatype.id).to_owned(),
                element.usage.code().to_owned(),
                Cardinality::from(element).to_string(),
                element.length.to_string(),
                element.table.map_or("", |table| table.id).to_owned(),
            ]
        })
        .collect();
    let all = || std::iter::once(&head).chain(&rows);
    let widths: Vec<_> = (0..head.len())
        .map(|column| all().map(|row| width(&row[column])).max().unwrap_or(0))
        .collect();
    writeln!(console)?;
    for (index, row) in all().enumerate() {
        let cells: Vec<_> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", pad(cell, *width)))
            .collect();
        let (first, rest) =
            cells.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
        let rest = rest.join("  ");
        let rest = rest.trim_end();
        match index {
            0 => writeln!(console, "  {first}  {DIM}{rest}{DIM:#}")?,
            _ => writeln!(console, "  {NAME}{first}{NAME:#}  {rest}")?,
        }
    }
    writeln!(console)?;
    usages(|usage| elements.iter().any(|element| element.usage == usage), console)
}

/// What the codes of usages stand for.
pub(crate) fn usages(used: impl Fn(Usage) -> bool, console: &mut Console) -> io::Result<()> {
    let used = Usage::ALL.into_iter().filter(|usage| used(*usage));
    let legend: Vec<_> = used.map(|usage| format!("{} {}", usage.code(), usage.word())).collect();
    writeln!(console, "  {DIM}{}{DIM:#}", legend.join(", "))
}

/// A list of ids that fills lines; of a long one only its begin.
fn list(name: &str, ids: &[&str], console: &mut Console) -> io::Result<()> {
    let most = if ids.len() > MOST_IDS { FEW_IDS } else { ids.len() };
    list_of(name, ids, most, console)
}

/// The first ids of a list, which fill lines.
pub(crate) fn list_of(
    name: &str,
    ids: &[&str],
    most: usize,
    console: &mut Console,
) -> io::Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let columns = console.width();
    let start = format!("{name} ({}):", ids.len());
    write!(console, "\n  {DIM}{start}{DIM:#}")?;
    let mut column = 2 + start.len();
    for id in ids.iter().take(most) {
        if column + 1 + id.len() > columns {
            write!(console, "\n   ")?;
            column = 3;
        }
        write!(console, " {id}")?;
        column += 1 + id.len();
    }
    writeln!(console, "{}", if most < ids.len() { " …" } else { "" })
}

fn describe_element(
    path: &str,
    element: &ElementDesc,
    version: &VersionDesc,
    console: &mut Console,
) -> io::Result<()> {
    let what = if path.contains('-') && !path.contains('.') { "field" } else { "component" };
    title(path, element.name, &format!("{what}, {}", version.id), console)?;
    match element.datatype {
        Some(_) if element.varies_by == BY_COLUMN => {
            fact("datatype", "the one that RDF-2 names for the column", console)?;
        }
        Some(_) if element.varies_by > 0 => {
            let segment = path.split('-').next().unwrap_or(path);
            fact(
                "datatype",
                &format!("the one that {segment}-{} names", element.varies_by),
                console,
            )?;
        }
        Some(datatype) => {
            fact("datatype", &format!("{}, {}", datatype.id, datatype.name), console)?
        }
        None => fact("datatype", "none", console)?,
    }
    fact("usage", &format!("{}, {}", element.usage.code(), element.usage.word()), console)?;
    let condition = condition(path, element);
    if !condition.is_empty() {
        fact("required if", &condition, console)?;
    }
    fact("cardinality", &Cardinality::from(element).to_string(), console)?;
    let length = element.length.to_string();
    if !length.is_empty() {
        fact("length", &format!("at most {length}"), console)?;
    }
    if element.item > 0 {
        fact("item", &format!("{:05}", element.item), console)?;
    }
    if let Some(table) = element.table {
        fact("table", &format!("{}, {}, {}", table.id, table.name, kind(table)), console)?;
    }
    let components = element.datatype.map_or(&[][..], DatatypeDesc::components);
    elements(&format!("{path}."), components, console)?;
    match element.table {
        Some(table) if !table.is_empty() => {
            writeln!(console)?;
            codes(table, MOST_CODES, console)
        }
        _ => Ok(()),
    }
}

/// When an element is required, by the paths of those that decide it.
fn condition(path: &str, element: &ElementDesc) -> String {
    let owner = path.rfind(['-', '.']).map_or("", |at| &path[..=at]);
    let terms = element.condition.into_iter().filter(|&term| term != 0);
    let terms = terms.map(|term| {
        let is = if term > 0 { "is valued" } else { "is empty" };
        format!("{owner}{} {is}", term.unsigned_abs())
    });
    terms.collect::<Vec<_>>().join(" and ")
}

fn describe_datatype(
    datatype: &DatatypeDesc,
    version: &VersionDesc,
    console: &mut Console,
) -> io::Result<()> {
    let what = match datatype.kind {
        DatatypeKind::Primitive(_) => "primitive datatype",
        DatatypeKind::Composite(_) => "composite datatype",
        DatatypeKind::Varies => "varying datatype",
    };
    title(datatype.id, datatype.name, &format!("{what}, {}", version.id), console)?;
    if datatype.max_len > 0 {
        fact("length", &format!("at most {}", datatype.max_len), console)?;
    }
    elements(&format!("{}.", datatype.id), datatype.components(), console)?;
    let of = |element: &ElementDesc| element.datatype.is_some_and(|used| used.id == datatype.id);
    let users = elements_with(version, of);
    let users: Vec<_> = users.iter().map(|(path, _)| path.as_str()).collect();
    list("used by", &users, console)
}

fn kind(table: &TableDesc) -> &'static str {
    match table.kind {
        TableKind::Hl7 => "defined by HL7",
        TableKind::User => "user-defined: sites add codes",
        TableKind::Other => "defined elsewhere",
    }
}

fn describe_table(
    table: &TableDesc,
    version: &VersionDesc,
    console: &mut Console,
) -> io::Result<()> {
    let what =
        format!("table, {}, {}, {}", version.id, kind(table), count(table.codes.len(), "code"));
    title(table.id, table.name, &what, console)?;
    if table.patterns.is_empty() {
        return Ok(());
    }
    fact("forms", "a star stands for letters or digits, a number sign for digits", console)
}

fn codes(table: &TableDesc, most: usize, console: &mut Console) -> io::Result<()> {
    if table.is_empty() {
        return writeln!(console, "  the standard suggests no codes");
    }
    let all = || table.codes.iter().chain(table.patterns);
    let widest = all().map(|code| width(code.code)).max().unwrap_or(0);
    for code in all().take(most) {
        let space = pad(code.code, widest);
        writeln!(console, "  {NAME}{}{NAME:#}{space}  {}", code.code, code.label)?;
    }
    match all().count().saturating_sub(most) {
        0 => Ok(()),
        more => writeln!(console, "  {DIM}and {more} more: hl7 describe {}{DIM:#}", table.id),
    }
}

/// `ADT^A01`
pub(crate) fn event(event: &EventDesc) -> String {
    match event.trigger {
        "" => event.message.to_owned(),
        trigger => format!("{}^{trigger}", event.message),
    }
}

fn describe_structure(
    structure: &StructureDesc,
    version: &VersionDesc,
    console: &mut Console,
) -> io::Result<()> {
    title(structure.id, "", &format!("message structure, {}", version.id), console)?;
    let events: Vec<_> =
        version.events.iter().filter(|event| event.structure == structure.id).map(event).collect();
    if !events.is_empty() {
        fact("events", &events.join(", "), console)?;
    }
    writeln!(console)?;
    let mut lines = Vec::new();
    members(structure.root, 1, &mut lines);
    let widest = lines.iter().map(|line| width(&line.indented())).max().unwrap_or(0);
    for line in lines {
        let text = line.indented();
        let space = pad(&text, widest);
        let style = if line.group { GROUP } else { NAME };
        let rest = format!("{space}  {:<5} {}", line.cardinality, line.name);
        writeln!(console, "{style}{text}{style:#}{}", rest.trim_end())?;
    }
    Ok(())
}

/// A line of a structure.
struct Line {
    depth: usize,
    text: String,
    group: bool,
    cardinality: String,
    name: &'static str,
}

impl Line {
    fn indented(&self) -> String {
        format!("{}{}", "  ".repeat(self.depth), self.text)
    }
}

/// The members of a group, `[ ]` around what is optional, `{ }` around what repeats, `< >` around a choice.
fn members(group: &GroupDesc, depth: usize, lines: &mut Vec<Line>) {
    for member in group.members {
        let (open, close) = match (member.min == 0, member.max > 1) {
            (true, true) => ("[{", "}]"),
            (true, false) => ("[", "]"),
            (false, true) => ("{", "}"),
            (false, false) => ("", ""),
        };
        let cardinality = Cardinality::from(member).to_string();
        match member.kind {
            MemberKind::Segment(_) | MemberKind::Any(_) => {
                let name = member.segment().map_or("any segment", |segment| segment.name);
                let text = format!("{open}{}{close}", member.name());
                lines.push(Line { depth, text, group: false, cardinality, name });
            }
            MemberKind::Group(inner) | MemberKind::Choice(inner) => {
                let choice = matches!(member.kind, MemberKind::Choice(_));
                let (left, right) = if choice { ("<", ">") } else { ("", "") };
                let name = if choice { "one of" } else { "group" };
                let text = format!("{open}{left} {}", member.name()).trim_start().to_owned();
                lines.push(Line { depth, text, group: true, cardinality, name });
                members(inner, depth + 1, lines);
                let end = format!("{right}{close}");
                if !end.is_empty() {
                    lines.push(Line {
                        depth,
                        text: end,
                        group: true,
                        cardinality: String::new(),
                        name: "",
                    });
                }
            }
        }
    }
}

fn describe_events(
    name: &str,
    events: &[&'static EventDesc],
    version: &VersionDesc,
    console: &mut Console,
) -> io::Result<()> {
    title(name, "", &format!("{} of {}", count(events.len(), "event"), version.id), console)?;
    for &found in events {
        writeln!(
            console,
            "  {NAME}{}{NAME:#}  has the structure {}",
            event(found),
            found.structure
        )?;
    }
    match events {
        [one] => match version.structure(one.structure) {
            Some(structure) => {
                writeln!(console)?;
                describe_structure(structure, version, console)
            }
            None => Ok(()),
        },
        _ => Ok(()),
    }
}
