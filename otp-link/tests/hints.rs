//! Each error says what is wrong and where; the remedy is in its hint.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::path::Path;

use otp_core::{AccountName, Code, Coded, KeepError, UnixTime};
use otp_link::manifest::ManifestFault;
use otp_link::preset::PresetFault;
use otp_link::template::{Encoder, TemplateFault, Unencodable};
use otp_link::{AuditFault, EntropyFault, Error, Failure, HelperFault, Hint, KeyOrigin, RemoteError};

fn system(kind: io::ErrorKind) -> io::Error {
    kind.into()
}

fn errors() -> Vec<(Error, Code, bool)> {
    let name = || Box::new(AccountName::parse("edms/reporting").unwrap());
    let origin = || KeyOrigin::File("nightly.key".into());
    let entropy = |fault| Error::Entropy { name: "dice".into(), fault };
    vec![
        (otp_core::Error::WrongKey.into(), Code::WrongKey, false),
        (Error::NoStore, Code::Usage, true),
        (Error::RelativeHome { path: "me".into() }, Code::Usage, true),
        (Error::EmptyPassword, Code::Usage, true),
        (
            Error::Manifest { path: "m".into(), line: Some(3), fault: Box::new(ManifestFault::Expires) },
            Code::Usage,
            true,
        ),
        (Error::Manifest { path: "m".into(), line: None, fault: Box::new(ManifestFault::Quote) }, Code::Usage, false),
        (Error::KeyDirLocked { path: "d".into() }, Code::Locked, true),
        (
            Error::KeyFileEnded { path: "k".into(), error: Box::new(otp_core::Error::WrongKey.into()) },
            Code::WrongKey,
            true,
        ),
        (Error::AuditVariable { fault: AuditFault::NoSink }, Code::Usage, true),
        (
            Error::NotAudited {
                path: if cfg!(windows) { "C:\\log" } else { "/log" }.into(),
                source: system(io::ErrorKind::StorageFull),
            },
            Code::AuditFailed,
            true,
        ),
        (
            Error::NotAudited { path: "the event log".into(), source: system(io::ErrorKind::PermissionDenied) },
            Code::AuditFailed,
            false,
        ),
        (Error::Keep(KeepError::GraceTooLong), Code::Usage, false),
        (Error::NoKey, Code::Usage, true),
        (Error::SeveralKeys, Code::Usage, true),
        (Error::KeyNotRead { origin: origin(), source: system(io::ErrorKind::NotFound) }, Code::Other, true),
        (
            Error::KeyNotRead { origin: KeyOrigin::Descriptor(3), source: system(io::ErrorKind::Other) },
            Code::Other,
            false,
        ),
        (Error::KeyTooLong { origin: origin(), limit: 9 }, Code::MalformedKey, true),
        (Error::InvalidKey { origin: origin(), error: otp_core::Error::NewerKey }, Code::NewerVersion, true),
        (Error::KeyOpenToOthers { path: "k".into(), mode: 0o644 }, Code::UnsafePermissions, true),
        (Error::DirectoryOpenToOthers { path: "d".into(), mode: 0o777 }, Code::UnsafePermissions, true),
        (Error::EmptyKey { origin: origin() }, Code::MalformedKey, true),
        (Error::PathAsKey { origin: KeyOrigin::Variable }, Code::MalformedKey, true),
        (Error::KeyOwnedByOther { path: "k".into(), owner: 1, user: 2 }, Code::UnsafePermissions, true),
        (Error::KeyNotWritten { path: "k".into(), source: system(io::ErrorKind::StorageFull) }, Code::Other, true),
        (Error::KeyFileExists { path: "k".into() }, Code::Exists, true),
        (Error::OtherAccount { named: name(), key: name() }, Code::WrongKey, true),
        (Error::StoreAndRecord, Code::Usage, true),
        (Error::NoCredentialManager, Code::Usage, true),
        (Error::CredentialExists { target: "otp".into() }, Code::Exists, true),
        (
            Error::CredentialNotWritten { target: "otp".into(), source: system(io::ErrorKind::Other) },
            Code::Other,
            false,
        ),
        (Error::KeyTooLongForCredential { len: 9, limit: 8 }, Code::Usage, true),
        (
            Error::RecordNotRead { path: "r".into(), source: system(io::ErrorKind::PermissionDenied) },
            Code::StoreUnavailable,
            true,
        ),
        (Error::NotARecord { path: "r".into() }, Code::Damaged, true),
        (Error::NoFields, Code::Usage, true),
        (Error::NothingNew, Code::Usage, true),
        (Error::NoField { field: "token".into() }, Code::Other, false),
        (Error::Template { offset: 1, fault: TemplateFault::NoEncoder }, Code::Usage, true),
        (
            Error::Unencodable { field: "token".into(), encoder: Encoder::Json, cause: Unencodable::NotText },
            Code::Other,
            true,
        ),
        (Error::Preset { preset: "psql", fault: PresetFault::NotOnWindows }, Code::Usage, true),
        (Error::Preset { preset: "curl", fault: PresetFault::OtherProgram }, Code::Usage, true),
        (Error::Preset { preset: "psql", fault: PresetFault::NoSetting { key: "x".into() } }, Code::Usage, true),
        (Error::Preset { preset: "odbc", fault: PresetFault::Driver }, Code::Usage, true),
        (Error::Preset { preset: "psql", fault: PresetFault::Secret }, Code::Usage, true),
        (Error::Preset { preset: "url", fault: PresetFault::Missing { field: "scheme".into() } }, Code::Usage, true),
        (Error::FieldNotText { field: "token".into() }, Code::Other, true),
        (Error::ExpiryPassed { at: UnixTime::MAX }, Code::Usage, true),
        (Error::Randomness("dry".into()), Code::RandomnessFailed, true),
        (entropy(EntropyFault::TooShort { left: 1, needed: 2 }), Code::RandomnessFailed, true),
        (entropy(EntropyFault::NotRandom), Code::RandomnessFailed, true),
        (entropy(EntropyFault::Directory), Code::Usage, true),
        (entropy(EntropyFault::OpenToOthers { mode: 0o644 }), Code::UnsafePermissions, true),
        (Error::FileNotRead { path: "f".into(), source: system(io::ErrorKind::NotFound) }, Code::Other, true),
    ]
}

#[test]
fn each_error_has_its_code_and_its_hint() {
    for (error, code, has_hint) in errors() {
        assert_eq!((error.code(), error.hint().is_some()), (code, has_hint), "{error:?}");
        let message = error.to_string();
        // The remedy, and words that belong to one front end, go into the hint.
        for word in ["--", "run:", "otp add", "chmod", "; use", "\n"] {
            assert!(!message.contains(word), "{message}");
        }
        assert!(!message.ends_with('.'), "{message}");
    }
}

#[test]
fn hints_carry_what_a_front_end_needs() {
    let path = Path::new("/k y");
    let error = Error::KeyOpenToOthers { path: path.into(), mode: 0o644 };
    assert_eq!(error.hint(), Some(Hint::ReplaceExposedKey { path }));
    let error = Error::KeyNotWritten { path: path.into(), source: system(io::ErrorKind::StorageFull) };
    assert_eq!(error.hint(), Some(Hint::FreeSpace { path }));
    assert!(error.message().len() > error.to_string().len(), "the system's own words are behind it");
}

#[test]
fn a_store_on_the_network_has_hints_of_its_own() {
    let refused = |kind| RemoteError::Refused { url: "s3://bucket".into(), kind, message: "403".into() };
    let fault = |fault| RemoteError::Helper { path: "otp-remote".into(), fault };
    let limit = std::time::Duration::from_secs(15);
    for (error, code, hint) in [
        (refused(Failure::NotInitialised), Code::StoreUnavailable, Some(Hint::InitStore { url: "s3://bucket" })),
        (refused(Failure::Denied), Code::Denied, Some(Hint::CheckPolicy)),
        (refused(Failure::NotFound), Code::StoreUnavailable, Some(Hint::CheckUrl)),
        (refused(Failure::Usage), Code::Usage, Some(Hint::CheckConfiguration)),
        (refused(Failure::Unavailable), Code::StoreUnavailable, Some(Hint::CheckConnection)),
        (refused(Failure::Damaged), Code::Damaged, None),
        (fault(HelperFault::Unasked), Code::Damaged, Some(Hint::UpdateHelper)),
        (fault(HelperFault::Ended), Code::StoreUnavailable, Some(Hint::CheckConnection)),
        (
            RemoteError::TimedOut { url: "s3://bucket".into(), limit },
            Code::StoreUnavailable,
            Some(Hint::CheckConnection),
        ),
        (
            RemoteError::NoHelper { scheme: "s4".into(), looked: Vec::new() },
            Code::Usage,
            Some(Hint::InstallHelper { scheme: "s4" }),
        ),
    ] {
        let error = Error::from(error);
        assert_eq!((error.code(), error.hint()), (code, hint), "{error}");
    }
}

#[test]
fn no_message_shows_what_may_be_a_key() {
    let key = format!("otpk1_{}", "aebagba7".repeat(24));
    for text in [&key[..], &key[6..], &key.to_uppercase(), &format!("otpk1-{}", &key[6..])] {
        let shown = text.get(20..84).unwrap();
        for error in [
            Error::KeyNotRead { origin: KeyOrigin::File(text.into()), source: system(io::ErrorKind::NotFound) },
            Error::KeyOpenToOthers { path: text.into(), mode: 0o644 },
            Error::NoField { field: text.into() },
            Error::from(otp_store_fs::Error::RootMissing { path: text.into() }),
            Error::from(RemoteError::NoHelper { scheme: text.into(), looked: Vec::new() }),
            Error::FileNotRead { path: text.into(), source: system(io::ErrorKind::NotFound) },
        ] {
            assert!(!error.message().contains(shown), "{}", error.message());
        }
    }
}
