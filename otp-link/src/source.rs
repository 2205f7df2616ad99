//! [`Source`]: where the key and the record come from.

use std::path::Path;

use crate::error::{Error, Result};
use crate::key_source::{Key, KeySource, check_account};

/// Where the key and the record come from. What is left out is found the way the program finds it.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Source<'a> {
    /// Where the key is.
    pub key: KeySource<'a>,
    /// The account that the key must be for.
    pub account: Option<&'a str>,
    /// The store's directory.
    pub store: Option<&'a Path>,
    /// A record's file, instead of a store.
    pub record: Option<&'a Path>,
}

impl<'a> Source<'a> {
    /// The key's text.
    #[must_use]
    pub const fn key(mut self, text: &'a [u8]) -> Self {
        self.key.text = Some(text);
        self
    }

    /// A file that holds the key; `-` is standard input.
    #[must_use]
    pub const fn key_file(mut self, path: &'a Path) -> Self {
        self.key.file = Some(path);
        self
    }

    /// An open file descriptor that gives the key.
    #[must_use]
    pub const fn key_fd(mut self, number: i32) -> Self {
        self.key.fd = Some(number);
        self
    }

    /// The account that the key must be for.
    #[must_use]
    pub const fn account(mut self, name: &'a str) -> Self {
        self.account = Some(name);
        self
    }

    /// The store's directory.
    #[must_use]
    pub const fn store(mut self, path: &'a Path) -> Self {
        self.store = Some(path);
        self
    }

    /// A record's file, instead of a store.
    #[must_use]
    pub const fn record(mut self, path: &'a Path) -> Self {
        self.record = Some(path);
        self
    }

    /// Reads the key, gives it to `seen`, and checks that it is for the account that is named.
    pub(crate) fn read_key(&self, seen: impl FnOnce(&Key)) -> Result<Key> {
        if self.store.is_some() && self.record.is_some() {
            return Err(Error::StoreAndRecord);
        }
        let key = self.key.read()?;
        seen(&key);
        check_account(&key, self.account)?;
        Ok(key)
    }
}
