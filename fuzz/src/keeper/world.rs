//! The store, the model of its keys, and each step in both.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::rc::Rc;

use otp_core::keeper::{Gone, ROTATION_LIMIT_SECS, TOMBSTONE_SECS};
use otp_core::store::{Kind, Scope};
use otp_core::{AccountName, Code, Coded, Grant, KeepError, Keeper, KeyId, MemoryStore, UnixTime};
use otp_reference::rng;

use super::known::{Known, State, secret_of};
use super::{NAMES, Step};
use crate::guarded::Guarded;
use crate::objects::{objects, slots};
use crate::valid::{account, time};

pub(super) type Failure = KeepError<Infallible>;

pub(super) struct World {
    pub(super) memory: Rc<MemoryStore>,
    /// Whether the store's locks exclude others.
    pub(super) exclusive: bool,
    pub(super) now: UnixTime,
    pub(super) keys: Vec<Known>,
    /// Accounts in which a process died during a rotation, and when that rotation began.
    pub(super) crashed: BTreeMap<AccountName, UnixTime>,
    pub(super) draws: u64,
}

impl World {
    pub(super) fn new(exclusive: bool) -> Self {
        let (memory, now) = (Rc::new(MemoryStore::new()), time(1_800_000_000));
        Self { memory, exclusive, now, keys: Vec::new(), crashed: BTreeMap::new(), draws: 0 }
    }

    pub(super) fn store(&self) -> Guarded<'_, MemoryStore> {
        Guarded { store: &self.memory, excludes_others: self.exclusive }
    }

    /// Whether an interrupted rotation counts as crashed, so that the next writer cleans up after it.
    fn is_over(&self, since: UnixTime) -> bool {
        self.exclusive || self.now >= since.after(ROTATION_LIMIT_SECS)
    }

    pub(super) fn name(second: bool) -> AccountName {
        account(NAMES[usize::from(second)])
    }

    pub(super) fn grant(&self, lifetime: Option<u8>) -> Grant {
        Grant::default().expiring(lifetime.map(|secs| self.now.after(secs.into())))
    }

    /// The key that a number selects.
    pub(super) fn key(&self, number: u8) -> usize {
        usize::from(number) % self.keys.len().max(1)
    }

    /// An account's keys whose records count.
    pub(super) fn of<'k>(&'k self, name: &'k AccountName) -> impl Iterator<Item = &'k Known> {
        self.keys.iter().filter(move |key| key.account == *name && key.is_there(self.now))
    }

    /// What a writer does first: it cleans up after a crashed rotation. Returns whether a rotation is in its way.
    pub(super) fn is_rotated(&mut self, name: &AccountName) -> bool {
        if self.crashed.get(name).is_some_and(|since| self.is_over(*since)) {
            self.crashed.remove(name);
        }
        self.crashed.contains_key(name)
    }

    /// What a writer may have done before it was refused.
    pub(super) fn may_have_tidied(&mut self, name: &AccountName) {
        let Ok(slots) = slots(&*self.memory, Scope::Below(name), usize::MAX);
        if !slots.iter().any(|slot| slot.account == *name && slot.kind == Kind::Rotation) {
            assert!(!self.is_rotated(name));
        }
    }

    pub(super) fn perform(&mut self, step: &Step) {
        self.draws += 1;
        match *step {
            Step::Add { account, secret, lifetime } => self.add(&Self::name(account), &secret_of(secret), lifetime),
            Step::Issue { key, lifetime } => self.issue(self.key(key), lifetime),
            Step::Revoke { key } => self.revoke(self.key(key)),
            // A fuzzing engine guesses ids that it sees in comparisons.
            Step::RevokeUnknown { id, .. } if self.keys.iter().any(|key| key.id.as_bytes() == &id) => {}
            Step::RevokeUnknown { account, id } => {
                let before = objects(&*self.memory);
                let error = Keeper::new(&self.store(), self.now).revoke(&Self::name(account), KeyId::from_bytes(id));
                assert!(matches!(error, Err(KeepError::NoKey { gone: Gone::Unknown, .. })));
                assert_eq!(objects(&*self.memory), before);
            }
            Step::Rotate { ref from, secret, grace, lifetime, end } => {
                self.rotate(from, &secret_of(secret), grace.map(u64::from), lifetime, end);
            }
            Step::Remove { account } => self.remove(&Self::name(account)),
            Step::Withdraw { key } => self.withdraw(self.key(key)),
            Step::Wait { secs } => self.now = self.now.after(secs.into()),
            Step::WaitLong => self.now = self.now.after(2 * TOMBSTONE_SECS),
            Step::WaitForRotation => self.now = self.now.after(ROTATION_LIMIT_SECS),
        }
    }

    fn add(&mut self, name: &AccountName, secret: &[u8], lifetime: Option<u8>) {
        let grant = self.grant(lifetime);
        let added = Keeper::new(&self.store(), self.now).add(name, secret, &grant, &mut rng(self.draws));
        self.is_rotated(name);
        match added {
            Ok(key) => {
                assert_eq!(self.of(name).count(), 0);
                self.keys.push(Known::new(&key, secret, grant.expires));
            }
            Err(error) => assert!(error.code() == Code::Exists && self.of(name).count() > 0),
        }
    }

    fn issue(&mut self, number: usize, lifetime: Option<u8>) {
        let Some(from) = self.keys.get(number) else {
            return;
        };
        let (grant, before) = (self.grant(lifetime), objects(&*self.memory));
        let issued = Keeper::new(&self.store(), self.now).issue(from.key(), &grant, &mut rng(self.draws));
        if let Some(error) = issued.as_ref().err().filter(|error| !matches!(error, KeepError::Busy { .. })) {
            assert_eq!(objects(&*self.memory), before);
            from.check_refusal(error, self.now);
            return;
        }
        let (name, secret, expires) = (from.account.clone(), from.secret.clone(), grant.expires.or(from.expires));
        assert!(from.state == State::Live && !from.has_expired(self.now));
        assert_eq!(self.is_rotated(&name), issued.is_err());
        self.keys.extend(issued.ok().map(|key| Known::new(&key, &secret, expires)));
    }

    fn revoke(&mut self, number: usize) {
        let Some(known) = self.keys.get(number) else {
            return;
        };
        let (name, was_there) = (known.account.clone(), known.is_there(self.now));
        let revoked = Keeper::new(&self.store(), self.now).revoke(&name, known.id);
        if matches!(revoked, Err(KeepError::NoKey { .. })) {
            assert!(!was_there);
            self.may_have_tidied(&name);
            return;
        }
        assert_eq!(self.is_rotated(&name), matches!(revoked, Err(KeepError::Busy { .. })));
        if revoked.is_ok() {
            assert!(was_there);
            self.keys[number].state = State::Revoked(self.now);
        }
    }

    fn remove(&mut self, name: &AccountName) {
        let removed = Keeper::new(&self.store(), self.now).remove(name);
        // Tombstones can be removed on their own, too.
        let there = self.of(name).count() > 0 || self.crashed.contains_key(name);
        assert!(removed.is_ok() || !there);
        assert!(objects(&*self.memory).is_ok_and(|all| all.iter().all(|(slot, _)| slot.account != *name)));
        self.crashed.remove(name);
        for key in self.keys.iter_mut().filter(|key| key.account == *name) {
            key.state = State::Removed;
        }
    }

    fn withdraw(&mut self, number: usize) {
        let Some(key) = self.keys.get(number).filter(|key| key.state == State::Live) else {
            return;
        };
        Keeper::new(&self.store(), self.now).withdraw(&key.account, key.id).unwrap();
        self.keys[number].state = State::Removed;
    }
}
