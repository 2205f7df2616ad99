//! [`Connection`]: a running helper, and the requests that threads have open there.
//!
//! One thread writes to the helper and one reads, so a thread that asks waits for one thing only: that the reader has
//! the answer, or that the time is up. When it is, the helper is killed, which ends both threads.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use otp_remote_protocol::{Answer, Failure, Limits, Malformed, NOTICE, Request, VERSION, Verb, body, take_message};
use otp_sys::{Helper, HelperInput, HelperOutput};

use super::error::{HelperFault, RemoteError};
use super::find::find_helper;
use super::patience::Patience;
use super::url::StoreUrl;
use crate::environment::PRIVATE_VARIABLES;
use crate::warning::{self, Warning};

/// The id of the first request.
const HELLO: u32 = 1;
/// How often a waiting thread checks whether the user still wants the answer.
const LOOK: Duration = Duration::from_millis(50);

/// How long a helper may be silent before those who wait are told on its behalf. A helper that can tell them itself
/// says after a second which server it waits for.
const SILENCE: Duration = Duration::from_secs(3);
/// How many notices are kept for those who wait.
const NOTICES_MAX: usize = 16;

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reading alone.
    Read,
    /// Reading and writing.
    Write,
}

static INTERRUPTED: OnceLock<fn() -> bool> = OnceLock::new();

/// Says how this process finds out that its user wants to stop. The first function that is set stays.
pub fn interrupted_by(look: fn() -> bool) {
    let _ = INTERRUPTED.set(look);
}

/// How long to wait for the answer to a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) patience: Patience,
    /// When the store was opened.
    pub(super) opened: Instant,
}

/// A running helper that serves one store.
#[derive(Debug)]
pub(super) struct Connection {
    url: StoreUrl,
    access: Access,
    path: PathBuf,
    /// The process that started it: a child of a fork can't use it.
    process: u32,
    helper: Helper,
    outbox: Sender<Vec<u8>>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// What the helper can do, once it has said so.
    limits: Option<Limits>,
    /// Why it can't be used any more.
    end: Option<End>,
    /// The answers that nobody has taken yet, for each request that is open.
    open: BTreeMap<u32, VecDeque<Vec<u8>>>,
    last_id: u32,
    /// When the helper last said something.
    heard: Instant,
    /// Servers that let the helper wait, and how often it has tried.
    notices: VecDeque<(String, u16)>,
    /// When somebody was last told that they are waiting.
    told: Option<Instant>,
}

/// Why a helper can't be used any more.
#[derive(Clone, Debug)]
enum End {
    Fault(HelperFault),
    Refused(Failure, String),
    TimedOut(Duration),
    Interrupted,
}

impl Connection {
    /// Starts the helper, and tells it about the store. The first request waits for its answer.
    ///
    /// # Errors
    ///
    /// [`RemoteError::NoHelper`], [`RemoteError::NotStarted`]
    pub(super) fn start(url: &StoreUrl, access: Access, patience: Patience) -> Result<Self, RemoteError> {
        let path = find_helper(url.scheme())?;
        let not_started = |source| RemoteError::NotStarted { path: path.clone(), source };
        let (helper, input, output) = Helper::start(&path, PRIVATE_VARIABLES).map_err(not_started)?;
        let shared = Arc::new(Shared::new());
        let (outbox, messages) = mpsc::channel();
        let reader = Arc::clone(&shared);
        otp_sys::quiet_thread("otp-helper-out", move || write_all(input, &messages)).map_err(not_started)?;
        otp_sys::quiet_thread("otp-helper-in", move || read_all(output, &reader)).map_err(not_started)?;
        let patience_ms = u32::try_from(patience.limit().as_millis()).unwrap_or(u32::MAX);
        let hello =
            Request::Hello { version: VERSION, url: url.as_str(), writable: access == Access::Write, patience_ms };
        let connection =
            Self { url: url.clone(), access, process: std::process::id(), helper, outbox, shared, path: path.clone() };
        let hello = hello.encode(HELLO).map_err(|fault| connection.malformed(fault))?;
        // If the helper has ended already, the first request finds out.
        let _ = connection.outbox.send(hello);
        Ok(connection)
    }

    /// Whether it reaches this store, for this purpose.
    pub(super) fn serves(&self, url: &StoreUrl, access: Access) -> bool {
        self.url == *url && self.access == access
    }

    /// Whether it belongs to this process, and has not ended as far as is known.
    pub(super) fn is_usable(&self) -> bool {
        self.process == std::process::id() && self.shared.lock().end.is_none()
    }

    /// Ends the helper.
    pub(super) fn end(&self) {
        self.helper.end();
    }

    /// What the helper can do.
    ///
    /// # Errors
    ///
    /// Whatever ended the helper, or [`RemoteError::TimedOut`].
    pub(super) fn limits(&self, wait: Wait) -> Result<Limits, RemoteError> {
        self.wait_until(wait, |state| state.limits)
    }

    /// Asks, passes each part of the answer to `part`, and returns what `last` makes of its end.
    ///
    /// # Errors
    ///
    /// What the helper answered with; whatever ended the helper; [`RemoteError::TimedOut`], [`RemoteError::Interrupted`].
    pub(super) fn ask<T>(
        &self,
        wait: Wait,
        request: &Request<'_>,
        mut part: impl FnMut(Answer<'_>),
        last: impl FnOnce(Answer<'_>) -> Option<T>,
    ) -> Result<T, RemoteError> {
        let most = usize::from(self.limits(wait)?.max_in_flight);
        let id = self.wait_until(wait, |state| (state.open.len() < most).then(|| state.open_request()))?;
        let message = request.encode(id).map_err(|fault| self.malformed(fault))?;
        let _ = self.outbox.send(message);
        loop {
            let message = self.wait_until(wait, |state| state.open.get_mut(&id)?.pop_front())?;
            let answer = Answer::decode(&message, Some(request.verb())).map_err(|fault| self.spoil(fault))?;
            if !answer.is_final() {
                part(answer);
                continue;
            }
            self.shared.lock().open.remove(&id);
            self.shared.changed.notify_all();
            if let Answer::Failed { kind, message } = answer {
                return Err(self.error(End::Refused(kind, message.to_owned())));
            }
            // The answer is one to the verb, so it is the one that is expected.
            return last(answer).ok_or_else(|| self.spoil(Malformed::Tag));
        }
    }

    /// Waits until `look` finds something.
    fn wait_until<T>(&self, wait: Wait, mut look: impl FnMut(&mut State) -> Option<T>) -> Result<T, RemoteError> {
        let began = Instant::now();
        let mut state = self.shared.lock();
        loop {
            if let Some(found) = look(&mut state) {
                return Ok(found);
            }
            if let Some((host, attempt)) = self.notice(&mut state, began) {
                // Not while others wait for the lock: a front end may take its time with the warning.
                drop(state);
                warning::warn(&Warning::WaitingForStore { host: &host, attempt });
                state = self.shared.lock();
                continue;
            }
            if let Some(end) = &state.end {
                let end = end.clone();
                drop(state);
                // It may still be running: a helper that sends what is no answer need not read its input either.
                self.helper.end();
                return Err(self.error(end));
            }
            let left = wait.patience.end(wait.opened, began.max(state.heard)).saturating_duration_since(Instant::now());
            let end = if left.is_zero() {
                Some(End::TimedOut(wait.patience.limit()))
            } else {
                INTERRUPTED.get().filter(|interrupted| interrupted()).map(|_| End::Interrupted)
            };
            if let Some(end) = end {
                state.end = Some(end.clone());
                drop(state);
                self.shared.changed.notify_all();
                self.helper.end();
                return Err(self.error(end));
            }
            let pause = match SILENCE.saturating_sub(began.elapsed()) {
                Duration::ZERO => left,
                silence => left.min(silence),
            };
            let pause = if INTERRUPTED.get().is_some() { pause.min(LOOK) } else { pause };
            state = self.shared.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Which server somebody who began waiting then should hear about, and which try it is, if it is time to tell them.
    fn notice(&self, state: &mut State, began: Instant) -> Option<(String, u16)> {
        let silent = began.elapsed() >= SILENCE && state.told.is_none_or(|told| told < began);
        let notice = state.notices.pop_front().or_else(|| silent.then(|| (self.url.to_string(), 1)))?;
        state.told = Some(Instant::now());
        Some(notice)
    }

    /// Ends a helper that sent something that is not an answer.
    fn spoil(&self, fault: Malformed) -> RemoteError {
        self.shared.end(End::Fault(HelperFault::Malformed(fault)));
        self.helper.end();
        self.malformed(fault)
    }

    fn malformed(&self, fault: Malformed) -> RemoteError {
        self.error(End::Fault(HelperFault::Malformed(fault)))
    }

    fn error(&self, end: End) -> RemoteError {
        match end {
            End::Fault(fault) => RemoteError::Helper { path: self.path.clone(), fault },
            End::Refused(kind, message) => RemoteError::Refused { url: self.url.to_string(), kind, message },
            End::TimedOut(limit) => RemoteError::TimedOut { url: self.url.to_string(), limit },
            End::Interrupted => RemoteError::Interrupted,
        }
    }
}

impl Shared {
    fn new() -> Self {
        let state = State {
            limits: None,
            end: None,
            open: BTreeMap::new(),
            last_id: HELLO,
            heard: Instant::now(),
            notices: VecDeque::new(),
            told: None,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes why the helper can't be used any more, unless that is known.
    fn end(&self, end: End) {
        self.lock().end.get_or_insert(end);
        self.changed.notify_all();
    }
}

impl State {
    /// Opens a request, with an id that no open request has.
    fn open_request(&mut self) -> u32 {
        loop {
            self.last_id = self.last_id.wrapping_add(1);
            if self.last_id > HELLO && !self.open.contains_key(&self.last_id) {
                self.open.insert(self.last_id, VecDeque::new());
                return self.last_id;
            }
        }
    }

    /// Takes what the helper said.
    fn take(&mut self, message: &[u8]) -> Result<(), End> {
        let malformed = |fault| End::Fault(HelperFault::Malformed(fault));
        self.heard = Instant::now();
        match body(message).map_err(malformed)?.id {
            NOTICE => {
                if let Answer::Waiting { host, attempt } = Answer::decode(message, None).map_err(malformed)? {
                    // The oldest are dropped if nobody asks for them.
                    if self.notices.len() == NOTICES_MAX {
                        self.notices.pop_front();
                    }
                    self.notices.push_back((host.to_owned(), attempt));
                }
            }
            HELLO if self.limits.is_none() => match Answer::decode(message, Some(Verb::Hello)).map_err(malformed)? {
                Answer::Failed { kind, message } => return Err(End::Refused(kind, message.to_owned())),
                Answer::Hello(limits) => self.limits = Some(limits),
                _ => return Err(malformed(Malformed::Tag)),
            },
            id => match self.open.get_mut(&id) {
                Some(answers) => answers.push_back(message.to_owned()),
                None => return Err(End::Fault(HelperFault::Unasked)),
            },
        }
        Ok(())
    }
}

fn write_all(mut input: HelperInput, messages: &Receiver<Vec<u8>>) {
    while let Ok(message) = messages.recv() {
        // If the helper has ended, the reader finds that out.
        if input.write_all(&message).is_err() {
            return;
        }
    }
}

fn read_all(mut output: HelperOutput, shared: &Shared) {
    let end = read_messages(&mut output, |message| {
        let taken = shared.lock().take(message);
        shared.changed.notify_all();
        taken
    });
    shared.end(end);
}

/// Reads messages until the helper ends, or sends something that is not a message.
fn read_messages(output: &mut impl Read, mut take: impl FnMut(&[u8]) -> Result<(), End>) -> End {
    let mut received = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match output.read(&mut chunk) {
            Ok(0) => return End::Fault(HelperFault::Ended),
            Ok(len) => received.extend_from_slice(&chunk[..len]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return End::Fault(HelperFault::Ended),
        }
        let mut rest = received.as_slice();
        loop {
            match take_message(rest) {
                Ok(Some((message, behind))) => {
                    if let Err(end) = take(message) {
                        return end;
                    }
                    rest = behind;
                }
                Ok(None) => break,
                Err(fault) => return End::Fault(HelperFault::Malformed(fault)),
            }
        }
        let taken = received.len() - rest.len();
        received.drain(..taken);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_notices_are_kept_however_many_come() {
        let shared = Shared::new();
        let mut state = shared.lock();
        for attempt in 0..20 {
            let bytes = Answer::Waiting { host: "host", attempt }.encode(NOTICE).unwrap();
            let (message, _) = take_message(&bytes).unwrap().unwrap();
            state.take(message).unwrap();
        }
        let attempts: Vec<u16> = state.notices.iter().map(|(_, attempt)| *attempt).collect();
        assert_eq!(attempts, (4..20).collect::<Vec<_>>());
    }
}
