//! [`Helper`]: a client that starts `otp-remote` and talks to it through pipes.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::HashMap;
use std::fmt;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use otp_core::AccountName;
use otp_core::store::{ErrorKind, Scope, Slot, Store, StoreError};
use otp_remote_protocol::{Answer, Failure, HEADER_LEN, Limits, Listing, NOTICE, Request, VERSION, body, message_len};

/// How long a request may take, unless a test says otherwise.
pub(crate) const PATIENCE_MS: u32 = 60_000;

/// Variables of this process that would change how a store is reached.
const FOREIGN: [&str; 6] = ["AWS_", "AZURE_", "AZURITE_", "GOOGLE_", "SSL_CERT_", "OTP_"];

/// A running helper.
pub(crate) struct Helper {
    child: Mutex<Child>,
    input: Mutex<Option<ChildStdin>>,
    waiting: Arc<Mutex<HashMap<u32, Sender<Vec<u8>>>>>,
    next: AtomicU32,
    /// The host and try in each notice.
    pub(crate) notices: Arc<Mutex<Vec<(String, u16)>>>,
}

/// Why a request failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) kind: Failure,
    pub(crate) message: String,
}

impl Failed {
    fn ended() -> Self {
        Self { kind: Failure::Other, message: "the helper has ended".into() }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.message)
    }
}

impl std::error::Error for Failed {}

impl StoreError for Failed {
    fn kind(&self) -> ErrorKind {
        match self.kind {
            Failure::NotFound => ErrorKind::NotFound,
            Failure::Denied => ErrorKind::Denied,
            Failure::Unavailable => ErrorKind::Unavailable,
            Failure::Damaged => ErrorKind::Damaged,
            Failure::Unsupported => ErrorKind::Unsupported,
            _ => ErrorKind::Other,
        }
    }
}

impl Helper {
    /// Starts a helper with these variables beside `PATH`, and sends a hello.
    pub(crate) fn open(url: &str, writable: bool, variables: &[(&str, &str)]) -> Result<(Self, Limits), Failed> {
        Self::open_within(PATIENCE_MS, url, writable, variables)
    }

    pub(crate) fn open_within(
        patience_ms: u32,
        url: &str,
        writable: bool,
        variables: &[(&str, &str)],
    ) -> Result<(Self, Limits), Failed> {
        let helper = Self::start(variables);
        let hello = Request::Hello { version: VERSION, url, writable, patience_ms };
        let limits = helper.ask(&hello, |answer| match answer {
            Answer::Hello(limits) => *limits,
            other => panic!("{other:?} to a hello"),
        })?;
        Ok((helper, limits))
    }

    /// Starts a helper without sending anything.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_otp-remote"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if FOREIGN.iter().any(|prefix| name.starts_with(prefix)) || name.to_ascii_lowercase().ends_with("_proxy") {
                command.env_remove(name);
            }
        }
        command.envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (input, mut output) = (child.stdin.take(), child.stdout.take().unwrap());
        let waiting: Arc<Mutex<HashMap<u32, Sender<Vec<u8>>>>> = Arc::default();
        let notices: Arc<Mutex<Vec<(String, u16)>>> = Arc::default();
        let (heard, told) = (Arc::clone(&waiting), Arc::clone(&notices));
        thread::spawn(move || {
            while let Some(message) = receive(&mut output) {
                let id = body(&message).unwrap().id;
                if id != NOTICE {
                    let heard = heard.lock().unwrap();
                    let _ = heard.get(&id).expect("an answer has the id of a request").send(message);
                } else if let Answer::Waiting { host, attempt } = Answer::decode(&message, None).unwrap() {
                    told.lock().unwrap().push((host.into(), attempt));
                }
            }
            // Tell those who are waiting that no answer will come.
            heard.lock().unwrap().clear();
        });
        Self { child: Mutex::new(child), input: Mutex::new(input), waiting, next: AtomicU32::new(1), notices }
    }

    /// Sends a request, and returns the receiver of its answers.
    pub(crate) fn send(&self, request: &Request<'_>) -> Receiver<Vec<u8>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let receiver = self.expect(id);
        self.write(&request.encode(id).unwrap());
        receiver
    }

    /// The receiver of answers with that id.
    pub(crate) fn expect(&self, id: u32) -> Receiver<Vec<u8>> {
        let (sender, receiver) = channel();
        self.waiting.lock().unwrap().insert(id, sender);
        receiver
    }

    /// Writes bytes to the helper, whatever they are.
    pub(crate) fn write(&self, bytes: &[u8]) {
        // If the helper has ended, the reading thread will notice.
        let _ = self.input.lock().unwrap().as_mut().map(|input| input.write_all(bytes));
    }

    /// Closes the helper's input.
    pub(crate) fn close(&self) {
        drop(self.input.lock().unwrap().take());
    }

    /// Waits for the helper's end; its standard error must be empty.
    pub(crate) fn wait(&self) -> ExitStatus {
        let mut child = self.child.lock().unwrap();
        let status = child.wait().unwrap();
        let mut printed = String::new();
        child.stderr.take().unwrap().read_to_string(&mut printed).unwrap();
        assert_eq!(printed, "", "the helper prints nothing");
        status
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    /// Sends a request, and reads the final answer.
    pub(crate) fn ask<T>(&self, request: &Request<'_>, read: impl Fn(&Answer<'_>) -> T) -> Result<T, Failed> {
        self.ask_parts(request, |_| {}, read)
    }

    fn ask_parts<T>(
        &self,
        request: &Request<'_>,
        mut part: impl FnMut(Vec<Slot>),
        read: impl Fn(&Answer<'_>) -> T,
    ) -> Result<T, Failed> {
        let receiver = self.send(request);
        loop {
            let message = receiver.recv().map_err(|_| Failed::ended())?;
            match Answer::decode(&message, Some(request.verb())).unwrap() {
                Answer::Part(slots) => part(slots),
                Answer::Failed { kind, message } => return Err(Failed { kind, message: message.into() }),
                answer => return Ok(read(&answer)),
            }
        }
    }

    pub(crate) fn init(&self) -> Result<bool, Failed> {
        self.ask(&Request::Init, |answer| matches!(answer, Answer::Initialised { before: true }))
    }

    pub(crate) fn read(&self, slot: &Slot) -> Result<Option<Vec<u8>>, Failed> {
        self.ask(&Request::Get(slot.clone()), |answer| match answer {
            Answer::Object(object) => object.map(<[u8]>::to_vec),
            other => panic!("{other:?} to a get"),
        })
    }

    pub(crate) fn replace_if(&self, slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Failed> {
        let request = Request::Replace { slot: slot.clone(), expected, new };
        self.ask(&request, |answer| matches!(answer, Answer::Replaced(true)))
    }

    pub(crate) fn slots(&self, listing: Listing) -> Result<Vec<Slot>, Failed> {
        let mut slots = Vec::new();
        self.ask_parts(&Request::List(listing), |part| slots.extend(part), |_| ())?;
        slots.sort();
        Ok(slots)
    }

    pub(crate) fn inspect(&self) -> Result<HashMap<String, String>, Failed> {
        self.ask(&Request::Inspect, |answer| match answer {
            Answer::Findings(findings) => {
                findings.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect()
            }
            other => panic!("{other:?} to an inspect"),
        })
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.close();
        let mut child = self.child.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = child.wait();
    }
}

fn receive(output: &mut impl Read) -> Option<Vec<u8>> {
    let mut header = [0; HEADER_LEN];
    output.read_exact(&mut header).ok()?;
    let mut message = vec![0; message_len(header).unwrap()];
    output.read_exact(&mut message).ok()?;
    Some(message)
}

impl Store for Helper {
    type Error = Failed;
    type Guard<'s> = ();

    fn lock(&self, _account: &AccountName) -> Result<(), Failed> {
        Ok(())
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Failed> {
        self.ask(&Request::Put(slot.clone(), bytes), |answer| matches!(answer, Answer::Put(true)))
    }

    fn put_many(&self, objects: &[(Slot, &[u8])]) -> Result<usize, Failed> {
        let mut put = 0;
        // As many as fit into a message.
        for some in objects.chunks(8) {
            let count = self.ask(&Request::PutMany(some.to_vec()), |answer| match answer {
                Answer::PutMany(count) => usize::from(*count),
                other => panic!("{other:?} to a put of many"),
            })?;
            put += count;
            if count < some.len() {
                break;
            }
        }
        Ok(put)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Failed> {
        Ok(self.read(slot)?.map(|bytes| {
            let fits = bytes.len().min(buffer.len());
            buffer[..fits].copy_from_slice(&bytes[..fits]);
            bytes.len()
        }))
    }

    fn replace(&self, _guard: &(), slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Failed> {
        self.replace_if(slot, expected, new)
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Failed> {
        self.ask(&Request::Remove(slot.clone()), |answer| matches!(answer, Answer::Removed(true)))
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Failed> {
        let listing = match scope {
            Scope::Below(account) => Listing::Below(account.clone()),
            _ => Listing::All,
        };
        let _ = self.slots(listing)?.iter().try_for_each(each);
        Ok(())
    }

    fn list_account(
        &self,
        account: &AccountName,
        each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
    ) -> Result<(), Failed> {
        let _ = self.slots(Listing::Account(account.clone()))?.iter().try_for_each(each);
        Ok(())
    }
}
