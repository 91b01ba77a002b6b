//! A message structure as a tree of positions with the cost of every way from one to the next.
//!
//! A structure is a regular expression over segment ids: sequences, choices, optional and repeating parts, nested but
//! never recursive. Moving from the position of one segment to the position of the next leaves required parts out
//! (each costs [`MISSING`]) or not. Prefix sums over the tree give that cost without a search.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::desc::{AnySegment, GroupDesc, MANY, MemberDesc, MemberKind};

/// Costs below this are preferences, not deviations. Four million segments, each at the end of a way full of
/// preferences, do not add up to it.
pub(crate) const DEVIATION: u64 = 1 << 32;
/// Cost of a required segment that is not there.
pub(crate) const MISSING: u64 = 2 * DEVIATION;
/// Cost of a segment that finds no place.
pub(crate) const STRAY: u64 = 3 * DEVIATION;
/// Cost of entering a group past its first member. Not a deviation: it decides between readings that conform, so that a
/// segment which opens the current group again is not taken for the middle of an inner one.
const SKIP_FIRST: u64 = 64;
/// Cost of taking a named segment for "any segment".
const ANY: u64 = 256;

/// Index of a node; the root is 0.
pub(crate) type NodeId = u32;

/// One member of the structure, in document order.
#[derive(Debug)]
pub(crate) struct GrammarNode {
    pub(crate) parent: NodeId,
    /// Index among the members of the parent.
    pub(crate) index: u16,
    depth: u16,
    repeats: bool,
    pub(crate) shape: Shape,
    /// Cost of leaving it out: what its required segments cost if it is required, else nothing.
    own: u64,
    /// Cost of leaving out its required siblings before it.
    before: u64,
    /// The same summed from the root, for this node and all above it.
    open_sum: u64,
    close_sum: u64,
    skip_sum: u64,
    pub(crate) member: Option<&'static MemberDesc>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Sequence,
    Choice,
    Segment,
    Any(AnySegment),
}

/// A way from one position to the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    pub(crate) cost: u64,
    /// The innermost group that stays open; everything below it on the way to the new position is opened anew.
    pub(crate) within: NodeId,
    /// The node that is repeated, if the move is a repetition.
    pub(crate) repeated: Option<NodeId>,
}

/// The first step from a group down to a position below it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Descent {
    /// The member of the group on the way.
    pub(crate) slot: NodeId,
    /// Its index among the members.
    pub(crate) index: u16,
    /// Of a choice, the index of the alternative taken.
    pub(crate) variant: u16,
    /// That alternative, else the member.
    pub(crate) target: NodeId,
}

impl Descent {
    /// The member and how often it stands in its group now, from the same of what stood there last. Placement only ever
    /// goes forward in a group: what stands again stands next.
    pub(crate) fn after(&self, last: (u16, u32)) -> (u16, u32) {
        (self.index, if last.0 == self.index { last.1 + 1 } else { 1 })
    }
}

/// Moves that messages took: most take the same. What stands in a slot is whole, so whoever reads it needs no lock, and
/// whoever finds another move there writes over it.
#[derive(Debug)]
pub(crate) struct Moves(Vec<AtomicU64>);

impl Moves {
    /// Bits of a node; the id of a segment takes 24. A structure with more nodes goes without.
    const NODE: u32 = 13;

    /// None yet. There is room for them where a structure is used, not in every one that there is.
    fn new() -> Self {
        Self((0..=u8::MAX).map(|_| AtomicU64::new(0)).collect())
    }

    /// The move of a segment behind a position, as a position and the innermost group that stays open.
    #[inline]
    pub(crate) fn or_find(
        &self,
        at: Option<NodeId>,
        id: [u8; 3],
        find: impl FnOnce() -> Option<(NodeId, NodeId)>,
    ) -> Option<(NodeId, NodeId)> {
        // No segment stands at the root.
        let at = at.unwrap_or_default();
        let asked = u64::from(key(id)) << Self::NODE | u64::from(at);
        let slot = (asked.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize;
        let slot = &self.0[slot];
        let known = slot.load(Ordering::Relaxed);
        if known >> (2 * Self::NODE) == asked && known != 0 && at >> Self::NODE == 0 {
            return Some((Self::node(known >> Self::NODE), Self::node(known)));
        }
        let (node, within) = find()?;
        if (at | node | within) >> Self::NODE == 0 {
            let to = u64::from(node) << Self::NODE | u64::from(within);
            slot.store(asked << (2 * Self::NODE) | to, Ordering::Relaxed);
        }
        Some((node, within))
    }

    #[expect(clippy::cast_possible_truncation, reason = "what is cut off is another part")]
    fn node(bits: u64) -> NodeId {
        bits as NodeId & ((1 << Self::NODE) - 1)
    }
}

/// A segment id as a number, which compares faster.
fn key(id: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, id[0], id[1], id[2]])
}

/// A structure, flattened.
#[derive(Debug)]
pub(crate) struct Grammar {
    nodes: Vec<GrammarNode>,
    /// Segment positions by id, sorted by id, then in document order.
    named: Vec<(u32, NodeId)>,
    any: Vec<(AnySegment, NodeId)>,
    pub(crate) moves: Moves,
}

impl Grammar {
    pub(crate) fn of(root: &'static GroupDesc) -> Self {
        let mut grammar =
            Self { nodes: Vec::new(), named: Vec::new(), any: Vec::new(), moves: Moves::new() };
        grammar.nodes.push(GrammarNode {
            parent: 0,
            index: 0,
            depth: 0,
            repeats: false,
            shape: Shape::Sequence,
            own: 0,
            before: 0,
            open_sum: 0,
            close_sum: 0,
            skip_sum: 0,
            member: None,
        });
        grammar.add_members(0, root.members);
        grammar.sum();
        grammar.named.sort();
        grammar
    }

    fn add_members(&mut self, parent: NodeId, members: &'static [MemberDesc]) {
        for (index, member) in members.iter().enumerate() {
            let id = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
            let in_choice = self.node(parent).shape == Shape::Choice;
            let shape = match member.kind {
                MemberKind::Segment(segment) => {
                    if let Ok(segment) = segment.id.as_bytes().try_into() {
                        self.named.push((key(segment), id));
                    }
                    Shape::Segment
                }
                MemberKind::Any(any) => {
                    self.any.push((any, id));
                    Shape::Any(any)
                }
                MemberKind::Group(_) => Shape::Sequence,
                MemberKind::Choice(_) => Shape::Choice,
            };
            self.nodes.push(GrammarNode {
                parent,
                index: u16::try_from(index).unwrap_or(MANY),
                depth: self.node(parent).depth + 1,
                repeats: member.max > 1,
                shape,
                own: 0,
                before: 0,
                open_sum: 0,
                close_sum: 0,
                skip_sum: 0,
                member: Some(member),
            });
            if let MemberKind::Group(group) | MemberKind::Choice(group) = member.kind {
                self.add_members(id, group.members);
            }
            let required = member.min > 0 || in_choice;
            let own = if required { self.least(id, member) } else { 0 };
            self.nodes[id as usize].own = own;
        }
    }

    /// What leaving out a present-day occurrence of a member would cost: its required segments.
    fn least(&self, id: NodeId, member: &'static MemberDesc) -> u64 {
        let children = self
            .nodes
            .iter()
            .skip(id as usize + 1)
            .filter(|node| node.parent == id)
            .map(|node| node.own);
        match member.kind {
            MemberKind::Segment(_) | MemberKind::Any(_) => MISSING,
            MemberKind::Group(_) => children.sum(),
            MemberKind::Choice(_) => children.min().unwrap_or(0),
        }
    }

    /// Fills in the sums from the root down; parents stand before their children.
    fn sum(&mut self) {
        let mut totals = vec![0_u64; self.nodes.len()];
        for at in 1..self.nodes.len() {
            let (parent, own) = (self.nodes[at].parent as usize, self.nodes[at].own);
            if self.nodes[parent].shape == Shape::Sequence {
                self.nodes[at].before = totals[parent];
                totals[parent] += own;
            }
        }
        for at in 1..self.nodes.len() {
            let parent = self.nodes[at].parent as usize;
            let (open, close, skip) = (
                self.nodes[parent].open_sum,
                self.nodes[parent].close_sum,
                self.nodes[parent].skip_sum,
            );
            let sequence = self.nodes[parent].shape == Shape::Sequence;
            let node = &mut self.nodes[at];
            let after = if sequence { totals[parent] - node.before - node.own } else { 0 };
            let skipped = if sequence && node.index > 0 { SKIP_FIRST } else { 0 };
            let any = if matches!(node.shape, Shape::Any(_)) { ANY } else { 0 };
            node.open_sum = open + node.before;
            node.close_sum = close + after;
            node.skip_sum = skip + skipped + any;
        }
    }

    pub(crate) fn node(&self, id: NodeId) -> &GrammarNode {
        &self.nodes[id as usize]
    }

    /// Nodes with their ids, in document order.
    pub(crate) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let first = id as usize + 1;
        (first..self.nodes.len())
            .take_while(move |&at| self.nodes[at].depth > self.nodes[id as usize].depth)
            .filter(move |&at| self.nodes[at].parent == id)
            .filter_map(|at| u32::try_from(at).ok())
    }

    /// Positions that a segment id can take, in document order.
    pub(crate) fn positions(&self, id: [u8; 3]) -> impl Iterator<Item = NodeId> + '_ {
        let wanted = key(id);
        let from = self.named.partition_point(|(known, _)| *known < wanted);
        let named = self.named[from..]
            .iter()
            .take_while(move |(known, _)| *known == wanted)
            .map(|&(_, node)| node);
        let kind = if id[0] == b'Z' { AnySegment::Site } else { AnySegment::Hl7 };
        named.chain(self.any.iter().filter(move |(any, _)| *any == kind).map(|&(_, node)| node))
    }

    /// Whether the structure has a position for this id.
    pub(crate) fn has(&self, id: [u8; 3]) -> bool {
        self.positions(id).next().is_some()
    }

    /// Whether the structure names this id.
    pub(crate) fn names(&self, id: [u8; 3]) -> bool {
        self.named.binary_search_by(|(known, _)| known.cmp(&key(id))).is_ok()
    }

    /// The way from the start of a message to a position.
    pub(crate) fn first(&self, to: NodeId) -> Move {
        let child = self.ancestor_below(to, 0);
        let cost = self.node(child).before + self.open(child, to);
        Move { cost, within: 0, repeated: None }
    }

    /// What is missing when the message ends at a position, or before any.
    pub(crate) fn last(&self, from: Option<NodeId>) -> u64 {
        match from {
            Some(from) => self.node(from).close_sum,
            None => self.children(0).map(|child| self.node(child).own).sum(),
        }
    }

    /// The cheapest way from one position to another, if there is one: onwards, or by repeating the innermost part
    /// around both that repeats.
    pub(crate) fn step(&self, from: NodeId, to: NodeId) -> Option<Move> {
        let (mut common, mut left, mut right) = (to, from, to);
        if from != to {
            (common, left, right) = self.fork(from, to);
        }
        let onwards = (from != to && self.node(common).shape == Shape::Sequence && left < right)
            .then(|| {
                let between =
                    self.node(right).before - self.node(left).before - self.node(left).own;
                let cost = self.close(from, left) + between + self.open(right, to);
                Move { cost, within: common, repeated: None }
            });
        let mut around = common;
        while !self.node(around).repeats && around != 0 {
            around = self.node(around).parent;
        }
        let again = self.node(around).repeats.then(|| {
            let climbed = u64::from(self.node(from).depth - self.node(around).depth);
            let cost = self.close(from, around) + self.open(around, to) + climbed;
            Move { cost, within: self.node(around).parent, repeated: Some(around) }
        });
        match (onwards, again) {
            (Some(onwards), Some(again)) => {
                Some(if again.cost < onwards.cost { again } else { onwards })
            }
            (onwards, again) => onwards.or(again),
        }
    }

    /// The lowest common ancestor of two different positions, and its children on the way to each.
    fn fork(&self, from: NodeId, to: NodeId) -> (NodeId, NodeId, NodeId) {
        let (mut left, mut right) = (from, to);
        while self.node(left).depth > self.node(right).depth {
            left = self.node(left).parent;
        }
        while self.node(right).depth > self.node(left).depth {
            right = self.node(right).parent;
        }
        while self.node(left).parent != self.node(right).parent {
            left = self.node(left).parent;
            right = self.node(right).parent;
        }
        (self.node(left).parent, left, right)
    }

    /// The ancestor of `node` (or itself) whose parent is `above`.
    pub(crate) fn ancestor_below(&self, mut node: NodeId, above: NodeId) -> NodeId {
        while self.node(node).parent != above && node != 0 {
            node = self.node(node).parent;
        }
        node
    }

    /// Which member of a group a position below it belongs to.
    pub(crate) fn descend(&self, group: NodeId, position: NodeId) -> Descent {
        let slot = self.ancestor_below(position, group);
        let index = self.node(slot).index;
        if self.node(slot).shape != Shape::Choice {
            return Descent { slot, index, variant: 0, target: slot };
        }
        let target = self.ancestor_below(position, slot);
        Descent { slot, index, variant: self.node(target).index, target }
    }

    /// Required parts before `to`, from below `above` downwards, and the preference against skipped first members.
    fn open(&self, above: NodeId, to: NodeId) -> u64 {
        let (above, to) = (self.node(above), self.node(to));
        to.open_sum - above.open_sum + to.skip_sum - above.skip_sum
    }

    /// Required parts after `from`, up to the members of `above`.
    fn close(&self, from: NodeId, above: NodeId) -> u64 {
        self.node(from).close_sum - self.node(above).close_sum
    }

    /// The required segments and groups that a move leaves out, in document order.
    pub(crate) fn missing(
        &self,
        from: Option<NodeId>,
        to: Option<NodeId>,
        step: Option<&Move>,
    ) -> Vec<NodeId> {
        let mut missing = Vec::new();
        let stop = step.map_or(0, |step| step.repeated.unwrap_or(step.within));
        if let Some(from) = from {
            let mut at = from;
            while at != stop && at != 0 {
                let parent = self.node(at).parent;
                let behind = self.node(at).index;
                // In the group that stays open, what follows ends where the new position begins.
                let until = match (step, to) {
                    (Some(Move { repeated: None, within, .. }), Some(to)) if *within == parent => {
                        self.node(self.ancestor_below(to, parent)).index
                    }
                    _ => MANY,
                };
                self.collect(parent, behind, until, &mut missing);
                at = parent;
            }
        }
        if let Some(to) = to {
            let mut opened = Vec::new();
            let top = if from.is_none() { 0 } else { stop };
            let mut at = to;
            while at != top && at != 0 {
                let parent = self.node(at).parent;
                let onwards = from.is_some()
                    && parent == stop
                    && step.is_some_and(|step| step.repeated.is_none());
                if !onwards {
                    let mut here = Vec::new();
                    self.collect_from(parent, 0, self.node(at).index, &mut here);
                    opened.splice(0..0, here);
                }
                at = parent;
            }
            missing.extend(opened);
        }
        if from.is_none() && to.is_none() {
            self.collect_from(0, 0, MANY, &mut missing);
        }
        missing
    }

    fn collect(&self, parent: NodeId, behind: u16, until: u16, missing: &mut Vec<NodeId>) {
        self.collect_from(parent, behind.saturating_add(1), until, missing);
    }

    fn collect_from(&self, parent: NodeId, first: u16, until: u16, missing: &mut Vec<NodeId>) {
        if self.node(parent).shape == Shape::Sequence {
            let required = |id: &NodeId| {
                let node = self.node(*id);
                node.own > 0 && node.index >= first && node.index < until
            };
            missing.extend(self.children(parent).filter(required));
        }
    }

    /// Names from the top to a node: `PATIENT_RESULT.ORDER_OBSERVATION`.
    pub(crate) fn group_path(&self, mut id: NodeId) -> String {
        let mut names = Vec::new();
        while id != 0 {
            if let Some(member) = self.node(id).member {
                names.push(member.name());
            }
            id = self.node(id).parent;
        }
        names.reverse();
        names.join(".")
    }
}
