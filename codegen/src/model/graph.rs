//! Datatypes as a graph: an edge is a component, from the datatype it is in to the one it has.
//!
//! ER7 nests two levels deep and then stops, so a cycle among datatypes is legal: the model marks the
//! edges on it and a struct boxes them. Only a cycle of *first* components is not: where a message has a
//! bare text, a reader descends along first components to the leaf that it belongs to, and finds none.

use super::{Component, Datatype, DatatypeId, DatatypeKind};
use crate::schema::{At, Errors};

/// Marks the components that lie on a cycle and counts leaves.
pub(super) fn finish(datatypes: &mut [Datatype]) {
    let reach: Vec<Vec<bool>> =
        (0..datatypes.len()).map(|from| reachable(datatypes, from)).collect();
    for (index, datatype) in datatypes.iter_mut().enumerate() {
        if let DatatypeKind::Composite(components) = &mut datatype.kind {
            for component in components {
                component.boxed = component.datatype.is_some_and(|to| reach[to.index()][index]);
            }
        }
    }
    let mut counted = vec![None; datatypes.len()];
    for index in 0..datatypes.len() {
        datatypes[index].leaves = leaves(datatypes, index, &mut counted);
    }
}

/// Everything that can be reached from `from`, `from` itself included.
fn reachable(datatypes: &[Datatype], from: usize) -> Vec<bool> {
    let mut seen = vec![false; datatypes.len()];
    seen[from] = true;
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for to in datatypes[at].components().iter().filter_map(|component| component.datatype) {
            if !std::mem::replace(&mut seen[to.index()], true) {
                open.push(to.index());
            }
        }
    }
    seen
}

/// Descends only along edges that are not boxed, hence never in a circle.
fn leaves(datatypes: &[Datatype], index: usize, counted: &mut [Option<usize>]) -> usize {
    if let Some(known) = counted[index] {
        return known;
    }
    let below = |component: &Component| match component.datatype {
        Some(to) if !component.boxed => leaves(datatypes, to.index(), counted),
        _ => 1,
    };
    let components = datatypes[index].components();
    let sum = match components {
        [] => 1,
        _ => components.iter().map(below).fold(0, usize::saturating_add),
    };
    counted[index] = Some(sum);
    sum
}

/// Reports each cycle of first components once, at the datatype with the smallest id.
pub(super) fn check_first_components(datatypes: &[Datatype], at: &[&At], errors: &mut Errors) {
    let first = |id: DatatypeId| datatypes[id.index()].components().first()?.datatype;
    for (start, at) in (0..).map(DatatypeId).zip(at) {
        let mut chain = vec![start];
        let mut next = first(start);
        while let Some(id) = next.filter(|id| !chain.contains(id)) {
            chain.push(id);
            next = first(id);
        }
        if next == Some(start) && chain.iter().all(|id| *id >= start) {
            chain.push(start);
            let path: Vec<&str> =
                chain.iter().map(|id| datatypes[id.index()].id.as_str()).collect();
            let what = format!(
                "cyclic structure: the first components of {} lead back to it ({}), \
                 a bare text would find no leaf",
                path[0],
                path.join(" → ")
            );
            errors.push(at, what, "give one of them a first component with another type");
        }
    }
}
