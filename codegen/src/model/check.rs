//! Checks that several parts of the lowering need: ids, positions, references, names, cardinalities.

use std::collections::BTreeMap;

use crate::schema::{self, At, Errors, Max, Usage, did_you_mean};

/// A top-level element of a schema file.
pub(super) trait Item {
    /// What it is called in an error.
    const WHAT: &'static str;
    /// The file that has all of them.
    const FILE: &'static str;
    /// What its id looks like.
    const ID: IdForm;

    fn id(&self) -> &str;
    fn at(&self) -> &At;
}

/// What an id looks like. Rust names are made of it, so a form that has none is no id.
#[derive(Clone, Copy)]
pub(super) enum IdForm {
    /// `PID`, `IN1`.
    Segment,
    /// `CX`, `ADT_A01`, `varies`.
    Name,
    /// Four digits; the tables check it where they are lowered.
    Digits,
}

impl IdForm {
    fn fits(self, id: &str) -> bool {
        match self {
            Self::Segment => {
                id.len() == 3
                    && id.starts_with(|first: char| first.is_ascii_uppercase())
                    && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            }
            Self::Name => {
                id.starts_with(|first: char| first.is_ascii_alphabetic())
                    && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            }
            Self::Digits => true,
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Segment => {
                "a segment id is a capital and two capitals or digits, such as \"PID\" or \"IN1\""
            }
            Self::Name => "an id is a letter, then letters, digits and underscores",
            Self::Digits => "an id has four digits",
        }
    }
}

/// A numbered child of a top-level element.
pub(super) trait Positioned {
    const WHAT: &'static str;

    fn seq(&self) -> u16;
    fn at(&self) -> &At;
}

macro_rules! item {
    ($($ty:ty: $what:literal in $file:literal, $form:ident;)*) => {
        $(impl Item for $ty {
            const WHAT: &'static str = $what;
            const FILE: &'static str = $file;
            const ID: IdForm = IdForm::$form;

            fn id(&self) -> &str {
                &self.id
            }

            fn at(&self) -> &At {
                &self.at
            }
        })*
    };
}

item! {
    schema::Datatype: "datatype" in "datatypes.xml", Name;
    schema::Segment: "segment" in "segments.xml", Segment;
    schema::Structure: "structure" in "messages.xml", Name;
    schema::Table: "table" in "tables.xml", Digits;
}

macro_rules! positioned {
    ($($ty:ty: $what:literal;)*) => {
        $(impl Positioned for $ty {
            const WHAT: &'static str = $what;

            fn seq(&self) -> u16 {
                self.seq
            }

            fn at(&self) -> &At {
                &self.at
            }
        })*
    };
}

positioned! {
    schema::Field: "field";
    schema::Component: "component";
}

/// The items sorted by id; an id that is none, and of several with one id all but the first, are errors.
pub(super) fn by_id<'s, T: Item>(items: &'s [T], errors: &mut Errors) -> Vec<&'s T> {
    let mut sorted: Vec<&T> = items.iter().collect();
    for item in sorted.iter().filter(|item| !T::ID.fits(item.id())) {
        errors.push(item.at(), format!("{} id \"{}\"", T::WHAT, item.id()), T::ID.help());
    }
    sorted.sort_by_key(|item| (item.id(), item.at()));
    sorted.dedup_by(|later, first| {
        let twice = later.id() == first.id();
        if twice {
            let what =
                format!("{} {} is defined twice, first at {}", T::WHAT, later.id(), first.at());
            errors.push(later.at(), what, "remove one, or correct its id");
        }
        twice
    });
    sorted
}

/// The children sorted by position; a position that is missing or used twice is an error.
pub(super) fn by_seq<'s, T: Positioned>(
    owner: &str,
    at: &At,
    items: &'s [T],
    errors: &mut Errors,
) -> Vec<&'s T> {
    let mut sorted: Vec<&T> = items.iter().collect();
    sorted.sort_by_key(|item| (item.seq(), item.at()));
    sorted.dedup_by(|later, first| {
        let twice = later.seq() == first.seq();
        if twice {
            let what = format!("{owner} has two {}s with seq=\"{}\"", T::WHAT, later.seq());
            errors.push(later.at(), what, format!("the first is at {}", first.at()));
        }
        twice
    });
    let mut expected = 1;
    for item in &sorted {
        if item.seq() == 0 {
            errors.push(item.at(), format!("{owner}: seq=\"0\""), "positions start at 1");
            continue;
        }
        if item.seq() > expected {
            let what = format!("{owner} has no {} {expected}", T::WHAT);
            let help = "number them from 1 without a gap; a withdrawn one stays, with usage=\"W\"";
            errors.push(at, what, help);
        }
        expected = item.seq().saturating_add(1);
    }
    sorted
}

/// From ids to indices of one kind of item.
pub(super) struct Lookup<'s> {
    what: &'static str,
    file: &'static str,
    indices: BTreeMap<&'s str, u32>,
}

impl<'s> Lookup<'s> {
    /// `sorted` as [`by_id`] gives it.
    pub(super) fn new<T: Item>(sorted: &[&'s T]) -> Self {
        let indices = (0..).zip(sorted).map(|(index, item)| (item.id(), index)).collect();
        Self { what: T::WHAT, file: T::FILE, indices }
    }

    /// The index of `id`; an unknown one is an error in `place`.
    pub(super) fn find(&self, id: &str, place: &str, at: &At, errors: &mut Errors) -> Option<u32> {
        let index = self.indices.get(id).copied();
        if index.is_none() {
            let near = did_you_mean(id, self.indices.keys().copied());
            let what = format!("{place} names the unknown {} `{id}`{near}", self.what);
            errors.push(at, what, format!("correct the name, or define it in {}", self.file));
        }
        index
    }
}

/// A Rust name, and what has it.
pub(super) struct Named<'s> {
    pub(super) name: String,
    pub(super) whose: String,
    pub(super) at: &'s At,
}

/// Every name may be there once.
pub(super) fn unique_names(scope: &str, names: &[Named<'_>], help: &str, errors: &mut Errors) {
    let mut first: BTreeMap<&str, &Named<'_>> = BTreeMap::new();
    for named in names {
        if let Some(other) = first.get(named.name.as_str()) {
            let what = format!(
                "{} and {} ({}) have the same Rust name `{}` in {scope}",
                named.whose, other.whose, other.at, named.name
            );
            errors.push(named.at, what, help);
        } else {
            first.insert(&named.name, named);
        }
    }
}

/// The cardinality of a field, made explicit.
pub(super) fn field_cardinality(
    place: &str,
    field: &schema::Field,
    errors: &mut Errors,
) -> (u16, Max) {
    let withdrawn = field.usage == Usage::Withdrawn;
    let (min, max) = (field.min, field.max.unwrap_or(Max::Times(u16::from(!withdrawn))));
    let mut wrong = |what: String, help: &str| errors.push(&field.at, what, help);
    if withdrawn && (min, max) != (0, Max::Times(0)) {
        let what = format!("{place} is withdrawn and has the cardinality {min}..{max}");
        wrong(what, "remove min and max");
    } else if Max::Times(min) > max {
        wrong(format!("{place} has min {min} > max {max}"), "correct min or max");
    } else if !withdrawn && field.usage != Usage::NotSupported && max == Max::Times(0) {
        let what = format!("{place} has max 0 with usage {}", field.usage);
        wrong(what, "correct max, or write usage=\"W\" or usage=\"X\"");
    } else if field.usage == Usage::Required && min == 0 {
        wrong(format!("{place} has usage R and min 0"), "add min=\"1\", or correct the usage");
    } else if field.usage != Usage::Required && min > 0 {
        let what = format!("{place} has min {min} and usage {}", field.usage);
        wrong(what, "write usage=\"R\", or remove min");
    }
    (min, max)
}

/// The cardinality of a member of a structure, made explicit.
pub(super) fn member_cardinality(
    place: &str,
    member: &schema::Member,
    in_choice: bool,
    errors: &mut Errors,
) -> (u16, Max) {
    let (min, max) =
        (member.min.unwrap_or(u16::from(in_choice)), member.max.unwrap_or(Max::Times(1)));
    let mut wrong = |what: String, help: &str| errors.push(&member.at, what, help);
    if in_choice && (min, max) != (1, Max::Times(1)) {
        let what = format!("{place} is an alternative and has the cardinality {min}..{max}");
        wrong(what, "remove min and max here; the <choice> has the cardinality");
    } else if max == Max::Times(0) {
        wrong(format!("{place} has max 0, nothing can reach it"), "correct max, or remove it");
    } else if Max::Times(min) > max {
        wrong(format!("{place} has min {min} > max {max}"), "correct min or max");
    }
    (min, max)
}
