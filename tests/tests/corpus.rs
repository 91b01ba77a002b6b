//! Real messages, where a folder of them lies beside the repository: each decodes and comes back byte for byte.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "says what was skipped and how many there were"
)]

use std::fs;
use std::path::{Path, PathBuf};

use hl7_types::{DecodeOptions, Rules, VERSIONS};

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

#[test]
fn real_messages_come_back_byte_for_byte() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    let mut found = Vec::new();
    messages(&folder, &mut found);
    if found.is_empty() {
        eprintln!("skipped: there is no folder {} with messages", folder.display());
        return;
    }
    let options = DecodeOptions { rules: Rules::ALL, ..DecodeOptions::default() };
    let mut different = Vec::new();
    for path in &found {
        let bytes = fs::read(path).expect("the file can be read");
        let by_its_own = hl7_types::decode_with(&bytes, &options).map(|decoded| decoded.message);
        let by_others =
            VERSIONS.iter().map(|version| Ok(version.decode(&bytes, &options)?.message));
        for read in std::iter::once(by_its_own).chain(by_others) {
            match read {
                Ok(message) if message.encode() == bytes => {}
                Ok(message) => different.push(format!(
                    "{}: not the same bytes, read as {}",
                    path.display(),
                    message.version().id
                )),
                Err(error) => different.push(format!("{}: {error}", path.display())),
            }
        }
    }
    assert!(
        different.is_empty(),
        "{} of {}:\n{}",
        different.len(),
        found.len(),
        different.join("\n")
    );
    println!("{} messages, each as its own version and as {} others", found.len(), VERSIONS.len());
}
