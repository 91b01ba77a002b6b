//! The primitive datatypes (chapter 2A) as Rust types over [`Value`].

use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::desc::{DatatypeDesc, DatatypeKind, Format, TableDesc};
use crate::node::{Field, Slot, SlotMut};
use crate::value::Value;
use crate::visit::Visitor;

const fn primitive(id: &'static str, name: &'static str, format: Format) -> DatatypeDesc {
    DatatypeDesc::new(id, name, DatatypeKind::Primitive(format), 0)
}

/// Plain text: what a descriptor has where the standard gives no datatype.
pub(crate) static TEXT: DatatypeDesc = primitive("ST", "String Data", Format::String);

/// What every leaf type has: the value, conversions from text, comparison with text, its slot.
macro_rules! leaf {
    ($type:ident $(< $param:ident : $bound:ident >)?, $build:expr) => {
        impl $(<$param: $bound>)? Deref for $type $(<$param>)? {
            type Target = Value;
            #[inline]
            fn deref(&self) -> &Value {
                &self.0
            }
        }
        impl $(<$param: $bound>)? DerefMut for $type $(<$param>)? {
            #[inline]
            fn deref_mut(&mut self) -> &mut Value {
                &mut self.0
            }
        }
        impl $(<$param: $bound>)? From<Value> for $type $(<$param>)? {
            fn from(value: Value) -> Self {
                $build(value)
            }
        }
        impl $(<$param: $bound>)? From<&str> for $type $(<$param>)? {
            fn from(text: &str) -> Self {
                $build(Value::from(text))
            }
        }
        impl $(<$param: $bound>)? From<String> for $type $(<$param>)? {
            fn from(text: String) -> Self {
                $build(Value::from(text))
            }
        }
        impl $(<$param: $bound>)? PartialEq<str> for $type $(<$param>)? {
            fn eq(&self, other: &str) -> bool {
                self.0 == *other
            }
        }
        impl $(<$param: $bound>)? PartialEq<&str> for $type $(<$param>)? {
            fn eq(&self, other: &&str) -> bool {
                self.0 == **other
            }
        }
        impl $(<$param: $bound>)? fmt::Debug for $type $(<$param>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

/// A type that one leaf of a message can be read as.
pub trait Primitive: From<Value> {
    /// Whether it is a piece as it stands, separators included; any other leaf ends at the first separator.
    const WHOLE: bool = false;
}

impl<T: Table> Primitive for Coded<T> {}

macro_rules! primitives {
    ($whole:literal: $($(#[$doc:meta])* $type:ident = $id:literal $name:literal $format:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Default)]
        pub struct $type(Value);

        leaf!($type, $type);

        impl Primitive for $type {
            const WHOLE: bool = $whole;
        }

        impl Field for $type {
            const EMPTY: Self = Self(Value::EMPTY);
            const DATATYPE: &'static DatatypeDesc = {
                static DESC: DatatypeDesc = primitive($id, $name, Format::$format);
                &DESC
            };

            #[inline]
            fn slot(&self) -> Slot<'_> {
                Slot::Leaf(&self.0)
            }
            #[inline]
            fn show<'a>(&'a self, index: usize, to: &mut dyn Visitor<'a>) {
                if !self.0.is_empty() {
                    to.leaf(index, &self.0);
                }
            }
            #[inline]
            fn is_blank(&self) -> bool {
                self.0.is_empty()
            }
            #[inline]
            fn slot_mut(&mut self) -> SlotMut<'_> {
                SlotMut::Leaf(&mut self.0)
            }
        }
    )*};
}

primitives! { false:
    /// ST, string data: short text.
    St = "ST" "String Data" String;
    /// TX, text data: text meant for display.
    Tx = "TX" "Text Data" Text;
    /// FT, formatted text: text with formatting commands.
    Ft = "FT" "Formatted Text Data" Formatted;
    /// SI, sequence id: a non-negative whole number.
    Si = "SI" "Sequence ID" Sequence;
    /// NM, numeric.
    Nm = "NM" "Numeric" Number;
    /// ID, a code of an HL7 table that has no Rust type.
    Id = "ID" "Coded Value for HL7 Defined Tables" Id;
    /// IS, a code of a user-defined table that has no Rust type.
    Is = "IS" "Coded Value for User-Defined Tables" Coded;
    /// DT, date: `YYYY[MM[DD]]`.
    Dt = "DT" "Date" Date;
    /// TM, time of day: `HH[MM[SS[.S[S[S[S]]]]]][+/-ZZZZ]`.
    Tm = "TM" "Time" Time;
    /// DTM, date and time: `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]`.
    Dtm = "DTM" "Date/Time" DateTime;
    /// GTS, general timing specification.
    Gts = "GTS" "General Timing Specification" Timing;
    /// TN, telephone number (up to 2.2).
    Tn = "TN" "Telephone Number" Telephone;
    /// SNM, string of telephone number digits (from 2.7 on).
    Snm = "SNM" "String of Telephone Number Digits" StringNumber;
}

primitives! { true:
    /// CM, a composite whose parts version 2.1 does not name: kept as one piece, component separators included.
    Cm = "CM" "Composite" CompositeUnknown;
    /// A piece of ER7 kept as it came, separators included: withdrawn fields, parameters of queries, values whose type
    /// is not known.
    Raw = "varies" "Variable Datatype" String;
}

/// An enum over the codes of a table. The standard's tables are open: other codes stay text in [`Coded`].
pub trait Table: Copy + PartialEq + 'static {
    /// The table.
    const DESC: &'static TableDesc;
    /// All variants, in the order of the descriptor's codes.
    const ALL: &'static [Self];

    /// Position of this variant in [`Table::ALL`].
    fn index(self) -> usize;

    /// The code as sent.
    #[must_use]
    fn code(self) -> &'static str {
        Self::DESC.codes[self.index()].code
    }

    /// The label as the standard prints it.
    #[must_use]
    fn label(self) -> &'static str {
        Self::DESC.codes[self.index()].label
    }

    /// The variant for a code.
    #[must_use]
    fn of_code(code: &str) -> Option<Self> {
        Self::ALL.get(Self::DESC.position(code)?).copied()
    }
}

/// Makes an enum the [`Table`] of a descriptor: it has a variant for each code, in the descriptor's order, or it does not
/// compile. It gets `Debug`, which writes the variant, and `Eq`; its definition derives the rest.
///
/// ```
/// use hl7_core::desc::{Code, TableDesc, TableKind};
/// use hl7_core::Table;
///
/// static COLOUR: TableDesc = TableDesc {
///     id: "9001",
///     name: "Colour",
///     kind: TableKind::User,
///     codes: &[Code::new("G", "Green"), Code::new("R", "Red")],
///     patterns: &[],
/// };
///
/// #[derive(Clone, Copy, PartialEq)]
/// enum Colour {
///     Green,
///     Red,
/// }
///
/// hl7_core::table!(Colour, COLOUR, Green, Red);
///
/// assert_eq!(Colour::of_code("G"), Some(Colour::Green));
/// assert_eq!(Colour::Red.code(), "R");
/// assert_eq!(format!("{:?}", Colour::Red), "Red");
/// ```
#[macro_export]
macro_rules! table {
    ($enum:ident, $desc:path, $($variant:ident),+ $(,)?) => {
        $crate::__table!($enum, $desc, $($variant),+);
        const _: () = {
            // Every variant is listed.
            const fn number(variant: $enum) -> usize {
                match variant {
                    $($enum::$variant)|+ => variant as usize,
                }
            }
            $crate::__private::assert_codes(&[$(number($enum::$variant)),+], $desc.codes.len());
        };
    };
}

/// [`table!`](crate::table) of an enum that was generated, of which there are some four hundred in a version: what the other
/// looks at is so by the way it was made, and would cost whoever compiles it.
#[doc(hidden)]
#[macro_export]
macro_rules! __table {
    ($enum:ident, $desc:path, $($variant:ident),+) => {
        impl ::core::cmp::Eq for $enum {}
        // What `derive` writes is a match.
        impl ::core::fmt::Debug for $enum {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::__private::debug_variant(
                    ::core::stringify!($($variant)+),
                    *self as usize,
                    f,
                )
            }
        }
        impl $crate::Table for $enum {
            const DESC: &'static $crate::desc::TableDesc = &$desc;
            const ALL: &'static [Self] = &[$(Self::$variant),+];
            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

/// Fails to compile where the variants of an enum, by their numbers as they are listed, are not the codes of a table.
///
/// # Panics
/// There.
#[doc(hidden)]
#[track_caller]
pub const fn assert_codes(variants: &[usize], codes: usize) {
    assert!(variants.len() == codes, "the enum of a table has a variant for each of its codes");
    let mut index = 0;
    while index < codes {
        assert!(
            variants[index] == index,
            "the variants are listed as they are defined, and have no numbers of their own"
        );
        index += 1;
    }
}

/// A coded value (ID, IS or text) of a known table: typed for the codes that the table has, text for all others.
pub struct Coded<T: Table>(Value, PhantomData<fn() -> T>);

impl<T: Table> Coded<T> {
    const fn of(value: Value) -> Self {
        Self(value, PhantomData)
    }

    /// The variant, if the table has this code.
    #[must_use]
    pub fn known(&self) -> Option<T> {
        T::of_code(&self.text())
    }
}

leaf!(Coded<T: Table>, Coded::of);

impl<T: Table> From<T> for Coded<T> {
    fn from(variant: T) -> Self {
        Self::of(Value::from(variant.code()))
    }
}

impl<T: Table> PartialEq<T> for Coded<T> {
    fn eq(&self, other: &T) -> bool {
        self.known() == Some(*other)
    }
}

impl<T: Table> Clone for Coded<T> {
    fn clone(&self) -> Self {
        Self::of(self.0.clone())
    }
}

impl<T: Table> PartialEq for Coded<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: Table> Default for Coded<T> {
    fn default() -> Self {
        Self::of(Value::EMPTY)
    }
}

impl<T: Table> Field for Coded<T> {
    const EMPTY: Self = Self::of(Value::EMPTY);
    const DATATYPE: &'static DatatypeDesc = Id::DATATYPE;
    const TABLE: Option<&'static TableDesc> = Some(T::DESC);

    #[inline]
    fn slot(&self) -> Slot<'_> {
        Slot::Leaf(&self.0)
    }
    #[inline]
    fn show<'a>(&'a self, index: usize, to: &mut dyn Visitor<'a>) {
        if !self.0.is_empty() {
            to.leaf(index, &self.0);
        }
    }
    #[inline]
    fn is_blank(&self) -> bool {
        self.0.is_empty()
    }
    #[inline]
    fn slot_mut(&mut self) -> SlotMut<'_> {
        SlotMut::Leaf(&mut self.0)
    }
}
