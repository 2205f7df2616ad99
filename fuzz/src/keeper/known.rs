//! What the model knows of a key.

use otp_core::{AccountName, Key, KeyId, UnixTime};

pub(super) struct Known {
    pub(super) account: AccountName,
    pub(super) id: KeyId,
    pub(super) text: String,
    pub(super) secret: Vec<u8>,
    pub(super) expires: Option<UnixTime>,
    pub(super) state: State,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    Live,
    Grace(UnixTime),
    Revoked(UnixTime),
    Rotated(UnixTime),
    Removed,
}

impl Known {
    pub(super) fn new(key: &Key<Vec<u8>>, secret: &[u8], expires: Option<UnixTime>) -> Self {
        Self {
            account: key.account().clone(),
            id: key.id(),
            text: key.to_text().as_str().to_owned(),
            secret: secret.to_vec(),
            expires,
            state: State::Live,
        }
    }

    pub(super) fn key(&self) -> Key<Vec<u8>> {
        Key::parse_owned(self.text.as_bytes()).unwrap()
    }

    /// Whether its record counts at this time, even if it has expired.
    pub(super) fn is_there(&self, now: UnixTime) -> bool {
        self.state == State::Live || self.is_replaced(now)
    }

    /// Whether it is in its grace period.
    pub(super) fn is_replaced(&self, now: UnixTime) -> bool {
        matches!(self.state, State::Grace(until) if now < until)
    }

    pub(super) fn has_expired(&self, now: UnixTime) -> bool {
        self.expires.is_some_and(|at| now >= at)
    }
}

/// A secret chosen by a number: mostly of the smallest capacity, sometimes of the next.
pub(super) fn secret_of(number: u8) -> Vec<u8> {
    vec![number; usize::from(number) % 80]
}
