//! [`Transport`]: how requests travel. Tries, time limits and notices are decided here, the same for every engine.
//!
//! Bodies are read whole before anybody sees an answer. An answer that breaks off counts as none, and is tried again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_LENGTH, RETRY_AFTER};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use object_store::client::{HttpClient, HttpConnector, HttpError, HttpErrorKind};
use object_store::client::{HttpRequest, HttpResponse, HttpService};
use object_store::{ClientConfigKey, ClientOptions};
use reqwest::redirect::Policy;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use crate::error::Error;
use crate::notice::Notices;
use crate::place::may_be_plain;
use crate::refusal::{code, is_busy, understood};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long one try may take, from the first byte to the last.
const TRY: Duration = Duration::from_secs(5);
/// How long the machine's metadata service may take; it is asked once.
const METADATA: Duration = Duration::from_secs(1);
/// How often a request is tried, if repeating it changes nothing.
const TRIES: u16 = 3;
/// The first and the longest wait between tries; the actual wait is a random part.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(1));
/// How many requests may be under way.
const SIDE_BY_SIDE: usize = 32;
/// The longest answer, in bytes: a page of a list with the longest names, which is more than any object has.
const ANSWER_LIMIT: usize = 4 << 20;

/// What all clients in the process share.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    client: reqwest::Client,
    /// Whether there are certificates to verify servers with.
    has_roots: bool,
    notices: Notices,
    room: Arc<Semaphore>,
    /// After this time, nothing is tried again.
    patience: Duration,
    /// Whether plain HTTP to other machines is allowed.
    insecure: bool,
}

impl Network {
    /// `roots` replaces the system's certificates. With `redirects`, redirects are followed, but never away from TLS.
    pub(crate) fn new(
        notices: Notices,
        patience: Duration,
        insecure: bool,
        redirects: bool,
        roots: Option<Vec<reqwest::Certificate>>,
    ) -> Result<Self, Error> {
        let client = |has_roots| {
            // A redirect would take a signed request elsewhere. Stores send one only to clients in the wrong region.
            let policy = if redirects { redirect_policy(insecure, has_roots) } else { Policy::none() };
            reqwest::Client::builder()
                .user_agent(concat!("otp-remote/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT)
                .redirect(policy)
        };
        let whole = match roots {
            Some(roots) => client(true).tls_certs_only(roots).build(),
            None => client(true).build(),
        };
        let (client, has_roots) = match whole {
            Ok(client) => (client, true),
            // A system without certificates, such as a small container: servers without TLS need none.
            Err(_) => (
                client(false).tls_certs_only([]).build().map_err(|error| Error::Configuration(innermost(&error)))?,
                false,
            ),
        };
        Ok(Self { client, has_roots, notices, room: Arc::new(Semaphore::new(SIDE_BY_SIDE)), patience, insecure })
    }

    /// The transport for requests to the store.
    pub(crate) fn transport(&self) -> Transport {
        Transport { network: self.clone(), to: To::Store }
    }
}

/// Options that mark the store's own client; `object_store` derives others, for the services that give credentials.
pub(crate) fn store_options() -> ClientOptions {
    ClientOptions::new().with_allow_http(false).with_connect_timeout(CONNECT)
}

impl HttpConnector for Network {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let option = |key| options.get_config_value(&key);
        let to = if option(ClientConfigKey::ConnectTimeout)
            != store_options().get_config_value(&ClientConfigKey::ConnectTimeout)
        {
            To::Metadata(Arc::new(AtomicBool::new(false)))
        } else if option(ClientConfigKey::AllowHttp).as_deref() == Some("true") {
            To::Agent
        } else {
            To::Store
        };
        Ok(HttpClient::new(Transport { network: self.clone(), to }))
    }
}

/// Whom a client talks to.
#[derive(Clone, Debug)]
enum To {
    /// The store, or a network service that gives credentials.
    Store,
    /// A container's agent that gives credentials, by plain HTTP.
    Agent,
    /// The machine's metadata service, which many machines lack. Remembers if it is absent.
    Metadata(Arc<AtomicBool>),
}

/// Sends requests.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    network: Network,
    to: To,
}

#[async_trait]
impl HttpService for Transport {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let sent = match &self.to {
            To::Metadata(gone) => self.ask_metadata(gone, request).await,
            _ => self.send(request).await,
        };
        // `object_store` does not retry this kind.
        sent.map_err(|error| HttpError::new(HttpErrorKind::Unknown, error))
    }
}

impl Transport {
    async fn ask_metadata(&self, gone: &AtomicBool, request: HttpRequest) -> Result<HttpResponse, Error> {
        if gone.load(Ordering::Relaxed) {
            return Err(Error::NoCredentials);
        }
        // A proxy may answer in its place, with a refusal.
        if let Ok(Ok(answer)) = timeout(METADATA, self.once(request)).await
            && answer.status().is_success()
        {
            return Ok(answer.map(Into::into));
        }
        gone.store(true, Ordering::Relaxed);
        Err(Error::NoCredentials)
    }

    /// Sends a request, repeats it if need be, and returns an answer that its engine understands: success, or one of
    /// the statuses that say what is in a slot.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| Error::NotUrl)?;
        if !matches!(self.to, To::Agent) {
            may_be_plain(&url, self.network.insecure)?;
        }
        if url.scheme() == "https" && !self.network.has_roots {
            return Err(Error::NoCertificates);
        }
        let host = url.host_str().unwrap_or_default();
        // Whether to repeat a write depends on what is there by then; the verb looks.
        let tries = if request.method() == Method::PUT { 1 } else { TRIES };
        let _room = self.network.room.acquire().await.map_err(|_| Error::Protocol("the helper ends"))?;
        let (start, mut wait) = (Instant::now(), BACKOFF.0);
        let mut number = 1;
        loop {
            let one = timeout(TRY, self.once(request.clone()));
            let (error, wanted) = match self.network.notices.while_waiting(start, host, number, one).await {
                Ok(Ok(answer)) if is_busy(answer.status()) => {
                    let (status, code) = (answer.status().as_u16(), code(&answer));
                    (Error::Busy { host: host.into(), status, code, tries: number }, wanted_pause(&answer))
                }
                Ok(Ok(answer)) => return Ok(understood(answer)?.map(Into::into)),
                Ok(Err(Failed::TooLong)) => return Err(Error::TooLong { limit: ANSWER_LIMIT }),
                Ok(Err(Failed::Broken(reason))) => (Error::NoAnswer { host: host.into(), reason, tries: number }, None),
                Err(_) => {
                    let reason = format!("no answer within {} seconds", TRY.as_secs());
                    (Error::NoAnswer { host: host.into(), reason, tries: number }, None)
                }
            };
            let pause = wanted.unwrap_or_default().max(jitter(wait));
            if start.elapsed() + pause >= self.network.patience {
                return Err(error);
            }
            if number == tries {
                // A verb that repeats a write owes the server the same pause.
                sleep(wanted.filter(|_| tries == 1).unwrap_or_default()).await;
                return Err(error);
            }
            sleep(pause).await;
            wait = (wait * 2).min(BACKOFF.1);
            number += 1;
        }
    }

    /// One try, without a time limit.
    async fn once(&self, request: HttpRequest) -> Result<http::Response<Bytes>, Failed> {
        let broken = |error: &(dyn std::error::Error + 'static)| Failed::Broken(innermost(error));
        let answer = self.network.client.call(request).await.map_err(|error| broken(&error))?;
        let (mut parts, body) = answer.into_parts();
        let body = match Limited::new(body, ANSWER_LIMIT).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Failed::TooLong),
            Err(error) => return Err(broken(&*error)),
        };
        // Chunked answers have no such header, but `object_store` requires it.
        parts.headers.entry(CONTENT_LENGTH).or_insert_with(|| body.len().into());
        Ok(http::Response::from_parts(parts, body))
    }
}

/// A try without a whole answer.
enum Failed {
    Broken(String),
    TooLong,
}

/// How long the server asks to be left alone.
fn wanted_pause(answer: &http::Response<Bytes>) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Follows redirects to where the first request could have gone.
fn redirect_policy(insecure: bool, has_roots: bool) -> Policy {
    Policy::custom(move |attempt| {
        if attempt.url().scheme() == "https" && !has_roots {
            attempt.error(Error::NoCertificates)
        } else if attempt.previous().len() > 5 || may_be_plain(attempt.url(), insecure).is_err() {
            attempt.stop()
        } else {
            attempt.follow()
        }
    })
}

pub(crate) fn jitter(longest: Duration) -> Duration {
    // If there is no randomness, wait the whole time.
    let part = getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX));
    longest.mul_f64(part)
}

/// An error's innermost cause, which says most: "connection refused" rather than "error sending request".
pub(crate) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
