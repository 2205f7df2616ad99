//! [`Session`]: one store, from hello to the end of the helper.

use std::time::Duration;

use bytes::Bytes;
use otp_core::store::Slot;
use otp_remote_protocol::{Answer, Limits, Request, object_name};
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::bucket::{Bucket, MAX_OBJECT, Put};
use crate::engine::{Reached, Web, reach};
use crate::error::Error;
use crate::notice::Notices;
use crate::place::Place;
use crate::probe::{MARKER, MARKER_TEXT, init, is_initialised, probe};

/// How many requests may be open at a time.
pub(crate) const MAX_IN_FLIGHT: u16 = 32;
/// How many objects one request may put: two waves of connections, so that it ends in time.
const MAX_BATCH: u16 = 64;
/// How long a probe may take. Its writers wait for each other.
const PROBE: Duration = Duration::from_secs(60);
/// How much earlier than the client this gives up, so that it can still say why.
const HEAD_START: Duration = Duration::from_millis(300);

/// An open store.
pub(crate) struct Session {
    store: Store,
    patience: Duration,
}

enum Store {
    Bucket { bucket: Bucket, initialised: OnceCell<()> },
    Web(Web),
}

impl Session {
    /// Opens the store with a URL. A client that is going to write learns at once whether it may.
    pub(crate) async fn open(
        url: &str,
        writable: bool,
        patience: Duration,
        notices: Notices,
    ) -> Result<(Self, Limits), Error> {
        let patience = patience.saturating_sub(HEAD_START);
        let place = Place::parse(url)?;
        let store = match reach(&place, notices, patience).await? {
            Reached::Bucket(connected) => {
                Store::Bucket { bucket: Bucket::new(connected, &place.prefix)?, initialised: OnceCell::new() }
            }
            Reached::Web(web) => Store::Web(web),
        };
        let session = Self { store, patience };
        let is_initialised = match &session.store {
            Store::Bucket { .. } if writable => match session.in_time(session.writable()).await {
                Err(Error::NotInitialised) => false,
                checked => checked.map(|_| true)?,
            },
            _ => false,
        };
        let limits = Limits {
            can_write: matches!(session.store, Store::Bucket { .. }),
            is_initialised,
            max_object: u32::try_from(MAX_OBJECT).unwrap_or(u32::MAX),
            max_in_flight: MAX_IN_FLIGHT,
            max_batch: MAX_BATCH,
        };
        Ok((session, limits))
    }

    /// Carries out a request, and hands each answer to `tell`.
    pub(crate) async fn answer<F: AsyncFn(Answer<'_>)>(&self, request: Request<'_>, tell: F) -> Result<(), Error> {
        match request {
            Request::Hello { .. } => return Err(Error::Protocol("the store is open already")),
            Request::Get(slot) => {
                let object = self.in_time(self.get(&slot)).await?;
                tell(Answer::Object(object.as_deref())).await;
            }
            Request::GetBoth(first, second) => {
                let both = async { Ok((self.get(&first).await?, self.get(&second).await?)) };
                let (first, second) = self.in_time(both).await?;
                tell(Answer::Objects(first.as_deref(), second.as_deref())).await;
            }
            Request::Put(slot, bytes) => {
                let put = async {
                    let bucket = self.writable().await?;
                    bucket.put(&bucket.path_of(&slot), &Bytes::copy_from_slice(bytes)).await
                };
                tell(Answer::Put(self.in_time(put).await? != Put::Taken)).await;
            }
            Request::PutMany(objects) => {
                let put = async {
                    let bucket = self.writable().await?;
                    let object = |(slot, bytes): &(Slot, &[u8])| (bucket.path_of(slot), Bytes::copy_from_slice(bytes));
                    bucket.put_many(&objects.iter().map(object).collect::<Vec<_>>()).await
                };
                let count = self.in_time(put).await?;
                tell(Answer::PutMany(u16::try_from(count).unwrap_or(u16::MAX))).await;
            }
            Request::Replace { slot, expected, new } => {
                let replace = async {
                    let bucket = self.writable().await?;
                    bucket.replace(&bucket.path_of(&slot), expected, &Bytes::copy_from_slice(new)).await
                };
                tell(Answer::Replaced(self.in_time(replace).await?)).await;
            }
            Request::Remove(slot) => {
                let remove = async {
                    let bucket = self.writable().await?;
                    bucket.remove(&bucket.path_of(&slot)).await
                };
                tell(Answer::Removed(self.in_time(remove).await?)).await;
            }
            Request::List(listing) => {
                let Store::Bucket { bucket, .. } = &self.store else { return Err(Error::NoListing) };
                let part = async |slots| {
                    tell(Answer::Part(slots)).await;
                    Ok(())
                };
                bucket.list(&listing, self.patience, part).await?;
                tell(Answer::Listed).await;
            }
            Request::Init => {
                let Store::Bucket { bucket, .. } = &self.store else { return Err(Error::ReadOnly) };
                let before = self.within(PROBE, init(bucket)).await?;
                tell(Answer::Initialised { before }).await;
            }
            Request::Inspect => {
                let findings = self.within(PROBE, self.inspect()).await?;
                let findings = findings.iter().map(|(key, value)| (*key, value.as_str())).collect();
                tell(Answer::Findings(findings)).await;
            }
        }
        Ok(())
    }

    async fn get(&self, slot: &Slot) -> Result<Option<Bytes>, Error> {
        match &self.store {
            Store::Bucket { bucket, .. } => Ok(bucket.get(&bucket.path_of(slot)).await?.map(|(bytes, _)| bytes)),
            Store::Web(web) => match web.get(&object_name(slot)).await? {
                Some(bytes) if bytes.len() > MAX_OBJECT => Err(Error::TooLong { limit: MAX_OBJECT }),
                found => Ok(found),
            },
        }
    }

    /// The bucket, if it may be written to.
    async fn writable(&self) -> Result<&Bucket, Error> {
        let Store::Bucket { bucket, initialised } = &self.store else { return Err(Error::ReadOnly) };
        let look = async || if is_initialised(bucket).await? { Ok(()) } else { Err(Error::NotInitialised) };
        initialised.get_or_try_init(look).await?;
        Ok(bucket)
    }

    /// Findings about the store. That something is refused is a finding, too.
    async fn inspect(&self) -> Result<Vec<(&'static str, String)>, Error> {
        let yes_or_no = |yes| if yes { "yes".to_owned() } else { "no".into() };
        let bucket = match &self.store {
            Store::Bucket { bucket, .. } => bucket,
            Store::Web(web) => {
                // Whatever the answer is, it shows that the server is there.
                let marker = web.get(MARKER).await?;
                let is_whole = marker.is_some_and(|text| text == MARKER_TEXT);
                let endpoint = web.base().to_string();
                return Ok(vec![
                    ("engine", "web server".into()),
                    ("endpoint", endpoint),
                    ("initialised", yes_or_no(is_whole)),
                ]);
            }
        };
        let connected = &bucket.connected;
        let mut findings = vec![
            ("engine", connected.engine.to_owned()),
            ("endpoint", connected.endpoint.clone()),
            ("credentials", connected.credentials.into()),
        ];
        let initialised = is_initialised(bucket).await?;
        findings.push(("initialised", yes_or_no(initialised)));
        // List an empty folder: the whole store may be long.
        let listed = bucket.lists(&bucket.path(".otp-probe"), &bucket.path("nothing is called like this")).await;
        findings.push(("listing", listed.map_or_else(|error| error.to_string(), |_| "yes".into())));
        if initialised {
            let unknown = "unknown: what is removed may stay, in old versions, by soft delete or in backups";
            let (versioning, conditions) = match probe(bucket).await {
                Ok(_) if !connected.versions => (unknown, "kept".into()),
                Ok(passed) if passed.versioned => ("yes: what is removed stays in old versions", "kept".into()),
                Ok(_) => ("no", "kept".into()),
                Err(error @ Error::Pretends(_)) => return Err(error),
                // A reader can't try it.
                Err(error) => (unknown, error.to_string()),
            };
            findings.extend([("versioning", versioning.into()), ("conditions", conditions)]);
        }
        Ok(findings)
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.within(self.patience, work).await
    }

    async fn within<T>(&self, limit: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        timeout(limit, work).await.unwrap_or_else(|_| {
            let host = match &self.store {
                Store::Bucket { bucket, .. } => bucket.connected.endpoint.clone(),
                Store::Web(web) => web.base().to_string(),
            };
            Err(Error::TimeOver { host })
        })
    }
}
