//! Corrections of what the definitions say, each with its reason, laid over the elements before anything is read from them.
//!
//! A correction that no longer applies is an error: either somebody corrected the definition itself, or it was never there.

use serde::Deserialize;

use super::error::{At, Errors};
use super::row;
use super::tree::Node;

/// `<add>` and `<remove>`: children of the element. What is added stands at the end, or before a member of that name.
#[derive(Deserialize)]
struct Correction {
    at: String,
    before: Option<String>,
    reason: String,
    sources: String,
}

/// `<change>`: an attribute of the element has another value, or none.
#[derive(Deserialize)]
struct Change {
    at: String,
    attribute: String,
    was: Option<String>,
    is: Option<String>,
    reason: String,
    sources: String,
}

/// Lays the corrections of `<errata>` over the files of its version.
pub(super) fn apply(errata: &Node, roots: &mut [Node], errors: &mut Errors) {
    for node in &errata.children {
        match node.name.as_str() {
            "change" => change(node, roots, errors),
            "add" | "remove" => change_children(node, roots, errors),
            other => errors.push(
                &node.at,
                format!("unexpected element <{other}> in <errata>"),
                "<errata> may hold: change, add, remove",
            ),
        }
    }
}

fn change(node: &Node, roots: &mut [Node], errors: &mut Errors) {
    let Some(row) = row::read::<Change>(node, errors) else { return };
    explained(&node.at, &row.reason, &row.sources, errors);
    let Some(target) = target(&row.at, roots) else { return nothing_at(node, &row.at, errors) };
    let at = target.attributes.iter().position(|(name, _)| *name == row.attribute);
    let found = at.map(|at| target.attributes[at].1.clone());
    if found != row.was {
        let said = |value: &Option<String>| match value {
            Some(value) => format!("{}=\"{value}\"", row.attribute),
            None => format!("no {}", row.attribute),
        };
        let what = format!("{} has {}, not {}", row.at, said(&found), said(&row.was));
        return errors.push(&node.at, what, "remove the erratum if the definition is right now");
    }
    if row.was == row.is {
        return errors.push(&node.at, "changes nothing", "say what it is instead of what it was");
    }
    if let Some(at) = at {
        target.attributes.remove(at);
    }
    target.attributes.extend(row.is.map(|is| (row.attribute, is)));
}

fn change_children(node: &Node, roots: &mut [Node], errors: &mut Errors) {
    let Some(row) = row::read::<Correction>(node, errors) else { return };
    explained(&node.at, &row.reason, &row.sources, errors);
    if node.children.is_empty() {
        errors.push(&node.at, "holds nothing", format!("put inside what to {}", node.name));
    }
    let Some(target) = target(&row.at, roots) else { return nothing_at(node, &row.at, errors) };
    if let Some(before) = &row.before {
        // The order of members is their meaning, and a name may stand among them twice.
        return match member_index(target, before) {
            _ if node.name != "add" => {
                errors.push(&node.at, "before is for <add> only", "remove the attribute");
            }
            Some(index) => drop(target.children.splice(index..index, node.children.clone())),
            None => nothing_at(node, &format!("{}/{before}", row.at), errors),
        };
    }
    for child in &node.children {
        let known = target.children.iter().position(|known| is_meant(known, child));
        match (node.name.as_str(), known) {
            ("add", None) => target.children.push(child.clone()),
            ("remove", Some(known)) => {
                target.children.remove(known);
            }
            ("add", Some(known)) => {
                let what = format!("{} has that already", row.at);
                let place = &target.children[known].at;
                errors.push(&child.at, what, format!("see {place}; remove the erratum"));
            }
            _ => {
                let what = format!("{} has no such <{}>", row.at, child.name);
                errors.push(&child.at, what, "remove the erratum if the definition is right now");
            }
        }
    }
}

/// Whether an element is the one that a correction shows: of its name, and with the attributes that name it.
fn is_meant(known: &Node, shown: &Node) -> bool {
    const NAMING: [&str; 6] = ["id", "seq", "code", "message", "trigger", "structure"];
    let naming = |node: &Node| {
        let named = node.attributes.iter().filter(|(name, _)| NAMING.contains(&name.as_str()));
        let mut named: Vec<_> = named.cloned().collect();
        named.sort();
        named
    };
    known.name == shown.name && naming(known) == naming(shown)
}

fn explained(at: &At, reason: &str, sources: &str, errors: &mut Errors) {
    if reason.trim().is_empty() || sources.trim().is_empty() {
        let help = "say why, and which source or neighbouring version has it";
        errors.push(at, "reason or sources are empty", help);
    }
}

fn nothing_at(node: &Node, address: &str, errors: &mut Errors) {
    errors.push(
        &node.at,
        format!("there is nothing at \"{address}\""),
        "write PID-3, CX.4, 0125, 0125#CWE, ADT^A04, an id, a structure's path ORU_R01/PATIENT_RESULT/PID[2], or \
         segments, datatypes, tables or messages",
    );
}

/// The element at an address as people write it.
fn target<'n>(address: &str, roots: &'n mut [Node]) -> Option<&'n mut Node> {
    let child = |node: &'n mut Node, names: &[&str], attribute: &str, value: &str| {
        node.children.iter_mut().find(|child| {
            names.contains(&child.name.as_str()) && child.attribute(attribute) == Some(value)
        })
    };
    let root = |roots: &'n mut [Node], name: &str| roots.iter_mut().find(|root| root.name == name);
    if roots.iter().any(|root| root.name == address) {
        return root(roots, address);
    }
    const DATATYPES: [&str; 3] = ["primitive", "varies", "composite"];
    if let Some((message, trigger)) = address.split_once('^') {
        return root(roots, "messages")?.children.iter_mut().find(|child| {
            child.name == "event"
                && child.attribute("message") == Some(message)
                && child.attribute("trigger").unwrap_or_default() == trigger
        });
    }
    if let Some((segment, seq)) = address.split_once('-') {
        let segment = child(root(roots, "segments")?, &["segment"], "id", segment)?;
        return child(segment, &["field"], "seq", seq);
    }
    if let Some((datatype, seq)) = address.split_once('.') {
        let datatype = child(root(roots, "datatypes")?, &DATATYPES, "id", datatype)?;
        return child(datatype, &["component"], "seq", seq);
    }
    if address.starts_with(|first: char| first.is_ascii_digit()) {
        let (table, code) = address.split_once('#').map_or((address, None), |(a, b)| (a, Some(b)));
        let table = child(root(roots, "tables")?, &["table"], "id", table)?;
        return match code {
            Some(code) => child(table, &["value"], "code", code),
            None => Some(table),
        };
    }
    let mut steps = address.split('/');
    let id = steps.next()?;
    let kinds = ["segment", "structure", DATATYPES[0], DATATYPES[1], DATATYPES[2]];
    let owner = roots.iter_mut().flat_map(|root| &mut root.children);
    let mut node = owner
        .into_iter()
        .find(|node| kinds.contains(&node.name.as_str()) && node.attribute("id") == Some(id))?;
    for step in steps {
        node = member(node, step)?;
    }
    Some(node)
}

/// `PID`, `PROCEDURE`, `ROL[2]` among the members of a structure or group.
fn member<'n>(node: &'n mut Node, step: &str) -> Option<&'n mut Node> {
    let index = member_index(node, step)?;
    node.children.get_mut(index)
}

fn member_index(node: &Node, step: &str) -> Option<usize> {
    let (name, nth) = match step.strip_suffix(']').and_then(|step| step.split_once('[')) {
        Some((name, nth)) => (name, nth.parse::<usize>().ok()?.checked_sub(1)?),
        None => (step, 0),
    };
    let is_named = |child: &Node| {
        let id = child.attribute("id").or(child.attribute("name"));
        id.unwrap_or("CHOICE") == name
    };
    let mut named = (0..node.children.len()).filter(|&index| is_named(&node.children[index]));
    named.nth(nth)
}
