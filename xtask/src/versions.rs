//! Which versions the repository has.

use std::error::Error;
use std::fs;
use std::path::Path;

/// The modules of the versions, `v2_5_1` for instance, from the oldest to the newest.
pub(crate) fn modules(root: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut modules = Vec::new();
    for entry in fs::read_dir(root.join("schemas"))? {
        let entry = entry?;
        if entry.path().is_dir() {
            modules.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    // `v2_10` is newer than `v2_9`.
    modules.sort_by_key(|module| {
        let numbers = module.trim_start_matches('v').split('_');
        numbers.map(|number| number.parse().unwrap_or(0)).collect::<Vec<u32>>()
    });
    Ok(modules)
}

/// The package of a version, `hl7-v2-5-1` for instance.
pub(crate) fn package(module: &str) -> String {
    format!("hl7-{}", module.replace('_', "-"))
}
