//! Whether a version defines what a struct names: run by the compiler, which shows what is said here.
//!
//! A derive writes calls of these functions as the values of statics: constants may not look at message structures, which
//! hold what is made at first use.

use crate::desc::{
    DatatypeDesc, DatatypeKind, ElementDesc, Format, SegmentDesc, StructureDesc, VersionDesc,
};
use crate::message::Message;
use crate::node::MOST_SLOTS;

use super::near::{Near, same};
use super::pattern::Pattern;
use super::text::Text;

/// A pattern, if a version defines what it names; else it fails to compile.
///
/// # Panics
/// There; it says what is wrong, and the nearest pattern that is right.
#[track_caller]
pub const fn checked_path(version: &'static VersionDesc, pattern: Pattern) -> Pattern {
    match find(version, pattern.path.segment) {
        Some(segment) => check_in(segment, &pattern, Some(version)),
        None => {
            let id = pattern.path.segment;
            let text = Text::new().str("`").str(pattern.text).str("`: version ").str(version.id);
            let text = text.str(" has no segment ").id(id);
            let text = match nearest_segment(version, &pattern) {
                Some(near) => text.str("; did you mean `").pattern(&mended(near, &pattern)).str("`?"),
                None if id[0] == b'Z' => text.str(
                    "; a site's own segment is checked with `site = ` its struct, or not at all with `unchecked`",
                ),
                None => text,
            };
            panic!("{}", text.as_str());
        }
    }
    pattern
}

/// A pattern, if a segment struct defines what it names; else it fails to compile.
///
/// # Panics
/// There; it says what is wrong, and the nearest pattern that is right.
#[track_caller]
pub const fn checked_path_in(segment: &'static SegmentDesc, pattern: Pattern) -> Pattern {
    let id = pattern.path.segment;
    if !same(segment.id.as_bytes(), &id) {
        let text = Text::new()
            .str("`")
            .str(pattern.text)
            .str("`: the struct given as `site` is the segment ");
        let text = text.str(segment.id).str(", not ").id(id);
        panic!("{}", text.as_str());
    }
    check_in(segment, &pattern, None);
    pattern
}

/// The structure of a message struct. A function, so that of what is none the compiler says that and no more.
#[must_use]
pub const fn structure_of<M: Message>() -> &'static StructureDesc {
    M::DESC
}

/// The version that a message belongs to.
///
/// # Panics
/// When it states none; in a static, that is an error of compiling.
#[must_use]
#[track_caller]
pub const fn version_of(structure: &'static StructureDesc) -> &'static VersionDesc {
    let Some(version) = structure.version else {
        let text = Text::new().str("the message ").str(structure.id);
        let text =
            text.str(" states no version; give the one to check paths against, `version = ...`");
        panic!("{}", text.as_str());
    };
    version
}

#[track_caller]
const fn check_in(
    segment: &'static SegmentDesc,
    pattern: &Pattern,
    version: Option<&'static VersionDesc>,
) {
    let Some(wrong) = wrong(segment, pattern) else { return };
    let text = Text::new().str("`").str(pattern.text).str("`: ");
    let text = wrong.explain(text, segment);
    let text = match version {
        Some(version) => text.str(" in version ").str(version.id),
        None => text,
    };
    let text = text.str("; did you mean `").pattern(&mended(segment, pattern)).str("`?");
    panic!("{}", text.as_str());
}

const fn find(version: &'static VersionDesc, id: [u8; 3]) -> Option<&'static SegmentDesc> {
    let mut at = 0;
    while at < version.segments.len() {
        if same(version.segments[at].id.as_bytes(), &id) {
            return Some(version.segments[at]);
        }
        at += 1;
    }
    None
}

/// The segment whose id is nearest, rather one in which the rest of the pattern is right.
const fn nearest_segment(
    version: &'static VersionDesc,
    pattern: &Pattern,
) -> Option<&'static SegmentDesc> {
    let mut best: Option<(Near, &'static SegmentDesc)> = None;
    let mut at = 0;
    while at < version.segments.len() {
        let segment = version.segments[at];
        at += 1;
        let Some(near) = Near::of(&pattern.path.segment, segment.id.as_bytes()) else { continue };
        let near = near.or_worse(wrong(segment, pattern).is_some());
        match best {
            Some((other, _)) if !near.is_nearer(other) => {}
            _ => best = Some((near, segment)),
        }
    }
    match best {
        Some((_, segment)) => Some(segment),
        None => None,
    }
}

/// What is wrong with a pattern in a segment.
#[derive(Clone, Copy)]
enum Wrong {
    /// The segment has fewer fields.
    Field,
    /// The field has fewer repetitions.
    Repetition(&'static ElementDesc, u32),
    /// The field has fewer components, or none.
    Component(&'static ElementDesc, u32, &'static DatatypeDesc),
    /// The component has fewer subcomponents, or none.
    Subcomponent(&'static ElementDesc, u32, u32, &'static DatatypeDesc),
}

const fn wrong(segment: &'static SegmentDesc, pattern: &Pattern) -> Option<Wrong> {
    let path = pattern.path;
    if path.field == 0 {
        return None;
    }
    let fields = segment.fields;
    let Some(field) = element(fields, path.field) else { return Some(Wrong::Field) };
    // Nobody knows any more what a withdrawn field was; one that others may follow repeats as it likes.
    if field.datatype.is_none() {
        return None;
    }
    let repeats = path.repetition > 1 || pattern.each_repetition;
    let most = if field.max == 0 { 1 } else { field.max as u32 };
    if repeats && !field.open && (most == 1 || path.repetition > most) {
        return Some(Wrong::Repetition(field, path.field));
    }
    let (component, sub) = (path.component, path.subcomponent);
    match parts(field) {
        Parts::Any => None,
        Parts::None(datatype) if component > 1 || sub > 1 => {
            Some(Wrong::Component(field, path.field, datatype))
        }
        Parts::None(_) => None,
        Parts::Some(..) if component == 0 => None,
        Parts::Some(datatype, components) => match element(components, component) {
            None => Some(Wrong::Component(field, path.field, datatype)),
            Some(element) => match parts(element) {
                Parts::None(datatype) if sub > 1 => {
                    Some(Wrong::Subcomponent(element, path.field, component, datatype))
                }
                Parts::Some(datatype, components) if sub as usize > components.len() => {
                    Some(Wrong::Subcomponent(element, path.field, component, datatype))
                }
                _ => None,
            },
        },
    }
}

/// The element at a position; behind an open one, that one.
const fn element(elements: &'static [ElementDesc], number: u32) -> Option<&'static ElementDesc> {
    let count = elements.len();
    if number as usize <= count {
        return Some(&elements[number as usize - 1]);
    }
    let open = count > 0 && elements[count - 1].open && number as usize <= MOST_SLOTS;
    if open { Some(&elements[count - 1]) } else { None }
}

/// The parts that an element has.
enum Parts {
    /// Whatever is sent.
    Any,
    None(&'static DatatypeDesc),
    Some(&'static DatatypeDesc, &'static [ElementDesc]),
}

const fn parts(element: &'static ElementDesc) -> Parts {
    let Some(datatype) = element.datatype else { return Parts::Any };
    match datatype.kind {
        DatatypeKind::Composite(components) => Parts::Some(datatype, components),
        DatatypeKind::Varies | DatatypeKind::Primitive(Format::CompositeUnknown) => Parts::Any,
        DatatypeKind::Primitive(_) => Parts::None(datatype),
    }
}

/// How many parts a datatype has.
const fn count(datatype: &'static DatatypeDesc) -> u32 {
    match datatype.kind {
        DatatypeKind::Composite(components) => components.len() as u32,
        _ => 0,
    }
}

/// The pattern with what is wrong replaced by the nearest that is right.
const fn mended(segment: &'static SegmentDesc, pattern: &Pattern) -> Pattern {
    let mut pattern = *pattern;
    pattern.path.segment = match segment.id.as_bytes().first_chunk::<3>() {
        Some(id) => *id,
        None => pattern.path.segment,
    };
    // Each round mends one level, and there are four.
    let mut round = 0;
    while round < 4 {
        match wrong(segment, &pattern) {
            None => return pattern,
            Some(Wrong::Field) => pattern.path.field = segment.fields.len() as u32,
            Some(Wrong::Repetition(field, _)) => {
                pattern.each_repetition = false;
                pattern.path.repetition = if field.max > 1 { field.max as u32 } else { 0 };
            }
            Some(Wrong::Component(_, _, datatype)) => {
                pattern.path.component = count(datatype);
                pattern.path.subcomponent = 0;
            }
            Some(Wrong::Subcomponent(_, _, _, datatype)) => {
                pattern.path.subcomponent = count(datatype);
            }
        }
        round += 1;
    }
    pattern
}

impl Wrong {
    const fn explain(self, text: Text, segment: &'static SegmentDesc) -> Text {
        match self {
            Wrong::Field => text.str(segment.id).counted(segment.fields.len() as u32, " field"),
            Wrong::Repetition(field, number) => {
                let text = text.str(segment.id).str("-").number(number).named(field);
                match field.max {
                    0 | 1 => text.str(" does not repeat"),
                    most => text.str(" repeats at most ").number(most as u32).str(" times"),
                }
            }
            Wrong::Component(field, number, datatype) => {
                let text = text.str(segment.id).str("-").number(number).named(field);
                text.str(" is of the datatype ")
                    .str(datatype.id)
                    .str(", which")
                    .counted(count(datatype), " component")
            }
            Wrong::Subcomponent(element, field, component, datatype) => {
                let text = text.str(segment.id).str("-").number(field).str(".").number(component);
                let text = text.named(element).str(" is of the datatype ").str(datatype.id);
                text.str(", which").counted(count(datatype), " component")
            }
        }
    }
}

impl Text {
    /// ` (Patient Name)`.
    const fn named(self, element: &ElementDesc) -> Self {
        self.str(" (").str(element.name).str(")")
    }

    /// ` has 3 fields`.
    const fn counted(self, count: u32, what: &str) -> Self {
        let text = self.str(" has ");
        match count {
            0 => text.str("no").str(what).str("s"),
            1 => text.str("1").str(what),
            _ => text.number(count).str(what).str("s"),
        }
    }

    /// A pattern as one writes it.
    const fn pattern(self, pattern: &Pattern) -> Self {
        let path = &pattern.path;
        let mut text = self.id(path.segment).bracket(
            path.occurrence - 1,
            path.occurrence,
            pattern.each_segment,
        );
        if path.field == 0 {
            return text;
        }
        text = text.str("-").number(path.field);
        text = text.bracket(path.repetition, path.repetition, pattern.each_repetition);
        if path.component > 0 {
            text = text.str(".").number(path.component);
        }
        if path.subcomponent > 0 {
            text = text.str(".").number(path.subcomponent);
        }
        text
    }

    /// `[*]`, `[3]`, or nothing where no number was given.
    const fn bracket(self, given: u32, number: u32, each: bool) -> Self {
        if each {
            self.str("[*]")
        } else if given > 0 {
            self.str("[").number(number).str("]")
        } else {
            self
        }
    }
}
