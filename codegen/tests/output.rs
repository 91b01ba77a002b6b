//! Files to disk: what is written, what is found to differ, what is left alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use hl7_codegen::emit::File;
use hl7_codegen::output::{Drift, drift, stale, write};

/// An empty folder of its own for one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hl7-codegen-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.0.join(path)).expect("a file")
    }

    /// What is to be done, one line a file.
    fn drift(&self, files: &[File]) -> Vec<String> {
        lines(&self.0, &drift(&self.0, files).expect("readable"))
    }

    fn write(&self, files: &[File]) -> Vec<String> {
        let drift = drift(&self.0, files).expect("readable");
        write(&self.0, files, &drift).expect("writable");
        lines(&self.0, &drift)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn lines(folder: &Path, drift: &[Drift]) -> Vec<String> {
    let line = |drift: &Drift| {
        let path = drift.path().strip_prefix(folder).expect("inside the folder");
        let path = path.to_string_lossy().replace('\\', "/");
        match drift {
            Drift::Missing(_) => format!("missing {path}"),
            Drift::Changed { found, expected, .. } => {
                format!("changed {path}: {found} to {expected}")
            }
            Drift::Surplus(_) => format!("surplus {path}"),
        }
    };
    drift.iter().map(line).collect()
}

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.into() }
}

fn package() -> Vec<File> {
    vec![file("Cargo.toml", "manifest"), file("src/a/b.rs", "b"), file("src/lib.rs", "lib")]
}

#[test]
fn writes_what_is_missing_and_then_nothing() {
    let folder = Folder::new("missing");
    let missing = ["missing Cargo.toml", "missing src/a/b.rs", "missing src/lib.rs"];
    assert_eq!(folder.drift(&package()), missing);
    assert_eq!(folder.write(&package()), missing);
    assert_eq!(folder.read("src/a/b.rs"), "b");
    assert_eq!(folder.drift(&package()), [""; 0]);
    assert_eq!(folder.write(&package()), [""; 0]);
}

#[test]
fn finds_what_changed_and_leaves_the_rest_untouched() {
    let folder = Folder::new("changed");
    folder.write(&package());
    folder.put("src/lib.rs", "edited");
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let time = |path: &str| {
        fs::metadata(folder.0.join(path)).and_then(|it| it.modified()).expect("a time")
    };
    for path in ["Cargo.toml", "src/a/b.rs", "src/lib.rs"] {
        let file = fs::File::options().write(true).open(folder.0.join(path)).expect("a file");
        file.set_modified(old).expect("a time");
    }
    let changed = ["changed src/lib.rs: edited to lib"];
    assert_eq!(folder.drift(&package()), changed);
    assert_eq!(folder.read("src/lib.rs"), "edited", "drift only looks");
    assert_eq!(folder.write(&package()), changed);
    assert_eq!(folder.read("src/lib.rs"), "lib");
    assert_eq!((time("Cargo.toml"), time("src/a/b.rs")), (old, old));
    assert_ne!(time("src/lib.rs"), old);
}

#[test]
fn removes_what_is_no_longer_emitted_and_the_folder_that_it_leaves_empty() {
    let folder = Folder::new("surplus");
    folder.write(&package());
    folder.put("src/old/deep/c.rs", "c");
    folder.put("src/a/notes.txt", "no Rust either");
    let surplus = ["surplus src/a/notes.txt", "surplus src/old/deep/c.rs"];
    assert_eq!(folder.drift(&package()), surplus);
    assert_eq!(folder.write(&package()), surplus);
    assert_eq!(folder.drift(&package()), [""; 0]);
    assert!(!folder.0.join("src/old").exists());
    assert!(folder.0.join("src/a/b.rs").exists());
}

#[test]
fn what_is_beside_the_sources_is_not_the_generators() {
    let folder = Folder::new("beside");
    folder.write(&package());
    folder.put("README.md", "by hand");
    folder.put("tests/by_hand.rs", "by hand");
    assert_eq!(folder.write(&package()), [""; 0]);
    assert_eq!(folder.read("tests/by_hand.rs"), "by hand");
}

#[test]
fn line_ends_do_not_count() {
    let folder = Folder::new("line-ends");
    let files = [file("src/lib.rs", "one\ntwo\n")];
    folder.put("src/lib.rs", "one\r\ntwo\r\n");
    assert_eq!(folder.drift(&files), [""; 0]);
}

#[test]
fn a_file_that_is_no_text_has_changed() {
    let folder = Folder::new("bytes");
    folder.write(&package());
    fs::write(folder.0.join("src/lib.rs"), b"\xff\xfe").expect("written");
    assert_eq!(folder.drift(&package()), ["changed src/lib.rs: \u{fffd}\u{fffd} to lib"]);
}

#[test]
fn a_file_in_the_place_of_a_folder_and_a_folder_in_the_place_of_a_file() {
    let folder = Folder::new("places");
    folder.put("Cargo.toml", "manifest");
    folder.put("src/a", "a file");
    folder.put("src/lib.rs/inner.rs", "a folder");
    folder.write(&package());
    assert_eq!(folder.drift(&package()), [""; 0]);
    assert_eq!(folder.read("src/lib.rs"), "lib");
}

#[test]
fn single_files_are_written_beside_others() {
    let folder = Folder::new("single");
    folder.put("src/by_hand.rs", "// mine\n");
    folder.put("src/lib.rs", "// old\n");
    let files = package();
    let found = stale(&folder.0, &files).expect("readable");
    assert!(found.iter().all(|drift| !matches!(drift, Drift::Surplus(_))));
    assert!(found.iter().any(|drift| matches!(drift, Drift::Changed { .. })));
    write(&folder.0, &files, &found).expect("writable");
    assert_eq!(stale(&folder.0, &files).expect("readable"), []);
    assert_eq!(folder.read("src/by_hand.rs"), "// mine\n");
}
