//! What to do about an error, in words for a C programmer: the member to set, the function to call, or the command to
//! run.

use std::path::Path;

use otp_core::Capacity;
use otp_core::keeper::ringed::RingFinding;
use otp_link::template::Encoder;
use otp_link::{Hint, Remedy, ring, shell_word};

use crate::failure::Error;

impl Error {
    /// What to do about it, where there is something to do.
    pub(crate) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Link(error) => return of_link(error),
            Self::WrongSize { what, .. } => format!("initialize it with OTP_{}_INIT", what.to_uppercase()),
            Self::Reserved { what } => {
                let structure = what.split('-').next().unwrap_or_default();
                format!("initialize the structure with OTP_{}_INIT", structure.to_uppercase())
            }
            Self::NotOpen { .. } => "use a handle from this library that has not been freed".into(),
            Self::NoFieldAt { .. } => "stay below otp_account_count".into(),
            Self::NoKeyAt { .. } => "stay below otp_keys_count".into(),
            Self::Overlap => "give each buffer memory of its own".into(),
            Self::TooSmall { .. } => "the lengths now say how many bytes are needed: call again with as many".into(),
            Self::RecordGiven => "set source->record to NULL and source->store to the store".into(),
            Self::NotTaken { .. } => "return 0 from hand_over once each key is where it belongs".into(),
            Self::LeftInRing { .. } => "otp_ring_export gives each of them again".into(),
            Self::PagesGiven => "set pages in otp_grant to 0".into(),
            Self::Panicked => "please report it".into(),
            Self::Null { .. }
            | Self::Misaligned { .. }
            | Self::TooLong { .. }
            | Self::NotUtf8 { .. }
            | Self::EmptyPath { .. } => return None,
        })
    }
}

/// What to do about an error of the library below.
pub(crate) fn of_link(error: &otp_link::Error) -> Option<String> {
    words(&error.hint()?)
}

/// What to do about what a ring finds wrong with a store.
pub(crate) fn of_ring(finding: &RingFinding) -> Option<String> {
    words(&ring::hint_for(finding)?)
}

fn words(hint: &Hint<'_>) -> Option<String> {
    Some(match hint {
        Hint::Core(hint) => return core(hint),
        Hint::Store(hint) => return store(hint),
        Hint::NameStore => "name the store, or set OTP_STORE in the environment".into(),
        Hint::GiveKey => {
            "set key, key_file, key_credential (on Windows) or has_key_fd in otp_source, or provide the key in OTP_KEY_FILE, OTP_KEY, or \
                          systemd's LoadCredential=otp-key"
                .into()
        }
        Hint::GiveOneKey => "set only one of key, key_file, key_credential and has_key_fd in otp_source".into(),
        Hint::UseKeyFor { account } => format!("use a key for {account}, or another account in otp_source"),
        Hint::NameStoreOrRecord => "set store or record in otp_source, not both".into(),
        Hint::CheckPath { path } => format!("check the path: {}", shell_word(path)),
        Hint::ActAsOwner { path } => format!("run as a user who may use it: ls -l {}", shell_word(path)),
        Hint::ReplaceExposedKey { .. } => {
            "issue a new key and revoke this one: others may have read it; to use it all the same, set any_key_file_mode in \
             otp_source"
                .into()
        }
        Hint::RemoveWriteAccess { path } => format!("run: {}", Remedy::RemoveWriteAccess.command(path)),
        Hint::GiveWholeLogin => "give a key in source, or both username and password in fields".into(),
        Hint::PassAsKeyFile => "set key_file in otp_source, or OTP_KEY_FILE".into(),
        Hint::TakeOwnership { path, user } => format!(
            "its owner may have read it: issue a new key, and revoke this one; if the owner is to be trusted, run: {}",
            Remedy::Give(*user).command(path)
        ),
        Hint::FreeSpace { path } => format!("make room on the file system of {}", shell_word(path)),
        Hint::ChooseOtherPath { .. } => "choose another path".into(),
        Hint::ChooseOtherCredential => "choose another name for the credential".into(),
        Hint::UseKeyFile => "write it to a file, or shorten secret, account name or capacity".into(),
        Hint::CheckKey { origin } => format!("check what {origin} holds"),
        Hint::GiveFields => "give fields, such as username and password".into(),
        Hint::GivePassword => "give one; if it is meant to be empty, set allow_empty_password in otp_grant".into(),
        Hint::GiveNewField => "give at least one field, such as password".into(),
        Hint::UseFutureTime => "set expires in otp_grant to a time in the future, in seconds after 1970".into(),
        Hint::UseListedEncoder => {
            let names: Vec<&str> = Encoder::ALL.iter().map(|encoder| encoder.name()).collect();
            format!("use one of {}", names.join(", "))
        }
        Hint::DoubleBraces => "a field stands in braces, {NAME} or {NAME|ENCODER}; write {{ or }} for a brace".into(),
        Hint::UseOtherEncoder => "use another encoder, such as base64, or the value itself".into(),
        Hint::NameKeyDir => "call otp_account_renew, which gives new keys to its caller".into(),
        Hint::NameRing => "name the ring, or set OTP_RING in the environment; otp_ring_init makes one".into(),
        Hint::MakeRing { path } => format!("otp_ring_init makes one at {}; or name another ring", shell_word(path)),
        Hint::KeepRingApart => "choose a place for the ring that is neither in the store nor around it".into(),
        Hint::AdoptRing { path } => format!(
            "if no other copy of it is used any more, call otp_ring_adopt for {}; if it was restored from a backup, call \
             otp_account_renew with new_keys for each account after that",
            shell_word(path)
        ),
        Hint::RevokeAgain { account, id } => {
            format!("call otp_key_revoke(store, ring, \"{account}\", \"{id}\")")
        }
        Hint::RotateAgain { account } => format!("call otp_account_renew for {account}, which replaces it"),
        Hint::UseCredentialVariables => {
            "give credentials as the store's own tools take them, such as AWS_ACCESS_KEY_ID or a profile".into()
        }
        Hint::UseTls => "use https, or add insecure=true to the URL if you trust the network".into(),
        Hint::CheckUrl => "check the store's URL".into(),
        Hint::CheckConfiguration => "check the store's URL, and the variables and files that configure it".into(),
        Hint::NameAuditSink => "set OTP_AUDIT to file:PATH or a log of the system, or unset it".into(),
        Hint::GiveSeconds => "set OTP_STORE_TIMEOUT to a number of seconds, or unset it".into(),
        Hint::InitStore { url } => format!("run: otp store init {}", shell_word(Path::new(url))),
        Hint::InstallHelper { scheme } => {
            format!("correct the URL; or install the helper for {scheme}, and name its directory with OTP_HELPERS")
        }
        Hint::UpdateHelper => "install this library and its helper of the same version".into(),
        Hint::CheckPolicy => "check the credentials, and what they allow".into(),
        Hint::CheckConnection => "check the connection to the store, and try again".into(),
        // The others concern what C has no function for: the doctor, imports, entropy from the user.
        _ => return None,
    })
}

fn core(hint: &otp_core::Hint<'_>) -> Option<String> {
    use otp_core::Hint;
    Some(match hint {
        Hint::FollowAccountGrammar => {
            "use parts of a-z, 0-9, '.', '_', '-' joined by '/', each starting with a letter or digit".into()
        }
        Hint::UsePlainText { limit } => format!("use 1 to {limit} bytes of UTF-8 without control characters"),
        Hint::LookUpKeyId => "otp_account_info gives the ids of an account's keys".into(),
        Hint::UseListedCapacity => {
            let sizes: Vec<String> = Capacity::ALL.iter().map(|capacity| capacity.bytes().to_string()).collect();
            format!("set capacity in otp_grant to one of {}, or to 0", sizes.join(", "))
        }
        Hint::UseEarlierTime => {
            "set expires in otp_grant to a time before the year 10000, in seconds after 1970".into()
        }
        Hint::UseLargerCapacity => "set a larger capacity in otp_grant, or 0, or shorten the secret".into(),
        Hint::ShortenSecret => "shorten the secret to OTP_SECRET_MAX bytes".into(),
        Hint::GiveFieldOnce => "give each field once".into(),
        Hint::CopyKeyAgain => "copy the whole key again".into(),
        Hint::Update => "update this library".into(),
        Hint::RestoreRecord => "restore the record from a backup, or end its key with otp_key_revoke".into(),
        Hint::RestoreNote => "restore the note from a backup, or end its key with otp_key_revoke".into(),
        Hint::AskForNewKey => "ask for a new key".into(),
        Hint::UseCurrentKey => "use a key that has not been replaced".into(),
        Hint::IssueOrRotate { .. } => {
            "call otp_key_issue for one more key, or otp_account_rotate for a new secret".into()
        }
        Hint::RevokeKey { account, id } => {
            format!("restore it from a backup, or call otp_key_revoke(store, ring, \"{account}\", \"{id}\")")
        }
        Hint::UseFewerPages => "set fewer pages or a smaller capacity in otp_grant".into(),
        Hint::ResumeRotation { .. } => {
            "otp_rotation_resume goes on with it, with the same apply; otp_rotation_abort goes back".into()
        }
        Hint::ForgetRotation { .. } => {
            "restore the store's .staged.otp file; or find out which password the database has, and call \
             otp_rotation_forget"
                .into()
        }
        Hint::EndUnknownKeys { .. } => {
            "if their holders may keep them, put them into the ring with otp_ring_add; if not, name them in end_unknown of \
             otp_renewal"
                .into()
        }
        Hint::ReplaceKeys { .. } => {
            "set new_keys in otp_renewal, and call otp_account_renew, which gives every holder a new key".into()
        }
        Hint::RemoveClaim { account, claimed } => format!(
            "delete {account}/{} from the store, and try again; if this ring is an old copy, set new_keys in otp_renewal",
            otp_core::store::Slot::claim(account, *claimed).name()
        ),
        Hint::AddKeyToRing => "otp_ring_add puts a key into it".into(),
        Hint::GiveRing => "call otp_account_renew; or leave the ring behind with leave_ring of otp_account_rotate".into(),
        Hint::GiveExpiry => "set expires in otp_grant".into(),
        Hint::AddAgain { account } => {
            format!(
                "call otp_account_remove(store, \"{account}\"), and otp_account_add with the password that the database has"
            )
        }
        Hint::TryAgain => "try again when that is done".into(),
        Hint::RepairRandomness => "seal nothing on this machine until its source of randomness is repaired".into(),
        // The core's buffers are not the caller's.
        _ => return None,
    })
}

fn store(hint: &otp_store_fs::Hint<'_>) -> Option<String> {
    use otp_store_fs::Hint;
    Some(match hint {
        Hint::MakeStore => "otp_account_add makes one; or name another store".into(),
        Hint::NameAnotherStore => "name another store".into(),
        Hint::MoveAway { path } => format!("move it away: {}", shell_word(path)),
        Hint::ReplaceLink { path } => format!("put what it points to in its place, or run: rm {}", shell_word(path)),
        Hint::RemoveWriteAccess { path } => format!("run: {}", Remedy::RemoveWriteAccess.command(path)),
        Hint::ActAsOwner { owner } => format!("run as user {owner}, who owns the store"),
        Hint::GiveToOwner { path, owner } => format!("run: {}", Remedy::Give(*owner).command(path)),
        Hint::TryLater => "try again later".into(),
        Hint::CheckPermissions { path } => format!("run as a user who may use it: ls -l {}", shell_word(path)),
        Hint::FreeSpace { path } => format!("make room on the file system of {}", shell_word(path)),
        Hint::RemountWritable { path } => format!("its file system is mounted read-only: {}", shell_word(path)),
        Hint::RaiseFileSizeLimit => "raise the limit on the size of files (RLIMIT_FSIZE)".into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use otp_core::{AccountName, KeyId};

    use super::*;

    #[test]
    fn hints_speak_of_the_header_and_not_of_options() {
        let header = include_str!("../include/otp.h");
        let (path, account) = (Path::new("/a b"), AccountName::parse("a").unwrap());
        let id = KeyId::parse("aaaaaaaaaaaaaaaa").unwrap();
        let core = [
            otp_core::Hint::LookUpKeyId,
            otp_core::Hint::UseListedCapacity,
            otp_core::Hint::UseEarlierTime,
            otp_core::Hint::UseLargerCapacity,
            otp_core::Hint::ShortenSecret,
            otp_core::Hint::RestoreRecord,
            otp_core::Hint::RestoreNote,
            otp_core::Hint::IssueOrRotate { account: &account },
            otp_core::Hint::RevokeKey { account: &account, id },
            otp_core::Hint::GiveExpiry,
            otp_core::Hint::AddAgain { account: &account },
            otp_core::Hint::UseFewerPages,
            otp_core::Hint::ResumeRotation { account: &account },
            otp_core::Hint::ForgetRotation { account: &account },
            otp_core::Hint::EndUnknownKeys { account: &account },
            otp_core::Hint::ReplaceKeys { account: &account },
            otp_core::Hint::RemoveClaim { account: &account, claimed: 300 },
            otp_core::Hint::AddKeyToRing,
            otp_core::Hint::GiveRing,
        ];
        let store = [otp_store_fs::Hint::MakeStore];
        let link = [
            Hint::GiveKey,
            Hint::GiveOneKey,
            Hint::NameStoreOrRecord,
            Hint::UseFutureTime,
            Hint::NameKeyDir,
            Hint::NameRing,
            Hint::MakeRing { path },
            Hint::AdoptRing { path },
            Hint::RevokeAgain { account: &account, id },
            Hint::RotateAgain { account: &account },
        ];
        let own = [
            Error::WrongSize { what: "source", size: 0, expected: 1 },
            Error::WrongSize { what: "grant", size: 0, expected: 1 },
            Error::NoFieldAt { index: 0, count: 0 },
            Error::NoKeyAt { index: 0, count: 0 },
            Error::LeftInRing { answer: 1 },
            Error::PagesGiven,
            Error::Reserved { what: "renewal->dry_run" },
        ];
        let hints = core.map(Hint::Core).into_iter().chain(store.map(Hint::Store)).chain(link);
        let all = hints.map(|hint| words(&hint)).chain(own.iter().map(Error::hint));
        for hint in all.map(|hint| hint.expect("each of these has words")) {
            let words = hint.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let mut symbols = words.filter(|word| word.starts_with("otp_") || word.starts_with("OTP_")).peekable();
            assert!(symbols.peek().is_some() && !hint.contains("--"), "{hint}");
            assert!(symbols.all(|symbol| header.contains(symbol)), "{hint}");
        }
        assert_eq!(words(&Hint::RemoveWriteAccess { path }).unwrap(), "run: chmod go-w '/a b'");
    }
}
