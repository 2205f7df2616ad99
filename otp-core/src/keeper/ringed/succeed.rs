//! New keys: those that `add` and `issue` give, and the successors of keys whose pages are used up (rules 4 and 7).

use alloc::boxed::Box;
use alloc::string::ToString;
use core::num::NonZeroU8;

use rand_core::TryCryptoRng;

use super::classify::Target;
use super::ring_keeper::{RingKeeper, ring_failed};
use crate::buffer::OwnedBuffer;
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::keeper::rotation::Replacement;
use crate::keeper::{Grant, KeepError};
use crate::key::{Key, max_pages};
use crate::name::AccountName;
use crate::record::Header;
use crate::ring::{Entry, Ring};
use crate::store::{Slot, Store};

impl<S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, '_, S, R, M> {
    /// The successor of a key that has no page left after this rotation, to be handed over; `None` if it already was.
    pub(super) fn successor<G>(
        &self,
        account: &AccountName,
        old: KeyId,
        header: &Header,
        target: &Target<'_>,
        rng: &mut G,
    ) -> Result<Option<Replacement<M>>, KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        if self.succeeded_by(account, old)?.is_some() {
            return self.issued_successor(account, old, header, target.base);
        }
        let options = target.options;
        let capacity = options.capacity.unwrap_or(Capacity::fitting(target.payload_len)?.max(header.capacity));
        let pages = options.pages.or(NonZeroU8::new(header.pages));
        let pages = pages.map(|pages| pages.min(max_pages(account.as_str().len(), capacity)));
        let grant = Grant {
            holder: header.terms.holder.clone(),
            expires: options.expires.or(header.terms.expires),
            capacity: Some(capacity),
            pages,
        };
        let payload = target.published.unwrap_or_default();
        let key = self.put_new(account, payload, &grant, (target.generation, Some(old)), rng)?;
        Ok(Some(Replacement { old, holder: grant.holder, key }))
    }

    /// The successor that an earlier run of the same rotation issued, which may have died before it handed the key over.
    pub(super) fn issued_successor(
        &self,
        account: &AccountName,
        old: KeyId,
        header: &Header,
        base: u64,
    ) -> Result<Option<Replacement<M>>, KeepError<S::Error>> {
        let mut last = old;
        while let Some(next) = self.succeeded_by(account, last)? {
            if !self.is_after(account, next, base)? {
                return Ok(None);
            }
            last = next;
        }
        let key = if last == old { None } else { self.read_key(account, Entry::Key(last), last)? };
        Ok(key.map(|key| Replacement { old, holder: header.terms.holder.clone(), key }))
    }

    /// The key that was issued in a key's place. One that a run only began to issue has no record, and no holder.
    pub(super) fn succeeded_by(&self, account: &AccountName, id: KeyId) -> Result<Option<KeyId>, KeepError<S::Error>> {
        let mut text = [0; KeyId::TEXT_LEN];
        let len = self.ring.get(account, Entry::Succeeded(id), &mut text).map_err(ring_failed)?;
        let next = len.and_then(|len| KeyId::parse(core::str::from_utf8(text.get(..len)?).ok()?).ok());
        let Some(next) = next else { return Ok(None) };
        let is_issued = self.is_ended(account, next)?
            || match self.keeper.look(account, next, &mut []) {
                Ok(_) | Err(KeepError::Invalid(_)) => true,
                Err(KeepError::NoKey { .. }) => false,
                Err(error) => return Err(error),
            };
        Ok(is_issued.then_some(next))
    }

    /// Seals a payload under a new key of a generation. Before the store gets the record, the ring gets the key
    /// (rule 4) and notes which key it succeeds, if any, so that a run that is cut off there issues no second
    /// successor.
    pub(super) fn put_new<G>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        (generation, old): (u64, Option<KeyId>),
        rng: &mut G,
    ) -> Result<Key<M>, KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let sealed = self.keeper.seal(account, payload, grant, rng)?;
        let id = sealed.key.id();
        let repeated = || KeepError::Randomness(Box::from("the source gave the id of an existing key"));
        // A key that is in the ring with its generation but has no record was left behind by a crash.
        if self.ring.get(account, Entry::Key(id), &mut []).map_err(ring_failed)?.is_some()
            || !self.put_entry(account, Entry::First(id), generation.to_string().as_bytes())?
            || !self.put_key(account, Entry::Key(id), &sealed.key)?
        {
            return Err(repeated());
        }
        if let Some(old) = old {
            // A successor that an earlier run only began to issue does not count.
            self.drop_entry(account, Entry::Succeeded(old))?;
            self.put_entry(account, Entry::Succeeded(old), id.to_string().as_bytes())?;
        }
        match self.keeper.put(&Slot::record(account, id), &sealed.record) {
            Ok(true) => Ok(sealed.key),
            Ok(false) => Err(repeated()),
            Err(error) => {
                // The record may be there all the same.
                let _ = self.take_back(account, id);
                Err(error)
            }
        }
    }
}
