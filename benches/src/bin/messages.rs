//! Writes messages as files, a folder for each kind: `messages DIR [COUNT]`. With `COUNT`, so many admissions in `DIR` itself.

use std::error::Error;
use std::fs;
use std::path::Path;

use hl7_benches::corpus::Corpus;
use hl7_benches::kinds::KINDS;

/// Messages of a kind, where they are not counted.
const EACH: usize = 50;
/// Files in a folder, where they are.
const IN_FOLDER: usize = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [folder] => every_kind(Path::new(folder)),
        [folder, count] => admissions(Path::new(folder), count.parse()?),
        _ => Err("usage: messages DIR [COUNT]".into()),
    }
}

fn every_kind(folder: &Path) -> Result<(), Box<dyn Error>> {
    for kind in KINDS {
        let folder = folder.join(kind.name);
        fs::create_dir_all(&folder)?;
        let count = if kind.name == "oru-1mb" { 1 } else { EACH };
        for (nth, message) in Corpus::first(kind, count).messages.iter().enumerate() {
            fs::write(folder.join(format!("{nth:04}.hl7")), message)?;
        }
    }
    Ok(())
}

fn admissions(folder: &Path, count: usize) -> Result<(), Box<dyn Error>> {
    for (nth, message) in Corpus::first(&KINDS[0], count).messages.iter().enumerate() {
        let folder = folder.join(format!("{:04}", nth / IN_FOLDER));
        if nth % IN_FOLDER == 0 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("{nth:07}.hl7")), message)?;
    }
    Ok(())
}
