//! Which lane of a destination a message goes through.

use hl7_core::{Path, Tree};

use crate::config::Lanes;
use crate::store::EVERY_LANE;

/// The lane of a message: the same for all messages with the same key, so that their order is kept. Every lane waits for what
/// has several keys (a merge, a link, results of many patients) and for what cannot be read, as nobody knows whose it is.
pub(crate) fn lane_of(tree: Option<&Tree>, lanes: &Lanes) -> i64 {
    let Lanes { count, key: Some(key) } = lanes else { return 0 };
    let Some(tree) = tree else { return EVERY_LANE };
    if tree.segments().any(|segment| segment.id() == Some("MRG")) {
        return EVERY_LANE;
    }
    let mut keys = keys(tree, key);
    let first = keys.next().unwrap_or_default();
    if keys.any(|key| key != first) {
        return EVERY_LANE;
    }
    // The remainder is less than the count, which is small.
    (hash(first.as_bytes()) % (*count).max(1) as u64) as i64
}

/// What each occurrence of the key's segment says.
fn keys<'t>(tree: &'t Tree, key: &'t Path) -> impl Iterator<Item = String> + 't {
    let segments = tree.segments().filter(|segment| segment.id() == Some(key.segment()));
    segments.map(|segment| {
        segment.piece(key).map(|piece| piece.text().into_owned()).unwrap_or_default()
    })
}

/// FNV-1a: the same on every machine and in every version, as it decides about what is queued.
fn hash(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(message: &str) -> i64 {
        let key = "PID-3.1".parse().expect("a path");
        let tree = Tree::parse(message).expect("a message");
        lane_of(Some(&tree), &Lanes { count: 4, key: Some(key) })
    }

    fn of(patients: &[u32]) -> String {
        let pids: String = patients.iter().map(|id| format!("PID|1||{id}^^^H\r")).collect();
        format!("MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5\r{pids}")
    }

    #[test]
    fn the_same_key_has_the_same_lane() {
        let lanes: Vec<_> = (0..100).map(|id| lane(&of(&[id]))).collect();
        assert!(lanes.iter().all(|lane| (0..4).contains(lane)));
        assert!((0..4).all(|lane| lanes.contains(&lane)), "all of them are used");
        assert_eq!(lane(&of(&[7, 7])), lane(&of(&[7])));
        assert_eq!(lane(&of(&[])), lane("MSH|^~\\&|\rPID|1||\"\"\r".replace("\"\"", "").as_str()));
    }

    #[test]
    fn what_has_several_keys_or_none_that_can_be_read_waits_for_all() {
        assert_eq!(lane(&of(&[7, 8])), EVERY_LANE);
        assert_eq!(lane(&format!("{}MRG|8\r", of(&[7]))), EVERY_LANE);
        let key = "PID-3.1".parse().expect("a path");
        assert_eq!(lane_of(None, &Lanes { count: 4, key: Some(key) }), EVERY_LANE);
        assert_eq!(lane_of(None, &Lanes::default()), 0);
    }
}
