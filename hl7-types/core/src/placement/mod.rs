//! Which segment of a message stands at which position of its structure: the reading with the fewest deviations.
//!
//! A conforming message is read in one pass that only ever takes moves without a deviation. Where that pass gets stuck,
//! the best reading of the whole message is searched for: a shortest path over (segment, position of the last placed
//! segment), where a segment without a place costs [`STRAY`] and a required one that is missing costs
//! [`MISSING`](crate::grammar::MISSING).
//!
//! A segment that finds no place changes nothing about a reading but its cost, and it costs every reading the same. So
//! the cost of a reading is kept as the difference to the one that places nothing, and a segment only touches the
//! readings that end at one of its own positions. There are no more readings than positions in the structure: the time
//! is linear in the number of segments, and no reading has to be given up to make it so.
//!
//! Of two readings with equal cost, the one that placed the earlier segment wins.

use crate::grammar::{DEVIATION, Grammar, Move, NodeId, STRAY};

/// Where one segment stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// At a position; `within` is the innermost group that stays open on the way there.
    At { node: NodeId, within: NodeId },
    /// Nowhere: it stays where it is, in the innermost group open at that point.
    Stray,
}

/// The reading of a message.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) places: Vec<Place>,
    /// Whether something may be missing or without a place.
    pub(crate) deviates: bool,
}

/// The cheapest of the readings whose last placed segment stands at a position.
#[derive(Debug, Clone, Copy)]
struct Reading {
    /// That position; `None` before the first placed segment.
    at: Option<NodeId>,
    /// What it costs beyond leaving every segment so far without a place; mostly negative.
    cost: i64,
    /// Index of the last placed segment in the chains.
    last: Option<u32>,
}

/// A placed segment, and the one before it in its reading.
#[derive(Debug, Clone, Copy)]
struct Link {
    segment: u32,
    node: NodeId,
    within: NodeId,
    before: Option<u32>,
}

/// A way to place a segment at a position.
#[derive(Debug, Clone, Copy)]
struct Way {
    /// Index of the reading that it continues.
    from: usize,
    cost: i64,
    node: NodeId,
    within: NodeId,
}

/// The readings of a message up to some segment.
struct Search {
    /// In the order of what they did with the earliest segment that they read differently: one that placed it stands
    /// before one that did not.
    readings: Vec<Reading>,
    /// The placed segments of all readings, those that were dropped included.
    chains: Vec<Link>,
    /// Room for the readings before a segment while those behind it are made.
    before: Vec<Reading>,
}

/// The ids of a message's segments; `None` stands for a line without one. They are mostly gone through once, so nobody
/// writes them down.
pub(crate) trait Ids: ExactSizeIterator<Item = Option<[u8; 3]>> + Clone {}

impl<T: ExactSizeIterator<Item = Option<[u8; 3]>> + Clone> Ids for T {}

impl Grammar {
    /// Finds the place of each segment.
    pub(crate) fn place(&self, ids: impl Ids) -> Placement {
        self.place_conforming(ids.clone()).unwrap_or_else(|| self.place_best(ids))
    }

    fn move_to(&self, from: Option<NodeId>, to: NodeId) -> Option<Move> {
        match from {
            None => Some(self.first(to)),
            Some(from) => self.step(from, to),
        }
    }

    /// The position that a segment takes behind another, and the innermost group that stays open; `None` where it deviates.
    fn cheapest(&self, at: Option<NodeId>, id: [u8; 3]) -> Option<(NodeId, NodeId)> {
        let moves = self.positions(id).filter_map(|to| Some((to, self.move_to(at, to)?)));
        let (node, step) = moves.min_by_key(|(_, step)| step.cost)?;
        (step.cost < DEVIATION).then_some((node, step.within))
    }

    /// One pass over a message that has no deviation but segments unknown to the structure.
    fn place_conforming(&self, ids: impl Ids) -> Option<Placement> {
        let mut places = Vec::with_capacity(ids.len());
        let mut at = None;
        let mut deviates = false;
        for id in ids {
            let Some(id) = id else {
                places.push(Place::Stray);
                deviates = true;
                continue;
            };
            let Some((node, within)) = self.moves.or_find(at, id, || self.cheapest(at, id)) else {
                if self.has(id) {
                    return None;
                }
                places.push(Place::Stray);
                deviates = true;
                continue;
            };
            places.push(Place::At { node, within });
            at = Some(node);
        }
        (self.last(at) < DEVIATION).then_some(Placement { places, deviates })
    }

    /// The cheapest reading of any message.
    fn place_best(&self, ids: impl Ids) -> Placement {
        let segments = ids.len();
        let mut search = Search {
            readings: vec![Reading { at: None, cost: 0, last: None }],
            chains: Vec::with_capacity(segments),
            before: Vec::new(),
        };
        for (segment, id) in (0..).zip(ids) {
            if let Some(id) = id {
                search.advance(self, segment, id);
            }
        }
        let end = |reading: &&Reading| reading.cost + signed(self.last(reading.at));
        let best = search.readings.iter().min_by_key(end);
        let mut places = vec![Place::Stray; segments];
        let mut next = best.and_then(|reading| reading.last);
        while let Some(index) = next {
            let Link { segment, node, within, before } = search.chains[index as usize];
            places[segment as usize] = Place::At { node, within };
            next = before;
        }
        Placement { places, deviates: true }
    }
}

impl Search {
    /// Reads one more segment.
    fn advance(&mut self, grammar: &Grammar, segment: u32, id: [u8; 3]) {
        let ways = grammar.positions(id).filter_map(|node| self.cheapest(grammar, node));
        let mut ways: Vec<Way> = ways.collect();
        if ways.is_empty() {
            return;
        }
        ways.sort_by_key(|way| (way.from, way.node));
        std::mem::swap(&mut self.readings, &mut self.before);
        self.readings.clear();
        let mut ahead = ways.iter().peekable();
        for (index, reading) in self.before.iter().enumerate() {
            while let Some(way) = ahead.next_if(|way| way.from == index) {
                let last = u32::try_from(self.chains.len()).ok();
                let Way { cost, node, within, .. } = *way;
                self.chains.push(Link { segment, node, within, before: reading.last });
                self.readings.push(Reading { at: Some(node), cost, last });
            }
            if !ways.iter().any(|way| Some(way.node) == reading.at) {
                self.readings.push(*reading);
            }
        }
    }

    /// The cheapest way to a position, if it is not worse than the reading that ends there without this segment. Of
    /// equal ways, the one that continues the first reading.
    fn cheapest(&self, grammar: &Grammar, node: NodeId) -> Option<Way> {
        let readings = || self.readings.iter().enumerate();
        let there = readings().find(|(_, there)| there.at == Some(node));
        let mut bound = there.map_or((i64::MAX, 0), |(index, there)| (there.cost, index));
        // The cheapest reading mostly has the cheapest way, and then no other needs a look.
        let cheapest = readings().min_by_key(|(_, reading)| reading.cost);
        let mut best = None;
        for (from, reading) in cheapest.into_iter().chain(readings()) {
            let least = reading.cost - signed(STRAY);
            if (least, from) > bound {
                continue;
            }
            let Some(step) = grammar.move_to(reading.at, node) else { continue };
            let cost = least + signed(step.cost);
            if (cost, from) <= bound {
                bound = (cost, from);
                best = Some(Way { from, cost, node, within: step.within });
            }
        }
        best
    }
}

/// A cost as a number to subtract from; costs stay far below the largest.
fn signed(cost: u64) -> i64 {
    i64::try_from(cost).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
