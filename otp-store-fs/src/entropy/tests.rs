//! Taking from a file is cut at each of its steps, in a process of its own: what was handed out never comes again.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use rand_core::TryRng;

use super::*;
use crate::step::record;

/// Tells a process that it is one to be cut: step, whether it destroys, and the file.
const CHILD: &str = "OTP_TEST_CUT";
/// How much is taken at once, in bytes: more than a page.
const LEN: usize = 5000;

/// A file of numbers of four bytes, none of which is 0, so that each place is known by what it holds.
fn numbered(path: &Path) {
    let bytes: Vec<u8> = (1..=10_000_u32).flat_map(u32::to_be_bytes).collect();
    std::fs::write(path, bytes).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// What the next bytes of a file are, as numbers.
fn take(path: &Path, used: Used) -> Result<Vec<u32>, EntropyError> {
    let entropy = Entropy::open(path, used)?;
    entropy.reserve(LEN)?;
    let mut bytes = [0; LEN];
    (&entropy).try_fill_bytes(&mut bytes)?;
    Ok(bytes.chunks(4).map(|number| u32::from_be_bytes(number.try_into().unwrap())).collect())
}

// Elsewhere a directory is not synced.
#[cfg(unix)]
#[test]
fn what_is_spent_is_on_the_disk_before_it_is_handed_out() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("entropy");
    numbered(&path);
    let steps = record(None, || drop(take(&path, Used::Record).unwrap()));
    let first = ["lock", "make temporary file", "write", "sync file", "rename", "sync directory", "read"];
    assert_eq!(steps, first);
    let steps = record(None, || drop(take(&path, Used::Destroy).unwrap()));
    assert_eq!(steps, ["lock", "read", "overwrite", "sync file", "cut", "sync cut"]);
}

#[test]
fn a_cut_at_any_step_wastes_bytes_and_brings_none_back() {
    if let Ok(child) = env::var(CHILD) {
        let [cut_at, used, path] = child.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
        let used = if used == "destroy" { Used::Destroy } else { Used::Record };
        record(Some(cut_at.parse().unwrap()), || drop(take(Path::new(path), used)));
        return;
    }
    for (used, name) in [(Used::Record, "record"), (Used::Destroy, "destroy")] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("entropy");
        numbered(&path);
        let steps = record(None, || drop(take(&path, used).unwrap())).len();
        assert!(steps > 5, "{name}");
        for cut_at in 1..=steps {
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join("entropy");
            numbered(&path);
            let mut given: BTreeSet<u32> = take(&path, used).unwrap().into_iter().collect();
            let status = Command::new(env::current_exe().unwrap())
                .args(["--exact", "entropy::tests::a_cut_at_any_step_wastes_bytes_and_brings_none_back"])
                .env(CHILD, format!("{cut_at} {name} {}", path.display()))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert_eq!(status.code(), None, "it ran to its end: {name} {cut_at}");
            // In both ways until nothing is left.
            let mut zeros = 0;
            for turn in 0_u32.. {
                match take(&path, if turn.is_multiple_of(2) { Used::Record } else { Used::Destroy }) {
                    Ok(numbers) => {
                        for number in numbers {
                            // What was overwritten and not cut: health tests refuse it.
                            zeros += usize::from(number == 0);
                            assert!(number == 0 || given.insert(number), "{name} {cut_at}: {number} came again");
                        }
                    }
                    Err(EntropyError::TooShort { .. }) => break,
                    Err(error) => panic!("{name} {cut_at}: {error}"),
                }
            }
            assert!(given.len() >= 10_000 - 3 * LEN / 4, "{name} {cut_at}: {} were given", given.len());
            assert!(zeros == 0 || (name == "destroy" && zeros == LEN / 4), "{name} {cut_at}: {zeros}");
        }
    }
}
