//! [`RemoteStore`]: the verbs of a store, as requests to a helper.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use otp_core::store::{Scope, Slot, Store};
use otp_core::{AccountName, KeyId};
use otp_remote_protocol::{Answer, Limits, Listing, MAX_MESSAGE, Request, object_name};

use super::connection::{Access, Connection, Wait};
use super::error::RemoteError;
use super::patience::Patience;
use super::pool;
use super::url::StoreUrl;
use crate::warning::{self, Warning};

/// A store that a helper reaches. Threads may share it, and their requests run side by side.
///
/// It has no locks, so its guard says that it keeps nobody out.
#[derive(Debug)]
pub(crate) struct RemoteStore {
    url: StoreUrl,
    access: Access,
    wait: Wait,
    connection: Arc<Connection>,
}

/// What a helper found out about a store: pairs of a word and what it found.
pub(crate) type Findings = Vec<(String, String)>;

impl RemoteStore {
    /// Starts the helper, or takes the running one. The first request finds out whether it can reach the store.
    pub(crate) fn open(url: StoreUrl, access: Access, patience: Patience) -> Result<Self, RemoteError> {
        if url.is_insecure() {
            warning::warn(&Warning::InsecureStore { url: url.as_str() });
        }
        let connection = pool::connect(&url, access, patience)?;
        Ok(Self { url, access, wait: Wait { patience, opened: Instant::now() }, connection })
    }

    /// The store's URL.
    pub(crate) fn url(&self) -> &StoreUrl {
        &self.url
    }

    /// What the helper can do.
    pub(crate) fn limits(&self) -> Result<Limits, RemoteError> {
        self.connection()?.limits(self.wait)
    }

    /// Checks that the store keeps its promises, and marks it as one that may be written; says whether it already was.
    pub(crate) fn init(&self) -> Result<bool, RemoteError> {
        self.ask(&Request::Init, |answer| match answer {
            Answer::Initialised { before } => Some(before),
            _ => None,
        })
    }

    /// What the helper finds out about the store.
    pub(crate) fn inspect(&self) -> Result<Findings, RemoteError> {
        self.ask(&Request::Inspect, |answer| match answer {
            Answer::Findings(findings) => {
                Some(findings.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
            }
            _ => None,
        })
    }

    /// The helper's connection: a new one if the old one has ended, or belongs to the process that forked this one.
    fn connection(&self) -> Result<Arc<Connection>, RemoteError> {
        if self.connection.is_usable() {
            return Ok(Arc::clone(&self.connection));
        }
        pool::connect(&self.url, self.access, self.wait.patience)
    }

    fn ask<T>(&self, request: &Request<'_>, last: impl FnOnce(Answer<'_>) -> Option<T>) -> Result<T, RemoteError> {
        self.connection()?.ask(self.wait, request, |_| {}, last)
    }

    fn check_len(&self, bytes: &[u8]) -> Result<(), RemoteError> {
        let limit = usize::try_from(self.limits()?.max_object).unwrap_or(usize::MAX).min(MAX_MESSAGE);
        if bytes.len() > limit {
            return Err(RemoteError::TooLong { url: self.url.to_string(), len: bytes.len(), limit });
        }
        Ok(())
    }

    /// All slots of a listing, sorted, since no store lists them in the order of slots.
    fn slots(&self, listing: Listing, wanted: impl Fn(&AccountName) -> bool) -> Result<Vec<Slot>, RemoteError> {
        let mut slots = Vec::new();
        let part = |answer: Answer<'_>| {
            if let Answer::Part(more) = answer {
                slots.extend(more.into_iter().filter(|slot| wanted(&slot.account)));
            }
        };
        self.connection()?.ask(self.wait, &Request::List(listing), part, |_| Some(()))?;
        slots.sort_unstable();
        slots.dedup();
        Ok(slots)
    }
}

impl Store for RemoteStore {
    type Error = RemoteError;
    type Guard<'s> = ();

    fn lock(&self, _account: &AccountName) -> Result<(), RemoteError> {
        Ok(())
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, RemoteError> {
        self.check_len(bytes)?;
        self.ask(&Request::Put(slot.clone(), bytes), |answer| match answer {
            Answer::Put(put) => Some(put),
            _ => None,
        })
    }

    fn put_many(&self, objects: &[(Slot, &[u8])]) -> Result<usize, RemoteError> {
        let most = usize::from(self.limits()?.max_batch);
        let mut put = 0;
        while put < objects.len() {
            self.check_len(objects[put].1)?;
            let batch = &objects[put..][..batch_len(&objects[put..], most)];
            let count = self.ask(&Request::PutMany(batch.to_vec()), |answer| match answer {
                Answer::PutMany(count) => Some(usize::from(count).min(batch.len())),
                _ => None,
            })?;
            put += count;
            if count < batch.len() {
                break;
            }
        }
        Ok(put)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, RemoteError> {
        self.ask(&Request::Get(slot.clone()), |answer| match answer {
            Answer::Object(object) => Some(object.map(|bytes| copy(bytes, buffer))),
            _ => None,
        })
    }

    fn get_with_note(
        &self,
        account: &AccountName,
        id: KeyId,
        record: &mut [u8],
        note: &mut [u8],
    ) -> Result<(Option<usize>, Option<usize>), RemoteError> {
        let both = Request::GetBoth(Slot::record(account, id), Slot::note(account, id));
        self.ask(&both, |answer| match answer {
            Answer::Objects(first, second) => {
                Some((first.map(|bytes| copy(bytes, record)), second.map(|bytes| copy(bytes, note))))
            }
            _ => None,
        })
    }

    fn replace(&self, _guard: &(), slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, RemoteError> {
        self.check_len(new)?;
        self.ask(&Request::Replace { slot: slot.clone(), expected, new }, |answer| match answer {
            Answer::Replaced(replaced) => Some(replaced),
            _ => None,
        })
    }

    fn remove(&self, slot: &Slot) -> Result<bool, RemoteError> {
        self.ask(&Request::Remove(slot.clone()), |answer| match answer {
            Answer::Removed(removed) => Some(removed),
            _ => None,
        })
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), RemoteError> {
        let listing = match scope {
            Scope::Below(top) => Listing::Below(top.clone()),
            _ => Listing::All,
        };
        let _ = self.slots(listing, |account| scope.contains(account))?.iter().try_for_each(each);
        Ok(())
    }

    fn list_account(
        &self,
        account: &AccountName,
        each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
    ) -> Result<(), RemoteError> {
        let slots = self.slots(Listing::Account(account.clone()), |other| other == account)?;
        let _ = slots.iter().try_for_each(each);
        Ok(())
    }
}

fn copy(bytes: &[u8], buffer: &mut [u8]) -> usize {
    let fits = bytes.len().min(buffer.len());
    buffer[..fits].copy_from_slice(&bytes[..fits]);
    bytes.len()
}

/// How many objects from the front go into one message; at least one.
fn batch_len(objects: &[(Slot, &[u8])], most: usize) -> usize {
    // Id, tag and count; and the two lengths of each object.
    let mut len = 7;
    let fits = |(slot, bytes): &&(Slot, &[u8])| {
        len += object_name(slot).len() + bytes.len() + 6;
        len <= MAX_MESSAGE
    };
    objects.iter().take(most).take_while(fits).count().max(1)
}
