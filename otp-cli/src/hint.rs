//! What to do about an error, in the program's own words: a command line to copy, with its arguments quoted.

use std::path::Path;

use otp_core::Capacity;
use otp_link::Hint;

use crate::error::Error;

/// What to do about an error, if there is something to do.
pub(crate) fn for_error(error: &Error) -> Option<String> {
    match error {
        Error::Usage { hint, .. } => hint.clone(),
        Error::Link(error) => error.hint().map(|hint| words(&hint)),
        Error::Unfit { channel, .. } => Some(format!("use {}", channel.instead)),
        Error::NotStarted { .. } => Some("check its name, its mode and PATH".into()),
        _ => None,
    }
}

/// A hint in words.
pub(crate) fn words(hint: &Hint<'_>) -> String {
    match hint {
        Hint::Core(hint) => core(hint),
        Hint::Store(hint) => store(hint),
        Hint::NameStore => "use --store DIR or OTP_STORE".into(),
        Hint::GiveKey => {
            "use --key-file PATH ('-' is standard input), --key-fd N, OTP_KEY_FILE, OTP_KEY, or systemd's \
                          LoadCredential=otp-key"
                .into()
        }
        Hint::GiveOneKey => "leave all but one out".into(),
        Hint::UseKeyFor { account } => format!("use a key for {account}"),
        Hint::NameStoreOrRecord => "use --store or --record, not both".into(),
        Hint::CheckPath { path } => format!("check the path: {}", quote(path)),
        Hint::ActAsOwner { path } => format!("run as a user who may use it: ls -l {}", quote(path)),
        Hint::MakePrivate { path } => format!("run: chmod 600 {}", quote(path)),
        Hint::TakeOwnership { path, user } => format!("run: sudo chown {user} {}", quote(path)),
        Hint::FreeSpace { path } => format!("make room on the file system of {}", quote(path)),
        Hint::ChooseOtherPath { .. } => "choose another path".into(),
        Hint::CheckKey { origin } => format!("check what {origin} holds"),
        Hint::GiveFields => "give some, such as --username and --password-stdin".into(),
        Hint::GiveNewField => "use --generate, --password-stdin or another field".into(),
        Hint::TakeBytes { field } => format!("use --field {field}"),
        Hint::UseFutureTime => "use one like 30d or 2027-01-31".into(),
        Hint::ProvideEntropy => "use a file, a pipe or a character device with more random bytes".into(),
        Hint::GiveEntropyPath => "give the path of the file".into(),
        Hint::UseOtherEntropy { path } => {
            format!("use other random bytes in a file of your own: others may know those of {}", quote(path))
        }
        Hint::SwapOldKeys => "check whether the two old keys are swapped".into(),
        Hint::DisableCoreDumps => "ulimit -c 0".into(),
        Hint::EncryptSwap => "encrypt the swap".into(),
        Hint::RaiseLockLimit { bytes } => {
            let kib = bytes / 1024;
            format!("raise the limit: ulimit -l {kib}, or LimitMEMLOCK={kib}K for a service")
        }
        Hint::SetClock => "set the clock, for instance: timedatectl set-ntp true".into(),
        Hint::LetDoctorFix => "run: otp doctor --fix".into(),
        Hint::AddAccount => "otp add makes one".into(),
        Hint::MoveAway { path } => format!("move it elsewhere: {}", quote(path)),
        _ => "see otp --help".into(),
    }
}

fn core(hint: &otp_core::Hint<'_>) -> String {
    use otp_core::Hint;
    match hint {
        Hint::FollowAccountGrammar => {
            "use parts of a-z, 0-9, '.', '_', '-' joined by '/', each starting with a letter or digit".into()
        }
        Hint::UsePlainText { limit } => format!("use up to {limit} bytes of UTF-8 without control characters"),
        Hint::LookUpKeyId => "otp info ACCOUNT shows the ids".into(),
        Hint::UseListedCapacity => {
            let sizes: Vec<String> = Capacity::ALL.iter().map(|capacity| capacity.bytes().to_string()).collect();
            format!("use one of {}", sizes.join(", "))
        }
        Hint::UseEarlierTime => "use a time before the year 10000".into(),
        Hint::UseLargerCapacity => "use a larger --capacity, or shorten the secret".into(),
        Hint::ShortenSecret => "shorten the secret".into(),
        Hint::GiveFieldOnce => "give each field once".into(),
        Hint::ProvideBuffer { needed } => format!("{needed} bytes are needed"),
        Hint::CopyKeyAgain => "copy the whole key again".into(),
        Hint::Update => "update otp".into(),
        Hint::RestoreRecord => "restore the record from a backup, or run: otp revoke ACCOUNT KEYID".into(),
        Hint::RestoreNote => "restore the note from a backup, or run: otp revoke ACCOUNT KEYID".into(),
        Hint::AskForNewKey => "ask for a new key".into(),
        Hint::UseCurrentKey => "use a current key, or give every field anew without one".into(),
        Hint::IssueOrRotate { account } => {
            format!("for one more key: otp issue {account}; for a new secret: otp rotate {account}")
        }
        Hint::RevokeKey { account, id } => format!("restore it from a backup, or run: otp revoke {account} {id}"),
        Hint::GiveExpiry => "give the new keys an expiry of their own: --expires WHEN".into(),
        Hint::TryAgain => "try again when that is done".into(),
        Hint::RepairRandomness => "seal nothing on this machine until its source of randomness is repaired".into(),
        _ => "see otp --help".into(),
    }
}

fn store(hint: &otp_store_fs::Hint<'_>) -> String {
    use otp_store_fs::Hint;
    match hint {
        Hint::MakeStore => "otp add makes one; or name another with --store DIR or OTP_STORE".into(),
        Hint::NameAnotherStore => "name another store with --store DIR or OTP_STORE".into(),
        Hint::MoveAway { path } => format!("move it away: {}", quote(path)),
        Hint::ReplaceLink { path } => format!("put what it points to in its place, or run: rm {}", quote(path)),
        Hint::RemoveWriteAccess { path } => format!("run: chmod go-w {}", quote(path)),
        Hint::ActAsOwner { owner } => format!("write to it as that user: sudo -u '#{owner}' otp ..."),
        Hint::FreeSpace { path } => format!("make room on the file system of {}", quote(path)),
        Hint::RemountWritable { path } => format!("its file system is mounted read-only: {}", quote(path)),
        Hint::RaiseFileSizeLimit => "a limit on the size of files is too low: ulimit -f".into(),
        Hint::CheckPermissions { path } => {
            format!("run as its owner, or as a user whom its mode lets in: {}", quote(path))
        }
        _ => "see otp doctor".into(),
    }
}

/// A path as a shell takes it for one word.
fn quote(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_for_a_shell() {
        for (path, word) in
            [("/a/b.key", "/a/b.key"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$x", "'$x'"), ("", "''")]
        {
            assert_eq!(quote(Path::new(path)), word);
        }
    }
}
