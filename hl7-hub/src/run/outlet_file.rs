//! Writing messages as files.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tokio::task::spawn_blocking;

use super::outlet::Sent;
use crate::config::FileOut;
use crate::engine::Lost;
use crate::store::Delivery;

/// A folder that messages are written to.
#[derive(Debug)]
pub(super) struct FileOutlet {
    settings: FileOut,
}

impl FileOutlet {
    pub(super) fn new(settings: FileOut) -> Self {
        Self { settings }
    }

    /// Makes the folder, if it is not there.
    pub(super) async fn prepare(&mut self) -> io::Result<()> {
        let folder = self.settings.folder.clone();
        spawn_blocking(move || fs::create_dir_all(folder)).await.unwrap_or_else(|_| Err(ended()))
    }

    /// Writes a file whose name is the number of the delivery: sorted by name they stand in order, and one that is written
    /// again replaces itself.
    pub(super) async fn write(&mut self, delivery: &Delivery) -> Sent {
        let folder = self.settings.folder.clone();
        let (name, payload) = (self.settings.file_name(delivery.id), delivery.payload.clone());
        let written = spawn_blocking(move || write_whole(&folder, &name, payload.bytes())).await;
        match written.unwrap_or_else(|_| Err(ended())) {
            Ok(()) => Sent::Taken,
            Err(_) => Sent::Lost(Lost::NotWritten),
        }
    }
}

fn ended() -> io::Error {
    io::Error::other("the hub stops")
}

/// Under another name first, so that whoever watches the folder never sees half a file; with syncs, so that it outlives a
/// loss of power.
fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let part = folder.join(format!(".{name}.part"));
    let mut file = File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, folder.join(name))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_and_replaces_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        for bytes in [&b"MSH|1"[..], b"MSH|1"] {
            write_whole(folder.path(), "1.hl7", bytes).expect("it is written");
        }
        let names: Vec<_> = fs::read_dir(folder.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        assert_eq!(names, ["1.hl7"]);
        assert_eq!(fs::read(folder.path().join("1.hl7")).expect("the file"), b"MSH|1");
    }
}
