//! A part that is stored only when something is in it.

use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::node::Empty;

/// A composite, or a required member of a message, that takes eight bytes while it is absent.
///
/// Reading through an absent part reads an empty one, so `pid.marital_status.identifier.text()` always works; writing
/// through it creates it. A required segment that a message lacked is an absent part, and stays absent when the message
/// is written back.
#[derive(Clone, PartialEq)]
pub struct Part<T>(Option<Box<T>>);

impl<T> Part<T> {
    /// The absent part.
    pub const ABSENT: Self = Self(None);

    /// Whether there is something.
    #[must_use]
    pub fn is_present(&self) -> bool {
        self.0.is_some()
    }

    /// What is there, if anything.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.0.as_deref()
    }

    /// What is there, to be changed; absent stays absent.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_deref_mut()
    }

    /// What is there; something absent is made.
    #[inline]
    pub(crate) fn get_or_make(&mut self, make: impl FnOnce() -> Box<T>) -> &mut T {
        // `get_or_insert_with` is three times this much for the compiler, once for every composite, segment and group.
        match self.0 {
            Some(ref mut part) => part,
            ref mut absent => absent.insert(make()),
        }
    }

    /// Takes it out, leaving the absent part.
    pub fn take(&mut self) -> Option<T> {
        self.0.take().map(|part| *part)
    }
}

impl<T: Empty> Deref for Part<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match &self.0 {
            Some(part) => part,
            None => T::SHARED,
        }
    }
}

impl<T: Empty> DerefMut for Part<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.get_or_make(|| Box::new(T::EMPTY))
    }
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self::ABSENT
    }
}

impl<T> From<T> for Part<T> {
    fn from(part: T) -> Self {
        Self(Some(Box::new(part)))
    }
}

impl<T: fmt::Debug> fmt::Debug for Part<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(part) => part.fmt(f),
            None => f.write_str("absent"),
        }
    }
}
