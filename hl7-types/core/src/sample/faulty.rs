//! Messages with one fault: conforming ones that are damaged at one place, so that one rule finds it and no other does.

use crate::decode::DecodeOptions;
use crate::desc::StructureDesc;
use crate::finding::{Rule, Rules};
use crate::path::Path;
use crate::tree::Tree;

use super::damage::{Damage, Sample};
use super::{Fill, sample_seeded};

/// Places that are tried in one sample before another one is.
const TRIES: usize = 400;

/// A message with a single fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faulty {
    /// The message.
    pub bytes: Vec<u8>,
    /// What was damaged.
    pub path: Path,
    /// The rule that finds it.
    pub rule: Rule,
}

/// A message of a structure that conforms but for one place, where a rule, and no other of [`Rules::ALL`], has something to
/// find. The seed chooses the place and varies the values.
///
/// `None` where the structure has no place that could show it: a rule about withdrawn fields, for instance, in a message
/// without any.
#[must_use]
pub fn sample_faulty(structure: &'static StructureDesc, rule: Rule, seed: u64) -> Option<Faulty> {
    [Fill::Minimal, Fill::Full].into_iter().find_map(|fill| {
        let sample = Sample::new(structure, sample_seeded(structure, fill, seed), seed)?;
        let mut damages = sample.damages(rule);
        if !damages.is_empty() {
            let first = seed % damages.len() as u64;
            damages.rotate_left(usize::try_from(first).unwrap_or(0));
        }
        damages.iter().take(TRIES).find_map(|damage| single(structure, rule, &sample, damage))
    })
}

/// The damaged sample, if the rule finds the damage and nothing else is found.
fn single(
    structure: &'static StructureDesc,
    rule: Rule,
    sample: &Sample,
    damage: &Damage,
) -> Option<Faulty> {
    let bytes = sample.damaged(damage)?;
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let tree = Tree::parse(bytes).ok()?;
    let findings = match structure.version.map(|version| (version, tree.structure(version))) {
        Some((version, None)) => tree.check_segments(version, &options),
        Some((_, Some(read))) if read.id != structure.id => return None,
        _ => tree.check(structure, &options),
    };
    let [finding] = &findings[..] else { return None };
    let found = finding.rule == rule && finding.path.to_string() == damage.path.to_string();
    let path = finding.path;
    found.then(|| Faulty { bytes: tree.into_bytes(), path, rule })
}
