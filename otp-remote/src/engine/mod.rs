//! The engines: from a [`Place`] to a client that answers requests.

mod azure;
mod gcs;
mod profile;
mod s3;
mod web;

use std::sync::Arc;
use std::time::Duration;

use object_store::{ObjectStore, RetryConfig};
use reqwest::Certificate;

use crate::error::Error;
use crate::notice::Notices;
use crate::place::{Engine, Place};
use crate::transport::{Network, innermost};

pub(crate) use web::Web;

/// The client for a place.
pub(crate) enum Reached {
    /// Object storage.
    Bucket(Connected),
    /// A web server.
    Web(Web),
}

/// A client of object storage, and what people want to know about it.
pub(crate) struct Connected {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// The engine's name.
    pub(crate) engine: &'static str,
    /// Where it is reached.
    pub(crate) endpoint: String,
    /// Where its credentials come from.
    pub(crate) credentials: &'static str,
    /// Whether the versions that the engine reports tell that old ones are kept.
    pub(crate) versions: bool,
}

/// Prepares to reach a place. Nothing is sent to the store yet.
pub(crate) async fn reach(place: &Place, notices: Notices, patience: Duration) -> Result<Reached, Error> {
    let redirects = matches!(place.engine, Engine::Web { .. });
    let network = Network::new(notices, patience, place.insecure, redirects, roots(&place.engine)?)?;
    match &place.engine {
        Engine::S3 { bucket, endpoint, region, style, profile } => {
            let wanted = s3::Wanted { bucket, endpoint: endpoint.as_ref(), region: region.as_deref(), style: *style };
            s3::connect(network, &wanted, profile.as_deref(), place.insecure).await.map(Reached::Bucket)
        }
        Engine::Azure { account, container } => {
            azure::connect(network, account, container, place.insecure).map(Reached::Bucket)
        }
        Engine::Gcs { bucket } => gcs::connect(network, bucket).map(Reached::Bucket),
        Engine::Web { base } => Ok(Reached::Web(Web::new(network.transport(), base.clone()))),
    }
}

/// The certificates named by a variable, which replace the system's.
///
/// On systems that keep certificates in files, the library itself follows `SSL_CERT_FILE`.
fn roots(engine: &Engine) -> Result<Option<Vec<Certificate>>, Error> {
    let for_s3 = matches!(engine, Engine::S3 { .. }).then_some("AWS_CA_BUNDLE");
    let for_all = cfg!(any(windows, target_os = "macos")).then_some("SSL_CERT_FILE");
    let named = for_s3.into_iter().chain(for_all).find_map(|name| Some((name, variable(name)?)));
    let Some((name, path)) = named else { return Ok(None) };
    let wrong = |reason: String| Error::Configuration(format!("{name}: {path}: {reason}"));
    let text = std::fs::read(&path).map_err(|error| wrong(error.to_string()))?;
    let roots = Certificate::from_pem_bundle(&text).map_err(|_| wrong("no certificates in PEM".into()))?;
    if roots.is_empty() { Err(wrong("no certificates in PEM".into())) } else { Ok(Some(roots)) }
}

/// The transport alone decides what is tried again.
fn no_retries() -> RetryConfig {
    RetryConfig { max_retries: 0, ..RetryConfig::default() }
}

/// A builder's error. Its innermost cause says what is wrong; the outer ones may repeat a whole configuration.
fn configuration(error: &object_store::Error) -> Error {
    Error::Configuration(innermost(error))
}

/// The same, unless one of these variables is set, which hold secrets or name a file with some. Then only the system's
/// errors about a file are repeated: a parser's error may quote what it read.
fn credentials(error: &object_store::Error, variables: &[&str]) -> Error {
    let set: Vec<&str> = variables.iter().copied().filter(|name| variable(name).is_some()).collect();
    let mut last: &(dyn std::error::Error + 'static) = error;
    while let Some(source) = last.source() {
        last = source;
    }
    match (set.is_empty(), last.is::<std::io::Error>()) {
        (true, _) => configuration(error),
        (false, true) => Error::Configuration(format!("{}: {last}", set.join(", "))),
        (false, false) => Error::Configuration(format!("{}: what is there can't be read", set.join(", "))),
    }
}

/// Checks that the file named by a variable can be read: the engine would notice only in the middle of a request.
fn check_file(name: &str) -> Result<(), Error> {
    let Some(path) = variable(name) else { return Ok(()) };
    let opened = std::fs::File::open(&path).map(drop);
    opened.map_err(|error| Error::Credentials(format!("{name}: {path}: {error}")))
}

/// An environment variable, unless it is empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
