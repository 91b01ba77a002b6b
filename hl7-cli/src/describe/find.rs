//! Finds what a name means, or what is nearest to it.

use hl7_types::Path;
use hl7_types::desc::{
    DatatypeDesc, ElementDesc, EventDesc, GroupDesc, MemberKind, SegmentDesc, StructureDesc,
    TableDesc, VersionDesc,
};

/// Names that are suggested for one that does not exist.
pub(crate) const MOST_SUGGESTIONS: usize = 8;

/// Something that the standard describes.
#[derive(Debug)]
pub(super) enum Subject {
    /// A segment.
    Segment(&'static SegmentDesc),
    /// A field or component with its path.
    Element(String, &'static ElementDesc),
    /// A datatype.
    Datatype(&'static DatatypeDesc),
    /// A table.
    Table(&'static TableDesc),
    /// A structure.
    Structure(&'static StructureDesc),
    /// Events that were asked for by message, by trigger, or by both.
    Events(String, Vec<&'static EventDesc>),
    /// What has a text in its name: ids and names.
    Named(String, Vec<(String, &'static str)>),
}

/// What a name means: mostly one thing, but an id may be both a segment and a datatype.
///
/// # Errors
/// When it means nothing; the text suggests what may have been meant.
pub(super) fn find(text: &str, version: &'static VersionDesc) -> Result<Vec<Subject>, String> {
    let text = text.trim();
    let name = text.to_ascii_uppercase();
    let mut found: Vec<Subject> = Vec::new();
    found.extend(version.segment(&name).map(Subject::Segment));
    found.extend(version.datatype(&name).map(Subject::Datatype));
    found.extend(structure(&name, version).map(Subject::Structure));
    found.extend(table(&name, version).map(Subject::Table));
    if found.is_empty() {
        let events = events(&name, version);
        found.extend((!events.is_empty()).then(|| Subject::Events(name.clone(), events)));
    }
    if found.is_empty() {
        found.extend(element(&name, version)?.map(|(path, desc)| Subject::Element(path, desc)));
    }
    if found.is_empty() {
        let named = named(&text.to_ascii_lowercase(), version);
        if !named.is_empty() {
            return Ok(vec![Subject::Named(text.to_owned(), named)]);
        }
        return Err(unknown(text, &name, version));
    }
    Ok(found)
}

/// `ADT_A01`, and `QBP_Qnn` in any case.
pub(crate) fn structure(name: &str, version: &VersionDesc) -> Option<&'static StructureDesc> {
    version.structures.iter().copied().find(|structure| structure.id.eq_ignore_ascii_case(name))
}

/// `0001`, `1`, `HL70001`.
pub(crate) fn table(name: &str, version: &'static VersionDesc) -> Option<&'static TableDesc> {
    let digits = name.strip_prefix("HL7").unwrap_or(name);
    let number: u32 = digits.parse().ok()?;
    version.table(&format!("{number:04}"))
}

/// `ADT^A01`, `ADT^A01^ADT_A01`, `ADT`, `A01`.
pub(crate) fn events(name: &str, version: &'static VersionDesc) -> Vec<&'static EventDesc> {
    let (message, trigger) = name.split_once('^').unwrap_or((name, ""));
    let trigger = trigger.split('^').next().unwrap_or("");
    // As the standard writes them: `MFN^Znn`.
    let is = |known: &str, text: &str| !text.is_empty() && known.eq_ignore_ascii_case(text);
    let fits = |event: &&EventDesc| {
        if name.contains('^') {
            is(event.message, message) && (trigger.is_empty() || is(event.trigger, trigger))
        } else {
            is(event.message, name) || is(event.trigger, name)
        }
    };
    version.events.iter().filter(fits).collect()
}

/// `PID-3`, `PID-3.4.1`, `CX.4`, `CX.4.1`; `PID.3` is taken for `PID-3`. With its path.
///
/// # Errors
/// When the name is that of a segment or datatype, and the number is none of its fields or components.
pub(crate) fn element(
    name: &str,
    version: &'static VersionDesc,
) -> Result<Option<(String, &'static ElementDesc)>, String> {
    let name = match name.split_once('.') {
        Some((id, rest)) if version.segment(id).is_some() => &format!("{id}-{rest}"),
        _ => name,
    };
    let (owner, first, rest) = match name.parse::<Path>() {
        Ok(path) => {
            let Some(segment) = version.segment(path.segment()) else { return Ok(None) };
            let rest = [path.component, path.subcomponent];
            let rest: Vec<_> = rest.into_iter().take_while(|&number| number > 0).collect();
            (format!("{}-", segment.id), (segment.fields, path.field, "fields"), rest)
        }
        Err(_) => {
            let mut parts = name.split('.');
            let Some(datatype) = parts.next().and_then(|id| version.datatype(id)) else {
                return Ok(None);
            };
            let Ok(numbers) = parts.map(str::parse).collect::<Result<Vec<u32>, _>>() else {
                return Ok(None);
            };
            let Some((&first, rest)) = numbers.split_first() else { return Ok(None) };
            let first = (datatype.components(), first, "components");
            (format!("{}.", datatype.id), first, rest.to_vec())
        }
    };
    let (elements, number, what) = first;
    let mut path = owner;
    let mut element = nth(elements, number, &path, what)?;
    path = format!("{path}{number}");
    for number in rest {
        let parts = element.datatype.map_or(&[][..], DatatypeDesc::components);
        element = nth(parts, number, &path, "components")?;
        path = format!("{path}.{number}");
    }
    Ok(Some((path, element)))
}

fn nth(
    elements: &'static [ElementDesc],
    number: u32,
    owner: &str,
    what: &str,
) -> Result<&'static ElementDesc, String> {
    let index = (number as usize).checked_sub(1);
    index.and_then(|index| elements.get(index)).ok_or_else(|| {
        let owner = owner.trim_end_matches(['-', '.']);
        match elements.len() {
            0 => format!("{owner} has no {what}"),
            count => format!("{owner} has {count} {what}, no number {number}"),
        }
    })
}

/// The structures that have a segment somewhere.
pub(super) fn structures_with(segment: &str, version: &VersionDesc) -> Vec<&'static str> {
    let has = |structure: &&&'static StructureDesc| group_has(structure.root, segment);
    version.structures.iter().filter(has).map(|structure| structure.id).collect()
}

fn group_has(group: &GroupDesc, segment: &str) -> bool {
    group.members.iter().any(|member| match member.kind {
        MemberKind::Segment(desc) => desc.id == segment,
        MemberKind::Group(inner) | MemberKind::Choice(inner) => group_has(inner, segment),
        MemberKind::Any(_) => false,
    })
}

/// The fields, then the components, that fit: `PID-8`, `CX.5`.
pub(super) fn elements_with(
    version: &VersionDesc,
    fits: impl Fn(&ElementDesc) -> bool,
) -> Vec<(String, &'static ElementDesc)> {
    let fields = version.segments.iter().flat_map(|segment| {
        segment
            .fields
            .iter()
            .enumerate()
            .map(|(at, field)| (format!("{}-{}", segment.id, at + 1), field))
    });
    let components = version.datatypes.iter().flat_map(|datatype| {
        let components = datatype.components().iter().enumerate();
        components.map(|(at, component)| (format!("{}.{}", datatype.id, at + 1), component))
    });
    fields.chain(components).filter(|(_, element)| fits(element)).collect()
}

/// Says that a name means nothing, and what may have been meant.
fn unknown(text: &str, name: &str, version: &'static VersionDesc) -> String {
    let similar = similar(name, version);
    let nothing = format!("version {} has nothing called {text}", version.id);
    match similar.as_slice() {
        [] => nothing,
        similar => format!("{nothing}; did you mean {}?", similar.join(", ")),
    }
}

/// Ids that are one or two letters away.
pub(crate) fn similar(name: &str, version: &VersionDesc) -> Vec<String> {
    // Of a path, the id in front.
    let id = name.split(['-', '.']).next().unwrap_or(name);
    let rest = &name[id.len()..];
    let events = version.events.iter().map(|event| format!("{}^{}", event.message, event.trigger));
    let ids = version
        .segments
        .iter()
        .map(|segment| segment.id)
        .chain(version.datatypes.iter().map(|datatype| datatype.id))
        .chain(version.structures.iter().map(|structure| structure.id))
        .chain(version.tables.iter().map(|table| table.id))
        .map(str::to_owned)
        .chain(events);
    let limit = if id.len() > 4 { 2 } else { 1 };
    let mut near: Vec<_> = ids.map(|known| (distance(id, &known), known)).collect();
    // Of `PID-0` the id is right and the rest is wrong.
    if near.iter().any(|(distance, _)| *distance == 0) {
        return Vec::new();
    }
    near.retain(|(distance, _)| *distance <= limit);
    near.sort();
    near.dedup();
    near.into_iter().take(MOST_SUGGESTIONS).map(|(_, known)| format!("{known}{rest}")).collect()
}

/// What has a text in its name.
fn named(text: &str, version: &'static VersionDesc) -> Vec<(String, &'static str)> {
    if text.len() < 3 {
        return Vec::new();
    }
    let has = |name: &str| name.to_ascii_lowercase().contains(text);
    let segments = version.segments.iter().map(|segment| (segment.id.to_owned(), segment.name));
    let datatypes =
        version.datatypes.iter().map(|datatype| (datatype.id.to_owned(), datatype.name));
    let tables = version.tables.iter().map(|table| (table.id.to_owned(), table.name));
    let elements = elements_with(version, |element| has(element.name));
    let elements = elements.into_iter().map(|(path, element)| (path, element.name));
    segments.chain(datatypes).chain(tables).filter(|(_, name)| has(name)).chain(elements).collect()
}

/// How many letters must be added, left out, changed or swapped with their neighbour to make one text the other.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least =
                (rows[i][j] + usize::from(x != y)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("PID", "PID", 0),
            ("PDI", "PID", 1),
            ("PIDD", "PID", 1),
            ("ADT_A99", "ADT_A01", 2),
            ("", "CX", 2),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
