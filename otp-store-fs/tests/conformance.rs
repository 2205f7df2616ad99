//! The suite that all stores must pass.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use otp_store_fs::FsStore;

#[test]
fn it_keeps_what_every_store_promises() {
    otp_core::testing::conformance(|| {
        // Thousands of syncs take a minute on a disk, and a second in memory.
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let store = FsStore::open_or_create(home.path().join("store")).unwrap();
        (home, store)
    });
}
