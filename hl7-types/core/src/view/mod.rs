//! Typed reading without structs: a message stays as it came, and types say where in it a value stands.
//!
//! [`Outline`] indexes a message and finds the place of each segment in its groups. What stands inside a segment is looked
//! at when it is asked for: a view is a position with a type, takes no memory of its own, and reads the same value that the
//! struct of the same name would hold. The views of a version are in its module `views`, behind the feature `views`, under
//! the names that the structs have: `views::messages::AdtA01`, `views::segments::Pid`, `views::datatypes::Xpn`.
//!
//! | | structs | views |
//! |---|---|---|
//! | hold | values of their own | the message's bytes |
//! | read a required segment that is absent | an empty one | an empty one |
//! | repetitions | `Vec` | [`Repetitions`], [`Members`]: read in order, found again by counting |
//! | can be changed, built and sent | yes | no: [`Outline::tree`] has the bytes, [`Tree::set`](crate::Tree::set) changes them |
//! | findings | all rules of structure | those about groups and segments; [`Outline::check`] has all |
//!
//! A field is found by counting separators from the start of its segment, a component from the start of its repetition, a
//! member of a group by stepping over what stands before it: take out of a loop what is the same each time.
//!
//! What is behind a view without names, whether it is there at all, its bytes, what the standard does not define in it, is
//! its field: `adt.pid().0.is_present()`, `pid.0.raw()`, `adt.0.strays()`. A required choice that is absent is its first
//! alternative, absent.
//!
//! A view by hand is three lines, as the generated ones are:
//!
//! ```
//! use hl7_core::primitives::St;
//! use hl7_core::view::{Leaf, Segment};
//!
//! #[derive(Clone, Copy, Debug)]
//! struct Zbd<'m>(pub Segment<'m>);
//!
//! hl7_core::segment_view!(Zbd);
//!
//! impl<'m> Zbd<'m> {
//!     /// ZBD-1: bed.
//!     fn bed(self) -> Leaf<'m, St> {
//!         self.0.field(1)
//!     }
//! }
//!
//! # fn of(outline: &hl7_core::view::Outline<impl hl7_core::view::Message>) -> Option<Zbd<'_>> {
//! // ZBD has no place in the structures of the standard.
//! let bed = outline.segments().find(|segment| segment.id() == Some("ZBD")).map(Zbd)?;
//! assert!(!bed.bed().is_empty());
//! # Some(bed) }
//! ```

mod group;
mod outline;
mod part;
mod segment;
mod varying;

pub use group::{Group, Member, Members, MembersIter, Occurrence};
pub use outline::{Message, Outline, ReadAs};
pub use part::{Composite, FromPart, Leaf, Repetitions, RepetitionsIter};
pub use segment::Segment;
pub use varying::{Varies, VaryingIter, VaryingRepetitions};

/// Makes a struct around a [`Segment`] a view of a segment: `hl7_types::segment_view!(Zbd);`.
#[macro_export]
macro_rules! segment_view {
    ($view:ident) => {
        impl<'m> $crate::view::Member<'m> for $view<'m> {
            #[inline]
            fn of(occurrence: $crate::view::Occurrence<'m>) -> Self {
                Self(occurrence.segment())
            }
        }
    };
}

/// Makes a struct around a [`Group`] a view of a group: `hl7_types::group_view!(Insurance);`.
#[macro_export]
macro_rules! group_view {
    ($view:ident) => {
        impl<'m> $crate::view::Member<'m> for $view<'m> {
            #[inline]
            fn of(occurrence: $crate::view::Occurrence<'m>) -> Self {
                Self(occurrence.group())
            }
        }
    };
}

/// Makes a struct around a [`Group`] a view of a message, and says what its structure is:
/// `hl7_types::message_view!(AdtA01, ADT_A01);`.
#[macro_export]
macro_rules! message_view {
    ($view:ident, $structure:path) => {
        impl $crate::view::Message for $view<'_> {
            type At<'m> = $view<'m>;
            const READ_AS: $crate::view::ReadAs = $crate::view::ReadAs::Structure(&$structure);

            fn of(message: $crate::view::Group<'_>) -> $view<'_> {
                $view(message)
            }
        }
    };
}

/// Makes a struct around a [`Composite`] a view of a datatype: `hl7_types::datatype_view!(Xpn);`.
#[macro_export]
macro_rules! datatype_view {
    ($view:ident) => {
        impl<'m> $crate::view::FromPart<'m> for $view<'m> {
            #[inline]
            fn of(part: $crate::view::Composite<'m>) -> Self {
                Self(part)
            }
        }
    };
}
