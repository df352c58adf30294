//! The file of an SQLite database: nobody else's business, and one server's at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The file that a `sqlite:` URL names.
pub fn of(url: &str) -> Option<PathBuf> {
    url.strip_prefix("sqlite:").map(|path| PathBuf::from(path.trim_start_matches("//")))
}

/// Makes the file and its folder, unless they are there. Password hashes are in it: only its owner reads it. SQLite
/// gives its other files the same permissions.
pub(super) fn make(file: &Path) -> Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| Error::bad_data(format!("cannot create {}: {error}", folder.display())))?;
    }
    open(file).map(drop)
}

/// Takes the database for one server: a lock of the operating system on `<file>.lock`, which ends with the process
/// however that ends. Refuses at once while another server has it. Nobody else asks for it: the operator's commands and
/// backups work beside a server.
pub(super) fn take(file: &Path) -> Result<File> {
    let lock = beside(file, ".lock")?;
    let taken = open(&lock)?;
    taken.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => Error::bad_data(format!(
            "another burgee serves {} (it holds {}): an SQLite database has one server; for several, use PostgreSQL",
            file.display(),
            lock.display()
        )),
        TryLockError::Error(cause) => Error::bad_data(format!("cannot lock {}: {cause}", lock.display())),
    })?;
    Ok(taken)
}

/// The file beside the database that is named like it, with something more at the end. SQLite follows links, and keeps
/// its log beside what they lead to; two names for one database must lead to one lock.
pub(super) fn beside(file: &Path, end: &str) -> Result<PathBuf> {
    let mut name = file
        .canonicalize()
        .map_err(|error| Error::bad_data(format!("cannot find {}: {error}", file.display())))?
        .into_os_string();
    name.push(end);
    Ok(name.into())
}

fn open(file: &Path) -> Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(file)
        .map_err(|error| Error::bad_data(format!("cannot open {}: {error}", file.display())))
}
