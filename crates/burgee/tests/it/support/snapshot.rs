//! Files in the repository that are printed from the program. `UPDATE_SNAPSHOTS=1` writes them.

use std::path::PathBuf;

/// Insists that the file at `path` (from the root of the repository) holds `text`.
pub fn check(path: &str, text: &str) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        return;
    }
    let pinned = std::fs::read_to_string(&file).unwrap_or_default();
    if pinned == text {
        return;
    }
    let line = pinned.lines().zip(text.lines()).position(|(old, new)| old != new);
    let line = line.unwrap_or_else(|| pinned.lines().count().min(text.lines().count()));
    panic!(
        "{path} is not what the program prints; first difference in line {}:\n  pinned: {}\n  now:    {}\n\
         If the change is intended, run the tests with UPDATE_SNAPSHOTS=1 and commit the file.",
        line + 1,
        pinned.lines().nth(line).unwrap_or_default(),
        text.lines().nth(line).unwrap_or_default(),
    );
}
