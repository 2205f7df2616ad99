//! Exporting accounts, so that nobody is locked in: as a manifest that an import can read again.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use otp_core::keeper::KeyInfo;
use otp_core::{AccountName, UnixTime};
use otp_sys::LockedVec;

use crate::account::Account;
use crate::audit::{Entry, Event};
use crate::error::{Error, Result};
use crate::json_value::{push_json_string, push_json_value};
use crate::list::{has_prefix, in_prefix};
use crate::place::Place;
use crate::ring::{self, FsRingKeeper};
use crate::store;

/// Opens every account whose name starts with `prefix` with the ring's keys, and gives each as a line of JSON, by name.
///
/// The line has the members of a manifest: `account`, `username`, `password`, `fields`, `for`, `expires`, `capacity`. Where an
/// account's keys differ, it has the earliest expiry and the largest capacity. The line is secret.
///
/// `each` also gets the accounts that could not be opened: the ring has no key to them, or their records are damaged.
///
/// # Errors
///
/// [`Error::NoRing`], the store's and the ring's; and what `each` fails with.
pub fn export_accounts<E: From<Error>>(
    prefix: &str,
    place: Place<'_>,
    mut each: impl FnMut(&AccountName, Result<LockedVec>) -> Result<(), E>,
) -> Result<(), E> {
    let open =
        || -> Result<_> { Ok((ring::open(place.ring, place.store)?.ok_or(Error::NoRing)?, store::open(place.store)?)) };
    let (ring, store) = open()?;
    let keeper = store::keeper(&store).with_ring(&ring);
    let mut accounts = BTreeSet::new();
    in_prefix(prefix, |scope| {
        Ok(keeper.keeper().accounts(scope, |account| {
            if has_prefix(account, prefix) {
                accounts.insert(account.clone());
            }
            ControlFlow::Continue(())
        })?)
    })?;
    accounts.iter().try_for_each(|account| each(account, line(&keeper, account)))
}

fn line(keeper: &FsRingKeeper<'_, '_>, account: &AccountName) -> Result<LockedVec> {
    let mut entry = Entry::begin(Event::Open)?;
    entry.account(account);
    logged_line(keeper, account, &mut entry).map_err(|error| entry.refused(error))
}

fn logged_line(keeper: &FsRingKeeper<'_, '_>, account: &AccountName, entry: &mut Entry) -> Result<LockedVec> {
    let key = keeper.current_key(account)?;
    let id = key.id();
    entry.key(account, id);
    let opened = Account::new(account.clone(), id, keeper.keeper().open(key)?)?;
    let info = keeper.keeper().info(account)?;
    let used = info.keys.iter().find(|info| info.header.id == id);
    entry.holder(used.and_then(|info| info.header.terms.holder.as_ref()));
    let now = UnixTime::now();
    // Those that have ended otherwise are no part of the account any more.
    let is_current = |key: &&KeyInfo| key.grace.is_none() && key.header.terms.expires.is_none_or(|at| now < at);
    let keys: Vec<&KeyInfo> = info.keys.iter().filter(is_current).collect();
    entry.granted()?;
    Ok(json(&opened, &keys))
}

fn json(account: &Account, keys: &[&KeyInfo]) -> LockedVec {
    let mut out = LockedVec::with_capacity(1024);
    out.extend_from_slice(b"{\"account\": ");
    push_json_string(account.name().as_str(), &mut out);
    let is_login = |name: &str| matches!(name, "username" | "password");
    for field in account.fields().iter().filter(|field| is_login(field.name)) {
        out.extend_from_slice(format!(", \"{}\": ", field.name).as_bytes());
        push_json_value(field.value, &mut out);
    }
    for (number, field) in account.fields().iter().filter(|field| !is_login(field.name)).enumerate() {
        out.extend_from_slice(if number == 0 { b", \"fields\": {" } else { b", " });
        push_json_string(field.name, &mut out);
        out.extend_from_slice(b": ");
        push_json_value(field.value, &mut out);
    }
    if account.fields().iter().any(|field| !is_login(field.name)) {
        out.push(b'}');
    }
    let holders: BTreeSet<&str> =
        keys.iter().filter_map(|key| key.header.terms.holder.as_ref()).map(otp_core::Holder::as_str).collect();
    for (number, holder) in holders.iter().enumerate() {
        out.extend_from_slice(if number == 0 { b", \"for\": [" } else { b", " });
        push_json_string(holder, &mut out);
    }
    if !holders.is_empty() {
        out.push(b']');
    }
    if let Some(at) = keys.iter().filter_map(|key| key.header.terms.expires).min() {
        out.extend_from_slice(format!(", \"expires\": \"{at}\"").as_bytes());
    }
    if let Some(capacity) = keys.iter().map(|key| key.header.capacity.bytes()).max() {
        out.extend_from_slice(format!(", \"capacity\": {capacity}").as_bytes());
    }
    out.extend_from_slice(b"}\n");
    out
}
