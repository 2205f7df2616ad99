//! Google Cloud Storage: the suite for all stores, on a server in this process: Google's own runs nowhere else.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod helper;
mod stub;

use otp_core::store::Store;
use otp_core::testing;
use otp_remote_protocol::Listing;

use self::helper::Helper;
use self::stub::{BUCKET, Habit, Stub};

/// A service account whose server is the stub, and that needs no login.
fn account(stub: &Stub) -> String {
    format!(
        r#"{{"gcs_base_url": "http://127.0.0.1:{}", "disable_oauth": true, "client_email": "", "private_key": "",
        "private_key_id": ""}}"#,
        stub.port
    )
}

fn open(stub: &Stub) -> Helper {
    let account = account(stub);
    let (helper, _) =
        Helper::open(&format!("gs://{BUCKET}/a/b"), true, &[("GOOGLE_SERVICE_ACCOUNT_KEY", &account)]).unwrap();
    helper
}

fn fresh() -> (Stub, Helper) {
    let stub = Stub::start(Habit::None);
    stub.put("a/b/.otp-store", b"otp-store 1\n");
    let helper = open(&stub);
    (stub, helper)
}

#[test]
fn promises() {
    testing::promises(fresh);
}

#[test]
fn racers() {
    testing::racers(fresh);
}

#[test]
fn life() {
    testing::life(fresh);
}

#[test]
#[ignore = "takes minutes: cargo xtask stores cuts"]
fn cuts() {
    let (stub, _) = fresh();
    testing::cuts(|| {
        let helper = open(&stub);
        for slot in helper.slots(Listing::All).unwrap() {
            assert_eq!(helper.remove(&slot), Ok(true));
        }
        ((), helper)
    });
}

#[test]
fn a_store_is_initialised_and_says_what_it_is() {
    let stub = Stub::start(Habit::None);
    let helper = open(&stub);
    assert_eq!((helper.init(), helper.init()), (Ok(false), Ok(true)));
    let findings = helper.inspect().unwrap();
    for (key, value) in [("engine", "Google Cloud Storage"), ("versioning", "unknown: "), ("conditions", "kept")] {
        assert!(findings[key].starts_with(value), "{findings:?}");
    }
    assert_eq!(helper.slots(Listing::All), Ok(vec![]));
    assert_eq!(stub.keys(), ["a/b/.otp-store"]);
}

#[test]
fn a_server_that_pretends_is_refused() {
    let stub = Stub::start(Habit::NoConditions);
    let helper = open(&stub);
    assert!(helper.init().is_err());
    assert!(helper.lock(&"a".parse().unwrap()).is_ok() && stub.keys().is_empty());
}
