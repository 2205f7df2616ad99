//! The device's own code: nothing here but `core` and `otp_core`.

use core::cell::RefCell;
use core::fmt;
use core::ops::ControlFlow;

use otp_core::rand_core::TryCryptoRng;
use otp_core::random::DrawError;
use otp_core::store::{Slot, Store};
use otp_core::{AccountName, Capacity, Code, Coded, Error, FreshKey, Key, Record, Terms, UnixTime, open, seal};

/// How many objects the flash holds.
pub(crate) const SLOTS: usize = 4;
/// The capacity that the device seals with.
const CAPACITY: Capacity = Capacity::MIN;
const RECORD_LEN: usize = Record::max_len(CAPACITY);
const KEY_LEN: usize = Key::<&mut [u8]>::len_for(AccountName::MAX_LEN, CAPACITY);
/// Room for the text of the longest key.
pub(crate) const KEY_TEXT_LEN: usize = 6 + (KEY_LEN * 8).div_ceil(5);

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Failure {
    /// Key or record are not right.
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

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(error) => error.fmt(f),
            Self::Full => f.write_str("the flash has no free slot"),
            Self::NotFound => f.write_str("there is no record of this key"),
            Self::Randomness => f.write_str("the source of randomness failed"),
        }
    }
}

impl core::error::Error for Failure {}

impl Coded for Failure {
    fn code(&self) -> Code {
        match self {
            Self::Core(error) => error.code(),
            Self::Full => Code::StoreUnavailable,
            Self::NotFound => Code::NotFound,
            Self::Randomness => Code::RandomnessFailed,
        }
    }
}

/// One object and the slot that it is in.
type Object = Option<(Slot, [u8; RECORD_LEN], usize)>;

/// A store on fixed arrays, sorted by slot: what a driver would keep in flash.
pub(crate) struct Flash {
    objects: RefCell<[Object; SLOTS]>,
}

impl Flash {
    /// Flash with nothing in it.
    pub(crate) const fn new() -> Self {
        Self { objects: RefCell::new([const { None }; SLOTS]) }
    }

    /// How many slots are used.
    pub(crate) fn used(&self) -> usize {
        self.objects.borrow().iter().flatten().count()
    }
}

impl Store for Flash {
    type Error = Failure;

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Failure> {
        let mut objects = self.objects.borrow_mut();
        if objects.iter().flatten().any(|(taken, ..)| taken == slot) {
            return Ok(false);
        }
        let free = objects.iter_mut().find(|object| object.is_none()).ok_or(Failure::Full)?;
        let mut kept = [0; RECORD_LEN];
        kept.get_mut(..bytes.len()).ok_or(Failure::Full)?.copy_from_slice(bytes);
        *free = Some((slot.clone(), kept, bytes.len()));
        // `list` gives slots in their order; free ones go to the end.
        objects.sort_unstable_by(|left, right| match (left, right) {
            (Some((left, ..)), Some((right, ..))) => left.cmp(right),
            (left, right) => left.is_none().cmp(&right.is_none()),
        });
        Ok(true)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Failure> {
        let objects = self.objects.borrow();
        let found = objects.iter().flatten().find(|(taken, ..)| taken == slot);
        Ok(found.map(|(_, bytes, len)| {
            let fits = buffer.len().min(*len);
            buffer[..fits].copy_from_slice(&bytes[..fits]);
            *len
        }))
    }

    fn list(&self, prefix: &str, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Failure> {
        // A copy of one slot at a time, so that `each` may use the store.
        for index in 0..SLOTS {
            let Some(slot) = self.objects.borrow()[index].as_ref().map(|(slot, ..)| slot.clone()) else { break };
            let account = slot.account.as_str();
            let is_below = account.starts_with(prefix) || prefix.strip_suffix('/') == Some(account);
            if is_below && each(&slot).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Failure> {
        let mut objects = self.objects.borrow_mut();
        let Some(at) = objects.iter().position(|object| matches!(object, Some((taken, ..)) if taken == slot)) else {
            return Ok(false);
        };
        objects[at..].rotate_left(1);
        objects[SLOTS - 1] = None;
        Ok(true)
    }
}

/// Seals a secret into the store, and writes its key's text to the front of `text`; gives the length.
pub(crate) fn provision<S, R>(store: &S, rng: &mut R, secret: &[u8], text: &mut [u8]) -> Result<usize, Failure>
where
    S: Store<Error = Failure>,
    R: TryCryptoRng,
{
    let account = AccountName::parse("device/uplink")?;
    let (mut key_buffer, mut record_buffer) = ([0; KEY_LEN], [0; RECORD_LEN]);
    let fresh = FreshKey::generate(&account, CAPACITY, &mut key_buffer[..], rng).map_err(|error| match error {
        DrawError::Invalid(error) => Failure::Core(error),
        _ => Failure::Randomness,
    })?;
    // The device has no clock.
    let (key, record) = seal(fresh, &Terms::created(UnixTime::from_secs(0)?), secret, &mut record_buffer)?;
    if !store.put(&Slot::record(&account, key.id()), record)? {
        return Err(Failure::Randomness);
    }
    Ok(key.write_text(text)?.len())
}

/// Opens the record of a key, and copies the secret to the front of `out`.
pub(crate) fn unlock<'o, S>(store: &S, text: &[u8], out: &'o mut [u8]) -> Result<&'o [u8], Failure>
where
    S: Store<Error = Failure>,
{
    let (mut key_buffer, mut record_buffer) = ([0; KEY_LEN], [0; RECORD_LEN]);
    let key = Key::parse(text, &mut key_buffer[..])?;
    let slot = Slot::record(key.account(), key.id());
    let len = store.get(&slot, &mut record_buffer)?.ok_or(Failure::NotFound)?;
    let record = Record::decode(&record_buffer[..len.min(RECORD_LEN)])?;
    let secret = open(key, &record, None)?;
    let bytes = secret.expose();
    let out = out.get_mut(..bytes.len()).ok_or(Error::BufferTooSmall { needed: bytes.len() })?;
    out.copy_from_slice(bytes);
    Ok(out)
}

/// Seals until something fails.
pub(crate) fn fill<S, R>(store: &S, rng: &mut R) -> Failure
where
    S: Store<Error = Failure>,
    R: TryCryptoRng,
{
    loop {
        if let Err(failure) = provision(store, rng, b"another", &mut [0; KEY_TEXT_LEN]) {
            return failure;
        }
    }
}
