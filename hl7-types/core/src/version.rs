//! Which version a message is read as, where several are at hand.

use std::cmp::Reverse;

use crate::desc::VersionDesc;
use crate::er7::{Class, Scan};
use crate::tree::{Tree, structure_named};

impl Tree {
    /// The version that MSH-12 names, or the nearest to it; `None` only where there is none to choose from.
    ///
    /// `2.5.9` is nearest to 2.5.1, `2.3.` to 2.3, `2.10` to the newest. Where MSH-12 says nothing of use, it is the
    /// newest version that has the message of MSH-9, else the newest. Checking a message against a version that MSH-12
    /// does not name gives the finding [`OtherVersion`](crate::Rule::OtherVersion).
    #[must_use]
    pub fn version(&self, versions: &[&'static VersionDesc]) -> Option<&'static VersionDesc> {
        nearest(self.bytes(), self.scan(), versions)
    }
}

/// See [`Tree::version`].
pub(crate) fn nearest(
    bytes: &[u8],
    scan: &Scan,
    versions: &[&'static VersionDesc],
) -> Option<&'static VersionDesc> {
    let declared = declared(bytes, scan);
    if let Some(named) = versions.iter().find(|version| version.id.as_bytes() == declared) {
        return Some(named);
    }
    let declared = std::str::from_utf8(declared).ok().and_then(number);
    let versions = || versions.iter().copied();
    let age = |version: &&VersionDesc| number(version.id).unwrap_or(0);
    match declared {
        Some(wanted) => {
            versions().min_by_key(|version| (age(version).abs_diff(wanted), Reverse(age(version))))
        }
        None => versions()
            .filter(|version| structure_named(bytes, scan, version).is_some())
            .max_by_key(age)
            .or_else(|| versions().max_by_key(age)),
    }
}

/// What MSH-12.1 says, without blanks around it.
pub(crate) fn declared<'b>(bytes: &'b [u8], scan: &Scan) -> &'b [u8] {
    let Some(field) = scan.field(bytes, 0, 12) else { return b"" };
    bytes[field.split(Class::Subcomponent).0.range()].trim_ascii()
}

/// `2.5.1` as a number that compares; a fourth part does not count, a third need not be there.
fn number(id: &str) -> Option<u128> {
    let parts = id.trim_start_matches(['v', 'V']).split('.').filter(|part| !part.is_empty());
    let parts: Vec<u32> = parts.take(3).map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let &[major, minor, ..] = &parts[..] else { return None };
    let patch = parts.get(2).copied().unwrap_or(0);
    Some(u128::from(major) << 64 | u128::from(minor) << 32 | u128::from(patch))
}

#[cfg(test)]
mod tests {
    use super::{Tree, VersionDesc, number};
    use crate::desc::{EventDesc, GroupDesc, StructureDesc};

    static ORM: StructureDesc = StructureDesc::new("ORM_O01", None, &ROOT);
    static ROOT: GroupDesc = GroupDesc { name: "ORM_O01", members: &[] };

    const fn version(
        id: &'static str,
        structures: &'static [&'static StructureDesc],
        events: &'static [EventDesc],
    ) -> VersionDesc {
        VersionDesc { id, segments: &[], datatypes: &[], tables: &[], structures, events }
    }

    static OLD: VersionDesc = version("2.1", &[], &[]);
    static V2_3: VersionDesc = version("2.3", &[&ORM], &[]);
    static V2_5: VersionDesc = version("2.5", &[], &[]);
    static V2_5_1: VersionDesc = version("2.5.1", &[&ORM], &[EVENT]);
    static V2_6: VersionDesc = version("2.6", &[], &[]);
    static NEW: VersionDesc = version("2.9", &[], &[]);
    const EVENT: EventDesc = EventDesc { message: "ORM", trigger: "", structure: "ORM_O01" };

    #[track_caller]
    fn check(declared: &str, expected: &str) {
        let tree = Tree::parse(format!("MSH|^~\\&|A|B|C|D|1||ORM^O01|1|P|{declared}\r"))
            .expect("a header");
        // In no order.
        let versions = [&V2_6, &NEW, &OLD, &V2_5_1, &V2_5, &V2_3];
        assert_eq!(
            tree.version(&versions).map(|version| version.id),
            Some(expected),
            "{declared:?}"
        );
    }

    #[test]
    fn the_version_named_or_the_nearest() {
        check("2.5.1", "2.5.1");
        check("2.5.1^USA^…", "2.5.1");
        check(" 2.5 ", "2.5");
        check("2.5.9", "2.5.1");
        check("2.5.1.2", "2.5.1");
        check("2.3.", "2.3");
        check("2.3.1", "2.3");
        check("V2.6", "2.6");
        check("2.7", "2.6");
        check("2.10", "2.9");
        check("3.0", "2.9");
        check("1.0", "2.1");
        // As near to 2.3 as to 2.5: newer ones read older messages, not the reverse.
        check("2.4", "2.5");
    }

    #[test]
    fn without_a_version_the_newest_that_has_the_message() {
        for nothing in ["", "\"\"", "2", "HL7", "2.99999999999999999999", "^^", ".."] {
            check(nothing, "2.5.1");
        }
        let tree = Tree::parse("MSH|^~\\&|||||||ZZZ^Z99\r").expect("a header");
        assert_eq!(tree.version(&[&OLD, &NEW, &V2_5]).map(|version| version.id), Some("2.9"));
        assert!(tree.version(&[]).is_none());
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(number("2.10") > number("2.9"));
        assert!(number("2.5.1") > number("2.5"));
        assert_eq!(number("2.5"), number("2.5.0"));
        assert_eq!(number("two"), None);
    }
}
