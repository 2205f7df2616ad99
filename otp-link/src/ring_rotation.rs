//! Rotating an account that is kept in a ring: its keys keep their text, and its database may change in between.

use std::num::NonZeroU8;

use otp_core::keeper::Replacement;
use otp_core::keeper::ringed::{Applied, Change, Published, RingRotation};
use otp_core::{Account, AccountName, Fields, KeyId};
use otp_sys::LockedBuf;

use crate::any_store::StoreError;
use crate::audit::{Entry, Event};
use crate::error::{Error, Result};
use crate::fields;
use crate::new_key::NewKey;
use crate::place::Place;
use crate::randomness::Randomness;
use crate::ring::{self, FsRingKeeper, RingGuard};
use crate::rotate::{Payload, merge};
use crate::store;
use crate::terms::KeyTerms;

/// What a rotation with a ring is to do.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Renewal<'a> {
    /// The account.
    pub account: &'a str,
    /// The new fields; the others keep their values.
    pub fields: &'a [(&'a str, &'a [u8])],
    /// The expiry of all keys, and the capacity and pages of new ones; what is left out stays as it was.
    pub terms: KeyTerms<'a>,
    /// Whether every holder gets a new key.
    pub new_keys: bool,
    /// Ids of records that the ring knows nothing of, to be ended.
    pub end_unknown: &'a [String],
    /// Whether a program gets the fields as text, so that they must be UTF-8.
    pub as_text: bool,
    /// Where it is kept.
    pub place: Place<'a>,
}

impl<'a> Renewal<'a> {
    /// A rotation of an account to new fields.
    #[must_use]
    pub fn new(account: &'a str, fields: &'a [(&'a str, &'a [u8])]) -> Self {
        Self {
            account,
            fields,
            terms: KeyTerms::default(),
            new_keys: false,
            end_unknown: &[],
            as_text: false,
            place: Place::default(),
        }
    }

    fn options(&self) -> Result<RingRotation> {
        let grant = self.terms.grant()?;
        let mut options = RingRotation::default();
        (options.expires, options.capacity, options.pages) = (grant.expires, grant.capacity, grant.pages);
        options.new_keys = self.new_keys;
        options.end_unknown = self.end_unknown.iter().map(|id| KeyId::parse(id)).collect::<Result<_, _>>()?;
        Ok(options)
    }
}

impl Renewal<'_> {
    /// The old payload with the new fields in it, if the program that changes the database can read it.
    fn changed(&self, old: &[u8], new: &Account<LockedBuf>) -> Result<Payload> {
        let payload = merge(old, new)?;
        if self.as_text {
            check_text(old).and_then(|()| check_text(payload.as_ref()))?;
        }
        Ok(payload)
    }
}

/// Carries out a [`Change`], and says what became of it. Gets the ring's lock, which a program should inherit.
pub trait Apply: FnOnce(&RingGuard, Change<'_>) -> Applied {}

impl<F: FnOnce(&RingGuard, Change<'_>) -> Applied> Apply for F {}

/// Gives an account a new secret; each key that has a page left keeps its text.
///
/// `apply` changes the database in between. `hand_over` gets the new keys that some holders need; there may be none.
///
/// # Errors
///
/// Those of [`otp_core::keeper::ringed::RingKeeper::rotate`], [`Error::NothingNew`], [`Error::ValueNotText`], and the
/// ring's. After [`Code::InDoubt`](otp_core::Code::InDoubt), call [`resume_rotation`].
pub fn renew_account<E: From<Error>>(
    renewal: &Renewal<'_>,
    randomness: &mut Randomness,
    apply: impl Apply,
    hand_over: impl FnOnce(Vec<NewKey>) -> Result<(), E>,
) -> Result<Published<LockedBuf>, E> {
    let name = AccountName::parse(renewal.account).map_err(Error::from)?;
    let new = new_fields(renewal)?;
    let options = renewal.options()?;
    let entry = begin(&name)?;
    with_keeper(&renewal.place, &entry, |keeper| {
        let change = |old: &[u8]| -> Result<Payload, Failure<E>> {
            let payload = renewal.changed(old, &new).map_err(Failure::Link)?;
            // Nothing has changed yet, and `apply` gets both.
            entry.granted().map_err(Failure::Link)?;
            Ok(payload)
        };
        keeper.rotate(&name, change, &options, randomness, with_change(apply), handing(hand_over))
    })
}

/// What [`renew_account`] would do: nothing is changed, and nothing is drawn.
///
/// # Errors
///
/// As [`renew_account`].
pub fn plan_renewal(renewal: &Renewal<'_>) -> Result<Published<LockedBuf>> {
    let name = AccountName::parse(renewal.account)?;
    let (new, options) = (new_fields(renewal)?, renewal.options()?);
    with_keeper(&renewal.place, &Entry::none(Event::Rotate), |keeper| {
        keeper.plan(&name, |old| renewal.changed(old, &new).map_err(Failure::Link), &options)
    })
}

/// Resumes a rotation that was cut short. Returns `None` if nothing was left to do: the database had not been touched,
/// or all of it was done.
///
/// # Errors
///
/// Those of [`otp_core::keeper::ringed::RingKeeper::resume`], and the ring's.
pub fn resume_rotation<E: From<Error>>(
    renewal: &Renewal<'_>,
    randomness: &mut Randomness,
    apply: impl Apply,
    hand_over: impl FnOnce(Vec<NewKey>) -> Result<(), E>,
) -> Result<Option<Published<LockedBuf>>, E> {
    let name = AccountName::parse(renewal.account).map_err(Error::from)?;
    let options = renewal.options()?;
    let entry = begin(&name)?;
    with_keeper(&renewal.place, &entry, |keeper| {
        entry.granted().map_err(Failure::Link)?;
        keeper.resume(&name, &options, randomness, with_change(apply), handing(hand_over))
    })
}

/// Goes back to the old secret after a rotation that was cut short.
///
/// # Errors
///
/// Those of [`otp_core::keeper::ringed::RingKeeper::abort`], and the ring's.
pub fn abort_rotation(account: &str, place: Place<'_>, apply: impl Apply) -> Result<()> {
    let name = AccountName::parse(account)?;
    let entry = begin(&name)?;
    with_keeper(&place, &entry, |keeper| {
        entry.granted()?;
        Ok(keeper.abort(&name, with_change(apply)).map_err(Error::from)?)
    })
}

/// Forgets a rotation that was cut short, whatever the database has now.
///
/// # Errors
///
/// Those of [`otp_core::keeper::ringed::RingKeeper::forget_rotation`], and the ring's.
pub fn forget_rotation(account: &str, place: Place<'_>) -> Result<()> {
    let name = AccountName::parse(account)?;
    with_keeper(&place, &Entry::none(Event::Rotate), |keeper| Ok(keeper.forget_rotation(&name).map_err(Error::from)?))
}

/// An error of this crate, or one of the front end.
enum Failure<E> {
    Link(Error),
    FrontEnd(E),
}

impl<E> From<Error> for Failure<E> {
    fn from(error: Error) -> Self {
        Self::Link(error)
    }
}

impl<E> From<otp_core::KeepError<StoreError>> for Failure<E> {
    fn from(error: otp_core::KeepError<StoreError>) -> Self {
        Self::Link(error.into())
    }
}

/// Begins the entry of a rotation, or of resuming or aborting one.
fn begin(account: &AccountName) -> Result<Entry> {
    let mut entry = Entry::begin(Event::Rotate)?;
    entry.account(account);
    Ok(entry)
}

fn with_keeper<T, E: From<Error>>(
    place: &Place<'_>,
    entry: &Entry,
    act: impl FnOnce(&FsRingKeeper<'_, '_>) -> Result<T, Failure<E>>,
) -> Result<T, E> {
    let open = || -> Result<_> {
        Ok((ring::open(place.ring, place.store)?.ok_or(Error::NoRing)?, store::open_to_write(place.store)?))
    };
    let (ring, store) = open().map_err(|error| entry.refused(error))?;
    let keeper = store::keeper(&store).with_ring(&ring);
    act(&keeper).map_err(|failure| match failure {
        Failure::Link(error) => entry.refused(error).into(),
        Failure::FrontEnd(error) => error,
    })
}

/// Hands the old and new secret to whatever changes the database.
fn with_change(apply: impl Apply) -> impl Apply {
    |guard: &RingGuard, change: Change<'_>| {
        for payload in [change.old, change.new] {
            otp_sys::hand_over(payload);
        }
        apply(guard, change)
    }
}

/// Hands new keys over in the form that a front end takes.
fn handing<E: From<Error>>(
    hand_over: impl FnOnce(Vec<NewKey>) -> Result<(), E>,
) -> impl FnOnce(&[Replacement<LockedBuf>]) -> Result<(), Failure<E>> {
    |replacements| {
        let keys: Result<Vec<NewKey>> = replacements
            .iter()
            .map(|Replacement { old, holder, key, .. }| NewKey::new(key, holder.clone(), Some(*old)))
            .collect();
        hand_over(keys?).map_err(Failure::FrontEnd)
    }
}

fn new_fields(renewal: &Renewal<'_>) -> Result<Account<LockedBuf>> {
    let new = fields::collect(renewal.fields)?;
    if new.payload().is_empty() {
        return Err(Error::NothingNew);
    }
    renewal.terms.check_fields(&new)?;
    Ok(new)
}

/// Refuses values that can't be given as text to a program that changes a database.
fn check_text(payload: &[u8]) -> Result<()> {
    otp_sys::hand_over(payload);
    match Fields::decode(payload)?.iter().find(|field| str::from_utf8(field.value).is_err()) {
        Some(field) => Err(Error::ValueNotText { field: field.name.to_owned() }),
        None => Ok(()),
    }
}

/// How many pages a new key has, as a caller gives it: 1 to 255.
///
/// # Errors
///
/// [`otp_core::Error::TooManyPages`]
pub fn pages(number: u32) -> Result<NonZeroU8> {
    let pages = u8::try_from(number).ok().and_then(NonZeroU8::new);
    Ok(pages.ok_or(otp_core::Error::TooManyPages { limit: u8::MAX })?)
}
