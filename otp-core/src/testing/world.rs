//! What tests of stores share: a source of bytes, keys as their holders keep them, and an account with two keys.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;
use core::ops::ControlFlow;

use rand_core::{TryCryptoRng, TryRng};

use crate::buffer::Buffer;
use crate::id::KeyId;
use crate::keeper::{Grant, KeepError, Keeper};
use crate::key::{Key, KeyText};
use crate::name::{AccountName, Holder};
use crate::store::{Kind, Slot, Store};
use crate::time::UnixTime;

/// When tests happen, unless they need another time: 2027-01-15T08:00:00Z.
pub const NOW: UnixTime = match UnixTime::from_secs(1_800_000_000) {
    Some(now) => now,
    None => UnixTime::MAX,
};

/// What [`two_keys`] seals.
pub const SECRET: &[u8] = b"the first secret";

/// A source of bytes that are the same in each run. **Not for secrets**: all of it follows from the seed.
///
/// It is `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). It implements
/// [`TryCryptoRng`], a promise that it does not keep, only because whatever seals asks for it.
#[derive(Debug)]
pub struct TestRng(u64);

impl TestRng {
    /// A source for a seed. Sources of different seeds give different keys.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        // Far apart, so that no two streams overlap in a test.
        Self(seed << 32)
    }
}

impl TryRng for TestRng {
    type Error = Infallible;

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(mixed ^ (mixed >> 31))
    }

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRng {}

/// A key as its holder keeps it: text, which opens again and again.
pub struct HeldKey {
    id: KeyId,
    text: KeyText,
}

impl HeldKey {
    /// Takes a copy of a key.
    #[must_use]
    pub fn new<B: Buffer>(key: &Key<B>) -> Self {
        Self { id: key.id(), text: key.to_text() }
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key, read from its text.
    #[must_use]
    pub fn key(&self) -> Key<Vec<u8>> {
        Key::parse_owned(self.text.as_bytes()).expect("the text is that of a key")
    }

    /// What the key opens at a time.
    ///
    /// # Errors
    ///
    /// Those of [`Keeper::open`].
    pub fn open_at<S: Store>(&self, store: &S, time: UnixTime) -> Result<Vec<u8>, KeepError<S::Error>> {
        Keeper::new(store, time).open(self.key()).map(|secret| secret.expose().to_vec())
    }

    /// What the key opens now; `None` if there is no such key.
    ///
    /// # Panics
    ///
    /// If it does not open for any other reason.
    #[must_use]
    pub fn open<S: Store>(&self, store: &S) -> Option<Vec<u8>> {
        match self.open_at(store, NOW) {
            Ok(secret) => Some(secret),
            Err(KeepError::NoKey { .. }) => None,
            Err(error) => panic!("key {} does not open: {error}", self.id),
        }
    }
}

impl fmt::Debug for HeldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeldKey({}, ..)", self.id)
    }
}

/// A grant for a holder.
///
/// # Panics
///
/// If it is not the name of a holder.
#[must_use]
pub fn grant(holder: &str) -> Grant {
    Grant::default().held_by(Some(Holder::parse(holder).unwrap()))
}

/// Adds an account with the secret [`SECRET`] and two keys, held by `first` and `second`.
///
/// # Panics
///
/// If that fails.
pub fn two_keys<S: Store>(store: &S, account: &AccountName) -> [HeldKey; 2] {
    let (keeper, mut rng) = (Keeper::new(store, NOW), TestRng::new(1));
    let first = HeldKey::new(&keeper.add(account, SECRET, &grant("first"), &mut rng).unwrap());
    let second = HeldKey::new(&keeper.issue(first.key(), &grant("second"), &mut rng).unwrap());
    [first, second]
}

/// How many objects of a kind an account has.
///
/// # Panics
///
/// If the store can't list them.
pub fn count<S: Store>(store: &S, account: &AccountName, kind: Kind) -> usize {
    let mut count = 0;
    let each = &mut |slot: &Slot| {
        count += usize::from(slot.kind == kind);
        ControlFlow::Continue(())
    };
    store.list_account(account, each).unwrap();
    count
}
