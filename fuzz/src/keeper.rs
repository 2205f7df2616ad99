//! Sequences of what people do with keys, against a simple model of what each key opens.

use arbitrary::{Arbitrary, Unstructured};
use otp_core::keeper::{Gone, TRACE_SECS};
use otp_core::{AccountName, Code, Coded, Grant, KeepError, Keeper, Key, KeyId, MemoryStore, Store, UnixTime};

use crate::support::{account, rng, time};

/// Two accounts, one below the other.
const NAMES: [&str; 2] = ["a", "a/b"];

#[derive(Arbitrary, Debug)]
enum Step {
    Add { account: bool, secret: u8, lifetime: Option<u8> },
    Issue { key: u8, lifetime: Option<u8> },
    Revoke { key: u8 },
    RevokeUnknown { account: bool, id: [u8; 10] },
    Rotate { account: bool, secret: u8, grace: Option<u8>, lifetime: Option<u8>, end: End },
    Remove { account: bool },
    Wait { secs: u8 },
    WaitLong,
}

#[derive(Arbitrary, Debug, PartialEq)]
enum End {
    Finish,
    Abandon,
}

/// What the model knows of a key.
struct Known {
    account: AccountName,
    id: KeyId,
    text: String,
    secret: Vec<u8>,
    expires: Option<UnixTime>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Live,
    Grace(UnixTime),
    Revoked(UnixTime),
    Rotated(UnixTime),
    Removed,
}

impl Known {
    fn new(key: &Key<Vec<u8>>, secret: &[u8], expires: Option<UnixTime>) -> Self {
        Self {
            account: key.account().clone(),
            id: key.id(),
            text: key.to_text().as_str().to_owned(),
            secret: secret.to_vec(),
            expires,
            state: State::Live,
        }
    }

    fn key(&self) -> Key<Vec<u8>> {
        Key::parse_owned(&self.text).unwrap()
    }

    /// Whether its record is one that counts at a time: it may have expired.
    fn is_there(&self, now: UnixTime) -> bool {
        self.state == State::Live || matches!(self.state, State::Grace(until) if now < until)
    }

    fn has_expired(&self, now: UnixTime) -> bool {
        self.expires.is_some_and(|at| now >= at)
    }
}

/// A secret by a number: often of the smallest capacity class, sometimes of the next.
fn secret_of(number: u8) -> Vec<u8> {
    vec![number; usize::from(number) % 80]
}

/// Does the steps that arbitrary bytes describe; after each, every key ever given opens what the model says.
pub fn keeper(data: &[u8]) {
    let Ok(steps) = Vec::<Step>::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let mut world = World { store: MemoryStore::new(), now: time(1_800_000_000), keys: Vec::new(), draws: 0 };
    for step in steps.into_iter().take(24) {
        world.perform(&step);
        world.check();
    }
}

struct World {
    store: MemoryStore,
    now: UnixTime,
    keys: Vec<Known>,
    draws: u64,
}

impl World {
    fn name(second: bool) -> AccountName {
        account(NAMES[usize::from(second)])
    }

    fn grant(&self, lifetime: Option<u8>) -> Grant {
        Grant { expires: lifetime.map(|secs| self.now.after(secs.into())), ..Grant::default() }
    }

    fn of<'k>(&'k self, name: &'k AccountName) -> impl Iterator<Item = &'k Known> {
        self.keys.iter().filter(move |key| key.account == *name && key.is_there(self.now))
    }

    fn perform(&mut self, step: &Step) {
        self.draws += 1;
        let mut rng = rng(self.draws);
        let store = &self.store;
        let keeper = Keeper::new(store, self.now);
        match *step {
            Step::Add { account, secret, lifetime } => {
                let (name, secret, grant) = (Self::name(account), secret_of(secret), self.grant(lifetime));
                match keeper.add(&name, &secret, &grant, &mut rng) {
                    Ok(key) => {
                        assert_eq!(self.of(&name).count(), 0);
                        self.keys.push(Known::new(&key, &secret, grant.expires));
                    }
                    Err(error) => assert!(error.code() == Code::Exists && self.of(&name).count() > 0),
                }
            }
            Step::Issue { key, lifetime } => {
                let Some(from) = self.keys.get(usize::from(key)) else {
                    return;
                };
                let grant = self.grant(lifetime);
                match keeper.issue(from.key(), &grant, &mut rng) {
                    Ok(key) => {
                        assert!(from.state == State::Live && !from.has_expired(self.now));
                        let known = Known::new(&key, &from.secret, grant.expires);
                        self.keys.push(known);
                    }
                    Err(error) => match error.code() {
                        Code::NotFound => assert!(from.state != State::Live),
                        code => assert!(code == Code::Expired && from.has_expired(self.now)),
                    },
                }
            }
            Step::Revoke { key } => {
                let (now, Some(known)) = (self.now, self.keys.get_mut(usize::from(key))) else {
                    return;
                };
                let revoked = keeper.revoke(&known.account, known.id);
                assert_eq!(revoked.is_ok(), known.is_there(now));
                if revoked.is_ok() {
                    known.state = State::Revoked(now);
                }
            }
            // An engine guesses the ids that it sees compared.
            Step::RevokeUnknown { id, .. } if self.keys.iter().any(|key| key.id.as_bytes() == &id) => {}
            Step::RevokeUnknown { account, id } => {
                let error = keeper.revoke(&Self::name(account), KeyId::from_bytes(id)).unwrap_err();
                assert!(matches!(error, KeepError::NoKey { gone: Gone::Unknown, .. }));
            }
            Step::Rotate { account, secret, grace, lifetime, ref end } => {
                self.rotate(&Self::name(account), secret, grace.map(u64::from), lifetime, *end == End::Finish);
            }
            Step::Remove { account } => {
                let name = Self::name(account);
                let removed = keeper.remove(&name);
                let there = self.of(&name).count() > 0;
                // Traces alone can be removed too.
                assert!(removed.is_ok() || !there);
                for key in self.keys.iter_mut().filter(|key| key.account == name) {
                    key.state = State::Removed;
                }
            }
            Step::Wait { secs } => self.now = self.now.after(secs.into()),
            Step::WaitLong => self.now = self.now.after(2 * TRACE_SECS),
        }
    }

    fn rotate(&mut self, name: &AccountName, secret: u8, grace: Option<u64>, lifetime: Option<u8>, finish: bool) {
        let mut rng = rng(self.draws);
        let (now, grant, secret) = (self.now, self.grant(lifetime), secret_of(secret));
        let keeper = Keeper::new(&self.store, now);
        let new_expiry = |key: &Known| grant.expires.or(key.expires);
        let is_replaced =
            |key: &Known| key.account == *name && key.state == State::Live && new_expiry(key).is_none_or(|at| now < at);
        let rotation = match keeper.rotate(name, &secret, &grant, grace, &mut rng) {
            Ok(rotation) => rotation,
            Err(error) => {
                assert!(!self.keys.iter().any(is_replaced));
                let expected = if self.of(name).count() > 0 { Code::Expired } else { Code::NotFound };
                assert_eq!(error.code(), expected);
                return;
            }
        };
        let mut new = Vec::new();
        for replacement in rotation.replacements() {
            let old = self.keys.iter().find(|key| key.id == replacement.old).unwrap();
            assert!(is_replaced(old));
            new.push(Known::new(&replacement.key, &secret, new_expiry(old)));
        }
        assert_eq!(new.len(), self.keys.iter().filter(|key| is_replaced(key)).count());
        if !finish {
            rotation.abandon().unwrap();
            for key in &mut new {
                key.state = State::Removed;
            }
            self.keys.extend(new);
            return;
        }
        rotation.finish().unwrap();
        for key in self.keys.iter_mut().filter(|key| key.account == *name && key.is_there(now)) {
            let replaced = key.state == State::Live && grant.expires.or(key.expires).is_none_or(|at| now < at);
            key.state = match (replaced, grace, key.state) {
                (true, Some(secs), _) => State::Grace(now.after(secs)),
                (false, Some(_), State::Grace(until)) => State::Grace(until),
                _ => State::Rotated(now),
            };
        }
        self.keys.extend(new);
    }

    /// Every key opens what the model says.
    fn check(&self) {
        let keeper = Keeper::new(&self.store, self.now);
        for key in &self.keys {
            let opened = keeper.open(key.key()).map(|secret| secret.expose().to_vec());
            match opened {
                Ok(secret) => {
                    assert!(key.is_there(self.now) && !key.has_expired(self.now));
                    assert_eq!(secret, key.secret);
                }
                Err(KeepError::NoKey { gone, .. }) => {
                    assert!(!key.is_there(self.now));
                    // What is known of it, unless the trace is cleared up or was removed with its account.
                    let told = match key.state {
                        State::Revoked(at) => Gone::Revoked { at },
                        State::Rotated(_) | State::Grace(_) if gone != Gone::Unknown => {
                            assert!(matches!(gone, Gone::Rotated { .. }));
                            gone
                        }
                        _ => Gone::Unknown,
                    };
                    assert!(gone == told || gone == Gone::Unknown);
                }
                Err(error) => {
                    assert_eq!(error.code(), Code::Expired);
                    assert!(key.is_there(self.now) && key.has_expired(self.now));
                }
            }
        }
        for name in NAMES.map(account) {
            let shown = keeper.info(&name).map_or(0, |infos| infos.len());
            assert_eq!(shown, self.of(&name).count());
        }
        let mut rotations = 0;
        let each = &mut |slot: &otp_core::Slot| {
            rotations += usize::from(slot.kind == otp_core::Kind::Rotation);
            core::ops::ControlFlow::Continue(())
        };
        let Ok(()) = self.store.list("", each);
        assert_eq!(rotations, 0, "nobody is left rotating");
    }
}
