//! A message, a group or a segment that a struct is taken from, and what can be asked of it.

use std::ops::Range;

use crate::er7::is_header;
use crate::error::DecodeError;
use crate::path::Path;
use crate::tree::{Piece, Tree, TreeSegment};

use super::FromHl7;
use super::error::{ExtractError, FieldError, Problem};
use super::field::{Found, FromField};
use super::groups::{GroupSpan, READ_BEFORE, outermost};
use super::pattern::Pattern;

/// What the paths of a struct are relative to: the message, or one occurrence of a group or segment in it.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "a view of patient data")]
pub struct Scope<'a> {
    tree: &'a Tree,
    segments: Range<usize>,
    /// The groups in it; `None` where the structure is not known.
    groups: Option<&'a [GroupSpan]>,
    /// What it is, where it is not the message.
    part: Option<Part>,
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Group,
    Segment,
}

impl<'a> Scope<'a> {
    pub(super) fn whole(tree: &'a Tree, groups: Option<&'a [GroupSpan]>) -> Self {
        Self { tree, segments: 0..tree.segments().len(), groups, part: None }
    }

    /// The bytes of the message, or of the segments of a group with their line ends.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        let (bytes, scan) = (self.tree.bytes(), self.tree.scan());
        if self.part.is_none() {
            return bytes;
        }
        match (scan.segments.get(self.segments.start), self.segments.clone().next_back()) {
            (Some(first), Some(last)) => {
                &bytes[first.start as usize..scan.gap_end(last, bytes.len())]
            }
            _ => &[],
        }
    }

    /// What the field of a struct named `field` names, as its type.
    ///
    /// # Errors
    /// When there is nothing and the type needs something, or there is something else.
    pub fn value<T: FromField>(
        &self,
        pattern: &Pattern,
        field: &'static str,
    ) -> Result<T, ExtractError> {
        let fail = |problem: Problem| ExtractError::new(field, pattern.as_str(), problem);
        let segment = self.named(pattern).map_err(fail)?.next();
        let piece = segment.and_then(|(_, segment)| segment.piece(&pattern.path));
        T::from_field(&self.found(piece, &pattern.path)).map_err(|error| fail(error.into()))
    }

    /// Each of what a pattern with `[*]` names. What says nothing is left out, unless the type has a value for it
    /// (`Option<_>`); a field that is not there at all has no repetition.
    ///
    /// # Errors
    /// When there is something that the type cannot hold.
    pub fn values<T: FromField>(
        &self,
        pattern: &Pattern,
        field: &'static str,
    ) -> Result<Vec<T>, ExtractError> {
        let named = self.named(pattern);
        let named = named.map_err(|problem| ExtractError::new(field, pattern.as_str(), problem))?;
        let mut values = Vec::new();
        for (occurrence, segment) in named {
            let path = Path { occurrence, ..pattern.path };
            let mut take = |piece: Option<Piece<'a>>, path: Path| {
                match T::from_field(&self.found(piece, &path)) {
                    Ok(value) => values.push(value),
                    Err(FieldError::Absent | FieldError::Null) => {}
                    Err(wrong) => return Err(ExtractError::new(field, path.to_string(), wrong)),
                }
                Ok(())
            };
            if !pattern.each_repetition {
                take(segment.piece(&path), path)?;
                continue;
            }
            let whole = segment.field(path.field as usize).filter(|piece| !piece.is_empty());
            let repetitions = whole.into_iter().flat_map(|piece| piece.repetitions());
            for (repetition, piece) in (1..).zip(repetitions) {
                take(piece.part(&path), path.with_repetition(repetition))?;
            }
        }
        Ok(values)
    }

    /// The structs of a group. `chain` is the name of a group, or of several, each directly in the one before:
    /// `PATIENT_RESULT.ORDER_OBSERVATION`. The first may stand at any depth.
    ///
    /// # Errors
    /// When the structure of the message is not known, and where a struct of the group cannot be read.
    pub fn groups<T: Nested>(&self, chain: &str, field: &'static str) -> Result<T, ExtractError> {
        let Some(groups) = self.groups else {
            return Err(ExtractError::new(field, chain, Problem::NoStructure));
        };
        let mut found = Vec::new();
        let (first, rest) = chain.split_once('.').unwrap_or((chain, ""));
        for at in (0..groups.len()).filter(|&at| groups[at].name == first) {
            follow(groups, at, rest, &mut found);
        }
        let mut scopes = found.into_iter().map(|at| Self {
            segments: groups[at].segments.clone(),
            groups: Some(&groups[at + 1..=at + groups[at].inside]),
            part: Some(Part::Group),
            ..*self
        });
        T::of_scopes(&mut scopes, chain, field)
    }

    /// The structs of segments: of each with the id, or of the one that the pattern names.
    ///
    /// # Errors
    /// Where a struct of a segment cannot be read.
    pub fn segments<T: Nested>(
        &self,
        pattern: &Pattern,
        field: &'static str,
    ) -> Result<T, ExtractError> {
        let each = Pattern { each_segment: pattern.path.occurrence == 1, ..*pattern };
        // A segment has no other in it, and is not in itself: a struct of itself ends here.
        let outer = if self.part == Some(Part::Segment) { self.nothing() } else { self.clone() };
        let named = outer.numbers(&each);
        let named = named.map_err(|problem| ExtractError::new(field, pattern.as_str(), problem))?;
        let mut scopes = named.map(|(_, index)| Self {
            segments: index..index + 1,
            groups: Some(&[]),
            part: Some(Part::Segment),
            ..*self
        });
        T::of_scopes(&mut scopes, pattern.as_str(), field)
    }

    /// All of it, as it came.
    ///
    /// # Errors
    /// When a part of a message would be too long as a message of its own.
    pub fn raw<T: FromRaw>(&self, field: &'static str) -> Result<T, ExtractError> {
        T::from_raw(self).map_err(|error| ExtractError::new(field, "", error))
    }

    fn nothing(&self) -> Self {
        Self { segments: 0..0, groups: Some(&[]), ..self.clone() }
    }

    fn found(&self, piece: Option<Piece<'a>>, path: &Path) -> Found<'a> {
        let Some(piece) = piece else { return Found::NOTHING };
        if path.field <= 2 && matches!(path.segment(), "MSH" | "BHS" | "FHS") {
            return Found::verbatim(piece);
        }
        Found::new(piece)
    }

    /// The segments that a pattern names, each with the number that it has among those of its id.
    fn named(
        &self,
        pattern: &Pattern,
    ) -> Result<impl Iterator<Item = (u32, TreeSegment<'a>)> + use<'a>, Problem> {
        let tree = self.tree;
        Ok(self.numbers(pattern)?.map(|(occurrence, index)| (occurrence, tree.at(index))))
    }

    fn numbers(
        &self,
        pattern: &Pattern,
    ) -> Result<impl Iterator<Item = (u32, usize)> + use<'a>, Problem> {
        let (tree, path) = (self.tree, pattern.path);
        let skipped = match (pattern.direct, self.groups) {
            (false, _) => &[][..],
            (true, Some(groups)) => groups,
            (true, None) => return Err(Problem::NoStructure),
        };
        let wanted = if pattern.each_segment { None } else { Some(path.occurrence) };
        let numbers = outside(self.segments.clone(), skipped)
            .filter(move |&index| tree.at(index).id() == Some(path.segment()));
        let numbered = (1..).zip(numbers);
        Ok(numbered.filter(move |(number, _)| wanted.is_none_or(|wanted| wanted == *number)))
    }
}

/// Segments that stand in none of the groups.
fn outside(segments: Range<usize>, groups: &[GroupSpan]) -> impl Iterator<Item = usize> {
    let mut skipped = outermost(groups).peekable();
    let mut next = segments.start;
    std::iter::from_fn(move || {
        while let Some(group) = skipped.next_if(|&group| groups[group].segments.start <= next) {
            next = groups[group].segments.end.max(next);
        }
        next += 1;
        (next <= segments.end).then(|| next - 1)
    })
}

/// Adds the groups that the rest of a chain names from a group on.
fn follow(groups: &[GroupSpan], at: usize, rest: &str, found: &mut Vec<usize>) {
    if rest.is_empty() {
        found.push(at);
        return;
    }
    let (name, rest) = rest.split_once('.').unwrap_or((rest, ""));
    let inside = &groups[at + 1..=at + groups[at].inside];
    for child in outermost(inside).filter(|&child| inside[child].name == name) {
        follow(groups, at + 1 + child, rest, found);
    }
}

/// The type of a field that takes groups or segments: a struct that must be there, an `Option` or a `Vec` of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken from a group or segment",
    label = "no struct that derives `FromHl7`",
    note = "a group or segment is taken as a struct that derives `FromHl7`, or an `Option<_>` or `Vec<_>` of one"
)]
pub trait Nested: Sized {
    /// Takes as many as it holds.
    ///
    /// # Errors
    /// When there is none and one is needed, or one cannot be read.
    #[doc(hidden)]
    fn of_scopes(
        scopes: &mut dyn Iterator<Item = Scope<'_>>,
        place: &str,
        field: &'static str,
    ) -> Result<Self, ExtractError>;
}

#[diagnostic::do_not_recommend]
impl<T: FromHl7> Nested for T {
    fn of_scopes(
        scopes: &mut dyn Iterator<Item = Scope<'_>>,
        place: &str,
        field: &'static str,
    ) -> Result<Self, ExtractError> {
        let scope = scopes
            .next()
            .ok_or_else(|| ExtractError::new(field, place, Problem::Field(FieldError::Absent)))?;
        T::from_scope(&scope).map_err(|error| error.within(field, None))
    }
}

impl<T: FromHl7> Nested for Option<T> {
    fn of_scopes(
        scopes: &mut dyn Iterator<Item = Scope<'_>>,
        _place: &str,
        field: &'static str,
    ) -> Result<Self, ExtractError> {
        let first = scopes.next().map(|scope| T::from_scope(&scope));
        first.transpose().map_err(|error| error.within(field, None))
    }
}

impl<T: FromHl7> Nested for Vec<T> {
    fn of_scopes(
        scopes: &mut dyn Iterator<Item = Scope<'_>>,
        _place: &str,
        field: &'static str,
    ) -> Result<Self, ExtractError> {
        let read = |(number, scope)| {
            T::from_scope(&scope).map_err(|error| error.within(field, Some(number)))
        };
        (1..).zip(scopes).map(read).collect()
    }
}

/// The type of a field that takes all there is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a whole message",
    label = "neither `Tree` nor `Vec<u8>`",
    note = "`#[hl7(raw)]` is for a `Tree`, or for the bytes as a `Vec<u8>`"
)]
pub trait FromRaw: Sized {
    /// Takes all there is.
    ///
    /// # Errors
    /// When it cannot be read as a message.
    fn from_raw(scope: &Scope<'_>) -> Result<Self, DecodeError>;
}

/// The bytes as they came: in the struct of a group or segment, those of its segments.
impl FromRaw for Vec<u8> {
    fn from_raw(scope: &Scope<'_>) -> Result<Self, DecodeError> {
        Ok(scope.bytes().to_vec())
    }
}

/// The message as it came. In the struct of a group or segment, its segments behind an MSH that declares the delimiters
/// and says nothing else.
impl FromRaw for Tree {
    fn from_raw(scope: &Scope<'_>) -> Result<Self, DecodeError> {
        let (bytes, tree) = (scope.bytes(), scope.tree);
        if scope.part.is_none() {
            return Ok(tree.clone());
        }
        if is_header(bytes, tree.delimiters().field) && bytes.starts_with(b"MSH") {
            return Tree::parse_within(bytes, &READ_BEFORE);
        }
        let header = tree.at(0);
        let declared = header.field(2).map_or(header.range().end, |field| field.range().end);
        let header = &tree.bytes()[header.range().start..declared];
        Tree::parse_within([header, b"\r", bytes].concat(), &READ_BEFORE)
    }
}
