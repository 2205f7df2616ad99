//! A real server, started by `cargo xtask stores` and named in variables. Each test uses its own folder there.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod helper;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use otp_core::store::{Slot, Store};
use otp_core::{KeyId, testing};
use otp_remote_protocol::{Failure, Listing, object_name};

use self::helper::{Failed, Helper};

/// The URL of an empty bucket or folder; the part after its `?` goes after each folder's name.
const URL: &str = "OTP_STORES_URL";

/// A store in an unused folder.
fn url() -> String {
    url_below(&given(URL))
}

fn url_below(url: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let (bucket, parameters) = url.split_once('?').unwrap_or((url, ""));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{bucket}/{}-{number}?{parameters}", std::process::id())
}

/// This process's variables that say how to log in.
fn variables() -> Vec<(String, String)> {
    let ours = |name: &str| ["AWS_", "AZURE_", "AZURITE_", "GOOGLE_"].iter().any(|prefix| name.starts_with(prefix));
    std::env::vars().filter(|(name, _)| ours(name)).collect()
}

fn open(url: &str) -> Helper {
    try_open(url, true, &[]).unwrap()
}

/// Opens with additional variables, which override the others.
fn try_open(url: &str, writable: bool, more: &[(&str, &str)]) -> Result<Helper, Failed> {
    let variables = variables();
    let variables = variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let variables: Vec<_> = variables.chain(more.iter().copied()).collect();
    Helper::open(url, writable, &variables).map(|(helper, _)| helper)
}

/// A variable that `cargo xtask stores` sets.
fn given(name: &str) -> String {
    std::env::var(name).expect("cargo xtask stores says it")
}

fn slot(id: u8) -> Slot {
    Slot::record(&"edms/a".parse().unwrap(), KeyId::from_bytes([id; KeyId::LEN]))
}

/// Returns the same store each time, emptied: a probe of a new one would take longer than all that follows.
fn emptied() -> impl Fn() -> ((), Helper) {
    let url = url();
    assert_eq!(open(&url).init(), Ok(false));
    move || {
        let helper = open(&url);
        for slot in helper.slots(Listing::All).unwrap() {
            assert_eq!(helper.remove(&slot), Ok(true));
        }
        ((), helper)
    }
}

#[test]
#[ignore = "needs a server: cargo xtask stores"]
fn promises() {
    testing::promises(emptied());
}

#[test]
#[ignore = "needs a server: cargo xtask stores"]
fn racers() {
    testing::racers(emptied());
}

#[test]
#[ignore = "needs a server: cargo xtask stores"]
fn life() {
    testing::life(emptied());
}

#[test]
#[ignore = "needs a server, and takes long: cargo xtask stores all"]
fn cuts() {
    testing::cuts(emptied());
}

#[test]
#[ignore = "needs a server: cargo xtask stores"]
fn a_store_is_initialised_once_and_says_what_it_is() {
    let url = url();
    let helper = open(&url);
    assert_eq!((helper.init(), helper.init()), (Ok(false), Ok(true)));
    let findings = helper.inspect().unwrap();
    for (key, value) in [("initialised", "yes"), ("listing", "yes"), ("conditions", "kept")] {
        assert_eq!(findings[key], value, "{findings:?}");
    }
    assert_eq!(open(&url).init(), Ok(true));
}

fn as_user(variable: &str) -> [(&'static str, String); 2] {
    let login = given(variable);
    let (id, secret) = login.split_once(':').unwrap();
    [("AWS_ACCESS_KEY_ID", id.to_owned()), ("AWS_SECRET_ACCESS_KEY", secret.to_owned())]
}

/// Readers and writers have the policies that the docs recommend, which cover this folder alone.
#[test]
#[ignore = "needs a server: cargo xtask stores"]
fn s3_policies_allow_what_is_needed_and_no_more() {
    let url = url_below(&given("OTP_STORES_POLICED"));
    let (reader, writer) = (as_user("OTP_STORES_READER"), as_user("OTP_STORES_WRITER"));
    let [reader, writer] =
        [&reader, &writer].map(|login| login.each_ref().map(|(name, value)| (*name, value.as_str())));
    let writer = |url: &str| try_open(url, true, &writer);
    let all = writer(&url).unwrap();
    assert_eq!((all.init(), all.put(&slot(1), b"old")), (Ok(false), Ok(true)));
    assert_eq!(all.replace_if(&slot(1), b"old", b"object"), Ok(true));
    assert_eq!((all.put(&slot(2), b"other"), all.remove(&slot(2)), all.read(&slot(2))), (Ok(true), Ok(true), Ok(None)));
    assert_eq!(all.inspect().unwrap()["conditions"], "kept");

    let helper = try_open(&url, false, &reader).unwrap();
    assert_eq!(helper.read(&slot(1)), Ok(Some(b"object".to_vec())));
    assert_eq!(helper.read(&slot(2)), Ok(None), "a note that is not there is what nearly every open meets");
    assert_eq!(helper.slots(Listing::All), Ok(vec![slot(1)]));
    for result in [
        helper.put(&slot(2), b"object").map(drop),
        helper.remove(&slot(1)).map(drop),
        helper.replace_if(&slot(1), b"object", b"other").map(drop),
    ] {
        assert_eq!(result.unwrap_err().kind, Failure::Denied);
    }
    // Outside of the folder, nobody may do anything.
    let beside = url_below(&given(URL));
    assert_eq!(writer(&beside).err().unwrap().kind, Failure::Denied);
    let helper = try_open(&beside, false, &reader).unwrap();
    assert_eq!(helper.read(&slot(1)).unwrap_err().kind, Failure::Denied);
    assert_eq!(helper.slots(Listing::All).unwrap_err().kind, Failure::Denied);

    let wrong = try_open(&url, false, &[("AWS_SECRET_ACCESS_KEY", "wrong")]).unwrap();
    assert_eq!(wrong.read(&slot(1)).unwrap_err().kind, Failure::Denied);
    assert_eq!((all.read(&slot(1)), all.read(&slot(2))), (Ok(Some(b"object".to_vec())), Ok(None)));
}

/// Files copied there by another S3 client become a store once it is initialised.
#[test]
#[ignore = "needs a server: cargo xtask stores"]
fn s3_a_copied_folder_is_a_store() {
    let url = url();
    let (bucket, endpoint) = url.strip_prefix("s3://").unwrap().split_once("?endpoint=").unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [(object_name(&slot(1)), "object"), ("edms/a/.lock".into(), ""), ("edms/a/.tmp-1".into(), "x")]
    {
        let file = folder.path().join("file");
        std::fs::write(&file, text).unwrap();
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--fail", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user"]);
        curl.arg(format!("{}:{}", given("AWS_ACCESS_KEY_ID"), given("AWS_SECRET_ACCESS_KEY")));
        curl.arg("--upload-file").arg(file).arg(format!("{endpoint}/{bucket}/{name}"));
        assert!(curl.status().unwrap().success());
    }
    let helper = open(&url);
    assert_eq!(helper.read(&slot(1)), Ok(Some(b"object".to_vec())));
    assert_eq!(helper.put(&slot(2), b"new").unwrap_err().kind, Failure::NotInitialised);
    assert_eq!((helper.init(), helper.put(&slot(2), b"new")), (Ok(false), Ok(true)));
    assert_eq!(helper.put(&slot(1), b"other"), Ok(false));
    assert_eq!(helper.slots(Listing::All), Ok(vec![slot(1), slot(2)]));
}

#[test]
#[ignore = "needs a server: cargo xtask stores"]
fn s3_certificates_are_checked() {
    let (url, ca) = (given("OTP_STORES_TLS_URL"), given("OTP_STORES_CA"));
    for (variables, trusted) in
        [(vec![], false), (vec![("AWS_CA_BUNDLE", ca.as_str())], true), (vec![("SSL_CERT_FILE", ca.as_str())], true)]
    {
        let read = try_open(&url, false, &variables).unwrap().read(&slot(1));
        if trusted {
            assert_eq!(read, Ok(None), "{variables:?}");
        } else {
            assert_eq!(read.unwrap_err().kind, Failure::Unavailable);
        }
    }
}

/// On a server that ignores the conditions of writes.
#[test]
#[ignore = "needs rclone: cargo xtask stores all"]
fn a_server_that_pretends_is_refused() {
    let helper = open(&url());
    let failed = helper.init().unwrap_err();
    assert_eq!(failed.kind, Failure::Unsupported, "{failed}");
    assert_eq!(helper.put(&slot(1), b"object").unwrap_err().kind, Failure::NotInitialised);
}

#[test]
#[ignore = "needs a web server: cargo xtask stores all"]
fn web_servers_are_read() {
    let (helper, limits) = Helper::open(&given("OTP_STORES_WEB"), false, &[]).unwrap();
    assert!(!limits.can_write);
    assert_eq!((helper.read(&slot(1)), helper.read(&slot(2))), (Ok(Some(b"object".to_vec())), Ok(None)));
}
