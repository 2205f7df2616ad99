//! [`Error`]: why something failed, with its code and the whole chain of causes as one text.

use std::fmt::{self, Display};

use otp_core::keeper::Gone;
use otp_core::random::DrawError;
use otp_core::{AccountName, Code, Coded, KeepError, UnixTime};

/// Why a call failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The call is not one that can be carried out; the message says why.
    Usage(String),
    /// Names, keys, records.
    Core(otp_core::Error),
    /// What people do with keys.
    Keep(KeepError<otp_store_fs::Error>),
    /// The store, key files.
    Store(otp_store_fs::Error),
    /// The source of randomness.
    Randomness(Box<dyn std::error::Error + Send + Sync>),
    /// The key is for another account than the one that was named.
    OtherAccount {
        /// The account that was named.
        named: Box<AccountName>,
        /// The key's.
        key: Box<AccountName>,
    },
    /// The account has no such field.
    NoField {
        /// The name that was asked for.
        field: String,
        /// The names that there are.
        there: Vec<String>,
    },
    /// Something else; the message says what.
    Other(String),
}

impl Error {
    pub(crate) fn from_draw<E: std::error::Error + Send + Sync + 'static>(error: DrawError<E>) -> Self {
        match error {
            DrawError::Invalid(error) => Self::Core(error),
            DrawError::Source(error) => Self::Randomness(Box::new(error)),
            other => Self::Other(other.to_string()),
        }
    }

    /// The message, and behind it each cause.
    #[must_use]
    pub fn message(&self) -> String {
        let mut message = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        message
    }
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::Usage(_) => Code::Usage,
            Self::Core(error) => error.code(),
            Self::Keep(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::Randomness(_) => Code::RandomnessFailed,
            Self::OtherAccount { .. } => Code::WrongKey,
            Self::NoField { .. } | Self::Other(_) => Code::Other,
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Other(message) => f.write_str(message),
            Self::Core(error) | Self::Keep(KeepError::Invalid(error)) => describe(error, f),
            Self::Keep(error @ KeepError::NoKey { gone: Gone::Revoked { at } | Gone::Rotated { at }, .. }) => {
                write!(f, "{error} ({})", rfc3339(*at))
            }
            Self::Keep(error) => Display::fmt(error, f),
            // Here nobody has options of a command line.
            Self::Store(otp_store_fs::Error::NoKey) => f.write_str(
                "no key is given; pass a key or a key file, or set OTP_KEY_FILE, OTP_KEY, \
                 or systemd's LoadCredential=otp-key",
            ),
            Self::Store(otp_store_fs::Error::NoStore) => {
                f.write_str("no store is named and there is no home directory; name one, or set OTP_STORE")
            }
            Self::Store(otp_store_fs::Error::RootMissing { path }) => {
                write!(f, "there is no store at {}; adding an account makes one, or name another", path.display())
            }
            Self::Store(error) => Display::fmt(error, f),
            Self::Randomness(_) => f.write_str("the source of randomness failed; nothing was sealed"),
            Self::OtherAccount { named, key } => {
                write!(f, "the key is for account {key}, not for {named}; use a key to {named}")
            }
            Self::NoField { field, there } => {
                write!(f, "the account has no field {field:?}; it has: {}", there.join(", "))
            }
        }
    }
}

/// What core says, with times as people read them.
fn describe(error: &otp_core::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        otp_core::Error::Expired { at } => write!(f, "the record expired at {}; ask for a new key", rfc3339(*at)),
        other => Display::fmt(other, f),
    }
}

/// A time as RFC 3339 has it, in UTC.
pub(crate) fn rfc3339(time: UnixTime) -> String {
    let (days, secs) = (time.as_secs() / 86_400, time.as_secs() % 86_400);
    // Years that begin in March, so that the day of a leap year comes last; 719,468 days from 0000-03-01 to 1970-01-01.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", secs / 3600, secs / 60 % 60, secs % 60)
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // What stands above is their own message, so their cause is ours.
            Self::Core(error) => error.source(),
            Self::Keep(error) => error.source(),
            Self::Store(error) => error.source(),
            Self::Randomness(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

impl From<otp_core::Error> for Error {
    fn from(error: otp_core::Error) -> Self {
        Self::Core(error)
    }
}

impl From<KeepError<otp_store_fs::Error>> for Error {
    fn from(error: KeepError<otp_store_fs::Error>) -> Self {
        match error {
            KeepError::Store(error) => Self::Store(error),
            error => Self::Keep(error),
        }
    }
}

impl From<otp_store_fs::Error> for Error {
    fn from(error: otp_store_fs::Error) -> Self {
        Self::Store(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (UnixTime::MAX.as_secs(), "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(UnixTime::from_secs(secs).unwrap()), text);
        }
    }
}
