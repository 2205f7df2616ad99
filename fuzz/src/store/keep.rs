//! What people do with keys, in both stores.

use arbitrary::Arbitrary;
use otp_core::keeper::TRACE_SECS;
use otp_core::store::Store;
use otp_core::{AccountName, Code, Coded, Grant, KeepError, Keeper, Key};

use super::name;
use super::world::World;
use crate::support::rng;

#[derive(Arbitrary, Debug)]
pub(super) enum Keep {
    Add { account: u8, secret: u8 },
    Issue { key: u8 },
    Open { key: u8 },
    Revoke { key: u8 },
    Rotate { account: u8, secret: u8, grace: Option<u8>, end: End },
    Remove { account: u8 },
    Info { account: u8 },
    Wait { secs: u16 },
    WaitLong,
}

#[derive(Arbitrary, Debug)]
pub(super) enum End {
    Finish,
    Abandon,
    /// The process dies in between.
    Die,
}

/// The texts of new keys, or what else is answered.
type Answer = Result<Vec<String>, (Code, String)>;

impl World {
    /// Does one thing in both stores, with the same time and randomness.
    pub(super) fn keep(&mut self, keep: &Keep, alone: bool) {
        self.draws += 1;
        match keep {
            Keep::Wait { secs } => self.now = self.now.after(u64::from(*secs)),
            Keep::WaitLong => self.now = self.now.after(2 * TRACE_SECS),
            _ => {}
        }
        let key = |number: u8| self.keys.get(usize::from(number) % self.keys.len().max(1));
        let account = match keep {
            Keep::Add { account, .. }
            | Keep::Rotate { account, .. }
            | Keep::Remove { account }
            | Keep::Info { account } => Some(name(*account)),
            Keep::Issue { key: number } | Keep::Open { key: number } | Keep::Revoke { key: number } => {
                key(*number).map(|text| Key::parse_owned(text).unwrap().account().clone())
            }
            Keep::Wait { .. } | Keep::WaitLong => None,
        };
        let Some(account) = account else {
            return;
        };
        let text = match keep {
            Keep::Issue { key: number } | Keep::Open { key: number } | Keep::Revoke { key: number } => {
                key(*number).map_or("", String::as_str)
            }
            _ => "",
        };
        let lock = alone.then(|| self.store.lock(&account).unwrap());
        let (one, other) = (Keeper::new(&self.store, self.now), Keeper::new(&self.memory, self.now));
        let (one, other) = if alone { (one.alone(), other.alone()) } else { (one, other) };
        let answer = act(&one, keep, &account, text, self.draws);
        assert_eq!(answer, act(&other, keep, &account, text, self.draws));
        drop(lock);
        if !matches!(keep, Keep::Open { .. } | Keep::Info { .. }) {
            self.keys.extend(answer.unwrap_or_default());
        }
    }
}

fn act<S: Store>(keeper: &Keeper<'_, S>, keep: &Keep, account: &AccountName, text: &str, draws: u64) -> Answer {
    let mut rng = rng(draws);
    let secret_of = |number: u8| vec![number; usize::from(number) % 80];
    let texts = |key: Key<Vec<u8>>| vec![key.to_text().as_str().to_owned()];
    let key = || Key::parse_owned(text).unwrap();
    let answer: Result<Vec<String>, KeepError<S::Error>> = match keep {
        Keep::Add { secret, .. } => keeper.add(account, &secret_of(*secret), &Grant::default(), &mut rng).map(texts),
        Keep::Issue { .. } => keeper.issue(key(), &Grant::default(), &mut rng).map(texts),
        Keep::Open { .. } => keeper.open(key()).map(|secret| vec![format!("{:?}", secret.expose())]),
        Keep::Revoke { .. } => keeper.revoke(account, key().id()).map(|()| Vec::new()),
        Keep::Remove { .. } => keeper.remove(account).map(|()| Vec::new()),
        Keep::Info { .. } => keeper.info(account).map(|infos| infos.iter().map(|info| format!("{info:?}")).collect()),
        Keep::Rotate { secret, grace, end, .. } => {
            let grace = grace.map(u64::from);
            keeper.rotate(account, &secret_of(*secret), &Grant::default(), grace, &mut rng).and_then(|rotation| {
                let keys = rotation.replacements().iter().map(|new| new.key.to_text().as_str().to_owned()).collect();
                match end {
                    End::Finish => rotation.finish()?,
                    End::Abandon => rotation.abandon()?,
                    End::Die => drop(rotation),
                }
                Ok(keys)
            })
        }
        Keep::Wait { .. } | Keep::WaitLong => Ok(Vec::new()),
    };
    answer.map_err(|error| (error.code(), error.to_string()))
}
