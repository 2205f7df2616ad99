//! What the tests of the keeper share: an account with two keys, and what people do with it.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use otp_core::keeper::{KeyInfo, TRACE_SECS};
use otp_core::{AccountName, Code, Coded, Grant, Holder, KeepError, Keeper, Key, KeyId, Kind, Store, UnixTime};

/// The secret that the world begins with.
pub(crate) const OLD: &[u8] = b"the old secret";

pub(crate) fn account() -> AccountName {
    AccountName::parse("edms/reporting").unwrap()
}

pub(crate) fn now() -> UnixTime {
    UnixTime::from_secs(1_800_000_000).unwrap()
}

pub(crate) fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

pub(crate) fn grant(holder: &str) -> Grant {
    Grant { holder: Some(Holder::parse(holder).unwrap()), ..Grant::default() }
}

/// A key as its holder has it: text that can be used again and again.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) id: KeyId,
    text: String,
}

impl Held {
    pub(crate) fn new(key: &Key<Vec<u8>>) -> Self {
        Self { id: key.id(), text: key.to_text().as_str().to_owned() }
    }

    pub(crate) fn key(&self) -> Key<Vec<u8>> {
        Key::parse_owned(&self.text).unwrap()
    }

    /// What it opens at a time.
    pub(crate) fn opens_at<S: Store>(&self, store: &S, time: UnixTime) -> Result<Vec<u8>, KeepError<S::Error>> {
        Keeper::new(store, time).open(self.key()).map(|secret| secret.expose().to_vec())
    }

    /// What it opens now, if anything; any other end than that there is no such key is a failure of the test.
    pub(crate) fn opens<S: Store>(&self, store: &S) -> Option<Vec<u8>> {
        match self.opens_at(store, now()) {
            Ok(secret) => Some(secret),
            Err(error) => {
                assert_eq!(error.code(), Code::NotFound, "{error}");
                None
            }
        }
    }
}

/// Makes an account with two keys.
pub(crate) fn two_keys<S: Store>(store: &S) -> [Held; 2] {
    let (keeper, mut rng) = (Keeper::new(store, now()), rng(1));
    let first = Held::new(&keeper.add(&account(), OLD, &grant("first"), &mut rng).unwrap());
    let second = Held::new(&keeper.issue(first.key(), &grant("second"), &mut rng).unwrap());
    [first, second]
}

/// The ids that an account's information shows.
pub(crate) fn shown<S: Store>(store: &S, time: UnixTime) -> Vec<KeyInfo> {
    match Keeper::new(store, time).info(&account()) {
        Ok(infos) => infos,
        Err(KeepError::NoAccount { .. }) => Vec::new(),
        Err(error) => panic!("{error}"),
    }
}

/// How many objects of a kind the account has.
pub(crate) fn count<S: Store>(store: &S, kind: Kind) -> usize {
    let mut count = 0;
    let each = &mut |slot: &otp_core::Slot| {
        count += usize::from(slot.kind == kind);
        core::ops::ControlFlow::Continue(())
    };
    store.list(&format!("{}/", account()), each).unwrap_or_else(|error| panic!("{error}"));
    count
}

/// A time after which no trace is left.
pub(crate) fn much_later() -> UnixTime {
    now().after(2 * TRACE_SECS)
}
