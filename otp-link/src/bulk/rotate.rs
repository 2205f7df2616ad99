//! Rotating every account that a ring keeps.

use std::path::Path;

use otp_core::keeper::ringed::{Applied, Change};
use otp_core::{AccountName, Code, Coded, KeepError};

use super::item::{Item, State};
use crate::error::{Error, Result};
use crate::key_file::{make_key_dir, write_key_file};
use crate::new_key::NewKey;
use crate::place::Place;
use crate::randomness::Randomness;
use crate::ring::{self, RingGuard};
use crate::ring_rotation::{Renewal, plan_renewal, renew_account};
use crate::terms::KeyTerms;

/// What a rotation of many accounts is to do. Each gets a password of its own; its other fields keep their values.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RenewAll<'a> {
    /// What the accounts' names start with; empty for all accounts of the ring.
    pub prefix: &'a str,
    /// The length of each new password.
    pub generate: u16,
    /// The directory for the keys of holders who need a new one, as `KEYID.key`. Without it, accounts with such a
    /// holder are left as they are.
    pub new_key_dir: Option<&'a Path>,
    /// The expiry of all keys, and the capacity and pages of new ones; what is left out stays as it was.
    pub terms: KeyTerms<'a>,
    /// Whether every holder gets a new key.
    pub new_keys: bool,
    /// Whether a program gets the fields as text.
    pub as_text: bool,
    /// Where they are kept.
    pub place: Place<'a>,
}

impl<'a> RenewAll<'a> {
    /// A rotation of the accounts with this prefix.
    #[must_use]
    pub fn new(prefix: &'a str, generate: u16) -> Self {
        let (terms, place) = (KeyTerms::default(), Place::default());
        Self { prefix, generate, new_key_dir: None, terms, new_keys: false, as_text: false, place }
    }

    fn renewal<'r>(&self, account: &'r AccountName, fields: &'r [(&'r str, &'r [u8])]) -> Renewal<'r>
    where
        'a: 'r,
    {
        let mut renewal = Renewal::new(account.as_str(), fields);
        (renewal.terms, renewal.new_keys, renewal.as_text, renewal.place) =
            (self.terms, self.new_keys, self.as_text, self.place);
        renewal
    }
}

/// Gives each account of a ring a new password, one after the other, and reports each: the account, and the new keys
/// that some of its holders need.
///
/// `apply` changes the database of each. An account whose rotation was already unfinished is reported, and left to
/// [`resume_rotation`](crate::resume_rotation). If one ends in doubt now, the others are not reached: whatever kept its
/// database from answering may affect theirs.
///
/// # Errors
///
/// [`Error::NoRing`](crate::Error::NoRing), the ring's and the store's, and those of the directory of new keys.
pub fn renew_all(
    all: &RenewAll<'_>,
    randomness: &mut Randomness,
    mut apply: impl FnMut(&RingGuard, Change<'_>) -> Applied,
    mut report: impl FnMut(Vec<Item>),
) -> Result<()> {
    all.new_key_dir.map_or(Ok(()), make_key_dir)?;
    let mut is_in_doubt = false;
    for (account, unfinished) in accounts(all)? {
        if is_in_doubt {
            report(vec![item(&account, State::NotReached)]);
            continue;
        }
        let outcome = if unfinished {
            Err(KeepError::Unfinished { account: account.clone().into() }.into())
        } else {
            renew(all, &account, randomness, &mut apply)
        };
        is_in_doubt = !unfinished && matches!(&outcome, Err(error) if error.code() == Code::InDoubt);
        report(outcome.unwrap_or_else(|error| vec![item(&account, State::Failed(error))]));
    }
    Ok(())
}

/// What [`renew_all`] would do: nothing is changed, and nothing is drawn.
///
/// # Errors
///
/// As [`renew_all`].
pub fn plan_renew_all(all: &RenewAll<'_>, mut report: impl FnMut(Vec<Item>)) -> Result<()> {
    let password = vec![0; all.generate.into()];
    for (account, _) in accounts(all)? {
        let state = plan(all, &account, &password).map_or_else(State::Failed, |()| State::Planned);
        report(vec![item(&account, state)]);
    }
    Ok(())
}

/// Whether an account can be rotated to a password of this length, and new keys have somewhere to go.
fn plan(all: &RenewAll<'_>, account: &AccountName, password: &[u8]) -> Result<()> {
    let planned = plan_renewal(&all.renewal(account, &[("password", password)]))?;
    if all.new_key_dir.is_none() && !planned.to_replace.is_empty() {
        return Err(Error::NewKeyNeeded { account: account.clone().into() });
    }
    Ok(())
}

/// The accounts that a key of the ring opens, and whether a rotation of each is unfinished.
fn accounts(all: &RenewAll<'_>) -> Result<Vec<(AccountName, bool)>> {
    let held = ring::show_ring(all.prefix, all.place.ring, all.place.store)?;
    let opens =
        |held: &otp_core::keeper::ringed::Held| held.unfinished || held.keys.iter().any(|key| key.header.is_some());
    Ok(held.accounts.into_iter().filter(opens).map(|held| (held.account, held.unfinished)).collect())
}

fn renew(
    all: &RenewAll<'_>,
    account: &AccountName,
    randomness: &mut Randomness,
    apply: &mut impl FnMut(&RingGuard, Change<'_>) -> Applied,
) -> Result<Vec<Item>> {
    let password = randomness.password(all.generate.into())?;
    if all.new_key_dir.is_none() {
        plan(all, account, &password)?;
    }
    let fields = [("password", &*password)];
    let mut items = Vec::new();
    renew_account(&all.renewal(account, &fields), randomness, apply, |keys| -> Result<()> {
        items.extend(keys.iter().map(|key| hand_over(all.new_key_dir, key)));
        Ok(())
    })?;
    items.insert(0, item(account, State::Rotated));
    Ok(items)
}

/// Writes a new key to a file. One that can't be written is still in the ring.
fn hand_over(dir: Option<&Path>, key: &NewKey) -> Item {
    let write = || {
        let needed = || Error::NewKeyNeeded { account: key.account().clone().into() };
        let path = dir.ok_or_else(needed)?.join(format!("{}.key", key.id()));
        write_key_file(&path, key.bytes()).map(|()| path)
    };
    let (key_file, state) = match write() {
        Ok(path) => (Some(path), State::Added),
        Err(error) => (None, State::Failed(error)),
    };
    Item { holder: key.holder().cloned(), key_file, ..item(key.account(), state) }
}

fn item(account: &AccountName, state: State) -> Item {
    Item { account: account.clone(), holder: None, line: None, key_file: None, state }
}
