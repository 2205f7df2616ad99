//! Single functions, in cases that a whole life does not cover.

use std::hint::black_box;

use otp_core::account::{Field, FieldWriter};
use otp_core::rand_core::TryRng;
use otp_core::random::HealthTested;
use otp_core::tag::{TAG_KEY_LEN, Tag};
use otp_core::{checksum, ct, frame};
use otp_proof::memcheck::{Finding, hide, watch};

use super::sources::{Stuck, fixed};

/// Calls each of them on secret bytes.
pub(crate) fn check(note: &mut impl FnMut(Finding)) {
    for (what, len) in [("frame: decode", 17), ("frame: decode, a length past the capacity", 65)] {
        let mut bytes = [0; 66];
        bytes[65] = len;
        hide(&mut bytes);
        let (finding, payload) = watch(what, || frame::decode(&bytes).map(<[u8]>::len));
        note(finding);
        assert_eq!(payload.ok(), (len <= 64).then_some(usize::from(len)));
    }
    let mut filled = [1; 66];
    filled[64..].copy_from_slice(&[0, 5]);
    hide(&mut filled);
    let (finding, payload) = watch("frame: decode, filler that is not zero", || frame::decode(&filled).is_err());
    note(finding);
    assert!(payload);

    let (mut left, mut right) = (fixed(40), fixed(41).split_off(1));
    hide(&mut left);
    hide(&mut right);
    let (finding, same) = watch("compare", || ct::equal(&left, &right));
    note(finding);
    assert!(!same);
    let mut key = [7; TAG_KEY_LEN];
    hide(&mut key);
    let (finding, tag) = watch("tag: compute over secret bytes", || Tag::compute(&key, &left, &right));
    note(finding);
    let (finding, fits) = watch("tag: compare", || tag.matches(&Tag::from_bytes([0; 16])));
    note(finding);
    assert!(!fits);
    let (finding, _checksum) = watch("checksum", || black_box(checksum::of(&left)));
    note(finding);

    let mut buffer = [0; 64];
    let mut writer = FieldWriter::new(&mut buffer);
    let (finding, written) = watch("account: write a field", || writer.insert(Field { name: "token", value: &left }));
    note(finding);
    assert_eq!(written, Ok(()));

    let mut stuck = HealthTested::new(Stuck);
    let (finding, drawn) = watch("random: a health alarm", || stuck.try_fill_bytes(&mut [0; 64]));
    note(finding);
    assert!(drawn.is_err());
}
