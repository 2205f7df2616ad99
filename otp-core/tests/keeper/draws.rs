//! What is drawn from a source of randomness, and what happens if the source fails or repeats itself.

use std::fmt;
use std::num::NonZeroU8;

use otp_core::key::drawn_len;
use otp_core::rand_core::{self, TryCryptoRng, TryRng};
use otp_core::testing::{HeldKey, NOW, SECRET, TestRng, grant};
use otp_core::{Capacity, Code, Coded, Error, Grant, KeepError, Keeper, KeyId, MemoryStore};

use crate::{account, counts};

/// A source that records the length of each draw, switches to `second` at some position, and fails when it runs dry.
struct Watched {
    first: TestRng,
    second: (usize, TestRng),
    left: usize,
    draws: Vec<usize>,
}

impl Watched {
    fn new(seed: u64) -> Self {
        Self { first: TestRng::new(seed), second: (usize::MAX, TestRng::new(0)), left: usize::MAX, draws: Vec::new() }
    }
}

#[derive(Debug)]
struct Dry;

impl fmt::Display for Dry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source is dry")
    }
}

impl std::error::Error for Dry {}

impl TryRng for Watched {
    type Error = Dry;

    fn try_next_u32(&mut self) -> Result<u32, Dry> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Dry> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Dry> {
        self.draws.push(bytes.len());
        self.left = self.left.checked_sub(bytes.len()).ok_or(Dry)?;
        let (before, after) = bytes.split_at_mut(self.second.0.min(bytes.len()));
        let Ok(()) = self.first.try_fill_bytes(before);
        let Ok(()) = self.second.1.try_fill_bytes(after);
        Ok(())
    }
}

impl TryCryptoRng for Watched {}

fn capacity(bytes: usize) -> Capacity {
    Capacity::try_from(bytes).unwrap()
}

fn key_len(bytes: usize) -> usize {
    drawn_len(capacity(bytes), NonZeroU8::MIN)
}

#[test]
fn each_operation_draws_all_that_it_needs_at_once() {
    assert_eq!([64, 128, 65_535].map(key_len), [108, 172, 65_579]);
    let store = MemoryStore::new();
    let keeper = Keeper::new(&store, NOW);
    let mut source = Watched::new(1);
    let first = HeldKey::new(&keeper.add(&account(), SECRET, &grant("first"), &mut source).unwrap());
    assert_eq!(source.draws, [key_len(64)]);
    let large = Grant::default().with_capacity(Some(capacity(256)));
    let mut source = Watched::new(2);
    let second = HeldKey::new(&keeper.issue(first.key(), &large, &mut source).unwrap());
    assert_eq!(source.draws, [key_len(256)]);
    let passing = Grant::default().expiring(Some(NOW.after(60)));
    keeper.issue(second.key(), &passing, &mut TestRng::new(3)).unwrap();

    // One expired key, and two with capacities of their own; after that, also those in their grace periods.
    let keeper = Keeper::new(&store, NOW.after(60));
    let rotations = [
        (4, &[1; 100][..], Some(60), [128, 256]),
        (5, &[2; 10], Some(60), [128, 256]),
        (6, &[3; 300], None, [512, 512]),
    ];
    for (seed, payload, grace, capacities) in rotations {
        let mut source = Watched::new(seed);
        let rotation = keeper.rotate(&account(), payload, &Grant::default(), grace, &mut source).unwrap();
        // Never smaller than before, so a capacity that hides more is kept.
        let mut new: Vec<_> = rotation.replacements().iter().map(|new| new.key.capacity().bytes()).collect();
        new.sort_unstable();
        assert_eq!(new, capacities);
        assert_eq!(source.draws, [KeyId::LEN + capacities.map(key_len).iter().sum::<usize>()]);
        rotation.finish().unwrap();
    }
    let mut source = Watched::new(7);
    keeper.rotate(&account(), b"x", &large, None, &mut source).unwrap().finish().unwrap();
    assert_eq!(source.draws, [KeyId::LEN + 2 * key_len(256)]);
}

#[test]
fn nothing_is_drawn_for_what_can_not_be_done() {
    let store = MemoryStore::new();
    let keeper = Keeper::new(&store, NOW);
    let small = Grant::default().with_capacity(Some(Capacity::MIN));
    let mut source = Watched::new(1);
    let error = keeper.add(&account(), &[1; 65], &small, &mut source).unwrap_err();
    assert!(matches!(error, KeepError::Invalid(Error::PayloadTooLong { len: 65, capacity: 64 })));
    let error = keeper.add(&account(), &vec![1; 65_536], &Grant::default(), &mut source).unwrap_err();
    assert_eq!(error.code(), Code::Usage);
    let nobody = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut source).map(drop);
    assert!(matches!(nobody, Err(KeepError::NoAccount { .. })));
    let key = HeldKey::new(&keeper.add(&account(), SECRET, &grant("first"), &mut TestRng::new(1)).unwrap());
    let too_long = keeper.rotate(&account(), &[1; 65], &small, None, &mut source).map(drop);
    assert_eq!(too_long.unwrap_err().code(), Code::Usage);
    let expired = Grant::default().expiring(Some(NOW));
    let over = keeper.rotate(&account(), b"new", &expired, None, &mut source).map(drop);
    assert_eq!(over.unwrap_err().code(), Code::Expired);
    assert_eq!((source.draws.len(), counts(&store)), (0, [1, 0, 0]));
    assert_eq!(key.open(&store).as_deref(), Some(SECRET));
}

#[test]
fn a_source_that_fails_changes_nothing() {
    let store = MemoryStore::new();
    let keeper = Keeper::new(&store, NOW);
    let dry = |len| Watched { left: len, ..Watched::new(2) };
    let failed = |error: KeepError<_>| match error {
        KeepError::Randomness(cause) => assert!(cause.is::<Dry>()),
        error => panic!("{error}"),
    };
    failed(keeper.add(&account(), SECRET, &grant("first"), &mut dry(key_len(64) - 1)).unwrap_err());
    assert_eq!(counts(&store), [0; 3]);
    let key = HeldKey::new(&keeper.add(&account(), SECRET, &grant("first"), &mut TestRng::new(1)).unwrap());
    failed(keeper.issue(key.key(), &grant("second"), &mut dry(0)).unwrap_err());
    let rotated = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut dry(KeyId::LEN + key_len(64) - 1));
    failed(rotated.unwrap_err());
    assert_eq!((counts(&store), key.open(&store).as_deref()), ([1, 0, 0], Some(SECRET)));
}

#[test]
fn a_source_that_repeats_itself_harms_no_key_that_exists() {
    let store = MemoryStore::new();
    let keeper = Keeper::new(&store, NOW);
    let key = HeldKey::new(&keeper.add(&account(), SECRET, &grant("first"), &mut TestRng::new(1)).unwrap());
    let error = keeper.issue(key.key(), &grant("second"), &mut TestRng::new(1)).unwrap_err();
    assert_eq!(error.code(), Code::RandomnessFailed);
    assert_eq!(key.open(&store).as_deref(), Some(SECRET));

    // The rotation's own id is new, but its first key's is a repetition.
    let mut source = Watched { second: (KeyId::LEN, TestRng::new(1)), ..Watched::new(8) };
    let rotated = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut source);
    assert_eq!(rotated.unwrap_err().code(), Code::RandomnessFailed);
    assert_eq!((counts(&store), key.open(&store).as_deref()), ([1, 0, 0], Some(SECRET)));
}
