//! Operations on keys, in both stores.

use std::ops::ControlFlow;

use arbitrary::Arbitrary;
use otp_core::keeper::{ROTATION_LIMIT_SECS, Rotation, TOMBSTONE_SECS};
use otp_core::store::{Scope, Store};
use otp_core::{AccountName, Code, Coded, Grant, KeepError, Keeper, Key};
use otp_reference::rng;

use super::name;
use super::verbs::slots_of;
use super::world::World;
use crate::guarded::Guarded;

#[derive(Arbitrary, Debug)]
pub(super) enum Keep {
    Of { account: u8, act: Act },
    With { key: u8, act: ActWithKey },
    Wait { secs: u16 },
    WaitLong,
    WaitForRotation,
}

/// An operation on an account.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum Act {
    Add { secret: u8 },
    Rotate { secret: u8, grace: Option<u8>, end: End },
    Remove,
    Info,
    Below,
}

/// An operation with a key.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum ActWithKey {
    Issue,
    Open,
    Verify,
    Revoke,
    Rotate { secret: u8, grace: Option<u8>, end: End },
    Withdraw,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) enum End {
    Finish,
    Abandon,
    /// The process dies before either.
    Die,
}

/// An operation, and its subject.
enum Task {
    Of(AccountName, Act),
    With(String, ActWithKey),
}

/// The answer: the texts of new keys; anything else that is returned; or why it was refused.
#[derive(Debug, PartialEq)]
enum Answer {
    Keys(Vec<String>),
    Told(Vec<String>),
    Refused(Code, String),
}

impl World {
    /// Performs one operation in both stores, with the same time and randomness.
    pub(super) fn keep(&mut self, keep: &Keep, exclusive: bool) {
        self.draws += 1;
        let (name, task) = match keep {
            Keep::Of { account, act } => (name(*account), Task::Of(name(*account), *act)),
            Keep::With { key, act } => {
                let Some(text) = self.keys.get(usize::from(*key) % self.keys.len().max(1)) else {
                    return;
                };
                (key_of(text).account().clone(), Task::With(text.clone(), *act))
            }
            Keep::Wait { secs } => return self.now = self.now.after((*secs).into()),
            Keep::WaitLong => return self.now = self.now.after(2 * TOMBSTONE_SECS),
            Keep::WaitForRotation => return self.now = self.now.after(ROTATION_LIMIT_SECS),
        };
        let had_objects = self.has_objects(&name);
        let memory = Guarded { store: &self.memory, excludes_others: exclusive };
        let expected = act(&Keeper::new(&memory, self.now), &task, self.draws);
        let answer = if exclusive {
            act(&Keeper::new(&self.store, self.now), &task, self.draws)
        } else {
            let unlocked = Guarded { store: &self.store, excludes_others: false };
            act(&Keeper::new(&unlocked, self.now), &task, self.draws)
        };
        assert_eq!(answer, expected);
        if exclusive && had_objects && !self.has_objects(&name) {
            self.check_pruned(&name);
        }
        if let Answer::Keys(keys) = answer {
            self.keys.extend(keys);
        }
    }

    fn has_objects(&self, name: &AccountName) -> bool {
        let Ok(slots) = slots_of(&self.memory, name);
        !slots.is_empty()
    }
}

fn key_of(text: &str) -> Key<Vec<u8>> {
    Key::parse_owned(text.as_bytes()).unwrap()
}

fn act<S: Store<Error: Coded>>(keeper: &Keeper<'_, S>, task: &Task, draws: u64) -> Answer {
    let answer = match task {
        Task::Of(name, act) => of(keeper, name, *act, draws),
        Task::With(text, act) => with(keeper, text, *act, draws),
    };
    answer.unwrap_or_else(|error| Answer::Refused(error.code(), error.to_string()))
}

fn of<S: Store>(
    keeper: &Keeper<'_, S>,
    name: &AccountName,
    act: Act,
    draws: u64,
) -> Result<Answer, KeepError<S::Error>> {
    let (mut rng, grant) = (rng(draws), Grant::default());
    Ok(match act {
        Act::Add { secret } => given(&keeper.add(name, &secret_of(secret), &grant, &mut rng)?),
        Act::Rotate { secret, grace, end } => {
            ended(keeper.rotate(name, &secret_of(secret), &grant, grace.map(u64::from), &mut rng)?, end)?
        }
        Act::Remove => keeper.remove(name).map(|()| Answer::Told(Vec::new()))?,
        Act::Info => Answer::Told(keeper.info(name)?.keys.iter().map(|info| format!("{info:?}")).collect()),
        Act::Below => {
            let mut names = Vec::new();
            keeper.accounts(Scope::Below(name), |name| {
                names.push(name.to_string());
                ControlFlow::Continue(())
            })?;
            Answer::Told(names)
        }
    })
}

fn with<S: Store>(
    keeper: &Keeper<'_, S>,
    text: &str,
    act: ActWithKey,
    draws: u64,
) -> Result<Answer, KeepError<S::Error>> {
    let (mut rng, grant, key) = (rng(draws), Grant::default(), key_of(text));
    let done = |()| Answer::Told(Vec::new());
    Ok(match act {
        ActWithKey::Issue => given(&keeper.issue(key, &grant, &mut rng)?),
        ActWithKey::Open => Answer::Told(vec![format!("{:?}", keeper.open(key)?.expose())]),
        ActWithKey::Verify => keeper.verify(&key).map(done)?,
        ActWithKey::Revoke => keeper.revoke(key.account(), key.id()).map(|_| Answer::Told(Vec::new()))?,
        ActWithKey::Withdraw => keeper.withdraw(key.account(), key.id()).map(done)?,
        ActWithKey::Rotate { secret, grace, end } => {
            // One byte more than the old secret.
            let change = |old: &[u8]| Ok::<_, KeepError<S::Error>>([&old[..old.len().min(80)], &[secret]].concat());
            ended(keeper.rotate_from(key, change, &grant, grace.map(u64::from), &mut rng)?, end)?
        }
    })
}

fn secret_of(number: u8) -> Vec<u8> {
    vec![number; usize::from(number) % 80]
}

fn text_of(key: &Key<Vec<u8>>) -> String {
    key.to_text().as_str().to_owned()
}

fn given(key: &Key<Vec<u8>>) -> Answer {
    Answer::Keys(vec![text_of(key)])
}

fn ended<S: Store>(rotation: Rotation<'_, S>, end: End) -> Result<Answer, KeepError<S::Error>> {
    let keys = rotation.replacements().iter().map(|new| text_of(&new.key)).collect();
    match end {
        End::Finish => rotation.finish()?,
        End::Abandon => rotation.abandon()?,
        End::Die => drop(rotation),
    }
    Ok(Answer::Keys(keys))
}
