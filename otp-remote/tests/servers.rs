//! A real server, which `cargo xtask stores` starts and names in variables. Each test takes a folder of its own in it.

mod helper;

use std::sync::atomic::{AtomicU32, Ordering};

use otp_core::store::Store;
use otp_core::testing;
use otp_remote_protocol::Listing;

use self::helper::Helper;

/// The URL of an empty bucket; what follows its `?` goes behind each folder.
const URL: &str = "OTP_STORES_URL";

/// A store in a folder that nobody has used yet.
fn url() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let url = std::env::var(URL).expect("cargo xtask stores says where the server is");
    let (bucket, parameters) = url.split_once('?').unwrap_or((&url, ""));
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("{bucket}/{}-{number}?{parameters}", std::process::id())
}

/// The variables of this process that say how to log in.
fn variables() -> Vec<(String, String)> {
    let ours = |name: &str| ["AWS_", "AZURE_", "AZURITE_", "GOOGLE_"].iter().any(|prefix| name.starts_with(prefix));
    std::env::vars().filter(|(name, _)| ours(name)).collect()
}

fn open(url: &str) -> Helper {
    let variables = variables();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let (helper, limits) = Helper::open(url, true, &variables).unwrap();
    assert!(limits.can_write);
    helper
}

/// Gives the same store again and again, each time emptied: a probe of a new one would take longer than all that follows.
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
