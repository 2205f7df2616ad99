//! What the doctor finds out about a store, key files and the machine, and what it suggests.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use otp_core::{Code, KeyId, Slot, Store};
use otp_link::Hint;
use otp_link::doctor::{Finding, Severity};
use otp_store_fs::FsStore;
use otp_test_tools::TempDir;

fn store() -> (TempDir, PathBuf) {
    let home = otp_test_tools::folder();
    let root = home.path().join("store");
    let store = FsStore::open_or_create(&root).unwrap();
    store.put(&record("a"), b"record").unwrap();
    (home, root)
}

fn record(account: &str) -> Slot {
    Slot::record(&account.parse().unwrap(), KeyId::from_bytes([7; 10]))
}

/// Findings about the store and key files; those about the machine depend on the machine.
fn found(root: &Path, key_files: &[&Path], fix: bool) -> Vec<Finding> {
    let mut findings = otp_link::doctor(Some(root), key_files, fix).unwrap();
    findings.retain(|finding| matches!(finding, Finding::Store(_) | Finding::NoStore { .. } | Finding::KeyFile { .. }));
    findings
}

#[test]
fn a_sound_store_has_no_findings_and_a_missing_one_is_a_notice() {
    let (home, root) = store();
    assert!(found(&root, &[], false).is_empty());
    let missing = home.path().join("missing");
    let findings = found(&missing, &[], false);
    assert_eq!(findings[0].severity(), Severity::Notice);
    assert_eq!((findings.len(), findings[0].hint()), (1, Some(Hint::AddAccount)));
    assert!(!missing.exists());
}

#[test]
fn strays_and_foreign_files_are_found_and_only_strays_are_removed() {
    let (_home, root) = store();
    let (stray, foreign) = (root.join("a/.tmp-1"), root.join("a/notes.txt"));
    fs::write(&stray, "").unwrap();
    fs::write(&foreign, "").unwrap();
    let findings = found(&root, &[], false);
    assert!(findings.iter().all(|finding| finding.severity() == Severity::Warning && !finding.is_fixed()));
    let hints: Vec<_> = findings.iter().map(Finding::hint).collect();
    assert!(hints.contains(&Some(Hint::LetDoctorFix)) && hints.contains(&Some(Hint::MoveAway { path: &foreign })));
    assert!(found(&root, &[], true).iter().any(Finding::is_fixed));
    assert!(!stray.exists() && foreign.exists());
}

#[test]
fn a_key_file_that_others_can_read_is_a_problem_with_its_code() {
    let (home, root) = store();
    let key = home.path().join("key");
    otp_link::write_key_file(&key, "otpk1_").unwrap();
    assert!(found(&root, &[&key], false).is_empty());
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let findings = found(&root, &[&key], false);
    assert_eq!((findings[0].severity(), findings[0].code()), (Severity::Problem, Code::UnsafePermissions));
    assert_eq!(findings[0].hint(), Some(Hint::ReplaceExposedKey { path: &key }));
    assert_eq!(findings[0].subject(), key.display().to_string());
}

#[test]
fn a_record_from_the_future_is_found() {
    let (_home, root) = store();
    let clock = || {
        let findings = otp_link::doctor(Some(&root), &[], false).unwrap();
        findings.into_iter().find(|finding| matches!(finding, Finding::ClockBehind { .. }))
    };
    assert!(clock().is_none());
    let path = FsStore::open(&root).unwrap().path_of(&record("a"));
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap();
    let finding = clock().unwrap();
    assert_eq!((finding.severity(), finding.hint()), (Severity::Warning, Some(Hint::SetClock)));
}
