//! A folder with a ring, and a database that is a file with one word.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use xtask::Result;

use crate::folder::write_private;
use crate::scene::{ACCOUNT, Kind, OLD, OTHER, Otp, Scene};

/// The database: those who know its word may change it.
pub(crate) const DATABASE: &str = "database";
/// The program that changes it. It keeps the contract in `docs/rotation.md`, starts no other program, and writes in
/// place: a database is not on the disk that is full.
pub(crate) const APPLY: &str = "apply";
const SCRIPT: &str = r#"
read -r change || exit 1
old=${change#*'"old": '} old=${old#*'"password": "'} old=${old%%'"'*}
new=${change#*'"new": '} new=${new#*'"password": "'} new=${new%%'"'*}
read -r word < database
case $word in "$old" | "$new") ;; *) exit 1 ;; esac
printf '%s' "$new" 1<> database || exit 1
exit "${1:-0}"
"#;

/// A key with two pages, so the next rotation uses its last and brings a successor.
pub(crate) const LAST: &str = "keys/last.key";
/// A key that was handed out without the ring.
pub(crate) const LOOSE: &str = "keys/loose.key";

const RING: [&str; 2] = ["--ring", "ring"];

/// Makes the ring and its accounts, and interrupts a rotation if the scene calls for it.
pub(crate) fn prepare(scene: &mut Scene, otp: &Otp, kind: Kind) -> Result<()> {
    let folder = scene.folder.clone();
    write_private(&folder.join(APPLY), SCRIPT.as_bytes())?;
    write_private(&folder.join(DATABASE), b"old")?;
    otp.must(&folder, &["ring", "init", "ring"], "")?;
    for (account, file, password, pages) in [
        (ACCOUNT, "keys/caller-1.key", "old", "9"),
        ("else/where", "keys/elsewhere.key", "other", "4"),
        ("work/loose", LOOSE, "other", "4"),
    ] {
        let mut add = vec!["add", account, "--username", "alice", "--password-stdin", "--pages", pages];
        add.extend(["--key-file", file]);
        add.extend(RING.iter().filter(|_| file != LOOSE));
        otp.must(&folder, &add, password)?;
        scene.hold(otp, account, file.into(), if password == "old" { OLD } else { OTHER })?;
    }
    for (file, pages) in
        [("keys/caller-2.key", "9"), ("keys/caller-3.key", "9"), (LAST, "2"), ("keys/revoked.key", "9")]
    {
        let issue = ["issue", ACCOUNT, "--pages", pages, "--new-key-file", file];
        otp.must(&folder, &[&issue[..], &RING].concat(), "")?;
        scene.hold(otp, ACCOUNT, file.into(), OLD)?;
    }
    if let Some(revoked) = scene.held.last_mut() {
        otp.must(&folder, &[&["revoke", ACCOUNT, &revoked.id][..], &RING].concat(), "")?;
        revoked.opens = None;
    }
    let end: &[&str] = match kind {
        Kind::DoubtBefore => &["--apply", "/bin/false"],
        Kind::DoubtAfter => &["--apply", "/bin/sh", "--", APPLY, "3"],
        _ => return Ok(()),
    };
    let rotate = ["rotate", ACCOUNT, "--password-stdin"];
    let cut = otp.run(&folder, &[&rotate[..], &RING, end].concat(), "new")?;
    if cut.status.code() == Some(15) { Ok(()) } else { Err(format!("a rotation was to be in doubt: {cut:?}")) }
}

/// Makes the ring in a copied folder look as if it had always been there. `otp ring adopt` does more: a ring that was
/// moved may have missed a part of a rotation.
pub(crate) fn settle(folder: &Path) -> Result<()> {
    let path = folder.join("ring/.otp-ring");
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let text = fs::read_to_string(&path).map_err(failed)?;
    let number = fs::metadata(&path).map_err(failed)?.ino();
    let line = |line: &str| match line.strip_prefix("file ") {
        Some(_) => format!("file {number}\n"),
        None => format!("{line}\n"),
    };
    fs::write(&path, text.lines().map(line).collect::<String>()).map_err(failed)
}
