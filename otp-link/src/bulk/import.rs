//! Importing the accounts of a manifest.
//!
//! Chunk by chunk: key files are written and synced; records are put together; each account is settled; then it is reported.
//! The names of the key files follow from the manifest, so that a run that is repeated after a crash finds how far it came: a
//! key file with a record is done, and one without a record is made again.

use std::num::NonZeroU8;
use std::path::Path;

use otp_core::keeper::Prepared;
use otp_core::keeper::ringed::Vacancy;
use otp_core::{Account, Code, Coded, Holder, UnixTime};
use otp_sys::LockedBuf;

use super::item::{Item, State};
use super::key_dir::{self, KeyDir};
use super::look::{Target, Work, grant, look};
use crate::any_store::{AnyStore, StoreError};
use crate::error::{Error, Result};
use crate::fields;
use crate::manifest::{Entry, Manifest};
use crate::new_key::NewKey;
use crate::place::Place;
use crate::randomness::Randomness;
use crate::ring::{self, FsRing};
use crate::side_by_side::side_by_side;
use crate::store;

/// How many accounts share their syncs.
const CHUNK: usize = 64;

/// How accounts are imported.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Import<'a> {
    /// The directory to which the key files are written; it is made if there is none.
    pub new_key_dir: &'a Path,
    /// Who gets a key to each account of which the manifest does not say; empty for one key without a holder.
    pub holders: &'a [Holder],
    /// When keys expire of which the manifest does not say.
    pub expires: Option<UnixTime>,
    /// How many pages each key has; `None` for one.
    pub pages: Option<NonZeroU8>,
    /// Whether an account that others made is left as it is, and no failure.
    pub skip_existing: bool,
    /// Where they are kept.
    pub place: Place<'a>,
    pub(super) is_plan: bool,
}

impl<'a> Import<'a> {
    /// An import with key files in this directory.
    #[must_use]
    pub fn new(new_key_dir: &'a Path) -> Self {
        Self {
            new_key_dir,
            holders: &[],
            expires: None,
            pages: None,
            skip_existing: false,
            place: Place::default(),
            is_plan: false,
        }
    }
}

/// What [`import_accounts`] would do: nothing is changed, and nothing is drawn.
///
/// # Errors
///
/// The store's.
pub fn plan_import(manifest: &Manifest, import: &Import<'_>, mut report: impl FnMut(Vec<Item>)) -> Result<()> {
    let import = Import { is_plan: true, ..*import };
    ring::open(import.place.ring, import.place.store)?;
    let store = match store::open(import.place.store) {
        Err(Error::Store(StoreError::Files(otp_store_fs::Error::RootMissing { .. }))) => None,
        store => Some(store?),
    };
    for entries in manifest.entries.chunks(CHUNK) {
        let looks = spread(store.as_ref(), entries, |entry| {
            look(entry, payload_len(manifest, entry), &import, store.as_ref(), None)
        });
        report(entries.iter().zip(looks).flat_map(|(entry, look)| planned(entry, look)).collect());
    }
    Ok(())
}

fn planned(entry: &Entry, look: Result<(Vec<Target>, Work)>) -> Vec<Item> {
    match look {
        Err(error) => vec![item(entry, None, State::Failed(error))],
        Ok((targets, work)) => each(entry, &targets, |target| match work {
            Work::Skip => State::Skipped,
            _ if target.there.is_some() => State::Exists,
            _ => State::Planned,
        }),
    }
}

/// Adds the accounts of a manifest to a store, and writes a key file for each holder. The store is made if it does not exist.
///
/// `report` gets the items of each chunk as soon as they are done, in the order of the manifest. What fails for one account leaves
/// the others alone. After a crash, the same call goes on.
///
/// # Errors
///
/// Of the store, the ring, the directory of key files or the source of randomness: the rest was not reached, and is reported so.
pub fn import_accounts(
    manifest: &Manifest,
    import: &Import<'_>,
    randomness: &mut Randomness,
    mut report: impl FnMut(Vec<Item>),
) -> Result<()> {
    let ring = ring::open(import.place.ring, import.place.store)?;
    let store = store::open_or_create(import.place.store)?;
    let dir = KeyDir::open(import.new_key_dir)?;
    let run = Run { manifest, import, store, ring, dir };
    let mut chunks = manifest.entries.chunks(CHUNK);
    while let Some(entries) = chunks.next() {
        match run.chunk(entries, randomness) {
            Ok(items) => report(items),
            Err(error) => {
                let not_reached = |entry| item(entry, None, State::NotReached);
                report(entries.iter().chain(chunks.flatten()).map(not_reached).collect());
                return Err(error);
            }
        }
    }
    Ok(())
}

struct Run<'a> {
    manifest: &'a Manifest,
    import: &'a Import<'a>,
    store: AnyStore,
    ring: Option<FsRing>,
    dir: KeyDir,
}

/// An account on its way.
struct Step {
    targets: Vec<Target>,
    work: Work,
}

impl Run<'_> {
    fn chunk(&self, entries: &[Entry], randomness: &mut Randomness) -> Result<Vec<Item>> {
        let looks = spread(Some(&self.store), entries, |entry| {
            let payload_len = payload_len(self.manifest, entry);
            look(entry, payload_len, self.import, Some(&self.store), self.ring.as_ref())
        });
        let mut outcomes: Vec<Result<Step>> =
            looks.into_iter().map(|look| look.map(|(targets, work)| Step { targets, work })).collect();
        let mut batch = Batch::default();
        for (index, entry) in entries.iter().enumerate() {
            let Ok(step) = &mut outcomes[index] else { continue };
            match self.prepare(entry, step, randomness) {
                Ok(Some((prepared, vacancy))) => batch.push(index, prepared, vacancy),
                Ok(None) => {}
                Err(error) if error.code() == Code::RandomnessFailed => return Err(error),
                Err(error) => outcomes[index] = Err(error),
            }
        }
        self.put(&batch, &outcomes)?;
        for (index, error) in self.settle(&batch) {
            if let (Ok(step), Some(prepared)) = (&outcomes[index], batch.of(index)) {
                self.clear_up(step, prepared)?;
            }
            outcomes[index] = Err(error);
        }
        Ok(entries.iter().zip(outcomes).flat_map(|(entry, outcome)| done(entry, outcome)).collect())
    }

    /// Seals what is missing of an account; with a ring, further keys of an account that is there are issued at once.
    fn prepare(
        &self,
        entry: &Entry,
        step: &mut Step,
        randomness: &mut Randomness,
    ) -> Result<Option<(Prepared<LockedBuf>, Option<Vacancy>)>> {
        let keeper = store::keeper(&self.store);
        let grants: Vec<_> = step.missing().map(|target| grant(entry, self.import, target.holder.clone())).collect();
        match std::mem::replace(&mut step.work, Work::Nothing) {
            Work::Add(vacancy) => {
                if let Some(ring) = &self.ring {
                    for id in step.targets.iter().filter_map(|target| target.alone) {
                        keeper.with_ring(ring).withdraw(&entry.account, id)?;
                    }
                }
                let secret = secret(self.manifest, entry, randomness)?;
                let prepared = keeper.prepare(&entry.account, secret.payload(), &grants, randomness)?;
                step.work = Work::Add(None);
                Ok(Some((prepared, vacancy)))
            }
            Work::AddMore(key) => match &self.ring {
                None => Ok(Some((keeper.prepare_more(*key, &grants, randomness)?, None))),
                Some(ring) => self.issue_in_ring(entry, step, ring, randomness).map(|()| None),
            },
            other => {
                step.work = other;
                Ok(None)
            }
        }
    }

    /// The ring has each key before its record is put, so a key whose file is missing is taken from there.
    fn issue_in_ring(&self, entry: &Entry, step: &Step, ring: &FsRing, randomness: &mut Randomness) -> Result<()> {
        let keeper = store::keeper(&self.store).with_ring(ring);
        for target in step.missing() {
            if let Some(id) = target.alone {
                keeper.withdraw(&entry.account, id)?;
            }
            let held = keeper.held(&entry.account)?;
            let is_theirs = |header: &otp_core::Header| header.terms.holder == target.holder;
            let held = held.keys.iter().find(|key| key.header.as_ref().is_some_and(is_theirs));
            let key = if let Some(held) = held {
                keeper.export(&entry.account, held.id)?
            } else {
                let current = keeper.current_key(&entry.account)?;
                keeper.issue(current, &grant(entry, self.import, target.holder.clone()), randomness)?
            };
            self.dir.write(&[(target, NewKey::new(&key, target.holder.clone(), None)?)])?;
        }
        Ok(())
    }

    /// Key files first, then the ring, then the records: whatever was put has a key that can be had.
    fn put(&self, batch: &Batch, outcomes: &[Result<Step>]) -> Result<()> {
        let mut files = Vec::new();
        for (prepared, index) in batch.prepared.iter().zip(&batch.indices) {
            let Ok(step) = &outcomes[*index] else { continue };
            for (target, key) in step.missing().zip(prepared.keys()) {
                files.push((target, NewKey::new(key, target.holder.clone(), None)?));
            }
        }
        self.dir.write(&files)?;
        let keeper = store::keeper(&self.store);
        let keep = || -> Result<()> {
            if let Some(ring) = &self.ring {
                for (prepared, vacancy) in batch.prepared.iter().zip(&batch.vacancies) {
                    vacancy
                        .as_ref()
                        .map_or(Ok(()), |vacancy| keeper.with_ring(ring).keep_prepared(prepared, vacancy))?;
                }
            }
            Ok(keeper.put_prepared(&batch.prepared)?)
        };
        keep().inspect_err(|_| {
            // Until that fails too: what stays is found by the next run.
            let _ = batch.prepared.iter().zip(&batch.indices).try_for_each(|(prepared, index)| {
                outcomes[*index].as_ref().map_or(Ok(()), |step| self.clear_up(step, prepared))
            });
        })
    }

    /// Removes the files of keys that could not stay, once it is certain that their records are gone: a record without a key
    /// would keep the next run from adding the account.
    fn clear_up(&self, step: &Step, prepared: &Prepared<LockedBuf>) -> Result<()> {
        let keeper = store::keeper(&self.store);
        for (target, key) in step.missing().zip(prepared.keys()) {
            if let Some(ring) = &self.ring {
                keeper.with_ring(ring).withdraw(prepared.account(), key.id())?;
            }
            match keeper.verify(key) {
                Err(error) if key_dir::is_unknown(&error, key.id()) => key_dir::remove(&target.path)?,
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Gives those that could not stay.
    fn settle(&self, batch: &Batch) -> Vec<(usize, Error)> {
        let places: Vec<usize> = (0..batch.prepared.len()).collect();
        let settled = spread(Some(&self.store), &places, |place| {
            let (prepared, keeper) = (&batch.prepared[*place], store::keeper(&self.store));
            match (&self.ring, &batch.vacancies[*place]) {
                (Some(ring), Some(vacancy)) => keeper.with_ring(ring).settle(prepared, vacancy),
                _ => keeper.settle(prepared),
            }
        });
        let failed = batch.indices.iter().zip(settled);
        failed.filter_map(|(index, settled)| settled.err().map(|error| (*index, error.into()))).collect()
    }
}

/// What is put together.
#[derive(Default)]
struct Batch {
    /// Which entries of the chunk these are.
    indices: Vec<usize>,
    prepared: Vec<Prepared<LockedBuf>>,
    vacancies: Vec<Option<Vacancy>>,
}

impl Batch {
    fn push(&mut self, index: usize, prepared: Prepared<LockedBuf>, vacancy: Option<Vacancy>) {
        self.indices.push(index);
        self.prepared.push(prepared);
        self.vacancies.push(vacancy);
    }

    fn of(&self, index: usize) -> Option<&Prepared<LockedBuf>> {
        self.indices.iter().position(|other| *other == index).and_then(|place| self.prepared.get(place))
    }
}

impl Step {
    /// The keys whose records are not there.
    fn missing(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().filter(|target| target.there.is_none())
    }
}

fn done(entry: &Entry, outcome: Result<Step>) -> Vec<Item> {
    match outcome {
        Err(error) => vec![item(entry, None, State::Failed(error))],
        Ok(Step { targets, work }) => each(entry, &targets, |target| match work {
            Work::Skip => State::Skipped,
            _ if target.there.is_some() => State::Exists,
            _ => State::Added,
        }),
    }
}

fn each(entry: &Entry, targets: &[Target], state: impl Fn(&Target) -> State) -> Vec<Item> {
    targets.iter().map(|target| item(entry, Some(target), state(target))).collect()
}

fn item(entry: &Entry, target: Option<&Target>, state: State) -> Item {
    let has_file = matches!(state, State::Added | State::Exists | State::Planned);
    Item {
        account: entry.account.clone(),
        holder: target.and_then(|target| target.holder.clone()),
        line: entry.line,
        key_file: target.filter(|_| has_file).map(|target| target.path.clone()),
        state,
    }
}

/// The secret of an account, with the password that is generated for it.
fn secret(manifest: &Manifest, entry: &Entry, randomness: &mut Randomness) -> Result<Account<LockedBuf>> {
    let given: Vec<(&str, &[u8])> = manifest.fields(entry).collect();
    let mut account = fields::collect(&given)?;
    if let Some(len) = entry.generate {
        account.set("password", &randomness.password(len.into())?)?;
    }
    Ok(account)
}

/// How long that is.
fn payload_len(manifest: &Manifest, entry: &Entry) -> usize {
    let password = vec![0; entry.generate.unwrap_or(0).into()];
    let generated = entry.generate.map(|_| ("password", password.as_slice()));
    let fields = manifest.fields(entry).chain(generated);
    fields.map(|(name, value)| otp_core::account::field_len(otp_core::account::Field { name, value })).sum()
}

/// Does the same for each: side by side where each takes a way over the network.
fn spread<T: Sync, R: Send>(store: Option<&AnyStore>, items: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    match store {
        Some(AnyStore::Remote(_)) => {
            let Ok(done) = side_by_side(items, |item| Ok::<R, std::convert::Infallible>(act(item)));
            done
        }
        _ => items.iter().map(act).collect(),
    }
}
