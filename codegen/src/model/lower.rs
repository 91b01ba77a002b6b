//! The lowering: sorts, resolves, names; datatypes, segments and events here, the rest beside it.

use super::check::{Item, Lookup, Named, by_id, by_seq, field_cardinality, unique_names};
use super::names::{self, TypeOf};
use super::{
    Component, Datatype, DatatypeId, DatatypeKind, Event, Field, Length, Segment, StructureId,
    TableId, Version, graph, structures, tables,
};
use crate::schema::{
    self, At, Branch, Branches, Condition, ConformanceLength, Errors, Usage, VariesBy,
};

/// What references point to.
pub(super) struct Ids<'s> {
    datatypes: Lookup<'s>,
    pub(super) segments: Lookup<'s>,
    structures: Lookup<'s>,
    tables: Lookup<'s>,
    varies: Vec<DatatypeId>,
}

/// See [`super::build`].
pub(super) fn version(source: &schema::Version) -> Result<Version, Errors> {
    let mut errors = Errors::default();
    let sorted = Sorted {
        datatypes: by_id(&source.datatypes, &mut errors),
        segments: by_id(&source.segments, &mut errors),
        structures: by_id(&source.structures, &mut errors),
        tables: by_id(&source.tables, &mut errors),
    };
    let is_varies = |datatype: &schema::Datatype| datatype.kind == schema::DatatypeKind::Varies;
    let ids = Ids {
        datatypes: Lookup::new(&sorted.datatypes),
        segments: Lookup::new(&sorted.segments),
        structures: Lookup::new(&sorted.structures),
        tables: Lookup::new(&sorted.tables),
        varies: (0..)
            .zip(&sorted.datatypes)
            .filter(|(_, datatype)| is_varies(datatype))
            .map(|(index, _)| DatatypeId(index))
            .collect(),
    };

    let mut datatypes: Vec<Datatype> =
        sorted.datatypes.iter().map(|from| datatype(from, &ids, &mut errors)).collect();
    let places: Vec<&At> = sorted.datatypes.iter().map(|from| &from.at).collect();
    graph::check_first_components(&datatypes, &places, &mut errors);
    graph::finish(&mut datatypes);
    let segments: Vec<Segment> =
        sorted.segments.iter().map(|from| segment(from, &ids, &mut errors)).collect();
    let structures = structures::lower(&sorted.structures, &ids, &segments, &mut errors);
    let taken = sorted.type_names(&mut errors);
    let tables = tables::lower(&sorted.tables, &taken, &mut errors);
    let events = events(&source.events, &ids, &mut errors);

    let id = source.id.clone();
    let module = names::module_name(&id);
    errors.or(Version { id, module, datatypes, segments, tables, structures, events })
}

/// The top-level items, each kind by id.
struct Sorted<'s> {
    datatypes: Vec<&'s schema::Datatype>,
    segments: Vec<&'s schema::Segment>,
    structures: Vec<&'s schema::Structure>,
    tables: Vec<&'s schema::Table>,
}

impl<'s> Sorted<'s> {
    /// The types of everything but tables, in one scope, so that a prelude can export them all.
    /// Modules need no check of their own: two ids with one module have one type.
    fn type_names(&self, errors: &mut Errors) -> Vec<Named<'s>> {
        fn named<'s, T: Item>(items: &[&'s T], of: TypeOf) -> impl Iterator<Item = Named<'s>> {
            items.iter().map(move |item| Named {
                name: names::type_name(item.id(), of),
                whose: format!("{} {}", T::WHAT, item.id()),
                at: item.at(),
            })
        }
        let all: Vec<Named<'s>> = named(&self.datatypes, TypeOf::Datatype)
            .chain(named(&self.segments, TypeOf::Segment))
            .chain(named(&self.structures, TypeOf::Message))
            .collect();
        let help = "ids have to differ in more than case and signs";
        unique_names("the version", &all, help, errors);
        all
    }
}

fn datatype(from: &schema::Datatype, ids: &Ids<'_>, errors: &mut Errors) -> Datatype {
    let kind = match &from.kind {
        schema::DatatypeKind::Primitive(format) => DatatypeKind::Primitive(*format),
        schema::DatatypeKind::Varies => DatatypeKind::Varies,
        schema::DatatypeKind::Composite(components) => {
            if components.is_empty() {
                let what = format!("composite {} has no components", from.id);
                errors.push(&from.at, what, "add a <component>, or make it a <primitive>");
            }
            let sorted = by_seq(&from.id, &from.at, components, errors);
            let lowered: Vec<Component> = sorted
                .iter()
                .map(|component| self::component(from, component, ids, errors))
                .collect();
            let named = lowered.iter().zip(&sorted).map(|(to, component)| Named {
                name: to.ident.clone(),
                whose: format!("{}.{} {}", from.id, to.seq, to.name),
                at: &component.at,
            });
            let scope = format!("datatype {}", from.id);
            unique_names(
                &scope,
                &named.collect::<Vec<_>>(),
                "add ident=\"…\" to one of them",
                errors,
            );
            DatatypeKind::Composite(lowered)
        }
    };
    Datatype {
        id: from.id.clone(),
        name: from.name.clone(),
        kind,
        max_len: from.max_len,
        rust_type: names::type_name(&from.id, TypeOf::Datatype),
        module: names::module_name(&from.id),
        leaves: 1,
    }
}

fn component(
    owner: &schema::Datatype,
    from: &schema::Component,
    ids: &Ids<'_>,
    errors: &mut Errors,
) -> Component {
    let element = Element {
        place: format!("{}.{}", owner.id, from.seq),
        owner: &owner.id,
        at: &from.at,
        name: &from.name,
        ident: from.ident.as_deref(),
        datatype: from.datatype.as_deref(),
        usage: from.usage,
        condition: from.condition,
        positions: match &owner.kind {
            schema::DatatypeKind::Composite(components) => {
                components.iter().map(|other| other.seq).collect()
            }
            _ => Vec::new(),
        },
        lengths: (from.min_len, from.len, from.conf_len),
        table: from.table.as_deref(),
    };
    Component {
        seq: from.seq,
        name: from.name.clone(),
        ident: element.ident(errors),
        datatype: element.datatype(ids, errors),
        usage: from.usage,
        condition: element.condition(errors),
        len: element.length(errors),
        table: element.table(ids, errors),
        hist: from.hist_type.clone(),
        boxed: false,
    }
}

fn segment(from: &schema::Segment, ids: &Ids<'_>, errors: &mut Errors) -> Segment {
    let withdrawn = from.status == Some(schema::SegmentStatus::Withdrawn);
    if from.fields.is_empty() && !withdrawn {
        let what = format!("segment {} has no fields", from.id);
        errors.push(&from.at, what, "add a <field>, or status=\"W\" when it is withdrawn");
    }
    let sorted = by_seq(&from.id, &from.at, &from.fields, errors);
    let fields: Vec<Field> =
        sorted.iter().map(|field| self::field(from, field, ids, errors)).collect();
    let named = fields.iter().zip(&sorted).map(|(to, field)| Named {
        name: to.ident.clone(),
        whose: format!("{}-{} {}", from.id, to.seq, to.name),
        at: &field.at,
    });
    let scope = format!("segment {}", from.id);
    unique_names(&scope, &named.collect::<Vec<_>>(), "add ident=\"…\" to one of them", errors);
    Segment {
        id: from.id.clone(),
        name: from.name.clone(),
        rust_type: names::type_name(&from.id, TypeOf::Segment),
        module: names::module_name(&from.id),
        withdrawn,
        fields,
    }
}

fn field(
    owner: &schema::Segment,
    from: &schema::Field,
    ids: &Ids<'_>,
    errors: &mut Errors,
) -> Field {
    let element = Element {
        place: format!("{}-{}", owner.id, from.seq),
        owner: &owner.id,
        at: &from.at,
        name: &from.name,
        ident: from.ident.as_deref(),
        datatype: from.datatype.as_deref(),
        usage: from.usage,
        condition: from.condition,
        positions: owner.fields.iter().map(|other| other.seq).collect(),
        lengths: (from.min_len, from.len, from.conf_len),
        table: from.table.as_deref(),
    };
    let (min, max) = field_cardinality(&element.place, from, errors);
    let datatype = element.datatype(ids, errors);
    variable(owner, from, &element, datatype.is_some_and(|id| ids.varies.contains(&id)), errors);
    Field {
        seq: from.seq,
        name: from.name.clone(),
        ident: element.ident(errors),
        datatype,
        usage: from.usage,
        condition: element.condition(errors),
        min,
        max,
        len: element.length(errors),
        table: element.table(ids, errors),
        item: item(&element.place, from, errors),
        varies_by: from.varies_by,
        open: from.open,
        hist: from.hist_type.clone(),
    }
}

/// `varies-by` and `open` only go with a type that varies, and have to lead somewhere.
fn variable(
    owner: &schema::Segment,
    from: &schema::Field,
    element: &Element<'_>,
    varies: bool,
    errors: &mut Errors,
) {
    let place = &element.place;
    if (from.varies_by.is_some() || from.open) && !varies && from.datatype.is_some() {
        let what = format!("{place} has varies-by or open, but its type does not vary");
        errors.push(&from.at, what, "write type=\"varies\", or remove the attribute");
    }
    if let Some(VariesBy::Field(by)) = from.varies_by {
        if by == from.seq {
            let what = format!("{place} has varies-by=\"{by}\", which is itself");
            errors.push(&from.at, what, "name the field that holds the datatype");
        } else if !owner.fields.iter().any(|field| field.seq == by) {
            let what =
                format!("{place} has varies-by=\"{by}\", but {} has no field {by}", owner.id);
            errors.push(&from.at, what, "name the field that holds the datatype");
        }
    }
    if from.open && owner.fields.iter().any(|field| field.seq > from.seq) {
        let what = format!("{place} is open, but other fields follow it");
        errors.push(&from.at, what, "only the last field of a segment can be open");
    }
}

fn item(place: &str, from: &schema::Field, errors: &mut Errors) -> Option<u32> {
    let text = from.item.as_deref()?;
    let number = Some(text)
        .filter(|text| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|text| text.parse().ok());
    if number.is_none() {
        let what = format!("{place} has item=\"{text}\", expected five digits");
        errors.push(&from.at, what, "write the item number with its zeros, as 00105");
    }
    number
}

/// What fields and components have in common.
struct Element<'s> {
    place: String,
    owner: &'s str,
    at: &'s At,
    name: &'s str,
    ident: Option<&'s str>,
    datatype: Option<&'s str>,
    usage: Usage,
    condition: Option<Condition>,
    /// The positions that its owner has.
    positions: Vec<u16>,
    lengths: (Option<u32>, Option<u32>, Option<ConformanceLength>),
    table: Option<&'s str>,
}

impl Element<'_> {
    fn ident(&self, errors: &mut Errors) -> String {
        if let Some(ident) = self.ident {
            if !names::is_field_ident(ident) {
                let what = format!("{} has ident=\"{ident}\"", self.place);
                errors.push(self.at, what, "write snake_case, and no reserved word");
            }
            return ident.to_owned();
        }
        let ident = names::field_name(self.name, self.owner);
        if ident.is_empty() {
            let what = format!("{} has a name without letters: \"{}\"", self.place, self.name);
            errors.push(self.at, what, "correct the name, or add ident=\"…\"");
        }
        ident
    }

    fn datatype(&self, ids: &Ids<'_>, errors: &mut Errors) -> Option<DatatypeId> {
        let place = &self.place;
        match (self.datatype, self.usage == Usage::Withdrawn) {
            (None, true) => None,
            (None, false) => {
                errors.push(
                    self.at,
                    format!("{place} has no type"),
                    "add type=\"…\", or usage=\"W\"",
                );
                None
            }
            (Some(id), true) => {
                let what = format!("{place} has usage W and the type {id}");
                errors.push(self.at, what, format!("write hist-type=\"{id}\" instead of type"));
                None
            }
            (Some(id), false) => ids.datatypes.find(id, place, self.at, errors).map(DatatypeId),
        }
    }

    /// The condition, which has to be about others, and to leave room for being required.
    fn condition(&self, errors: &mut Errors) -> Option<Condition> {
        let condition = self.condition?;
        let place = &self.place;
        for seq in condition.0.map(i8::unsigned_abs).into_iter().filter(|&seq| seq != 0) {
            let seq = u16::from(seq);
            if place.ends_with(&format!("-{seq}")) || place.ends_with(&format!(".{seq}")) {
                let what = format!("{place} has if=\"…{seq}…\", which is itself");
                errors.push(self.at, what, "name the field or component that it depends on");
            } else if !self.positions.contains(&seq) {
                let what = format!("{place} has if=\"…{seq}…\", but {} has no {seq}", self.owner);
                errors.push(self.at, what, "name the field or component that it depends on");
            }
        }
        let fits = match self.usage {
            Usage::Optional | Usage::RequiredOrEmpty | Usage::Conditional(None) => true,
            Usage::Conditional(Some(Branches { met, unmet })) => {
                matches!(met, Branch::Required | Branch::RequiredOrEmpty)
                    && unmet == Branch::NotSupported
            }
            _ => false,
        };
        if !fits {
            let what = format!("{place} has the usage {} and a condition", self.usage);
            errors.push(self.at, what, "write usage=\"C\", or remove `if`");
        }
        Some(condition)
    }

    fn table(&self, ids: &Ids<'_>, errors: &mut Errors) -> Option<TableId> {
        ids.tables.find(self.table?, &self.place, self.at, errors).map(TableId)
    }

    fn length(&self, errors: &mut Errors) -> Length {
        let (min, max, conf) = self.lengths;
        if let (Some(min), Some(max)) = (min, max)
            && min > max
        {
            let what = format!("{} has min-len {min} > len {max}", self.place);
            errors.push(self.at, what, "correct min-len or len");
        }
        Length { min, max, conf }
    }
}

fn events(source: &[schema::Event], ids: &Ids<'_>, errors: &mut Errors) -> Vec<Event> {
    let mut sorted: Vec<&schema::Event> = source.iter().collect();
    sorted.sort_by_key(|event| (&event.message, &event.trigger, &event.at));
    let place = |event: &schema::Event| match &event.trigger {
        Some(trigger) => format!("event {}^{trigger}", event.message),
        None => format!("event {}", event.message),
    };
    for pair in sorted.windows(2) {
        let [first, later] = pair else { continue };
        if (&first.message, &first.trigger) == (&later.message, &later.trigger) {
            let what = format!("{} is defined twice, first at {}", place(later), first.at);
            errors.push(&later.at, what, "an event has one structure; remove one");
        }
    }
    let lower = |event: &&schema::Event| {
        let structure = ids.structures.find(&event.structure, &place(event), &event.at, errors)?;
        Some(Event {
            message: event.message.clone(),
            trigger: event.trigger.clone(),
            structure: StructureId(structure),
        })
    };
    sorted.iter().filter_map(lower).collect()
}
