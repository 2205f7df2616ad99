//! What the model knows: the keys and what they open, the handles, and what was sealed outside of the store.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;

use otp_core::keeper::MAX_GRACE_SECS;
use otp_core::{Code, Key};
use tempfile::TempDir;

use super::calls;
use super::given::{Room, Text, arrives};
use super::steps::{Handle, Step};
use crate::scratch::{Entry, is_lock, make_directories, scratch, snapshot};

pub(super) type Named = Vec<(String, Vec<u8>)>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    Live,
    Grace,
    Gone,
}

/// What the model knows of a key.
pub(super) struct Known {
    pub(super) text: String,
    pub(super) account: String,
    pub(super) id: String,
    pub(super) holder: Option<String>,
    pub(super) expires: u64,
    pub(super) fields: Named,
    pub(super) state: State,
}

impl Known {
    pub(super) fn key(&self) -> Key<Vec<u8>> {
        Key::parse_owned(self.text.as_bytes()).unwrap()
    }
}

pub(super) struct Sealed {
    pub(super) key: String,
    pub(super) record: Vec<u8>,
    pub(super) secret: Vec<u8>,
}

pub(super) struct World {
    pub(super) home: TempDir,
    pub(super) store: Text,
    pub(super) keys: Vec<Known>,
    /// The open handles of accounts, each with the key that opened it and its contents at that time.
    pub(super) accounts: BTreeMap<usize, (String, String, Named)>,
    /// The open handles of keys, each with the numbers of its keys.
    pub(super) given: BTreeMap<usize, Vec<usize>>,
    pub(super) freed: Vec<usize>,
    pub(super) sealed: Vec<Sealed>,
    /// What the store held before the call.
    before: BTreeMap<PathBuf, Vec<u8>>,
}

impl World {
    /// Without faults, the answer must be good; otherwise it has a fault's code, and the store is unchanged.
    pub(super) fn judge<T: Debug>(&self, answer: Result<T, Code>, faults: &[Code]) -> Option<T> {
        match answer {
            Ok(value) => {
                assert_eq!(faults, [], "{value:?}");
                Some(value)
            }
            Err(code) => {
                assert!(faults.contains(&code), "{code:?}, but {faults:?}: {}", calls::last_words());
                assert!(self.objects() == self.before, "{code:?} changed the store");
                None
            }
        }
    }

    /// The objects in the store, by path.
    fn objects(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let file = |(path, entry): (PathBuf, Entry)| match entry {
            Entry::File { bytes, .. } if !is_lock(&path) => Some((path, bytes)),
            _ => None,
        };
        snapshot(&self.home.path().join("store")).into_iter().filter_map(file).collect()
    }

    pub(super) fn new() -> Self {
        let home = scratch();
        let root = home.path().join("store");
        make_directories(&root);
        let mut world = Self {
            home,
            store: None,
            keys: Vec::new(),
            accounts: BTreeMap::new(),
            given: BTreeMap::new(),
            freed: Vec::new(),
            sealed: Vec::new(),
            before: BTreeMap::new(),
        };
        world.store = Some(world.path("store"));
        world
    }

    pub(super) fn perform(&mut self, step: &Step<'_>) {
        self.before = self.objects();
        match step {
            Step::Seal { account, secret, grant, record, key } => {
                self.seal(&account.account(), &secret.bytes(), &grant.granted(), *record, *key);
            }
            Step::Open { which, key, record, odd, room } => {
                self.open(usize::from(*which), key.as_ref(), record.as_ref(), *odd, *room);
            }
            Step::Wipe(len) => {
                let mut room = Room::new(len.map(usize::from));
                calls::wipe(&mut room);
                let len = room.len();
                assert!(room.written(len).iter().all(|byte| *byte == 0));
            }
            Step::AccountAdd { store, account, fields, grant } => {
                self.add(self.store(*store), &account.account(), &fields.fields(), &grant.granted());
            }
            Step::AccountOpen(source) => self.account_open(&self.prepare_key(source)),
            Step::AccountRotate { source, fields, grant, grace, answer } => {
                let grace = [0, 86_400, MAX_GRACE_SECS, MAX_GRACE_SECS + 1, u64::MAX][usize::from(*grace) % 5];
                let mut prepared = self.prepare(source);
                // The account must be named.
                let known = prepared.key.or_else(|| self.pick(source.key)).filter(|_| source.odd > 8);
                if let (None, Some(at)) = (&prepared.source.account, known) {
                    prepared.source.account = Some(self.keys[at].account.clone().into_bytes());
                }
                self.rotate(prepared, &fields.fields(), &grant.granted(), grace, *answer);
            }
            Step::AccountRemove { store, account } => self.remove(self.store(*store), &account.account()),
            Step::AccountInfo { store, account, most } => self.info(self.store(*store), &account.account(), *most),
            Step::KeyIssue(source, grant) => self.issue(self.prepare_key(source), &grant.granted()),
            Step::KeyVerify(source) => {
                let prepared = self.prepare_key(source);
                self.judge(calls::key_verify(&prepared.source), &prepared.faults);
            }
            Step::KeyRevoke { store, account, key, odd } => {
                self.revoke(self.store(*store), &account.account(), *key, *odd);
            }
            Step::StoreList { store, prefix, most } => self.list(self.store(*store), &prefix.prefix(), (*most).into()),
            Step::StoreVerify { store, prefix, ask, damage } => {
                self.verify(self.store(*store), &prefix.prefix(), *ask, damage.and_then(|number| self.pick(number)));
            }
            Step::Account(handle) => {
                let handle = self.handle(handle);
                let known = self.accounts.get(&handle);
                assert_eq!(calls::account_name(handle).as_ref(), known.map(|(account, ..)| account));
                assert_eq!(calls::account_key_id(handle).as_ref(), known.map(|(_, id, _)| id));
                assert_eq!(calls::account_count(handle), known.map_or(0, |(.., fields)| fields.len()));
                assert_eq!(calls::keys_count(handle), self.given.get(&handle).map_or(0, Vec::len));
            }
            Step::Field(handle, name) => {
                let (handle, name) = (self.handle(handle), name.field());
                let field = self.accounts.get(&handle).map(|(.., fields)| {
                    let name = arrives(&name).ok_or(Code::Usage)?;
                    fields.iter().find(|field| field.0 == name).cloned().ok_or(Code::Other)
                });
                assert_eq!(calls::account_field(handle, &name), field.unwrap_or(Err(Code::Usage)));
                self.format(handle, &name);
            }
            Step::FieldAt(handle, index) => {
                let (handle, index) = (self.handle(handle), index.number());
                let field = self.accounts.get(&handle).and_then(|(.., fields)| fields.get(index).cloned());
                assert_eq!(calls::account_field_at(handle, index), field.ok_or(Code::Usage));
            }
            Step::AccountFree(handle) => {
                let handle = self.handle(handle);
                calls::account_free(handle);
                self.freed.extend(self.accounts.remove(&handle).map(|_| handle));
            }
            Step::KeysAt(handle, index) => {
                let (handle, index) = (self.handle(handle), index.number());
                let key = self.given.get(&handle).and_then(|keys| keys.get(index));
                let text = calls::keys_at(handle, index).map(|view| view.text);
                assert_eq!(text, key.map(|at| self.keys[*at].text.clone()).ok_or(Code::Usage));
            }
            Step::KeysWrite { handle, index, path } => self.write(self.handle(handle), index.number(), *path),
            Step::NoRoom(handle, misaligned) => calls::no_room(self.handle(handle), *misaligned),
            Step::KeysFree(handle) => {
                let handle = self.handle(handle);
                calls::keys_free(handle);
                self.freed.extend(self.given.remove(&handle).map(|_| handle));
            }
        }
    }

    fn handle(&self, handle: &Handle) -> usize {
        match *handle {
            Handle::Given(number) => {
                let all: Vec<usize> = self.accounts.keys().chain(self.given.keys()).copied().collect();
                all.get(usize::from(number) % all.len().max(1)).copied().unwrap_or(0)
            }
            Handle::Freed(number) => {
                self.freed.get(usize::from(number) % self.freed.len().max(1)).copied().unwrap_or(0)
            }
            Handle::Any(number) => number,
        }
    }

    /// The keys of an account that have a record.
    pub(super) fn live(&self, account: &Text) -> impl Iterator<Item = usize> {
        let account = arrives(account).unwrap_or_default().to_owned();
        (0..self.keys.len()).filter(move |at| self.is_there(*at) && self.keys[*at].account == account)
    }

    /// The keys with a record whose account's name, followed by `/`, starts with a prefix.
    pub(super) fn below(&self, prefix: &Text) -> impl Iterator<Item = usize> {
        let prefix = arrives(prefix).unwrap_or_default().to_owned();
        let has_prefix = move |account: &str| format!("{account}/").starts_with(&prefix);
        (0..self.keys.len()).filter(move |at| self.is_there(*at) && has_prefix(&self.keys[*at].account))
    }

    /// No message and no hint contains a key.
    pub(super) fn check_message(&self) {
        let message = calls::last_words();
        let texts = self.keys.iter().map(|key| &key.text).chain(self.sealed.iter().map(|sealed| &sealed.key));
        assert!(texts.into_iter().all(|text| !message.contains(&text[text.len() - 32..])), "{message}");
    }

    /// All handles can be freed, and are refused after that.
    pub(super) fn finish(self) {
        for handle in self.accounts.into_keys() {
            assert!(calls::account_name(handle).is_some());
            calls::account_free(handle);
            assert_eq!((calls::account_name(handle), calls::account_count(handle)), (None, 0));
            calls::account_free(handle);
        }
        for handle in self.given.into_keys() {
            assert!(calls::keys_count(handle) > 0);
            calls::keys_free(handle);
            assert_eq!(calls::keys_at(handle, 0), Err(Code::Usage));
            calls::keys_free(handle);
        }
    }
}
