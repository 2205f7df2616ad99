//! The life of a helper: how it starts, how it treats a client that breaks the protocol, and how it ends.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod helper;
mod stub;

use otp_core::store::{Slot, Store};
use otp_core::{AccountName, KeyId};
use otp_remote_protocol::{Answer, Failure, Request, Verb};

use self::helper::Helper;
use self::stub::{BUCKET, Fault, Habit, Stub};

fn slot() -> Slot {
    Slot::record(&AccountName::parse("edms/a").unwrap(), KeyId::from_bytes([1; KeyId::LEN]))
}

fn web(stub: &Stub) -> String {
    format!("http://127.0.0.1:{}/{BUCKET}/", stub.port)
}

#[test]
fn it_ends_with_its_input() {
    let stub = Stub::start(Habit::None);
    let (helper, _) = Helper::open(&web(&stub), false, &[]).unwrap();
    // Even while a request is under way.
    stub.fail("GET", &[Fault::Silent]);
    let waiting = helper.send(&Request::Get(slot()));
    while stub.take_requests().is_empty() {
        std::thread::yield_now();
    }
    helper.close();
    assert_eq!(helper.wait().code(), Some(0));
    assert!(waiting.recv().is_err());
}

#[test]
fn it_ends_at_what_is_no_message() {
    let unfinished = Request::Get(slot()).encode(1).unwrap();
    let no_id = Request::Init.encode(0).unwrap();
    for bytes in [&[0, 0, 0, 1][..], &[255; 9], &no_id] {
        let helper = Helper::start(&[]);
        helper.write(bytes);
        assert_eq!(helper.wait().code(), Some(1), "{bytes:?}");
    }
    let helper = Helper::start(&[]);
    helper.write(&unfinished[..9]);
    helper.close();
    assert_eq!(helper.wait().code(), Some(0));
    // A complete message with a name that no object has.
    let stub = Stub::start(Habit::None);
    let (helper, _) = Helper::open(&web(&stub), false, &[]).unwrap();
    let at = unfinished.windows(4).position(|part| part == b"edms").unwrap();
    let mut wrong = unfinished;
    wrong[at] = b'E';
    helper.write(&wrong);
    assert_eq!(helper.wait().code(), Some(1));
}

#[test]
fn it_ends_at_more_requests_than_it_allows() {
    let stub = Stub::start(Habit::None);
    let (helper, limits) = Helper::open(&web(&stub), false, &[]).unwrap();
    stub.fail("GET", &[Fault::Silent; 40]);
    let allowed = usize::from(limits.max_in_flight);
    let waiting: Vec<_> = (0..allowed).map(|_| helper.send(&Request::Get(slot()))).collect();
    let mut seen = 0;
    while seen < allowed {
        seen += stub.take_requests().len();
        std::thread::yield_now();
    }
    helper.send(&Request::Get(slot()));
    assert_eq!(helper.wait().code(), Some(1));
    assert!(waiting.iter().all(|answer| answer.recv().is_err()));
}

#[test]
fn the_first_request_is_a_hello_and_no_other_is() {
    let stub = Stub::start(Habit::None);
    let helper = Helper::start(&[]);
    assert_eq!(helper.read(&slot()).unwrap_err().kind, Failure::Other);
    let url = web(&stub);
    let hello = Request::Hello { version: 1, url: &url, writable: false, patience_ms: 9_000 };
    assert_eq!(helper.ask(&hello, |_| ()), Ok(()));
    assert_eq!(helper.ask(&hello, |_| ()).unwrap_err().kind, Failure::Other);
    assert_eq!(helper.read(&slot()), Ok(None));
}

#[test]
fn a_request_that_it_does_not_know_is_answered() {
    let stub = Stub::start(Habit::None);
    let (helper, _) = Helper::open(&web(&stub), false, &[]).unwrap();
    let id = 1_000_000;
    let mut unknown = Request::Init.encode(id).unwrap();
    *unknown.last_mut().unwrap() = 77;
    let receiver = helper.expect(id);
    helper.write(&unknown);
    let answer = receiver.recv().unwrap();
    let failed = Answer::decode(&answer, Some(Verb::Init));
    assert!(matches!(failed, Ok(Answer::Failed { kind: Failure::Other, .. })), "{failed:?}");
}

#[test]
fn a_web_server_is_read_and_nothing_else() {
    let stub = Stub::start(Habit::None);
    stub.put(&otp_remote_protocol::object_name(&slot()), b"object");
    let (helper, limits) = Helper::open(&web(&stub), true, &[]).unwrap();
    assert!(!limits.can_write && !limits.is_initialised);
    assert_eq!(helper.read(&slot()), Ok(Some(b"object".to_vec())));
    stub.fail("GET", &[Fault::Denied]);
    assert_eq!(helper.read(&slot()).unwrap_err().kind, Failure::Denied);
    for result in [
        helper.put(&slot(), b"new").map(drop),
        helper.remove(&slot()).map(drop),
        helper.init().map(drop),
        helper.slots(otp_remote_protocol::Listing::All).map(drop),
    ] {
        assert_eq!(result.unwrap_err().kind, Failure::Unsupported);
    }
    assert_eq!(stub.keys().len(), 1);
}

/// Only here: other systems do not keep their certificates in files.
#[cfg(target_os = "linux")]
#[test]
fn without_certificates_servers_without_tls_are_reached_and_others_name_what_is_missing() {
    let (stub, folder) = (Stub::start(Habit::None), tempfile::tempdir().unwrap());
    let (empty, missing) = (folder.path().to_str().unwrap(), folder.path().join("none"));
    for variable in [("SSL_CERT_FILE", missing.to_str().unwrap()), ("SSL_CERT_DIR", empty)] {
        let (helper, _) = Helper::open(&web(&stub), false, &[variable]).unwrap();
        assert_eq!(helper.read(&slot()), Ok(None), "{variable:?}");
        let (helper, _) = Helper::open(&web(&stub).replace("http:", "https:"), false, &[variable]).unwrap();
        let failed = helper.read(&slot()).unwrap_err();
        assert!(failed.kind == Failure::Other && failed.message.contains("SSL_CERT_FILE"), "{variable:?}: {failed}");
    }
}

#[test]
fn what_is_wrong_with_a_url_is_said() {
    for (url, word) in [("s3://b?rejion=eu", "rejion"), ("s3://b?secret=hunter2", "secret"), ("ftp://host", "ftp")] {
        let failed = Helper::open(url, false, &[]).err().unwrap();
        assert!(failed.kind == Failure::Usage && failed.message.contains(word), "{failed}");
        assert!(!failed.message.contains("hunter2"));
    }
}

#[test]
fn credentials_that_can_not_be_read_are_named_by_their_variables_and_not_shown() {
    let stub = Stub::start(Habit::None);
    let s3 = format!("s3://{BUCKET}?endpoint=http://127.0.0.1:{}", stub.port);
    for (url, variable, value) in [
        ("az://account/box", "AZURE_STORAGE_ACCOUNT_KEY", "hunter2!"),
        ("gs://bucket", "GOOGLE_SERVICE_ACCOUNT_KEY", "hunter2"),
        ("gs://bucket", "GOOGLE_APPLICATION_CREDENTIALS", "/no/such/file"),
    ] {
        let failed = Helper::open(url, false, &[(variable, value)]).err().unwrap();
        assert!(failed.kind == Failure::Usage && failed.message.contains(variable), "{failed}");
        assert!(!failed.message.contains("hunter2") && !failed.message.contains("ymbol"), "{failed}");
    }
    let identity = [("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/file"), ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r")];
    let failed = Helper::open(&s3, false, &identity).err().unwrap();
    assert!(failed.kind == Failure::Denied && failed.message.contains("/no/such/file"), "{failed}");
}

#[test]
fn a_doctor_asks_a_web_server_whether_it_is_there() {
    let stub = Stub::start(Habit::None);
    let (helper, _) = Helper::open(&web(&stub), false, &[]).unwrap();
    assert_eq!(helper.inspect().unwrap()["initialised"], "no");
    stub.fail("GET", &[Fault::Denied]);
    assert_eq!(helper.inspect().unwrap_err().kind, Failure::Denied);
}

#[test]
fn a_metadata_service_that_refuses_gives_no_credentials() {
    let stub = Stub::start(Habit::None);
    stub.fail("PUT", &[Fault::Denied]);
    stub.fail("GET", &[Fault::Denied]);
    let endpoint = format!("http://127.0.0.1:{}", stub.port);
    let url = format!("s3://{BUCKET}?endpoint={endpoint}");
    let (helper, _) = Helper::open(&url, false, &[("AWS_METADATA_ENDPOINT", &endpoint)]).unwrap();
    let failed = helper.read(&slot()).unwrap_err();
    assert!(failed.kind == Failure::Denied && failed.message.contains("no credentials"), "{failed}");
}

/// It gets one of the five seconds, and is asked once, however many requests want credentials.
#[test]
fn a_metadata_service_that_is_silent_is_asked_once() {
    let stub = Stub::start(Habit::None);
    stub.fail("PUT", &[Fault::Silent; 9]);
    stub.fail("GET", &[Fault::Silent; 9]);
    let endpoint = format!("http://127.0.0.1:{}", stub.port);
    let url = format!("s3://{BUCKET}?endpoint={endpoint}");
    let variables = [("AWS_METADATA_ENDPOINT", endpoint.as_str())];
    let (helper, _) = Helper::open_within(5_000, &url, false, &variables).unwrap();
    for _ in 0..3 {
        let failed = helper.read(&slot()).unwrap_err();
        assert!(failed.kind == Failure::Denied && failed.message.contains("no credentials"), "{failed}");
    }
    assert_eq!(stub.take_requests().len(), 1);
}

#[cfg(unix)]
#[test]
fn ctrl_c_is_none_of_its_business() {
    let stub = Stub::start(Habit::None);
    let (helper, _) = Helper::open(&web(&stub), false, &[]).unwrap();
    let killed = std::process::Command::new("kill").args(["-INT", &helper.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(helper.read(&slot()), Ok(None));
}

#[cfg(unix)]
#[test]
fn a_profile_comes_from_the_aws_command_line() {
    use std::os::unix::fs::PermissionsExt;
    let stub = Stub::start(Habit::None);
    let folder = tempfile::tempdir().unwrap();
    let script = "#!/bin/sh\necho \"$@\" >> \"$ARGUMENTS\"\n\
        test \"$2\" = get && exit 1\n\
        test \"$6\" = unknown && exit 255\n\
        echo '{\"Version\": 1, \"AccessKeyId\": \"id\", \"SecretAccessKey\": \"hunter2\", \"SessionToken\": \"t\"}'\n";
    let aws = folder.path().join("aws");
    std::fs::write(&aws, script).unwrap();
    std::fs::set_permissions(&aws, PermissionsExt::from_mode(0o755)).unwrap();
    let log = folder.path().join("log");
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut variables = vec![("PATH", path.as_str()), ("ARGUMENTS", log.to_str().unwrap())];
    let url = |profile: &str| format!("s3://{BUCKET}?endpoint=http://127.0.0.1:{}{profile}", stub.port);

    let (helper, _) = Helper::open(&url("&profile=nightly"), false, &variables).unwrap();
    assert_eq!(helper.read(&slot()), Ok(None));
    let asked = std::fs::read_to_string(&log).unwrap();
    assert!(asked.starts_with("configure export-credentials --format process --profile nightly\n"), "{asked}");

    let failed = Helper::open(&url("&profile=unknown"), false, &variables).err().unwrap();
    assert!(failed.kind == Failure::Denied && failed.message.contains("unknown"), "{failed}");

    variables.push(("AWS_PROFILE", "unknown"));
    assert_eq!(Helper::open(&url(""), false, &variables).err().unwrap().kind, Failure::Denied);
    // Keys in the environment come before a profile named there, and after a profile in the URL.
    variables.extend([("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "hunter2")]);
    assert!(Helper::open(&url(""), false, &variables).is_ok());
    assert!(Helper::open(&url("&profile=unknown"), false, &variables).is_err());
}
