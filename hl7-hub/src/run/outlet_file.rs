//! Writing messages as files.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use tokio::task::spawn_blocking;

use crate::Payload;
use crate::config::FileOut;
use crate::engine::{Lost, Sent};
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

    /// Writes files whose names are the numbers of their deliveries: sorted by name they stand in order, and one that is
    /// written again replaces itself.
    pub(super) async fn write(&mut self, deliveries: &[Delivery]) -> Sent {
        let folder = self.settings.folder.clone();
        let named =
            |delivery: &Delivery| (self.settings.file_name(delivery.id), delivery.payload.clone());
        let files: Vec<_> = deliveries.iter().map(named).collect();
        let written = spawn_blocking(move || write_whole(&folder, &files)).await;
        match written.unwrap_or_else(|_| Err(ended())) {
            Ok(()) => Sent::Taken,
            Err(_) => Sent::Lost(Lost::NotWritten),
        }
    }
}

fn ended() -> io::Error {
    io::Error::other("the hub stops")
}

/// Under other names first, so that whoever watches the folder never sees half a file; with syncs, so that they outlive a
/// loss of power. The names change in order, and one sync of the folder is for all of them.
fn write_whole(folder: &Path, files: &[(String, Payload)]) -> io::Result<()> {
    let part = |name: &str| folder.join(format!(".{name}.part"));
    for (name, payload) in files {
        let mut file = File::create(part(name))?;
        file.write_all(payload.bytes())?;
        file.sync_all()?;
    }
    files.iter().try_for_each(|(name, _)| fs::rename(part(name), folder.join(name)))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_whole_and_replace_themselves() {
        let folder = tempfile::tempdir().expect("a folder");
        let files = [1, 2].map(|number: u8| {
            (format!("{number}.hl7"), Payload::from(format!("MSH|{number}").into_bytes()))
        });
        for _ in 0..2 {
            write_whole(folder.path(), &files).expect("they are written");
        }
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        assert_eq!(names, ["1.hl7", "2.hl7"]);
        assert_eq!(fs::read(folder.path().join("2.hl7")).expect("the file"), b"MSH|2");
    }
}
