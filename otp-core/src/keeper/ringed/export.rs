//! What a ring holds, and handing a key out again.

use alloc::vec::Vec;

use super::classify::Standing;
use super::ring_keeper::RingKeeper;
use crate::buffer::OwnedBuffer;
use crate::id::KeyId;
use crate::keeper::{Gone, KeepError};
use crate::key::Key;
use crate::name::AccountName;
use crate::record::Header;
use crate::ring::{Entry, Ring};
use crate::store::Store;

/// What a ring holds for an account.
#[derive(Debug)]
#[non_exhaustive]
pub struct Held {
    /// The account.
    pub account: AccountName,
    /// The generation of its last finished rotation; 0 for none.
    pub generation: u64,
    /// Its keys, sorted by id.
    pub keys: Vec<HeldKey>,
    /// Whether a rotation is unfinished.
    pub unfinished: bool,
}

/// A key in a ring.
#[derive(Debug)]
#[non_exhaustive]
pub struct HeldKey {
    /// Its id.
    pub id: KeyId,
    /// How many pages it has.
    pub pages: u8,
    /// How many of them are left for new secrets.
    pub pages_left: u8,
    /// What its record says; `None` if there is no record that it opens.
    pub header: Option<Header>,
}

impl<S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, '_, S, R, M> {
    /// What the ring holds for an account.
    ///
    /// # Errors
    ///
    /// The store's and the ring's.
    pub fn held(&self, account: &AccountName) -> Result<Held, KeepError<S::Error>> {
        let (ledger, survey) = (self.ledger(account)?, self.keeper.survey(account)?);
        let next = ledger.highest_spent().max(survey.highest_claim()).saturating_add(1);
        let mut keys = Vec::with_capacity(ledger.keys.len());
        for id in &ledger.keys {
            let pages = self.read_key(account, Entry::Key(*id), *id)?.map_or(0, |key| key.pages().get());
            let page = self.page_at(account, *id, pages, next)?;
            let header = match self.standing(account, *id)? {
                Standing::Known(known) => Some(known.header),
                Standing::Ended | Standing::Grace | Standing::Unknown => None,
            };
            keys.push(HeldKey { id: *id, pages, pages_left: page.map_or(0, |page| pages - page), header });
        }
        let unfinished = !ledger.applying.is_empty() || !survey.staged.is_empty();
        Ok(Held { account: account.clone(), generation: ledger.highest_done(), keys, unfinished })
    }

    /// The ring's copy of a key, to hand it out again.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`] if the ring has none.
    pub fn export(&self, account: &AccountName, id: KeyId) -> Result<Key<M>, KeepError<S::Error>> {
        let missing = || KeepError::NoKey { account: account.clone().into(), id, gone: Gone::Unknown };
        self.read_key(account, Entry::Key(id), id)?.ok_or_else(missing)
    }
}
