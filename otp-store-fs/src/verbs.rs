//! [`Store`] for [`FsStore`]: each verb has a file of its own.

use std::ops::ControlFlow;

use otp_core::store::{Scope, Slot, Store};
use otp_core::{AccountName, KeyId};

use crate::error::Error;
use crate::lock::AccountLock;
use crate::store::FsStore;
use crate::{get, list, lock, put, remove, replace};

impl Store for FsStore {
    type Error = Error;
    type Guard<'s> = AccountLock<'s>;

    fn lock(&self, account: &AccountName) -> Result<AccountLock<'_>, Error> {
        lock::lock(self, account)
    }

    fn await_writers(&self, account: &AccountName) -> Result<(), Error> {
        lock::await_writers(self, account)
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Error> {
        put::put(self, slot, bytes)
    }

    fn put_many(&self, objects: &[(Slot, &[u8])]) -> Result<usize, Error> {
        put::put_many(self, objects)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
        get::get(self, slot, buffer)
    }

    fn get_with_note(
        &self,
        account: &AccountName,
        id: KeyId,
        record: &mut [u8],
        note: &mut [u8],
    ) -> Result<(Option<usize>, Option<usize>), Error> {
        get::get_with_note(self, account, id, record, note)
    }

    fn replace(&self, guard: &AccountLock<'_>, slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Error> {
        replace::replace(self, guard, slot, expected, new)
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Error> {
        remove::remove(self, slot)
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Error> {
        list::list(self, scope, each)
    }

    fn list_account(&self, account: &AccountName, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Error> {
        list::list_account(self, account, each)
    }
}
