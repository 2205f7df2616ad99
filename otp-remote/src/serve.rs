//! The life of the process: it reads requests until its input closes, and answers in the order in which the store does.
//!
//! Input and output may be one socket or two pipes, on any system, so separate threads read and write them, and the
//! runtime never waits for either.

use std::cell::Cell;
use std::io::{Read, Write};
use std::process::{ExitCode, exit};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use otp_remote_protocol::{Answer, HEADER_LEN, Malformed, NOTICE, Request, body, message_len};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::{LocalSet, spawn_local};

use crate::error::Error;
use crate::notice::Notices;
use crate::session::{MAX_IN_FLIGHT, Session};

/// How many answers may wait for the client to read them.
const QUEUE: usize = 64;
/// The exit status after a malformed message.
const MALFORMED: i32 = 1;

/// Serves one client.
pub(crate) fn serve() -> ExitCode {
    // Nobody reads standard error, and once the process has ended, no client waits for an answer.
    std::panic::set_hook(Box::new(|_| exit(2)));
    // It fails if a provider is installed already, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else { return ExitCode::FAILURE };
    LocalSet::new().block_on(&runtime, async {
        ignore_interrupts();
        let ((to_requests, requests), (to_answers, answers)) = (channel(1), channel(QUEUE));
        thread::spawn(move || read(&to_requests));
        thread::spawn(move || write(answers));
        answer_all(requests, to_answers).await;
    });
    ExitCode::SUCCESS
}

/// Ctrl-C reaches every process on a terminal. The client decides what it means.
fn ignore_interrupts() {
    #[cfg(unix)]
    let caught = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    #[cfg(windows)]
    let caught = tokio::signal::windows::ctrl_c();
    // Catching it once is enough: the system's default, ending the process, never comes back.
    drop(caught);
}

/// Reads messages, without their lengths. The process ends with its input, whatever is under way.
fn read(requests: &Sender<Vec<u8>>) {
    let mut input = std::io::stdin().lock();
    loop {
        let mut header = [0; HEADER_LEN];
        if input.read_exact(&mut header).is_err() {
            exit(0);
        }
        let Ok(len) = message_len(header) else { exit(MALFORMED) };
        let mut message = vec![0; len];
        if input.read_exact(&mut message).is_err() || requests.blocking_send(message).is_err() {
            exit(0);
        }
    }
}

fn write(mut answers: Receiver<Vec<u8>>) {
    let mut output = std::io::stdout().lock();
    while let Some(answer) = answers.blocking_recv() {
        if output.write_all(&answer).and_then(|()| output.flush()).is_err() {
            exit(0);
        }
    }
}

/// Opens the store that the first request names, and answers all others concurrently.
async fn answer_all(mut requests: Receiver<Vec<u8>>, answers: Sender<Vec<u8>>) {
    let mut session = None;
    let in_flight = Rc::new(Cell::new(0));
    while let Some(message) = requests.recv().await {
        let id = body(&message).map_or(NOTICE, |body| body.id);
        if id == NOTICE {
            exit(MALFORMED);
        }
        let reply = Reply { id, answers: answers.clone() };
        let Some(open) = &session else {
            session = hello(&message, &reply).await.map(Rc::new);
            continue;
        };
        if in_flight.get() >= MAX_IN_FLIGHT {
            exit(MALFORMED);
        }
        in_flight.set(in_flight.get() + 1);
        let (open, in_flight) = (Rc::clone(open), Rc::clone(&in_flight));
        spawn_local(async move {
            let answered = match request(&message) {
                Ok(request) => open.answer(request, async |answer| reply.send(&answer).await).await,
                Err(error) => Err(error),
            };
            if let Err(error) = answered {
                reply.failed(&error).await;
            }
            in_flight.set(in_flight.get() - 1);
        });
    }
}

/// Opens the store; on failure, tells the client why and returns `None`.
async fn hello(message: &[u8], reply: &Reply) -> Option<Session> {
    let opened = match request(message) {
        Ok(Request::Hello { url, writable, patience_ms, .. }) => {
            let answers = reply.answers.clone();
            // If there is no room for a notice, it would be stale later.
            let notices = Notices::new(move |host, attempt| {
                let notice = Answer::Waiting { host, attempt }.encode(NOTICE);
                let _ = notice.map(|notice| answers.try_send(notice));
            });
            Session::open(url, writable, Duration::from_millis(patience_ms.into()), notices).await
        }
        Ok(_) => Err(Error::Protocol("the first request must be a hello")),
        Err(error) => Err(error),
    };
    match opened {
        Ok((session, limits)) => {
            reply.send(&Answer::Hello(limits)).await;
            Some(session)
        }
        Err(error) => {
            reply.failed(&error).await;
            None
        }
    }
}

/// Decodes a request. If it is malformed, the client can't be told, except in two cases.
fn request(message: &[u8]) -> Result<Request<'_>, Error> {
    Request::decode(message).map_err(|malformed| match malformed {
        Malformed::Tag => Error::Protocol("this helper does not know that request"),
        Malformed::Version { .. } => Error::Protocol("this helper speaks version 1 of the protocol"),
        _ => exit(MALFORMED),
    })
}

/// Where the answers to a request go.
struct Reply {
    id: u32,
    answers: Sender<Vec<u8>>,
}

impl Reply {
    async fn send(&self, answer: &Answer<'_>) {
        let message = answer.encode(self.id).unwrap_or_else(|_| exit(MALFORMED));
        // If the writer is gone, the process is about to end.
        let _ = self.answers.send(message).await;
    }

    async fn failed(&self, error: &Error) {
        self.send(&Answer::Failed { kind: error.kind(), message: &error.to_string() }).await;
    }
}
