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
    let expected: BTreeSet<PathBuf> = files.iter().map(|file| folder.join(&file.path)).collect();
    let mut drift = stale(folder, files)?;
    let surplus = present(folder)?.into_iter().filter(|path| !expected.contains(path));
    drift.extend(surplus.map(Drift::Surplus));
    Ok(drift)
}

/// Compares single files of a folder, whatever else is in it; line ends do not count.
///
/// # Errors
/// When a file cannot be read.
pub fn stale(folder: &Path, files: &[File]) -> io::Result<Vec<Drift>> {
    let mut drift = Vec::new();
    for file in files {
        let path = folder.join(&file.path);
        if !path.is_file() {
            drift.push(Drift::Missing(path));
            continue;
        }
        let found = String::from_utf8_lossy(&fs::read(&path)?).replace("\r\n", "\n");
        if found != file.text {
            drift.push(Drift::Changed { path, found, expected: file.text.clone() });
        }
    }
    Ok(drift)
}

/// Makes a folder as its files say, where [`drift`] or [`stale`] found that it is not.
///
/// # Errors
/// When a file cannot be written or removed.
pub fn write(folder: &Path, files: &[File], drift: &[Drift]) -> io::Result<()> {
    // First what goes: a file that is left over may have the name of a folder that is needed.
    for entry in drift {
        if let Drift::Surplus(path) = entry {
            fs::remove_file(path)?;
            remove_empty_parents(path, folder)?;
        }
    }
    let texts: BTreeMap<PathBuf, &str> =
        files.iter().map(|file| (folder.join(&file.path), file.text.as_str())).collect();
    for entry in drift {
        if let (Some(parent), Some(text)) = (entry.path().parent(), texts.get(entry.path())) {
            fs::create_dir_all(parent)?;
            fs::write(entry.path(), text)?;
        }
    }
    Ok(())
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
