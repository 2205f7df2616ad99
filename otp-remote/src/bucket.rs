//! [`Bucket`]: the verbs of a store, on object storage.
//!
//! The answer to a conditional write may get lost, and a second try is then refused *because of the first*. So no write
//! is repeated blindly: after an unconfirmed write, what is there decides.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutPayload, PutResult, UpdateVersion};
use otp_core::store::Slot;
use otp_remote_protocol::{Listing, object_name, parse_object_name};
use tokio::time::{sleep, timeout};

use crate::engine::Connected;
use crate::error::Error;
use crate::transport::{innermost, jitter};

/// The longest object, in bytes: two of them fit into one message.
pub(crate) const MAX_OBJECT: usize = 512 << 10;
/// How often a write is tried. Each further try follows a look at what is there.
const TRIES: u32 = 4;
/// The longest first wait between tries; each wait is random.
const BACKOFF: Duration = Duration::from_millis(100);
/// How many names a part of a list has.
const PART: usize = 500;

/// A store in a bucket.
pub(crate) struct Bucket {
    pub(crate) connected: Connected,
    prefix: Path,
}

/// The outcome of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// The server confirmed it.
    New,
    /// These bytes are there: put by a try whose answer was lost, or by somebody else.
    Same,
    /// Another object is there.
    Taken,
}

impl Bucket {
    /// `prefix` is the folder, as the URL has it.
    pub(crate) fn new(connected: Connected, prefix: &str) -> Result<Self, Error> {
        let prefix = Path::from_url_path(prefix).map_err(|_| Error::NoPlace("folder that every server reads alike"))?;
        Ok(Self { connected, prefix })
    }

    /// The path of the object with that name.
    pub(crate) fn path(&self, name: &str) -> Path {
        self.prefix.parts().chain(Path::from(name).parts()).collect()
    }

    pub(crate) fn path_of(&self, slot: &Slot) -> Path {
        self.path(&object_name(slot))
    }

    /// Reads an object, and the version that a replacement must name.
    pub(crate) async fn get(&self, path: &Path) -> Result<Option<(Bytes, UpdateVersion)>, Error> {
        let found = match self.store().get(path).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(cause(error)),
        };
        if found.meta.size > MAX_OBJECT as u64 {
            return Err(Error::TooLong { limit: MAX_OBJECT });
        }
        let version = UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
        Ok(Some((found.bytes().await.map_err(cause)?, version)))
    }

    /// Puts an object where there is none.
    pub(crate) async fn put(&self, path: &Path, bytes: &Bytes) -> Result<Put, Error> {
        let mut last = Error::Contended;
        for number in 0..TRIES {
            pause(number).await;
            match self.write(path, bytes, PutMode::Create).await {
                Ok(_) => return Ok(Put::New),
                Err(refused) => last = refused.into_doubt()?,
            }
            match self.get(path).await? {
                Some((found, _)) if found == bytes => return Ok(Put::Same),
                Some(_) => return Ok(Put::Taken),
                None => {}
            }
        }
        Err(last)
    }

    /// Puts objects concurrently, and returns how many are there from the front, up to the first whose place is taken.
    /// Those put after that one are removed again.
    pub(crate) async fn put_many(&self, objects: &[(Path, Bytes)]) -> Result<usize, Error> {
        // If two objects have the same place, the first must win.
        let twice =
            (0..objects.len()).find(|place| objects[..*place].iter().any(|(path, _)| *path == objects[*place].0));
        let objects = &objects[..twice.unwrap_or(objects.len())];
        let puts = futures_util::future::join_all(objects.iter().map(|(path, bytes)| self.put(path, bytes))).await;
        let puts = puts.into_iter().collect::<Result<Vec<_>, _>>()?;
        let Some(taken) = puts.iter().position(|put| *put == Put::Taken) else { return Ok(puts.len()) };
        let behind = objects.iter().zip(&puts).skip(taken).filter(|(_, put)| **put == Put::New);
        let back = futures_util::future::join_all(behind.map(|((path, _), _)| self.delete(path))).await;
        back.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(taken)
    }

    /// Replaces an object that holds exactly `expected`.
    pub(crate) async fn replace(&self, path: &Path, expected: &[u8], new: &Bytes) -> Result<bool, Error> {
        let mut last = Error::Contended;
        for number in 0..TRIES {
            pause(number).await;
            let Some((found, mut version)) = self.get(path).await? else { return Ok(false) };
            if found != expected {
                // Nobody else writes these bytes, so an earlier try of ours succeeded.
                return Ok(number > 0 && found == new);
            }
            // Some servers refuse their own tags in quotes (Ceph's gateway).
            if number % 2 == 1 {
                version.e_tag = version.e_tag.map(|tag| tag.trim_matches('"').to_owned());
            }
            match self.write(path, new, PutMode::Update(version)).await {
                Ok(_) => return Ok(true),
                Err(refused) => last = refused.into_doubt()?,
            }
        }
        match self.get(path).await? {
            Some((found, _)) if found == new => Ok(true),
            Some((found, _)) if found == expected => Err(last),
            _ => Ok(false),
        }
    }

    /// Removes an object, and says whether there was one. Some servers don't say, so it looks first.
    pub(crate) async fn remove(&self, path: &Path) -> Result<bool, Error> {
        if self.get(path).await?.is_none() {
            return Ok(false);
        }
        self.delete(path).await.map(|()| true)
    }

    async fn delete(&self, path: &Path) -> Result<(), Error> {
        match self.store().delete(path).await {
            // Already gone, perhaps through a try whose answer was lost.
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(cause(error)),
        }
    }

    /// Hands over the slots of a list in parts, as the server's pages arrive. Each page may take `patience`.
    pub(crate) async fn list<F: AsyncFnMut(Vec<Slot>) -> Result<(), Error>>(
        &self,
        listing: &Listing,
        patience: Duration,
        mut each: F,
    ) -> Result<(), Error> {
        let over = |_| Error::TimeOver { host: self.connected.endpoint.clone() };
        let top = match listing {
            Listing::All => self.prefix.clone(),
            Listing::Below(account) | Listing::Account(account) => self.path(account.as_str()),
        };
        if let Listing::Account(_) = listing {
            // Without what lies below, however much that is.
            let found = timeout(patience, self.store().list_with_delimiter(Some(&top))).await.map_err(over)?;
            let slots: Vec<Slot> =
                found.map_err(cause)?.objects.iter().filter_map(|meta| self.slot_at(&meta.location)).collect();
            for part in slots.chunks(PART) {
                each(part.to_vec()).await?;
            }
            return Ok(());
        }
        let mut pages = self.store().list(Some(&top)).ready_chunks(PART);
        while let Some(page) = timeout(patience, pages.next()).await.map_err(over)? {
            let page = page.into_iter().collect::<Result<Vec<_>, _>>().map_err(cause)?;
            let slots: Vec<Slot> = page.iter().filter_map(|meta| self.slot_at(&meta.location)).collect();
            if !slots.is_empty() {
                each(slots).await?;
            }
        }
        Ok(())
    }

    /// Whether a folder's list shows an object.
    pub(crate) async fn lists(&self, folder: &Path, path: &Path) -> Result<bool, Error> {
        let mut found = self.store().list(Some(folder));
        while let Some(meta) = found.try_next().await.map_err(cause)? {
            if meta.location == *path {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Makes one conditional write.
    pub(crate) async fn write(&self, path: &Path, bytes: &Bytes, mode: PutMode) -> Result<PutResult, Refused> {
        let written = self.store().put_opts(path, PutPayload::from_bytes(bytes.clone()), mode.into()).await;
        written.map_err(|error| match error {
            object_store::Error::AlreadyExists { .. }
            | object_store::Error::Precondition { .. }
            | object_store::Error::NotModified { .. }
            // The object to be replaced is gone.
            | object_store::Error::NotFound { .. } => Refused::Condition,
            error => Refused::Failed(cause(error)),
        })
    }

    fn store(&self) -> &dyn ObjectStore {
        &*self.connected.store
    }

    /// The slot of an object; `None` for anything else in the bucket.
    fn slot_at(&self, path: &Path) -> Option<Slot> {
        let prefix = self.prefix.as_ref();
        let name = path.as_ref().strip_prefix(prefix)?;
        parse_object_name(if prefix.is_empty() { name } else { name.strip_prefix('/')? })
    }
}

/// Why a conditional write is not confirmed.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The server says that the condition does not hold.
    Condition,
    /// It failed, and may have taken effect.
    Failed(Error),
}

impl Refused {
    /// What to report if no later try settles it; an error if trying again is pointless.
    fn into_doubt(self) -> Result<Error, Error> {
        match self {
            Self::Condition => Ok(Error::Contended),
            Self::Failed(error) if error.is_in_doubt() => Ok(error),
            Self::Failed(error) => Err(error),
        }
    }
}

async fn pause(number: u32) {
    if number > 0 {
        sleep(jitter(BACKOFF * 2_u32.pow(number))).await;
    }
}

/// The error that the transport reported, or else what `object_store` could not read.
fn cause(error: object_store::Error) -> Error {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<Error>() {
            return error.clone();
        }
        next = error.source();
    }
    match error {
        object_store::Error::NotFound { .. } => Error::Unexpected { status: 404, code: String::new() },
        error => Error::Unreadable(innermost(&error)),
    }
}
