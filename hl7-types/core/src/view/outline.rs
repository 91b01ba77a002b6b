//! A message with its outline: the bytes, the index over them, and the groups that its segments stand in.

use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

use crate::decode::{DecodeOptions, Entry, outline};
use crate::desc::{StructureDesc, VersionDesc};
use crate::error::DecodeError;
use crate::finding::{Findings, Rules};
use crate::tree::Tree;

use super::{Group, Segment};

/// A view of a message, such as `views::messages::AdtA01`.
pub trait Message {
    /// The view, for as long as its outline is borrowed.
    type At<'m>;

    /// What a message is read as.
    const READ_AS: ReadAs;

    /// The view of an outline, from the group that the whole message is.
    fn of(message: Group<'_>) -> Self::At<'_>;
}

/// What an outline is made by.
#[derive(Debug, Clone, Copy)]
pub enum ReadAs {
    /// By a structure, whatever MSH-9 says.
    Structure(&'static StructureDesc),
    /// By the structure of a version that MSH-9 names.
    Version(&'static VersionDesc),
}

/// The structure of a message, or the version in which MSH-9 names none.
type Found = Result<&'static StructureDesc, &'static VersionDesc>;

impl ReadAs {
    fn structure(self, tree: &Tree) -> Found {
        match self {
            ReadAs::Structure(structure) => Ok(structure),
            ReadAs::Version(version) => tree.structure(version).ok_or(version),
        }
    }
}

/// A message that is indexed and whose segments are in their groups; see the [module](crate::view).
///
/// Who keeps one names the view with `'static`, since the message is the outline's own: `Outline<AdtA01<'static>>`.
pub struct Outline<V> {
    kept: Kept,
    view: PhantomData<fn() -> V>,
}

/// What views point into.
#[derive(Clone)]
pub(super) struct Kept {
    pub(super) tree: Tree,
    pub(super) structure: Found,
    pub(super) entries: Vec<Entry>,
    /// See [`Kept::definitions`].
    definitions: OnceLock<Vec<u32>>,
    findings: Findings,
}

impl Kept {
    /// The segments that say what the columns behind them are, RDF; looked for when somebody reads columns.
    pub(super) fn definitions(&self) -> &[u32] {
        self.definitions.get_or_init(|| {
            let ids = (0..).zip(self.tree.segment_ids());
            ids.filter(|(_, id)| *id == Some(*b"RDF")).map(|(index, _)| index).collect()
        })
    }
}

impl<V: Message> Outline<V> {
    /// Indexes a message and finds the place of each segment.
    ///
    /// # Errors
    /// Only when the bytes are no HL7 message, or over a limit of [`Limits::DEFAULT`](crate::Limits::DEFAULT). Every other
    /// deviation is a finding.
    pub fn decode(bytes: impl Into<Vec<u8>>) -> Result<Self, DecodeError> {
        Self::decode_with(bytes, &DecodeOptions::default())
    }

    /// The same, with limits, rules and site definitions of the caller's.
    ///
    /// # Errors
    /// When the bytes are no HL7 message, or over a limit.
    pub fn decode_with(
        bytes: impl Into<Vec<u8>>,
        options: &DecodeOptions,
    ) -> Result<Self, DecodeError> {
        Ok(Self::of(Tree::parse_within(bytes, &options.limits)?, options))
    }

    /// The outline of a message that was indexed before.
    #[must_use]
    pub fn of(tree: Tree, options: &DecodeOptions) -> Self {
        let tree = tree.looked_at();
        let structure = V::READ_AS.structure(&tree);
        let (entries, findings) = match structure {
            Ok(structure) => outline(&tree, structure, options),
            Err(version) => (Vec::new(), tree.unknown_structure(version, options)),
        };
        let kept = Kept { tree, structure, entries, definitions: OnceLock::new(), findings };
        Self { kept, view: PhantomData }
    }

    /// The message, typed.
    #[must_use]
    pub fn message(&self) -> V::At<'_> {
        V::of(self.group())
    }
}

impl<V> Outline<V> {
    /// Checks the message against all rules.
    #[must_use]
    pub fn check(&self) -> Findings {
        self.check_with(&DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() })
    }

    /// Checks the message with rules, severities and site definitions of the caller's.
    #[must_use]
    pub fn check_with(&self, options: &DecodeOptions) -> Findings {
        match self.kept.structure {
            Ok(structure) => self.kept.tree.check(structure, options),
            Err(version) => self.kept.tree.check_segments(version, options),
        }
    }

    /// The message as a group without names for its members; nothing stands in it where the structure is not known.
    #[must_use]
    pub fn group(&self) -> Group<'_> {
        Group::whole(&self.kept)
    }

    /// The structure that the message was read as; `None` where MSH-9 names none.
    #[must_use]
    pub fn structure(&self) -> Option<&'static StructureDesc> {
        self.kept.structure.ok()
    }

    /// All segments in the order of the message, whatever group they stand in.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = Segment<'_>> {
        self.kept.tree.segments().map(|segment| Segment::at(&self.kept, segment.index()))
    }

    /// Where the header, the segments and their groups depart from the standard. What is inside segments was not looked
    /// at; [`Outline::check`] does.
    #[must_use]
    pub fn findings(&self) -> &Findings {
        &self.kept.findings
    }

    /// The message without types: its bytes, paths, segments in order.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.kept.tree
    }

    /// The same, taken out.
    #[must_use]
    pub fn into_tree(self) -> Tree {
        self.kept.tree
    }
}

impl<V> Clone for Outline<V> {
    fn clone(&self) -> Self {
        Self { kept: self.kept.clone(), view: PhantomData }
    }
}

impl<V> fmt::Debug for Outline<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.structure().map_or("no structure", |structure| structure.id);
        write!(f, "Outline({id}, {:?}, {} findings)", self.kept.tree, self.kept.findings.len())
    }
}
