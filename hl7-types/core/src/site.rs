//! What a site says in place of the standard: segments with other definitions, tables with other codes.

use crate::desc::{Format, SegmentDesc, TableDesc};

/// A site's reading of one version: what it defines otherwise than the standard does.
///
/// It is made from a policy (`hl7_core::policy`, feature `policy`), so that it always fits the structs that it stands beside: a segment
/// in it has the fields of the standard's, with other facts about them.
#[derive(Debug, Default)]
pub struct Site {
    /// The standard's segment and what stands for it, sorted by id.
    pub(crate) segments: Vec<(&'static SegmentDesc, &'static SegmentDesc)>,
    /// Tables with a site's codes and tables of its own, sorted by id.
    pub(crate) tables: Vec<&'static TableDesc>,
    /// Forms that are not checked.
    pub(crate) unchecked: &'static [Format],
}

impl Site {
    /// What stands for a segment of the standard. A segment that is not the standard's own, but a struct's that somebody
    /// derived by hand, stands for itself.
    #[must_use]
    pub fn segment(&self, standard: &'static SegmentDesc) -> &'static SegmentDesc {
        match self.segments.binary_search_by(|(known, _)| known.id.cmp(standard.id)) {
            Ok(at) if std::ptr::eq(self.segments[at].0, standard) => self.segments[at].1,
            _ => standard,
        }
    }

    /// What stands for a table: the site's of that id, if there is one.
    #[must_use]
    pub fn table(&self, standard: &'static TableDesc) -> &'static TableDesc {
        match self.tables.binary_search_by(|known| known.id.cmp(standard.id)) {
            Ok(at) => self.tables[at],
            Err(_) => standard,
        }
    }

    /// Whether texts of this form are looked at.
    pub(crate) fn checks(&self, format: Format) -> bool {
        !self.unchecked.contains(&format)
    }
}
