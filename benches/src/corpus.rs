//! The messages of a kind that a run works on.

use crate::kinds::Kind;
use crate::operations::{Keeper, Operation};
use crate::template::message;

/// About as many bytes as a kind has messages: more than a processor learns by heart, and few enough for its caches.
const BYTES: usize = 512 << 10;
/// Messages of a kind at least, however long they are.
const LEAST: usize = 4;

/// Messages of one kind, no two the same.
#[derive(Debug)]
pub struct Corpus {
    /// What they are.
    pub kind: &'static Kind,
    /// The messages.
    pub messages: Vec<Vec<u8>>,
}

impl Corpus {
    /// As many as fill half a megabyte, four at least.
    #[must_use]
    pub fn of(kind: &'static Kind) -> Self {
        let mut messages = Vec::new();
        let mut bytes = 0;
        while bytes < BYTES || messages.len() < LEAST {
            let next = message(kind.template, messages.len() as u64);
            bytes += next.len();
            messages.push(next);
        }
        Self { kind, messages }
    }

    /// The first so many.
    #[must_use]
    pub fn first(kind: &'static Kind, count: usize) -> Self {
        Self {
            kind,
            messages: (0..count as u64).map(|seed| message(kind.template, seed)).collect(),
        }
    }

    /// The bytes of all messages.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.messages.iter().map(Vec::len).sum()
    }

    /// The longest message.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.messages.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// What is measured on the messages; with the feature `peers`, what is measured of others too.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation<'_>> {
        #[cfg_attr(not(feature = "peers"), allow(unused_mut, reason = "nothing follows"))]
        let mut all = (self.kind.operations)(self);
        #[cfg(feature = "peers")]
        all.extend(crate::peers::operations(self));
        all
    }

    /// What can be kept of a message; with the feature `peers`, of others too.
    #[must_use]
    pub fn kept(&self) -> Vec<Keeper<'_>> {
        #[cfg_attr(not(feature = "peers"), allow(unused_mut, reason = "nothing follows"))]
        let mut all = (self.kind.kept)(self);
        #[cfg(feature = "peers")]
        all.extend(crate::peers::kept(self));
        all
    }
}
