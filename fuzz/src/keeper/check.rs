//! Checks that the store agrees with the model about each key.

use std::ops::ControlFlow;

use otp_core::keeper::Gone;
use otp_core::store::{Kind, Scope};
use otp_core::{AccountName, Coded, KeepError, Keeper, UnixTime};

use super::NAMES;
use super::known::{Known, State};
use super::world::{Failure, World};
use crate::guarded::Guarded;
use crate::objects::slots;
use crate::valid::account;

type TheKeeper<'s, 'm> = Keeper<'s, Guarded<'m, otp_core::MemoryStore>>;

impl World {
    pub(super) fn check(&self) {
        let store = self.store();
        let keeper = Keeper::new(&store, self.now);
        for key in &self.keys {
            self.check_key(&keeper, key);
        }
        for name in NAMES.map(account) {
            let shown = keeper.info(&name).map_or(0, |info| info.keys.len());
            assert_eq!(shown, self.of(&name).count());
            self.check_accounts(&keeper, Scope::Below(&name));
        }
        self.check_accounts(&keeper, Scope::All);
        let Ok(all) = slots(&*self.memory, Scope::All, usize::MAX);
        let rotated: Vec<&AccountName> =
            all.iter().filter(|slot| slot.kind == Kind::Rotation).map(|slot| &slot.account).collect();
        assert_eq!(rotated, self.crashed.keys().collect::<Vec<_>>());
    }

    fn check_key(&self, keeper: &TheKeeper<'_, '_>, key: &Known) {
        let (now, is_there) = (self.now, key.is_there(self.now));
        let parsed = key.key();
        assert_eq!(keeper.verify(&parsed).is_ok(), is_there);
        match keeper.open(parsed) {
            Ok(secret) => {
                assert!(is_there && !key.has_expired(now));
                assert_eq!(secret.expose(), key.secret);
            }
            Err(KeepError::NoKey { gone, .. }) => {
                assert!(!is_there);
                key.check_gone(gone);
            }
            Err(error) => assert!(error.code() == otp_core::Code::Expired && is_there && key.has_expired(now)),
        }
        match keeper.check_current(&key.account, key.id) {
            Ok(()) => assert_eq!(key.state, State::Live),
            Err(KeepError::Superseded { until, .. }) => assert_eq!(key.state, State::Grace(until)),
            Err(error) => assert!(matches!(error, KeepError::NoKey { .. }) && !is_there),
        }
        let Ok(info) = keeper.key_info(&key.account, key.id) else {
            panic!("no record is damaged");
        };
        assert_eq!(info.is_some(), is_there);
        if let Some(info) = info {
            assert_eq!((&info.header.account, info.header.id), (&key.account, key.id));
            assert_eq!(info.header.terms.expires, key.expires);
            assert_eq!(info.grace.map_or(State::Live, State::Grace), key.state);
        }
    }

    /// The accounts in a scope are listed in order, and none with a key is missing.
    fn check_accounts(&self, keeper: &TheKeeper<'_, '_>, scope: Scope<'_>) {
        let mut accounts = Vec::new();
        let Ok(()) = keeper.accounts(scope, |name| {
            accounts.push(name.clone());
            ControlFlow::Continue(())
        }) else {
            panic!("this store never fails");
        };
        assert!(accounts.is_sorted_by(|one, next| one < next) && accounts.iter().all(|name| scope.contains(name)));
        for name in NAMES.map(account).iter().filter(|name| scope.contains(name)) {
            assert!(self.of(name).count() == 0 || accounts.contains(name));
        }
    }
}

impl Known {
    /// What is known about a key that is gone, unless its tombstone was cleaned up or removed with its account.
    fn check_gone(&self, gone: Gone) {
        let expected = match (self.state, gone) {
            (_, Gone::Unknown) => true,
            (State::Revoked(when), Gone::Revoked { at }) | (State::Rotated(when), Gone::Rotated { at }) => at == when,
            (State::Grace(until), Gone::Rotated { at }) => at == until,
            _ => false,
        };
        assert!(expected, "{gone:?}, but {:?}", self.state);
    }

    /// The error for a key that is not current, or has expired.
    pub(super) fn check_refusal(&self, error: &Failure, now: UnixTime) {
        match *error {
            KeepError::NoKey { gone, .. } => {
                assert!(!self.is_there(now));
                self.check_gone(gone);
            }
            KeepError::Superseded { until, .. } => {
                assert!(self.is_replaced(now));
                assert_eq!(self.state, State::Grace(until));
            }
            KeepError::Invalid(otp_core::Error::Expired { at }) => {
                assert!(self.state == State::Live && self.has_expired(now));
                assert_eq!(Some(at), self.expires);
            }
            ref error => panic!("{error:?}"),
        }
    }
}
