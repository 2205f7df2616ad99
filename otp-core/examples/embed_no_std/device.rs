//! The device's own code: nothing here but `core` and `otp_core`.

use core::fmt;

use otp_core::key::{len_for, text_len};
use otp_core::rand_core::TryCryptoRng;
use otp_core::random::DrawError;
use otp_core::{
    AccountName, Capacity, Error, FreshKey, Key, Record, Slot, Store, Terms, UnixTime, open_ignoring_expiry, seal,
};

use crate::flash::Full;

/// The capacity that the device seals with.
const CAPACITY: Capacity = Capacity::MIN;
/// The longest record that the device keeps.
pub(crate) const RECORD_LEN: usize = Record::max_len(CAPACITY);
const KEY_LEN: usize = len_for(AccountName::MAX_LEN, CAPACITY);
/// Room for the text of the longest key.
pub(crate) const KEY_TEXT_LEN: usize = text_len(KEY_LEN);

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Failure {
    /// The key, the record or a buffer is not right.
    Core(Error),
    /// The flash has no free slot.
    Full,
    /// There is no such record.
    NotFound,
    /// The source of randomness failed.
    Randomness,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<Full> for Failure {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(error) => error.fmt(f),
            Self::Full => Full.fmt(f),
            Self::NotFound => f.write_str("there is no record of this key"),
            Self::Randomness => f.write_str("the source of randomness failed"),
        }
    }
}

impl core::error::Error for Failure {}

/// Seals a secret into the store, writes its key's text to the front of `text`, and returns the text's length.
pub(crate) fn provision<S, R>(store: &S, rng: &mut R, secret: &[u8], text: &mut [u8]) -> Result<usize, Failure>
where
    S: Store<Error = Full>,
    R: TryCryptoRng,
{
    let account = AccountName::parse("device/uplink")?;
    let (mut key_buffer, mut record_buffer) = ([0; KEY_LEN], [0; RECORD_LEN]);
    let fresh = FreshKey::generate(&account, CAPACITY, &mut key_buffer[..], rng).map_err(|error| match error {
        DrawError::Invalid(error) => Failure::Core(error),
        _ => Failure::Randomness,
    })?;
    // The device has no clock.
    let created = UnixTime::from_secs(0).ok_or(Error::InvalidTime)?;
    let (key, record) = seal(fresh, &Terms::created(created), secret, &mut record_buffer)?;
    if !store.put(&Slot::record(&account, key.id()), record)? {
        // Ten random bytes that already exist: the source is broken.
        return Err(Failure::Randomness);
    }
    Ok(key.write_text(text)?.len())
}

/// Opens the record of a key, and copies the secret to the front of `out`.
pub(crate) fn unlock<'o, S>(store: &S, text: &[u8], out: &'o mut [u8]) -> Result<&'o [u8], Failure>
where
    S: Store<Error = Full>,
{
    let (mut key_buffer, mut record_buffer) = ([0; KEY_LEN], [0; RECORD_LEN]);
    let key = Key::parse(text, &mut key_buffer[..])?;
    let slot = Slot::record(key.account(), key.id());
    let len = store.get(&slot, &mut record_buffer)?.ok_or(Failure::NotFound)?;
    let record = Record::decode(&record_buffer[..len.min(RECORD_LEN)])?;
    let secret = open_ignoring_expiry(key, &record)?;
    let bytes = secret.expose();
    let out = out.get_mut(..bytes.len()).ok_or(Error::BufferTooSmall { needed: bytes.len() })?;
    out.copy_from_slice(bytes);
    Ok(out)
}

/// Seals until something fails.
pub(crate) fn fill<S, R>(store: &S, rng: &mut R) -> Failure
where
    S: Store<Error = Full>,
    R: TryCryptoRng,
{
    loop {
        if let Err(failure) = provision(store, rng, b"another", &mut [0; KEY_TEXT_LEN]) {
            return failure;
        }
    }
}
