//! What changed between two versions of the standard, as data.
//!
//! Every function takes a descriptor of the older version, then one of the newer, and gives the changes that lead from
//! the first to the second. [`segment`] compares fields, [`datatype`] components, [`table`] codes, [`structure`] the
//! members of groups, and [`version`] all of these at once. A change shows itself as one line.
//!
//! ```
//! use hl7_core::desc::{ElementDesc, SegmentDesc, Usage};
//! use hl7_core::diff;
//! use hl7_core::node::Field;
//! use hl7_core::primitives::{Is, St};
//!
//! static OLD: SegmentDesc = SegmentDesc::new("ZPT", "Pet", &[
//!     ElementDesc::new("Name", "name", St::DATATYPE).len(20),
//!     ElementDesc::new("Sex", "sex", Is::DATATYPE).usage(Usage::R),
//! ]);
//! static NEW: SegmentDesc = SegmentDesc::new("ZPT", "Pet", &[
//!     ElementDesc::new("Name", "name", St::DATATYPE).len(250),
//!     ElementDesc::new("Administrative Sex", "administrative_sex", Is::DATATYPE),
//!     ElementDesc::new("Breed", "breed", St::DATATYPE),
//! ]);
//!
//! let lines: Vec<_> = diff::segment(&OLD, &NEW).iter().map(ToString::to_string).collect();
//! assert_eq!(lines, [
//!     "field 1, length: 20 → 250",
//!     "field 2, renamed: Sex → Administrative Sex",
//!     "field 2, usage: R → O",
//!     "field 3, added: Breed (ST)",
//! ]);
//! ```
//!
//! # What is compared with what
//!
//! Fields and components are matched by their position, never by name. A message says positions only: what an older
//! sender writes into PID-8 is what a newer receiver reads there, whatever either calls it. So a field that was renamed
//! is the same field, and one whose position went to another use shows as renamed and retyped, which is what a receiver
//! has to cope with. Segments, datatypes, tables, codes and structures are matched by their ids, members of structures
//! by their names and their order.
//!
//! # What is no change
//!
//! - **A name or label with other capitals, blanks or footnote marks.** `Date/Time Of Birth` became
//!   `Date/Time of Birth`; the standard has hundreds of these.
//! - **Item numbers and names of struct fields.** No message shows them.
//! - **Which field names the datatype of a varying one.** It varies in both versions.
//! - **What became of a field's datatype or table.** A field changed when it names another one. What the datatype itself
//!   became is the answer of [`datatype`], and it is the same for all fields that have it.

mod datatype;
mod element;
mod notation;
mod segment;
mod structure;
mod table;
mod version;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

pub use datatype::{DatatypeChange, datatype};
pub use element::{ElementChange, element, elements};
pub use notation::Cardinality;
pub use segment::{SegmentChange, segment};
pub use structure::{MemberChange, StructureChange, structure};
pub use table::{TableChange, table};
pub use version::{Changed, Items, VersionDiff, version};

/// Something as it was and as it is.
///
/// ```
/// use hl7_core::diff::Change;
///
/// assert_eq!(Change { old: "CE", new: "CWE" }.to_string(), "CE → CWE");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Change<T> {
    /// In the older version.
    pub old: T,
    /// In the newer version.
    pub new: T,
}

impl<T: PartialEq> Change<T> {
    /// A change, if there is one.
    ///
    /// ```
    /// use hl7_core::diff::Change;
    ///
    /// assert_eq!(Change::of(20, 250), Some(Change { old: 20, new: 250 }));
    /// assert_eq!(Change::of(20, 20), None);
    /// ```
    #[must_use]
    pub fn of(old: T, new: T) -> Option<Self> {
        (old != new).then_some(Self { old, new })
    }
}

impl<T> Change<T> {
    /// The same change seen through something that both have.
    ///
    /// ```
    /// use hl7_core::diff::Change;
    ///
    /// assert_eq!(Change { old: "CE", new: "CWE" }.map(str::len), Change { old: 2, new: 3 });
    /// ```
    #[must_use]
    pub fn map<U>(self, mut to: impl FnMut(T) -> U) -> Change<U> {
        Change { old: to(self.old), new: to(self.new) }
    }
}

impl<T: fmt::Display> fmt::Display for Change<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} → {}", self.old, self.new)
    }
}

/// A change of a name or label, unless it is one of capitals, blanks and footnote marks.
fn renamed(old: &'static str, new: &'static str) -> Option<Change<&'static str>> {
    (!letters(old).eq(letters(new))).then_some(Change { old, new })
}

/// A name without what does not count: `Result Status +`, `*Activity` and `Intermediate*` have marks of footnotes.
fn letters(name: &str) -> impl Iterator<Item = char> {
    // A plus without a blank in front is part of the name: `Rh+`.
    let name = name.trim_end_matches(" +").trim_matches(['*', '#', ' ']);
    name.chars().filter(|letter| !letter.is_whitespace()).map(|letter| letter.to_ascii_lowercase())
}

/// What the older and the newer version have under each key, sorted by key.
fn by_key<T: Copy, K: Ord>(
    old: impl IntoIterator<Item = T>,
    new: impl IntoIterator<Item = T>,
    key: impl Fn(T) -> K,
) -> impl Iterator<Item = (Option<T>, Option<T>)> {
    let mut sides: BTreeMap<K, (Option<T>, Option<T>)> = BTreeMap::new();
    for item in old {
        sides.entry(key(item)).or_default().0 = Some(item);
    }
    for item in new {
        sides.entry(key(item)).or_default().1 = Some(item);
    }
    sides.into_values()
}
