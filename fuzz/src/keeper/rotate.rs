//! Rotations: started from the account or from a key, and ended in one of three ways.

use std::rc::Rc;

use otp_core::keeper::Rotation;
use otp_core::{AccountName, Code, Coded, Grant, KeepError, Keeper, MemoryStore};
use otp_reference::rng;

use super::known::{Known, State};
use super::world::{Failure, World};
use super::{End, From};
use crate::guarded::Guarded;
use crate::objects::objects;

/// Why a rotation did not begin.
#[derive(Debug)]
enum Refusal {
    Keep(Failure),
    /// Making the new secret failed.
    Change,
}

impl std::convert::From<Failure> for Refusal {
    fn from(error: Failure) -> Self {
        Self::Keep(error)
    }
}

impl World {
    pub(super) fn rotate(&mut self, from: &From, new: &[u8], grace: Option<u64>, lifetime: Option<u8>, end: End) {
        let grant = self.grant(lifetime);
        let memory = Rc::clone(&self.memory);
        let store = Guarded { store: &*memory, excludes_others: self.exclusive };
        let keeper = Keeper::new(&store, self.now);
        let (name, secret, outcome) = match *from {
            From::Account(second) => {
                let name = Self::name(second);
                let outcome = keeper.rotate(&name, new, &grant, grace, &mut rng(self.draws));
                (name, new.to_vec(), outcome.map_err(Refusal::Keep))
            }
            From::Key { key, fails } => {
                let Some(known) = self.keys.get(self.key(key)) else {
                    return;
                };
                let before = objects(&*self.memory);
                // The new secret begins like the old one.
                let secret = [&known.secret[..known.secret.len().min(3)], new].concat();
                let change = |old: &[u8]| {
                    assert_eq!(old, known.secret);
                    if fails { Err(Refusal::Change) } else { Ok(secret.clone()) }
                };
                let outcome = keeper.rotate_from(known.key(), change, &grant, grace, &mut rng(self.draws));
                let opens = known.state == State::Live && !known.has_expired(self.now);
                if fails || !opens {
                    match outcome {
                        Err(Refusal::Change) => assert!(opens),
                        Err(Refusal::Keep(error)) => known.check_refusal(&error, self.now),
                        Ok(_) => panic!("it can't begin"),
                    }
                    assert_eq!(objects(&*self.memory), before);
                    return;
                }
                (known.account.clone(), secret, outcome)
            }
        };
        match outcome {
            Ok(rotation) => {
                let new = self.begun(&name, &secret, &grant, &rotation);
                assert!(!self.is_rotated(&name));
                match end {
                    End::Finish => rotation.finish().unwrap(),
                    End::Abandon => rotation.abandon().unwrap(),
                    End::Die => drop(rotation),
                }
                self.ended(&name, new, &grant, grace, end);
            }
            Err(Refusal::Keep(error)) => self.refused(&name, &grant, &error),
            Err(Refusal::Change) => panic!("it did not fail"),
        }
    }

    /// Whether a rotation gives a key a successor.
    fn is_replaced(&self, key: &Known, name: &AccountName, grant: &Grant) -> bool {
        let expires = grant.expires.or(key.expires);
        key.account == *name && key.state == State::Live && expires.is_none_or(|at| self.now < at)
    }

    /// Checks the new keys of a rotation, and returns what is known about them.
    fn begun(
        &self,
        name: &AccountName,
        secret: &[u8],
        grant: &Grant,
        rotation: &Rotation<'_, Guarded<'_, MemoryStore>>,
    ) -> Vec<Known> {
        assert_eq!(rotation.account(), name);
        let mut new = Vec::new();
        for replacement in rotation.replacements() {
            let old = self.keys.iter().find(|key| key.id == replacement.old).unwrap();
            assert!(self.is_replaced(old, name, grant));
            new.push(Known::new(&replacement.key, secret, grant.expires.or(old.expires)));
        }
        assert_eq!(new.len(), self.keys.iter().filter(|key| self.is_replaced(key, name, grant)).count());
        new
    }

    fn refused(&mut self, name: &AccountName, grant: &Grant, error: &Failure) {
        let has_records = self.of(name).count() > 0;
        let replaces = self.keys.iter().any(|key| self.is_replaced(key, name, grant));
        if replaces {
            assert!(self.is_rotated(name) && matches!(error, KeepError::Busy { .. }), "{error:?}");
        } else {
            // A new expiry would not make keys in their grace periods current.
            let any_expired =
                has_records && self.keys.iter().any(|key| key.account == *name && key.state == State::Live);
            assert_eq!(error.code(), if any_expired { Code::Expired } else { Code::NotFound }, "{error:?}");
            self.may_have_tidied(name);
        }
    }

    fn ended(&mut self, name: &AccountName, mut new: Vec<Known>, grant: &Grant, grace: Option<u64>, end: End) {
        let now = self.now;
        match end {
            End::Finish => {
                for at in 0..self.keys.len() {
                    let replaced = self.is_replaced(&self.keys[at], name, grant);
                    let key = &mut self.keys[at];
                    if key.account != *name || !key.is_there(now) {
                        continue;
                    }
                    key.state = match (replaced, grace, key.state) {
                        (true, Some(secs), _) => State::Grace(now.after(secs)),
                        (false, Some(_), State::Grace(until)) => State::Grace(until),
                        // The note of the grace period stays, and serves as the tombstone.
                        (false, None, State::Grace(until)) => State::Rotated(until),
                        _ => State::Rotated(now),
                    };
                }
            }
            End::Abandon => new.iter_mut().for_each(|key| key.state = State::Removed),
            // Both keys open until somebody rotates again.
            End::Die => drop(self.crashed.insert(name.clone(), now)),
        }
        self.keys.extend(new);
    }
}
