//! Message structures: members in order, each with a name of its own.

use super::check::{Named, member_cardinality, unique_names};
use super::lower::Ids;
use super::names::{self, TypeOf};
use super::{AnySegment, Member, MemberKind, Segment, SegmentId, Structure};
use crate::schema::{self, Errors};

/// Lowers all structures; `segments` are there for their type names.
pub(super) fn lower(
    sorted: &[&schema::Structure],
    ids: &Ids<'_>,
    segments: &[Segment],
    errors: &mut Errors,
) -> Vec<Structure> {
    sorted.iter().map(|from| structure(from, ids, segments, errors)).collect()
}

fn structure(
    from: &schema::Structure,
    ids: &Ids<'_>,
    segments: &[Segment],
    errors: &mut Errors,
) -> Structure {
    let rust_type = names::type_name(&from.id, TypeOf::Message);
    let own = Named { name: rust_type.clone(), whose: "the structure".into(), at: &from.at };
    let mut lowering =
        Lowering { id: &from.id, ids, segments, types: vec![own], used: Vec::new(), errors };
    if from.members.is_empty() {
        let what = format!("{} is empty", from.id);
        lowering.errors.push(&from.at, what, "add members, or remove it");
    }
    let members = lowering.members(&from.id, &from.members, false);
    lowering.check_types();
    Structure { id: from.id.clone(), rust_type, module: names::module_name(&from.id), members }
}

/// The state while one structure is lowered.
struct Lowering<'s, 'e> {
    id: &'s str,
    ids: &'e Ids<'s>,
    segments: &'e [Segment],
    /// The types that the module of the structure defines.
    types: Vec<Named<'s>>,
    /// The segments whose types it uses.
    used: Vec<Named<'s>>,
    errors: &'e mut Errors,
}

impl<'s> Lowering<'s, '_> {
    /// Lowers siblings; `place` is what they are in.
    fn members(&mut self, place: &str, from: &'s [schema::Member], in_choice: bool) -> Vec<Member> {
        let mut lowered = Vec::with_capacity(from.len());
        let mut named = Vec::with_capacity(from.len());
        for (index, member) in from.iter().enumerate() {
            let same = |other: &&schema::Member| {
                matches!(
                    (&other.kind, &member.kind),
                    (schema::MemberKind::Segment, schema::MemberKind::Segment)
                ) && other.name == member.name
            };
            let earlier = from[..index].iter().filter(same).count();
            let whose = format!("{place}.{}", member.name);
            if in_choice && earlier > 0 {
                let what = format!("{whose} is unreachable, an earlier alternative is the same");
                self.errors.push(&member.at, what, "remove it");
            }
            if in_choice && matches!(member.kind, schema::MemberKind::Choice(_)) {
                let what = format!("{whose} is a choice inside a choice");
                let help =
                    "write its alternatives into the outer <choice>, the meaning is the same";
                self.errors.push(&member.at, what, help);
            }
            let ident = self.ident(&whose, member, in_choice, earlier + 1);
            named.push(Named { name: ident.clone(), whose: whose.clone(), at: &member.at });
            if let Some(kind) = self.kind(&whose, member) {
                let (min, max) = member_cardinality(&whose, member, in_choice, self.errors);
                lowered.push(Member { kind, ident, min, max, status: member.status });
            }
        }
        unique_names(place, &named, "add ident=\"…\" to one of them", self.errors);
        lowered
    }

    fn ident(&mut self, whose: &str, member: &schema::Member, in_choice: bool, n: usize) -> String {
        let name = match &member.ident {
            Some(ident) => {
                if !names::is_field_ident(ident) {
                    let what = format!("{whose} has ident=\"{ident}\"");
                    self.errors.push(&member.at, what, "write snake_case, and no reserved word");
                }
                ident
            }
            None => &member.name,
        };
        let ident =
            if in_choice { names::alternative_name(name) } else { names::member_name(name) };
        if ident.is_empty() {
            let what = format!("{whose} has a name without letters");
            self.errors.push(&member.at, what, "correct the name, or add ident=\"…\"");
        }
        if member.ident.is_some() { ident } else { names::nth(ident, n) }
    }

    /// `None` after an unknown segment.
    fn kind(&mut self, whose: &str, member: &'s schema::Member) -> Option<MemberKind> {
        let name = member.name.clone();
        match &member.kind {
            schema::MemberKind::Segment => match member.name.as_str() {
                "Hxx" => Some(MemberKind::AnySegment(AnySegment::Hxx)),
                "Zxx" => Some(MemberKind::AnySegment(AnySegment::Zxx)),
                id => self.segment(id, member).map(MemberKind::Segment),
            },
            schema::MemberKind::Group(members) => {
                let rust_type = self.group_type(whose, member, TypeOf::Group);
                let members = self.nested("group", whose, member, members, false);
                Some(MemberKind::Group { name, rust_type, members })
            }
            schema::MemberKind::Choice(members) => {
                let rust_type = self.group_type(whose, member, TypeOf::Choice);
                let members = self.nested("choice", whose, member, members, true);
                Some(MemberKind::Choice { name, rust_type, members })
            }
        }
    }

    fn segment(&mut self, id: &'s str, member: &'s schema::Member) -> Option<SegmentId> {
        let place = format!("structure {}", self.id);
        let index = self.ids.segments.find(id, &place, &member.at, self.errors)?;
        let id = SegmentId(index);
        let segment = &self.segments[id.index()];
        if !self.used.iter().any(|used| used.name == segment.rust_type) {
            let whose = format!("segment {}", segment.id);
            self.used.push(Named { name: segment.rust_type.clone(), whose, at: &member.at });
        }
        Some(id)
    }

    fn group_type(&mut self, whose: &str, member: &'s schema::Member, of: TypeOf) -> String {
        let name = names::type_name(member.ident.as_deref().unwrap_or(&member.name), of);
        self.types.push(Named { name: name.clone(), whose: whose.to_owned(), at: &member.at });
        name
    }

    fn nested(
        &mut self,
        what: &str,
        whose: &str,
        member: &'s schema::Member,
        members: &'s [schema::Member],
        in_choice: bool,
    ) -> Vec<Member> {
        if members.is_empty() {
            let what = format!("{whose} is an empty {what}");
            self.errors.push(&member.at, what, "add members, or remove it");
        }
        self.members(whose, members, in_choice)
    }

    /// One module holds the structure's type and those of its groups, and imports its segments.
    fn check_types(&mut self) {
        let mut all = std::mem::take(&mut self.used);
        all.append(&mut self.types);
        let scope = format!("the types of {}", self.id);
        unique_names(&scope, &all, "add ident=\"…\" to the group", self.errors);
    }
}
