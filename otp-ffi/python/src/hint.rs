//! What to do about an error, in the words of a Python program: an argument to pass, a function to call, a command to run.

use std::path::Path;

use otp_core::Capacity;
use otp_core::keeper::ringed::RingFinding;
use otp_link::template::Encoder;
use otp_link::{Error, Hint, Remedy, ring, shell_word};

/// What to do about an error, if there is something to do.
pub(crate) fn for_error(error: &Error) -> Option<String> {
    match error {
        Error::Core(otp_core::Error::PayloadTooLong { len, .. }) => Some(longer(*len)),
        error => words(&error.hint()?),
    }
}

/// What to do about what a ring finds wrong with a store.
pub(crate) fn for_finding(finding: &RingFinding) -> Option<String> {
    words(&ring::hint_for(finding)?)
}

/// What fits a secret of this length.
fn longer(len: usize) -> String {
    match Capacity::fitting(len) {
        Ok(capacity) => format!("pass capacity={}, or none for the smallest that fits", capacity.bytes()),
        Err(_) => "shorten the secret".into(),
    }
}

/// A hint in words; `None` for those that Python can't run into.
pub(crate) fn words(hint: &Hint<'_>) -> Option<String> {
    Some(match hint {
        Hint::Core(hint) => return core(hint),
        Hint::Store(hint) => return store(hint),
        Hint::NameStore => "pass store=..., or set OTP_STORE".into(),
        Hint::GiveKey => {
            "pass key=..., key_file=... or key_fd=...; or set OTP_KEY_FILE, OTP_KEY, or systemd's LoadCredential=otp-key"
                .into()
        }
        Hint::GiveOneKey => "pass only one of key, key_file and key_fd".into(),
        Hint::UseKeyFor { account } => format!("pass a key for {account}"),
        Hint::NameStoreOrRecord => "pass store=... or record=..., not both".into(),
        Hint::CheckPath { path } => format!("check the path {}", shell_word(path)),
        Hint::ActAsOwner { path } => format!("run as a user who may use it: ls -ld {}", shell_word(path)),
        Hint::ReplaceExposedKey { .. } => {
            "issue a new key and revoke this one: others may have read it; to use it all the same, pass key_file_mode=\"any\""
                .into()
        }
        Hint::RemoveWriteAccess { path } => Remedy::RemoveWriteAccess.command(path),
        Hint::PassAsKeyFile => "pass key_file=..., or set OTP_KEY_FILE".into(),
        Hint::GiveWholeLogin => {
            "without a key, pass username, password and all other fields; with one, only those that change".into()
        }
        Hint::TakeOwnership { path, user } => format!(
            "its owner may have read it: issue a new key, and revoke this one; if the owner is to be trusted: {}",
            Remedy::Give(*user).command(path)
        ),
        Hint::FreeSpace { path } => format!("make room on the file system of {}", shell_word(path)),
        Hint::ChooseOtherPath { .. } => "choose another path".into(),
        Hint::ChooseOtherCredential => "choose another name for the credential".into(),
        Hint::UseKeyFile => "write it to a file, or shorten secret, account name or capacity".into(),
        Hint::CheckKey { origin } => format!("check what {origin} holds"),
        Hint::GiveFields => "pass username=..., password=... or fields={...}".into(),
        Hint::GivePassword => "pass one; if it is meant to be empty, pass allow_empty=True".into(),
        Hint::GiveNewField => "pass password=... or another field".into(),
        Hint::TakeBytes { field } => format!("take its bytes: account.raw[{field:?}]"),
        Hint::UseFutureTime => "pass a time in the future, such as datetime.timedelta(days=30)".into(),
        Hint::SwapOldKeys => "check whether user_key and pass_key are swapped".into(),
        Hint::UseListedEncoder => {
            let names: Vec<&str> = Encoder::ALL.iter().map(|encoder| encoder.name()).collect();
            format!("use one of {}", names.join(", "))
        }
        Hint::DoubleBraces => "a field stands in braces, {NAME} or {NAME|ENCODER}; write {{ or }} for a brace".into(),
        Hint::UseOtherEncoder => "use another encoder, such as base64, or the value itself".into(),
        Hint::NameKeyDir => "call rotate_account() with ring=..., which gives new keys to its caller".into(),
        Hint::NameRing => "pass ring=..., or set OTP_RING; init_ring() makes one".into(),
        Hint::MakeRing { .. } => "init_ring() makes one; or pass another ring=..., or set OTP_RING".into(),
        Hint::KeepRingApart => "choose a place for the ring that is neither in the store nor around it".into(),
        Hint::AdoptRing { .. } => {
            "if no other copy of it is used any more, adopt_ring(ring); if it was restored from a backup, rotate each account \
             with new_keys=True after that"
                .into()
        }
        Hint::RevokeAgain { account, id } => format!("revoke_key(\"{account}\", \"{id}\", ring=...)"),
        Hint::RotateAgain { .. } => "rotate_account(account, ..., ring=...) replaces it".into(),
        Hint::GiveText { .. } => "pass text, or change the database yourself and leave out apply".into(),
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
        // Those of the doctor and of a source of randomness of one's own.
        _ => return None,
    })
}

fn core(hint: &otp_core::Hint<'_>) -> Option<String> {
    use otp_core::Hint;
    Some(match hint {
        Hint::FollowAccountGrammar => {
            "use parts of a-z, 0-9, '.', '_' and '-', joined by '/', each starting with a letter or digit".into()
        }
        Hint::UsePlainText { limit } => format!("use 1 to {limit} bytes of UTF-8 without control characters"),
        Hint::LookUpKeyId => "list_keys(account) gives the ids".into(),
        Hint::UseListedCapacity => {
            let sizes: Vec<String> = Capacity::ALL.iter().map(|capacity| capacity.bytes().to_string()).collect();
            format!("pass one of {}", sizes.join(", "))
        }
        Hint::UseEarlierTime => "pass a time before the year 10000".into(),
        Hint::GiveFieldOnce => "pass each field once".into(),
        Hint::CopyKeyAgain => "copy the whole key again".into(),
        Hint::Update => "update the package otp-link".into(),
        Hint::RestoreRecord => {
            "restore the record from a backup, or end its key with revoke_key(account, key_id)".into()
        }
        Hint::RestoreNote => "restore the note from a backup, or end its key with revoke_key(account, key_id)".into(),
        Hint::AskForNewKey => "ask for a new key".into(),
        Hint::UseCurrentKey => "pass a current key; or none, and every field".into(),
        Hint::IssueOrRotate { .. } => "issue_key() adds a key to it, rotate_account() replaces its secret".into(),
        Hint::RevokeKey { account, id } => {
            format!("restore it from a backup, or end it with revoke_key(\"{account}\", \"{id}\")")
        }
        Hint::UseFewerPages => "pass a smaller pages=..., or a smaller capacity=...".into(),
        Hint::ResumeRotation { .. } => {
            "resume_rotation(account, apply=...) goes on with it, with the same apply; abort_rotation(account, apply) goes back"
                .into()
        }
        Hint::ForgetRotation { .. } => {
            "restore the store's .staged.otp file; or find out which password the database has, and forget_rotation(account)"
                .into()
        }
        Hint::EndUnknownKeys { .. } => {
            "if their holders may keep them, put_into_ring(key) for each; if not, rotate with end_unknown=[id, ...]".into()
        }
        Hint::ReplaceKeys { .. } => "pass new_keys=True to rotate_account(), for a new key for every holder".into(),
        Hint::RemoveClaim { account, claimed } => format!(
            "delete {account}/{} from the store, and try again; if this ring is an old copy, pass new_keys=True to rotate_account()",
            otp_core::store::Slot::claim(account, *claimed).name()
        ),
        Hint::AddKeyToRing => "put_into_ring(key)".into(),
        Hint::GiveRing => "pass ring=..., or set OTP_RING; or leave the ring behind with without_ring=True".into(),
        Hint::GiveExpiry => "pass expires=..., for the new keys".into(),
        Hint::AddAgain { account } => {
            format!("remove_account(\"{account}\"), and add_account() with the password that the database has")
        }
        Hint::TryAgain => "try again when the other change is done".into(),
        Hint::RepairRandomness => "seal nothing on this machine until its source of randomness is repaired".into(),
        // A caller of Python has no buffers.
        _ => return None,
    })
}

fn store(hint: &otp_store_fs::Hint<'_>) -> Option<String> {
    use otp_store_fs::Hint;
    Some(match hint {
        Hint::MakeStore => "add_account() makes one; or name another: pass store=..., or set OTP_STORE".into(),
        Hint::NameAnotherStore => "name another store: pass store=..., or set OTP_STORE".into(),
        Hint::MoveAway { path } => format!("move it away: {}", shell_word(path)),
        Hint::ReplaceLink { path } => format!("put what it points to in its place, or remove it: {}", shell_word(path)),
        Hint::RemoveWriteAccess { path } => Remedy::RemoveWriteAccess.command(path),
        Hint::ActAsOwner { owner } => format!("run as the user that it belongs to: sudo -u '#{owner}' python3 ..."),
        Hint::GiveToOwner { path, owner } => Remedy::Give(*owner).command(path),
        Hint::TryLater => "try again later".into(),
        Hint::CheckPermissions { path } => format!("run as a user who may use it: ls -ld {}", shell_word(path)),
        Hint::FreeSpace { path } => format!("make room on the file system of {}", shell_word(path)),
        Hint::RemountWritable { path } => format!("mount its file system for writing: {}", shell_word(path)),
        Hint::RaiseFileSizeLimit => "raise the limit on the size of files: ulimit -f".into(),
        _ => return None,
    })
}
