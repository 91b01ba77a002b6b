//! An application's own struct out of any message: what `derive(FromHl7)` writes the way to.
//!
//! Paths are read in the message as it came, as [`Tree`] reads them, so that a value is found whatever the
//! version of the message defines. Groups are those of its structs, or of the structure that MSH-9 names.

mod check;
mod check_groups;
mod convert;
mod error;
mod field;
mod groups;
pub(crate) mod near;
mod pattern;
mod scope;
#[cfg(test)]
mod tests;
mod text;

use crate::desc::VersionDesc;
use crate::message::Message;
use crate::node::GroupNode;
use crate::tree::Tree;

#[doc(hidden)]
pub use check::{checked_path, checked_path_in, structure_of, version_of};
#[doc(hidden)]
pub use check_groups::{checked_group, checked_group_of};
pub use error::{ExtractError, FieldError, Problem};
pub use field::{Found, FromField};
use groups::Grouped;
pub use pattern::Pattern;
pub use scope::{FromRaw, Nested, Scope};

/// What a struct can be taken from: a message struct, an `AnyMessage`, a [`Tree`].
pub trait Source {
    /// The message as its members, or untyped where there are none.
    ///
    /// # Errors
    /// The message, where it has no structs.
    fn members(&self) -> Result<&dyn GroupNode, &Tree>;
}

impl<T: Message> Source for T {
    fn members(&self) -> Result<&dyn GroupNode, &Tree> {
        Ok(self)
    }
}

impl Source for Tree {
    fn members(&self) -> Result<&dyn GroupNode, &Tree> {
        Err(self)
    }
}

/// A struct that can be taken from a message. Derive it: `hl7_macros` has the attributes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken from a message",
    label = "does not derive `FromHl7`"
)]
pub trait FromHl7: Sized {
    /// The version that the struct is written for: what its paths were checked against, and what tells the groups of a
    /// message that has no structs.
    #[must_use]
    fn version() -> Option<&'static VersionDesc> {
        None
    }

    /// Takes it from a message, or from one occurrence of a group or segment.
    ///
    /// # Errors
    /// When something is missing that a field must have, or is not of the field's type.
    fn from_scope(scope: &Scope<'_>) -> Result<Self, ExtractError>;

    /// Takes it from a message: a message struct, an `AnyMessage` or a [`Tree`], of whatever version and structure.
    ///
    /// # Errors
    /// When something is missing that a field must have, or is not of the field's type.
    fn from_message(message: &impl Source) -> Result<Self, ExtractError> {
        let grouped = match message.members() {
            Ok(root) => Grouped::typed(root)?,
            Err(tree) => Grouped::untyped(tree, Self::version()),
        };
        Self::from_scope(&Scope::whole(&grouped.tree, grouped.groups.as_deref()))
    }

    /// Takes it from bytes, without making the structs of the message. Its groups are those that the version of the
    /// struct has for MSH-9, whatever MSH-12 says.
    ///
    /// # Errors
    /// When the bytes are no message, and as [`FromHl7::from_message`].
    fn from_hl7(bytes: &[u8]) -> Result<Self, ExtractError> {
        Self::from_message(&Tree::parse(bytes)?)
    }
}
