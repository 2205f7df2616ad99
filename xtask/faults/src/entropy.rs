//! A source of entropy that a user provides: bytes that went into somebody's key must be gone from it.

use std::fs;
use std::num::NonZeroU8;
use std::path::Path;

use otp_core::Capacity;
use otp_core::key::drawn_len;
use otp_core::random::STARTUP_LEN;
use xtask::Result;

use crate::folder::write_private;
use crate::truth::Dice;

/// The file's name in a scene's folder.
pub(crate) const FILE: &str = "entropy";
/// Its length in bytes: enough for an account and a bit more.
const LEN: usize = 1500;

/// How many bytes `add` uses for a key of the smallest capacity: the start-up test's, and the key's own.
const USED: usize = STARTUP_LEN + drawn_len(Capacity::MIN, NonZeroU8::MIN);

/// The file's contents at first: always the same, and no zeros, which overwrite used bytes.
fn original() -> Vec<u8> {
    let mut dice = Dice(0x5DEE_CE66_D1CE_4E5B);
    (0..LEN).map(|_| u8::try_from(1 + dice.below(255)).unwrap_or(1)).collect()
}

pub(crate) fn write(folder: &Path) -> Result<()> {
    let path = folder.join(FILE);
    write_private(&path, &original())
}

pub(crate) fn read(folder: &Path) -> Result<Vec<u8>> {
    let path = folder.join(FILE);
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// What is wrong with the rest of the file.
pub(crate) fn faults(left: &[u8], key_was_reported: bool) -> Option<String> {
    let original = original();
    let kept = LEN - USED;
    let is_kept = |(at, byte): (usize, &u8)| at >= kept || *byte == original[at];
    // Bytes may be overwritten or cut off; nothing else happens to the file.
    let is_untouched_or_used = |(at, byte): (usize, &u8)| *byte == original[at] || (at >= kept && *byte == 0);
    if left.len() > LEN {
        Some(format!("the entropy has grown to {} bytes", left.len()))
    } else if left.len() < kept || !left.iter().enumerate().all(is_kept) {
        Some(format!("entropy that was not used is gone: {} bytes are left", left.len()))
    } else if !left.iter().enumerate().all(is_untouched_or_used) {
        Some("the entropy has bytes that it never had".into())
    } else if key_was_reported && left[kept..].iter().any(|byte| *byte != 0) {
        Some(format!(
            "a key was reported, and entropy that was used for it is still there: {} bytes",
            left.len() - kept
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_must_be_gone_once_its_key_is_known() {
        let whole = original();
        let kept = LEN - USED;
        let overwritten = [&whole[..kept], &[0; USED]].concat();
        for (left, before, after) in [
            (&whole[..], true, false),
            (&whole[..kept], true, true),
            (&overwritten[..], true, true),
            (&overwritten[..LEN - 9], true, true),
            (&whole[..kept - 1], false, false),
            (&[&whole[..], b"more"].concat()[..], false, false),
            (&vec![0; kept][..], false, false),
            (&[&whole[..kept], &[7; 5]].concat()[..], false, false),
        ] {
            assert_eq!([faults(left, false), faults(left, true)].map(|fault| fault.is_none()), [before, after]);
        }
    }
}
