//! A copy of the store while it is at work.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::{failure, verify};
use crate::store::{StoreError, Verified};

/// All pages in one step: under one snapshot, which no commit meanwhile makes it begin anew.
const ALL: std::ffi::c_int = std::ffi::c_int::MAX;

/// Copies a database into a file that is not there yet, checks the copy, and gives it its name only then.
pub(super) fn copy(db: &Connection, file: &Path) -> Result<Verified, StoreError> {
    let refused = |error: io::Error| {
        StoreError::Refused(format!("{}: cannot be written: {error}", file.display()).into())
    };
    if file.exists() {
        return Err(refused(io::ErrorKind::AlreadyExists.into()));
    }
    let part = beside(file);
    // Made here, so that a file that somebody else is writing is not written over.
    File::create_new(&part).map_err(refused)?;
    let outcome = fill(db, &part).and_then(|verified| {
        File::open(&part).and_then(|copy| copy.sync_all()).map_err(refused)?;
        fs::rename(&part, file).map_err(refused)?;
        Ok(verified)
    });
    if outcome.is_err() {
        let _ = fs::remove_file(&part);
    }
    outcome
}

fn beside(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".part");
    name.into()
}

fn fill(db: &Connection, part: &Path) -> Result<Verified, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(part, flags).map_err(failure)?;
    Backup::new(db, &mut copy)
        .and_then(|backup| backup.run_to_completion(ALL, Duration::ZERO, None))
        .map_err(failure)?;
    // One file, without a log beside it that could be left behind when it is taken elsewhere.
    copy.pragma_update(None, "journal_mode", "delete").map_err(failure)?;
    let mut verified = verify::verify(&copy).map_err(failure)?;
    let sound: String =
        copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failure)?;
    if sound != "ok" {
        verified.faults.push("the copy of the database is damaged".to_owned());
    }
    Ok(verified)
}
