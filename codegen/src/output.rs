//! Files to disk: write what changed, remove what is no longer emitted, or only compare.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::emit::File;

/// How a file on disk differs from what the generator gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// The file is not there.
    Missing(PathBuf),
    /// The file has another text.
    Changed {
        /// Which file.
        path: PathBuf,
        /// What is on disk.
        found: String,
        /// What the generator gives.
        expected: String,
    },
    /// The generator gives no such file.
    Surplus(PathBuf),
}

impl Drift {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Drift::Missing(path) | Drift::Changed { path, .. } | Drift::Surplus(path) => path,
        }
    }
}

/// Compares a crate's folder with its files; line ends do not count.
///
/// # Errors
/// When a file cannot be read.
pub fn drift(folder: &Path, files: &[File]) -> io::Result<Vec<Drift>> {
    let expected: BTreeMap<&Path, &File> =
        files.iter().map(|file| (file.path.as_path(), file)).collect();
    let present = present(folder)?;
    let mut drift = Vec::new();
    for (path, file) in &expected {
        let path = folder.join(path);
        if !present.contains(&path) {
            drift.push(Drift::Missing(path));
            continue;
        }
        let found = String::from_utf8_lossy(&fs::read(&path)?).replace("\r\n", "\n");
        if found != file.text {
            drift.push(Drift::Changed { path, found, expected: file.text.clone() });
        }
    }
    let surplus = present.iter().filter(|path| {
        path.strip_prefix(folder).map_or(true, |relative| !expected.contains_key(relative))
    });
    drift.extend(surplus.cloned().map(Drift::Surplus));
    Ok(drift)
}

/// Makes a crate's folder hold exactly its files; files that are right are not touched. Gives what was done.
///
/// # Errors
/// When a file cannot be read or written.
pub fn write(folder: &Path, files: &[File]) -> io::Result<Vec<Drift>> {
    let drift = drift(folder, files)?;
    // First what goes: a file that is left over may have the name of a folder that is needed.
    for entry in &drift {
        if let Drift::Surplus(path) = entry {
            fs::remove_file(path)?;
            remove_empty_parents(path, folder)?;
        }
    }
    let texts: BTreeMap<PathBuf, &str> =
        files.iter().map(|file| (folder.join(&file.path), file.text.as_str())).collect();
    for entry in &drift {
        if let (Some(parent), Some(text)) = (entry.path().parent(), texts.get(entry.path())) {
            fs::create_dir_all(parent)?;
            fs::write(entry.path(), text)?;
        }
    }
    Ok(drift)
}

/// Removes the folders between a file that is gone and `folder`, from the inside out, as far as they are empty.
fn remove_empty_parents(path: &Path, folder: &Path) -> io::Result<()> {
    let inside = path.ancestors().skip(1).take_while(|parent| *parent != folder);
    for parent in inside {
        if fs::read_dir(parent)?.next().is_some() {
            break;
        }
        fs::remove_dir(parent)?;
    }
    Ok(())
}

/// All files of a folder that belong to the generator: the manifest and everything below `src`.
fn present(folder: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let manifest = folder.join("Cargo.toml");
    if manifest.is_file() {
        found.insert(manifest);
    }
    let mut folders = vec![folder.join("src")];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path);
            }
        }
    }
    Ok(found)
}
