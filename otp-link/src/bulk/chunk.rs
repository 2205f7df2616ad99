//! A chunk of an import, from finding out what there is to putting records that stay.

use otp_core::keeper::Prepared;
use otp_core::keeper::ringed::Vacancy;
use otp_core::{Account, Code, Coded};
use otp_sys::LockedBuf;

use super::key_dir::{self, KeyDir};
use super::look::{Target, Work, grant, is_unknown, look};
use super::options::Import;
use crate::any_store::AnyStore;
use crate::audit::{self, Event};
use crate::error::{Error, Result};
use crate::fields;
use crate::manifest::{Entry, Manifest};
use crate::new_key::NewKey;
use crate::randomness::Randomness;
use crate::records::fault;
use crate::ring::FsRing;
use crate::side_by_side::{spread, try_spread};
use crate::store;

/// An import at work.
pub(super) struct Run<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) import: &'a Import<'a>,
    pub(super) store: AnyStore,
    pub(super) ring: Option<FsRing>,
    pub(super) dir: KeyDir,
}

/// An account on its way.
pub(super) struct Step {
    pub(super) targets: Vec<Target>,
    pub(super) work: Work,
}

impl Run<'_> {
    /// Does what is missing for some accounts.
    ///
    /// # Errors
    ///
    /// Whatever would stop the other accounts too.
    pub(super) fn chunk(&self, entries: &[Entry], randomness: &mut Randomness) -> Result<Vec<Result<Step>>> {
        let looks = try_spread(&self.store, entries, |entry| {
            let payload_len = self.manifest.payload_len(entry);
            match look(entry, payload_len, self.import, Some(&self.store), self.ring.as_ref()) {
                Err(error) => fault(error).map(Err),
                found => Ok(found),
            }
        })?;
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
        Ok(outcomes)
    }

    /// Seals what an account is missing. With a ring, further keys to an existing account are issued at once.
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
            let key = NewKey::new(&key, target.holder.clone(), None)?;
            self.dir.write(&[(target, audit::Entry::begin(Event::Issue)?.granted_key(key)?)])?;
        }
        Ok(())
    }

    /// Key files first, then the ring, then the records, so that every record that was put has a key somewhere.
    fn put(&self, batch: &Batch, outcomes: &[Result<Step>]) -> Result<()> {
        let mut files = Vec::new();
        for (prepared, index) in batch.prepared.iter().zip(&batch.indices) {
            let Ok(step) = &outcomes[*index] else { continue };
            let mut event =
                if step.targets.iter().any(|target| target.there.is_some()) { Event::Issue } else { Event::Add };
            for (target, key) in step.missing().zip(prepared.keys()) {
                let key = NewKey::new(key, target.holder.clone(), None)?;
                files.push((target, audit::Entry::begin(event)?.granted_key(key)?));
                event = Event::Issue;
            }
        }
        self.dir.write(&files)?;
        let keeper = store::keeper(&self.store);
        let keep = || -> Result<()> {
            if let Some(ring) = &self.ring {
                let places = batch.prepared.iter().zip(&batch.vacancies);
                let new: Vec<_> =
                    places.filter_map(|(prepared, vacancy)| Some((prepared, vacancy.as_ref()?))).collect();
                keeper.with_ring(ring).keep_prepared(&new)?;
            }
            Ok(keeper.put_prepared(&batch.prepared)?)
        };
        keep().inspect_err(|_| {
            // Stop when that fails too: the next run finds what stays.
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
                Err(error) if is_unknown(&error, key.id()) => key_dir::remove(&target.path)?,
                outcome => outcome?,
            }
        }
        Ok(())
    }

    /// Returns those that could not stay.
    fn settle(&self, batch: &Batch) -> Vec<(usize, Error)> {
        let places: Vec<usize> = (0..batch.prepared.len()).collect();
        let settled = spread(&self.store, &places, |place| {
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

/// The secret of an account, with the password that is generated for it.
fn secret(manifest: &Manifest, entry: &Entry, randomness: &mut Randomness) -> Result<Account<LockedBuf>> {
    let given: Vec<(&str, &[u8])> = manifest.fields(entry).collect();
    let mut account = fields::collect(&given)?;
    if let Some(len) = entry.generate {
        account.set("password", &randomness.password(len.into())?)?;
    }
    Ok(account)
}
