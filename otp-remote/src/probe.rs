//! The probe of a store's promises, and the marker that records that they held.
//!
//! Some servers ignore the conditions of writes, or heed them only while nobody else writes. On such a server, two
//! callers could both believe that a slot is theirs. So nobody writes to a store before a probe has tried to make both
//! win.

use bytes::Bytes;
use futures_util::future::join_all;
use object_store::path::Path;
use object_store::{PutMode, UpdateVersion};

use crate::bucket::{Bucket, Put, Refused};
use crate::error::Error;

/// The marker's name and contents.
pub(crate) const MARKER: &str = ".otp-store";
pub(crate) const MARKER_TEXT: &[u8] = b"otp-store 1\n";
/// The names that the probe writes to.
const FOLDER: &str = ".otp-probe";
/// How many writers race.
const RACERS: usize = 16;

/// What a successful probe has learned.
pub(crate) struct Passed {
    /// Whether the server gives objects versions, and so keeps old ones.
    pub(crate) versioned: bool,
}

/// Whether the store has its marker.
pub(crate) async fn is_initialised(bucket: &Bucket) -> Result<bool, Error> {
    match bucket.get(&bucket.path(MARKER)).await? {
        None => Ok(false),
        Some((text, _)) if text == MARKER_TEXT => Ok(true),
        Some(_) => Err(Error::Marker),
    }
}

/// Marks a store as one that may be written to, unless it already is. Returns whether it was.
pub(crate) async fn init(bucket: &Bucket) -> Result<bool, Error> {
    if is_initialised(bucket).await? {
        return Ok(true);
    }
    probe(bucket).await?;
    match bucket.put(&bucket.path(MARKER), &Bytes::from_static(MARKER_TEXT)).await? {
        Put::Taken => Err(Error::Marker),
        Put::New | Put::Same => Ok(false),
    }
}

/// Tries to make the server break a promise. What the probe wrote is removed again, whatever it finds.
pub(crate) async fn probe(bucket: &Bucket) -> Result<Passed, Error> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|_| Error::Configuration("the system gives no random bytes".into()))?;
    let folder = format!("{FOLDER}/{:016x}", u64::from_be_bytes(random));
    let place = |name: &str| bucket.path(&format!("{folder}/{name}"));
    let (single, raced) = (place("single"), place("raced"));
    let result = async {
        let versioned = one_writer(bucket, &single).await?;
        if !bucket.lists(&bucket.path(&folder), &single).await? {
            return Err(Error::Pretends("a list does not show what was put before"));
        }
        racers(bucket, &raced).await?;
        Ok(Passed { versioned })
    }
    .await;
    let removed = join_all([&single, &raced].map(|path| bucket.remove(path))).await;
    let passed = result?;
    removed.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(passed)
}

/// What a server must refuse even if nobody else writes. Returns whether it keeps old versions.
async fn one_writer(bucket: &Bucket, path: &Path) -> Result<bool, Error> {
    let (first, second) = (Bytes::from_static(b"first"), Bytes::from_static(b"second"));
    let missing =
        UpdateVersion { e_tag: Some("\"5d41402abc4b2a76b9719d911017c592\"".into()), version: Some("1".into()) };
    refused(bucket.write(path, &first, PutMode::Update(missing)).await, "it replaces what is not there")?;
    let written = match bucket.write(path, &first, PutMode::Create).await {
        Ok(written) => written,
        Err(Refused::Condition) => return Err(Error::Pretends("it refuses to put where nothing is")),
        Err(Refused::Failed(error)) => return Err(error),
    };
    refused(bucket.write(path, &second, PutMode::Create).await, "it puts where something is")?;
    let (_, stale) = found(bucket, path, &first).await?;
    if !bucket.replace(path, &first, &second).await? {
        return Err(Error::Pretends("it refuses to replace what is there"));
    }
    refused(bucket.write(path, &first, PutMode::Update(stale)).await, "it replaces what has changed since")?;
    found(bucket, path, &second).await?;
    // Google numbers objects with and without old versions; S3 gives no version, or "null", if it keeps none.
    Ok(bucket.connected.versions && written.version.is_some_and(|version| version != "null"))
}

/// Lets many writers race with different bytes, twice: for an empty slot, and for one that all of them have read.
async fn racers(bucket: &Bucket, path: &Path) -> Result<(), Error> {
    let bytes = |round: &str, number: usize| Bytes::from(format!("{round} {number}"));
    let puts = join_all((0..RACERS).map(|number| async move { bucket.put(path, &bytes("put", number)).await })).await;
    let puts = puts.into_iter().map(|put| put.map(|put| put != Put::Taken));
    let winner = only_winner(puts, "of several who put at once, not exactly one wins")?;
    let held = bytes("put", winner);
    found(bucket, path, &held).await?;
    let replace = |number| {
        let held = held.clone();
        async move { bucket.replace(path, &held, &bytes("replace", number)).await }
    };
    let replaced = join_all((0..RACERS).map(replace)).await;
    let winner = only_winner(replaced.into_iter(), "of several who replace at once, not exactly one wins")?;
    found(bucket, path, &bytes("replace", winner)).await.map(drop)
}

fn only_winner(results: impl Iterator<Item = Result<bool, Error>>, broken: &'static str) -> Result<usize, Error> {
    let wins = results.collect::<Result<Vec<_>, _>>()?;
    let mut winners = wins.iter().enumerate().filter(|(_, wins)| **wins).map(|(number, _)| number);
    match (winners.next(), winners.next()) {
        (Some(winner), None) => Ok(winner),
        _ => Err(Error::Pretends(broken)),
    }
}

/// Passes if a write was refused because of its condition.
fn refused<T>(written: Result<T, Refused>, broken: &'static str) -> Result<(), Error> {
    match written {
        Err(Refused::Condition) => Ok(()),
        Ok(_) => Err(Error::Pretends(broken)),
        Err(Refused::Failed(error)) => Err(error),
    }
}

async fn found(bucket: &Bucket, path: &Path, expected: &Bytes) -> Result<(Bytes, UpdateVersion), Error> {
    match bucket.get(path).await? {
        Some(found) if found.0 == expected => Ok(found),
        _ => Err(Error::Pretends("what was put is not what is read")),
    }
}
