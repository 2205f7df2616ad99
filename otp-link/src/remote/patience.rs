//! [`Patience`]: how long to wait for a store on the network.

use std::time::{Duration, Instant};

use crate::environment::{self, Environment, variable};
use crate::error::{Error, Result};

/// How long to wait unless `OTP_STORE_TIMEOUT` says otherwise.
const DEFAULT: Duration = Duration::from_secs(15);

/// How long to wait for a store on the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// This long in all: somebody is waiting for a credential.
    InAll(Duration),
    /// This long without an answer to anything.
    WithoutProgress(Duration),
}

impl Patience {
    /// For opening an account.
    pub(crate) fn in_all() -> Result<Self> {
        limit(&environment::process).map(Self::InAll)
    }

    /// For everything else.
    pub(crate) fn without_progress() -> Result<Self> {
        limit(&environment::process).map(Self::WithoutProgress)
    }

    /// The time itself.
    pub(crate) fn limit(self) -> Duration {
        match self {
            Self::InAll(limit) | Self::WithoutProgress(limit) => limit,
        }
    }

    /// When it ends, for a store that was opened and has answered at these times.
    pub(crate) fn end(self, opened: Instant, answered: Instant) -> Instant {
        match self {
            Self::InAll(limit) => opened + limit,
            Self::WithoutProgress(limit) => answered + limit,
        }
    }
}

fn limit(environment: Environment<'_>) -> Result<Duration> {
    let Some(text) = variable(environment, "OTP_STORE_TIMEOUT") else { return Ok(DEFAULT) };
    let number = text.to_str().map(|text| text.strip_suffix('s').unwrap_or(text));
    // A day is longer than anybody waits, and short enough for every clock.
    match number.and_then(|number| number.parse().ok()) {
        Some(secs @ 1..=86_400) => Ok(Duration::from_secs(secs)),
        _ => Err(Error::StoreTimeout),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_a_number_of_seconds() {
        let limit = |text: &'static str| limit(&move |_| Some(text.into()));
        assert_eq!(limit("").unwrap(), DEFAULT, "an empty variable counts as unset");
        assert_eq!((limit("3").unwrap(), limit("3s").unwrap()), (Duration::from_secs(3), Duration::from_secs(3)));
        for wrong in ["0", "-1", "3m", "s", "soon", "86401", "99999999999999999999"] {
            assert!(matches!(limit(wrong), Err(Error::StoreTimeout)), "{wrong}");
        }
    }
}
