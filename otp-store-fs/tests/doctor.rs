//! What the doctor says of a store in which everything is wrong at once.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use otp_core::store::{Slot, Store};
use otp_core::{Code, KeyId};
use otp_store_fs::FsStore;
use otp_store_fs::doctor::{Severity, examine_key_file, examine_store};

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Findings as this file compares them: how bad, what about, how to mend it, and the code.
fn said(root: &Path) -> Vec<(Severity, String, String, Code)> {
    let short = |subject: &str| subject.strip_prefix(&format!("{}/", root.display())).unwrap_or(subject).to_owned();
    let findings = examine_store(root, false).into_iter();
    findings.map(|finding| (finding.severity, short(&finding.subject), finding.mend, finding.code)).collect()
}

#[test]
fn each_thing_that_is_wrong_is_named_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let store = FsStore::open_or_create(home.path().join("store")).unwrap();
    let account = "edms/reporting".parse().unwrap();
    let [sound, open] = [1, 2].map(|byte| Slot::record(&account, KeyId::from_bytes([byte; 10])));
    for slot in [&sound, &open] {
        store.put(slot, b"record").unwrap();
    }
    let root = store.root();
    drop(store.lock(&account).unwrap());
    assert_eq!(said(root), []);

    let dir = root.join("edms/reporting");
    let open = store.path_of(&open);
    chmod(&open, 0o620);
    // A record's name where no account is, a directory with a record's name, and one with the lock's.
    fs::write(root.join("aaaaaaaaaaaaaaaa.otp"), "").unwrap();
    fs::create_dir(dir.join("bbbbbbbbbbbbbbbb.otp")).unwrap();
    fs::create_dir(root.join(".lock")).unwrap();
    fs::create_dir(root.join("NO ACCOUNT")).unwrap();
    fs::create_dir_all(root.join("open/below")).unwrap();
    chmod(&root.join("open"), 0o770);
    fs::write(dir.join("README"), "").unwrap();
    symlink(&dir, root.join("link")).unwrap();
    symlink("README", dir.join(".lock-link")).unwrap();
    fs::write(dir.join(".tmp-1"), "half a rec").unwrap();
    fs::create_dir(root.join("empty")).unwrap();
    chmod(&root.join("empty"), 0o700);

    let foreign = |name: &str| (Severity::Warning, name.to_owned(), "move it elsewhere".to_owned(), Code::Other);
    let unsafe_ = |name: &str, mend: String| (Severity::Problem, name.to_owned(), mend, Code::UnsafePermissions);
    let fix = |severity, name: &str| (severity, name.to_owned(), "otp doctor --fix".to_owned(), Code::Other);
    let chmod_of = |path: &Path| format!("chmod go-w {}", path.display());
    let rm_of = |name: &str| format!("put what it points to in its place, or run: rm {}", root.join(name).display());
    let open_name = format!("edms/reporting/{}", open.file_name().unwrap().to_str().unwrap());
    let mut expected = vec![
        foreign(".lock"),
        foreign("NO ACCOUNT"),
        foreign("aaaaaaaaaaaaaaaa.otp"),
        foreign("edms/reporting/README"),
        foreign("edms/reporting/bbbbbbbbbbbbbbbb.otp"),
        unsafe_("edms/reporting/.lock-link", rm_of("edms/reporting/.lock-link")),
        unsafe_("link", rm_of("link")),
        unsafe_(&open_name, chmod_of(&open)),
        unsafe_("open", chmod_of(&root.join("open"))),
        fix(Severity::Warning, "edms/reporting/.tmp-1"),
        fix(Severity::Notice, "empty"),
    ];
    let mut found = said(root);
    expected.sort_by(|a, b| a.1.cmp(&b.1));
    found.sort_by(|a, b| a.1.cmp(&b.1));
    assert_eq!(found, expected);
    assert!(root.join("empty").exists(), "nothing is removed unless that is asked for");
}

#[test]
fn a_store_that_is_not_there_and_a_key_file_that_others_read_are_problems() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("store");
    let findings = examine_store(&root, true);
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].severity, findings[0].code), (Severity::Problem, Code::StoreUnavailable));

    let key = home.path().join("key");
    fs::write(&key, "").unwrap();
    chmod(&key, 0o640);
    let findings = examine_key_file(&key);
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].severity, findings[0].code), (Severity::Problem, Code::UnsafePermissions));
    assert_eq!(findings[0].mend, format!("chmod 600 {}", key.display()));
}
