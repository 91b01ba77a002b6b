//! Real messages, where a folder of them lies beside the repository.

use std::fs;
use std::path::{Path, PathBuf};

fn messages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            messages(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "hl7") {
            found.push(path);
        }
    }
}

/// All there are; says so where there are none.
#[expect(clippy::print_stderr, reason = "says what was skipped")]
pub(crate) fn all() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let mut found = Vec::new();
    messages(&folder, &mut found);
    if found.is_empty() {
        eprintln!("skipped: there is no folder {} with messages", folder.display());
    }
    found
}
