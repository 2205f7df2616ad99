//! [`Stub`]: a server in this process that speaks as much S3, or Google Cloud Storage, as `otp-remote` needs, and fails on demand.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

/// How a server fails on one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does what was asked, then closes the connection without an answer.
    LostAnswer,
    /// It does what was asked, then says that it could not.
    BusyAfterwards,
    /// It does nothing, and asks to be tried again at once.
    Busy,
    /// It does nothing, and asks to be tried again in so many seconds.
    BusyFor(u32),
    /// It does nothing, and reports a conflict.
    Conflict,
    /// It closes the connection in the middle of the answer's body.
    CutBody,
    /// It closes the connection after a body that is shorter than announced.
    LongLength,
    /// It announces a body that is a byte shorter than the real one.
    ShortLength,
    /// It does nothing, and closes the connection without an answer.
    Closed,
    /// It answers "not allowed".
    Denied,
    /// It does nothing, and keeps the connection open until the client closes it.
    Silent,
}

/// What a server always does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    None,
    /// It overwrites, whatever the condition of a write says.
    NoConditions,
    /// It accepts tags in conditions only without quotes.
    BareTags,
    /// It lists nothing.
    EmptyLists,
    /// It lists everything on one page.
    OnePage,
    /// It answers "not allowed" if an object is missing, as S3 does to clients that may not list.
    HidesMissing,
}

/// The bucket that each stub has.
pub(crate) const BUCKET: &str = "bucket";
/// How many keys a page of a list has: few, so that even short lists have several pages.
const PAGE: usize = 3;

/// A server on loopback.
pub(crate) struct Stub {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    connections: Arc<AtomicUsize>,
}

struct State {
    objects: BTreeMap<String, (Vec<u8>, u64)>,
    writes: u64,
    /// The faults of the next requests of a method.
    faults: HashMap<&'static str, VecDeque<Fault>>,
    requests: Vec<String>,
    habit: Habit,
}

impl Stub {
    pub(crate) fn start(habit: Habit) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (objects, faults) = (BTreeMap::new(), HashMap::new());
        let state = State { objects, writes: 0, faults, requests: Vec::new(), habit };
        let state = Arc::new(Mutex::new(state));
        let connections: Arc<AtomicUsize> = Arc::default();
        let (shared, open) = (Arc::clone(&state), Arc::clone(&connections));
        thread::spawn(move || {
            for connection in listener.incoming() {
                let (connection, shared, open) = (connection.unwrap(), Arc::clone(&shared), Arc::clone(&open));
                open.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    serve(&connection, &shared);
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, state, connections }
    }

    /// How many connections clients have open.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Makes the next requests with a method fail, one by one.
    pub(crate) fn fail(&self, method: &'static str, faults: &[Fault]) {
        self.state().faults.entry(method).or_default().extend(faults);
    }

    /// Whether all faults have happened.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().faults.values().all(VecDeque::is_empty)
    }

    /// Puts an object without a request.
    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        self.state().put(key, bytes.to_vec());
    }

    /// Removes an object without a request.
    pub(crate) fn remove(&self, key: &str) {
        self.state().objects.remove(key);
    }

    pub(crate) fn object(&self, key: &str) -> Option<Vec<u8>> {
        self.state().objects.get(key).map(|(bytes, _)| bytes.clone())
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        self.state().objects.keys().cloned().collect()
    }

    /// The requests so far, as method and key; they are then forgotten.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state().requests)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn put(&mut self, key: &str, bytes: Vec<u8>) -> u64 {
        self.writes += 1;
        self.objects.insert(key.into(), (bytes, self.writes));
        self.writes
    }
}

struct Request {
    method: String,
    key: String,
    query: HashMap<String, String>,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Response {
    fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    fn error(status: u16, code: &str) -> Self {
        Self::new(status, format!("<Error><Code>{code}</Code></Error>"))
    }

    fn tagged(status: u16, number: u64, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("ETag", format!("\"{number:032x}\"")), ("x-goog-generation", number.to_string())];
        Self { status, headers, body: body.into() }
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes_with_length(self.body.len())
    }

    /// The answer, possibly with a wrong body length.
    fn bytes_with_length(&self, len: usize) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} Status\r\nContent-Length: {len}\r\n", self.status);
        text += "Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT\r\n";
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        [(text + "\r\n").as_bytes(), &self.body].concat()
    }
}

fn busy(seconds: u32) -> Response {
    Response { headers: vec![("Retry-After", seconds.to_string())], ..Response::error(503, "SlowDown") }
}

fn serve(connection: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(connection);
    while let Some(request) = read(&mut reader) {
        let fault = {
            let mut state = state.lock().unwrap();
            state.requests.push(format!("{} {}", request.method, request.key));
            state.faults.get_mut(request.method.as_str()).and_then(VecDeque::pop_front)
        };
        let response = match fault {
            Some(Fault::Busy) => busy(0),
            Some(Fault::BusyFor(seconds)) => busy(seconds),
            Some(Fault::Conflict) => Response::error(409, "ConditionalRequestConflict"),
            Some(Fault::Denied) => Response::error(403, "AccessDenied"),
            Some(Fault::Closed) => break,
            Some(Fault::Silent) => {
                let _ = reader.read(&mut [0]);
                break;
            }
            Some(Fault::BusyAfterwards) => {
                answer(&mut state.lock().unwrap(), &request);
                Response::error(503, "InternalError")
            }
            Some(Fault::LostAnswer) => {
                answer(&mut state.lock().unwrap(), &request);
                break;
            }
            Some(Fault::CutBody) => {
                let whole = answer(&mut state.lock().unwrap(), &request).bytes();
                let _ = (&*connection).write_all(&whole[..whole.len() - 1]);
                break;
            }
            Some(Fault::LongLength) => {
                let response = answer(&mut state.lock().unwrap(), &request);
                let _ = (&*connection).write_all(&response.bytes_with_length(response.body.len() + 1));
                break;
            }
            Some(Fault::ShortLength) => {
                let response = answer(&mut state.lock().unwrap(), &request);
                let _ = (&*connection).write_all(&response.bytes_with_length(response.body.len() - 1));
                continue;
            }
            None => answer(&mut state.lock().unwrap(), &request),
        };
        if (&*connection).write_all(&response.bytes()).is_err() {
            break;
        }
    }
    let _ = connection.shutdown(Shutdown::Both);
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let len = headers.get("content-length").map_or(0, |len| len.parse().unwrap());
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    let url = url::Url::parse(&format!("http://stub{target}")).unwrap();
    // Google's clients escape everything but letters and digits.
    let path = percent_decoded(url.path().trim_start_matches('/'));
    let key = path.strip_prefix(BUCKET).unwrap_or("another bucket").trim_start_matches('/').to_owned();
    let query = url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    Some(Request { method, key, query, headers, body })
}

fn percent_decoded(text: &str) -> String {
    url::form_urlencoded::parse(text.as_bytes()).next().map_or_else(String::new, |(path, _)| path.into_owned())
}

fn answer(state: &mut State, request: &Request) -> Response {
    let key = request.key.as_str();
    match request.method.as_str() {
        "GET" if key.is_empty() => list(state, &request.query),
        "GET" if key == "another bucket" => Response::error(404, "NoSuchBucket"),
        "GET" => match state.objects.get(key) {
            Some((bytes, number)) => Response::tagged(200, *number, bytes.clone()),
            None if state.habit == Habit::HidesMissing => Response::error(403, "AccessDenied"),
            None => Response::error(404, "NoSuchKey"),
        },
        "DELETE" => {
            state.objects.remove(key);
            Response::new(204, "")
        }
        "PUT" if holds(state, request) => {
            let number = state.put(key, request.body.clone());
            Response::tagged(200, number, "")
        }
        "PUT" => Response::error(412, "PreconditionFailed"),
        method => Response::error(400, method),
    }
}

/// Whether the condition of a write holds, in the notation of S3 or of Google.
fn holds(state: &State, request: &Request) -> bool {
    let number = state.objects.get(&request.key).map(|(_, number)| *number);
    let header = |name: &str| request.headers.get(name).map(String::as_str);
    if state.habit == Habit::NoConditions {
        return true;
    }
    if let Some(generation) = header("x-goog-if-generation-match") {
        return generation == number.unwrap_or(0).to_string();
    }
    match (header("if-none-match"), header("if-match")) {
        (Some("*"), None) => number.is_none(),
        (None, Some(tag)) => number.is_some_and(|number| {
            let quotes = if state.habit == Habit::BareTags { "" } else { "\"" };
            tag == format!("{quotes}{number:032x}{quotes}")
        }),
        other => panic!("a write without a condition, or with two: {other:?}"),
    }
}

fn list(state: &State, query: &HashMap<String, String>) -> Response {
    let part = |name: &str| query.get(name).map_or("", String::as_str);
    let (prefix, delimiter, after) = (part("prefix"), part("delimiter"), part("continuation-token"));
    let mut keys: Vec<&String> =
        state.objects.keys().filter(|key| key.starts_with(prefix) && key.as_str() > after).collect();
    if state.habit == Habit::EmptyLists {
        keys.clear();
    }
    let page = if state.habit == Habit::OnePage { 1000 } else { PAGE };
    let more = keys.len() > page;
    keys.truncate(page);
    let mut text = format!("<ListBucketResult><IsTruncated>{more}</IsTruncated>");
    if more {
        text += &format!("<NextContinuationToken>{}</NextContinuationToken>", keys[page - 1]);
    }
    for key in keys {
        let below = key[prefix.len()..].split_once(delimiter).filter(|_| !delimiter.is_empty());
        if let Some((folder, _)) = below {
            text += &format!("<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>");
        } else {
            let size = state.objects[key].0.len();
            text += &format!("<Contents><Key>{key}</Key><Size>{size}</Size>");
            text += "<LastModified>2000-01-01T00:00:00.000Z</LastModified></Contents>";
        }
    }
    Response::new(200, text + "</ListBucketResult>")
}
