//! An account's life through the library: what each function does, and what it leaves alone.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use otp_core::{Code, Coded, KeepError};
use otp_link::{Error, KeySource, KeyTerms, NewKey, Randomness, RotateError, Rotation, Source, parse_key};
use otp_test_tools::TempDir;

const ACCOUNT: &str = "edms/reporting";

struct Scene {
    home: TempDir,
}

impl Scene {
    fn new() -> Self {
        Self { home: otp_test_tools::folder() }
    }

    fn store(&self) -> PathBuf {
        self.home.path().join("store")
    }

    fn add(&self, fields: &[(&str, &[u8])]) -> String {
        let keep = |key: NewKey| Ok::<_, Error>(key.text().to_owned());
        let terms = KeyTerms::default().held_by("nightly");
        otp_link::add_account(ACCOUNT, fields, &terms, Some(&self.store()), &mut Randomness::system(), keep).unwrap()
    }

    fn rotate(
        &self,
        key: Option<&str>,
        fields: &[(&str, &[u8])],
        grace: Option<u64>,
    ) -> Result<Vec<String>, RotateError<Error>> {
        let key = key.map(|text| parse_key(text.as_bytes()).unwrap());
        let new = RefCell::new(Vec::new());
        let keep = |keys: Vec<NewKey>| {
            new.borrow_mut().extend(keys.iter().map(|key| key.text().to_owned()));
            Ok(())
        };
        let store = self.store();
        let mut rotation = Rotation::new(ACCOUNT, fields);
        (rotation.key, rotation.grace, rotation.store) = (key, grace, Some(store.as_path()));
        otp_link::rotate_account(rotation, &mut Randomness::system(), keep)?;
        Ok(new.into_inner())
    }

    fn opens(&self, key: &str, field: &str) -> Result<Vec<u8>, Error> {
        let store = self.store();
        let account = otp_link::open_account(&Source::default().key(key.as_bytes()).store(&store))?;
        account.bytes(field).map(<[u8]>::to_vec)
    }

    /// Every file and directory in the store.
    fn tree(&self) -> Vec<PathBuf> {
        fn walk(dir: &Path, into: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(dir).into_iter().flatten() {
                let path = entry.unwrap().path();
                walk(&path, into);
                into.push(path);
            }
        }
        let mut tree = Vec::new();
        walk(&self.store(), &mut tree);
        tree.sort();
        tree
    }
}

fn login(password: &'static str) -> [(&'static str, &'static [u8]); 2] {
    [("username", b"alice"), ("password", password.as_bytes())]
}

#[test]
fn a_key_in_its_grace_period_does_not_bring_the_old_password_back() {
    let scene = Scene::new();
    let old = scene.add(&login("old"));
    let new = scene.rotate(Some(&old), &[("password", b"new")], Some(3600)).unwrap().remove(0);
    assert_eq!(
        (scene.opens(&old, "password").unwrap(), scene.opens(&new, "password").unwrap()),
        (b"old".to_vec(), b"new".to_vec())
    );
    let before = scene.tree();

    let error = scene.rotate(Some(&old), &[("host", b"db2")], None).unwrap_err();
    let RotateError::Unchanged(error) = error else { panic!("{error:?}") };
    assert!(matches!(&error, Error::Keep(KeepError::Superseded { .. })), "{error:?}");
    assert_eq!(error.code(), Code::NotFound);
    let key = parse_key(old.as_bytes()).unwrap();
    let checked = otp_link::check_rotation(ACCOUNT, Some(&key), Some(&scene.store())).unwrap_err();
    assert!(matches!(checked, Error::Keep(KeepError::Superseded { .. })), "{checked:?}");
    let issued = otp_link::issue_key(
        parse_key(old.as_bytes()).unwrap(),
        &KeyTerms::default(),
        Some(&scene.store()),
        &mut Randomness::system(),
        |_| Ok::<_, Error>(()),
    );
    assert!(matches!(issued, Err(Error::Keep(KeepError::Superseded { .. }))));

    assert_eq!(scene.tree(), before);
    assert_eq!(scene.opens(&new, "password").unwrap(), b"new");
    let current = scene.rotate(Some(&new), &[("host", b"db2")], None).unwrap().remove(0);
    assert_eq!(
        (scene.opens(&current, "password").unwrap(), scene.opens(&current, "host").unwrap()),
        (b"new".to_vec(), b"db2".to_vec())
    );
}

#[test]
fn a_key_that_is_not_handed_over_leaves_nothing_behind() {
    let scene = Scene::new();
    let refuse = |_: NewKey| Err::<(), _>(Error::NoKey);
    let (store, terms) = (scene.store(), KeyTerms::default());
    let mut randomness = Randomness::system();
    let added = otp_link::add_account(ACCOUNT, &login("old"), &terms, Some(&store), &mut randomness, refuse);
    assert!(matches!(added, Err(Error::NoKey)));
    assert!(scene.tree().is_empty(), "{:?}", scene.tree());

    let key = scene.add(&login("old"));
    let before = scene.tree();
    let issued = otp_link::issue_key(parse_key(key.as_bytes()).unwrap(), &terms, Some(&store), &mut randomness, refuse);
    assert!(matches!(issued, Err(Error::NoKey)));
    assert_eq!(scene.tree(), before);
    let refuse_all = |_: Vec<NewKey>| Err(Error::NoKey);
    let fields = login("new");
    let mut rotation = Rotation::new(ACCOUNT, &fields);
    rotation.store = Some(&store);
    let rotated = otp_link::rotate_account(rotation, &mut randomness, refuse_all);
    assert!(matches!(rotated, Err(RotateError::Unchanged(Error::NoKey))));
    assert_eq!(scene.tree(), before);
    assert_eq!(scene.opens(&key, "password").unwrap(), b"old");
}

#[test]
fn a_mistyped_name_leaves_nothing_behind() {
    let scene = Scene::new();
    scene.add(&login("old"));
    let (before, store) = (scene.tree(), scene.store());
    let not_found = |error: Error| assert_eq!(error.code(), Code::NotFound, "{error:?}");
    not_found(otp_link::revoke_key("typo/acc", "aaaaaaaaaaaaaaaa", Some(&store)).unwrap_err());
    not_found(otp_link::revoke_key(ACCOUNT, "aaaaaaaaaaaaaaaa", Some(&store)).unwrap_err());
    not_found(otp_link::remove_account("typo", false, Some(&store)).unwrap_err());
    not_found(otp_link::list_keys("edms", Some(&store)).unwrap_err());
    not_found(otp_link::check_rotation("edms", None, Some(&store)).unwrap_err());
    assert_eq!(scene.tree(), before);
}

#[test]
fn a_removed_account_leaves_an_empty_store() {
    let scene = Scene::new();
    let key = scene.add(&login("old"));
    otp_link::remove_account(ACCOUNT, false, Some(&scene.store())).unwrap();
    assert!(scene.tree().is_empty(), "{:?}", scene.tree());
    assert_eq!(scene.opens(&key, "password").unwrap_err().code(), Code::NotFound);
}

#[test]
fn an_account_that_exists_stays_as_it_is() {
    let scene = Scene::new();
    let key = scene.add(&login("old"));
    let error = otp_link::check_new_account(ACCOUNT, Some(&scene.store())).unwrap_err();
    assert_eq!(error.code(), Code::Exists);
    let (store, terms) = (scene.store(), KeyTerms::default());
    let added = otp_link::add_account(ACCOUNT, &login("new"), &terms, Some(&store), &mut Randomness::system(), |_| {
        Ok::<_, Error>(())
    });
    assert_eq!(added.unwrap_err().code(), Code::Exists);
    assert_eq!(scene.opens(&key, "password").unwrap(), b"old");
}

#[test]
fn lists_keep_to_their_prefix_and_need_no_key() {
    let scene = Scene::new();
    let (store, terms) = (scene.store(), KeyTerms::default());
    for name in ["edms/a", "edms/ab", "edms", "other"] {
        otp_link::add_account(name, &login("x"), &terms, Some(&store), &mut Randomness::system(), |_| {
            Ok::<_, Error>(())
        })
        .unwrap();
    }
    for (prefix, expected) in [
        ("", &["edms", "edms/a", "edms/ab", "other"][..]),
        ("e", &["edms", "edms/a", "edms/ab"]),
        ("edms/", &["edms", "edms/a", "edms/ab"]),
        ("edms/a/", &["edms/a"]),
        ("edms/a", &["edms/a", "edms/ab"]),
        ("edms/ab", &["edms/ab"]),
        ("No/", &[]),
        ("x", &[]),
    ] {
        let mut found = Vec::new();
        otp_link::list_accounts(prefix, Some(&store), |account| {
            found.push(account.to_string());
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(found, expected, "{prefix:?}");
        let verified = otp_link::verify(prefix, &[], Some(&store), |_| std::ops::ControlFlow::Continue(())).unwrap();
        assert_eq!((verified.records, verified.faults.len()), (expected.len() as u64, 0), "{prefix:?}");
    }
}

#[test]
fn a_damaged_record_is_a_fault_and_not_an_error() {
    let scene = Scene::new();
    let key = scene.add(&login("old"));
    let path = scene.tree().into_iter().find(|path| path.extension().is_some_and(|end| end == "otp")).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    let keys = [parse_key(key.as_bytes()).unwrap()];
    let found = otp_link::verify("", &keys, Some(&scene.store()), |_| std::ops::ControlFlow::Continue(())).unwrap();
    assert_eq!((found.records, found.keys), (1, 1));
    let codes: Vec<Code> = found.faults.iter().map(|fault| fault.error.code()).collect();
    assert_eq!(codes, [Code::Damaged, Code::Damaged]);
}

#[test]
fn a_record_file_needs_no_store() {
    let scene = Scene::new();
    let terms = KeyTerms::default();
    let mut randomness = Randomness::system();
    // The account's encoding: one field, `username`.
    let (key, record) = otp_link::seal_bytes(ACCOUNT, b"\x01\0\x05alice", &terms, &mut randomness).unwrap();
    let path = scene.home.path().join("shipped.otp");
    fs::write(&path, &record).unwrap();
    let source = Source::default().key(key.text().as_bytes()).record(&path);
    assert_eq!(otp_link::open_account(&source).unwrap().text("username").unwrap(), "alice");
    otp_link::verify_key(&source).unwrap();
    let store = scene.store();
    assert!(matches!(otp_link::open_account(&source.store(&store)), Err(Error::StoreAndRecord)));
    let (most, _) = otp_link::sealed_len(ACCOUNT, 8, &terms).unwrap();
    assert!(record.len() <= most);
    for (len, fits) in [(record.len(), true), (otp_core::Record::MAX_LEN, true), (otp_core::Record::MAX_LEN + 1, false)]
    {
        let mut bytes = record.clone();
        bytes.resize(len, 0);
        fs::write(&path, bytes).unwrap();
        let refused = matches!(otp_link::open_account(&source), Err(Error::NotARecord { .. }));
        assert_eq!(refused, !fits, "{len}");
    }
}

#[test]
fn a_key_for_another_account_is_refused() {
    let scene = Scene::new();
    let key = scene.add(&login("old"));
    let store = scene.store();
    let source = Source::default().key(key.as_bytes()).store(&store).account("edms/other");
    assert!(matches!(otp_link::open_account(&source), Err(Error::OtherAccount { .. })));
    let mut source = KeySource::default();
    source.text = Some(key.as_bytes());
    assert_eq!(source.read_for(Some("edms/other")).unwrap_err().code(), Code::WrongKey);
    source.read_for(Some(ACCOUNT)).unwrap();
}

#[test]
fn an_expiry_in_the_past_and_a_missing_field_are_refused() {
    let scene = Scene::new();
    let past = KeyTerms::default().expiring(1_000_000_000);
    assert!(matches!(past.check(), Err(Error::ExpiryPassed { .. })));
    let (store, terms) = (scene.store(), KeyTerms::default());
    let added =
        otp_link::add_account(ACCOUNT, &[], &terms, Some(&store), &mut Randomness::system(), |_| Ok::<_, Error>(()));
    assert!(matches!(added, Err(Error::NoFields)));
    assert!(!store.exists());
    let key = scene.add(&login("old"));
    assert!(matches!(scene.rotate(Some(&key), &[], None), Err(RotateError::Unchanged(Error::NothingNew))));
    assert!(matches!(scene.opens(&key, "token"), Err(Error::NoField { .. })));
    // Without a key, nothing is kept, so a login must be complete.
    let incomplete = scene.rotate(None, &[("password", b"new")], None);
    assert!(matches!(incomplete, Err(RotateError::Unchanged(Error::IncompleteLogin))));
}
