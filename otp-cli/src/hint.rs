//! What to do about an error or a finding, in the program's own words: where it can be, a command line to copy.

use std::path::Path;

use otp_core::Capacity;
use otp_core::store::Slot;
use otp_link::template::Encoder;
use otp_link::{Hint, Remedy, shell_word};

use crate::error::Error;

/// The store and ring that the command line names, for commands in hints.
#[derive(Clone, Copy, Default)]
pub(crate) struct Named<'a> {
    pub(crate) store: Option<&'a Path>,
    pub(crate) ring: Option<&'a Path>,
}

/// What to do about an error, if there is something to do.
pub(crate) fn for_error(error: &Error, named: Named<'_>) -> Option<String> {
    match error {
        Error::Usage { hint, .. } => hint.clone(),
        Error::Link(otp_link::Error::NoField { .. }) => Some("otp get --format json prints all that it has".into()),
        Error::Link(error) => error.hint().map(|hint| words(&hint, named)),
        Error::Unfit { channel, .. } => Some(format!("use {}", channel.instead)),
        Error::Unfinished(_) => Some("rotate again to end them, or end each with otp revoke".into()),
        Error::LeftInRing(_) => Some(format!("hand them out again: {}", named.with_ring("ring export KEYID", ""))),
        Error::NotStarted { obstacle, .. } => obstacle.hint().map(str::to_owned),
        _ => None,
    }
}

/// A hint in words.
pub(crate) fn words(hint: &Hint<'_>, named: Named<'_>) -> String {
    let store = named.store;
    match hint {
        Hint::Core(hint) => of_core(hint, named),
        Hint::Store(hint) => of_store(hint),
        Hint::NameStore => "name a store with --store DIR or OTP_STORE".into(),
        Hint::GiveKey if cfg!(windows) => {
            "give it with --key-file PATH ('-' is standard input), --key-credential TARGET, OTP_KEY_FILE or OTP_KEY"
                .into()
        }
        Hint::GiveKey => "give it with --key-file PATH ('-' is standard input), --key-fd N, OTP_KEY_FILE, OTP_KEY, or \
                          systemd's LoadCredential=otp-key:PATH"
            .into(),
        Hint::GiveOneKey => "give only one of --key-file, --key-fd and --key".into(),
        Hint::UseKeyFor { account } => format!("use a key for {account}"),
        Hint::NameStoreOrRecord => "give --store or --record, not both".into(),
        Hint::CheckPath { path } => format!("check the path: {}", shell_word(path)),
        Hint::ActAsOwner { path } => {
            format!("act as a user who may use it; to see who that is, run: {}", Remedy::ShowAccess.command(path))
        }
        Hint::ReplaceExposedKey { path } => format!(
            "others may have read it: issue a new key, with --key-file-mode any, and revoke this one; if nobody can have \
             read it, run: {}",
            Remedy::MakePrivate.command(path)
        ),
        Hint::RemoveWriteAccess { path } => remove_write_access(path),
        Hint::PassAsKeyFile => "pass it with --key-file PATH or OTP_KEY_FILE".into(),
        Hint::TakeOwnership { path, user } => format!(
            "its owner may have read it: issue a new key, and revoke this one; if the owner is to be trusted, {}",
            give_to(*user, path)
        ),
        Hint::FreeSpace { path } => free_space(path),
        Hint::ChooseOtherPath { .. } => "choose another path".into(),
        Hint::ChooseOtherCredential => "choose another name, or delete it with cmdkey /delete:NAME".into(),
        Hint::UseKeyFile => "write it to a file, or shorten secret, account name or capacity".into(),
        Hint::CheckKey { origin } => format!("check what {origin} holds"),
        Hint::GiveFields => "give some, such as --username and --password-stdin".into(),
        Hint::GiveWholeLogin => {
            "give a key to the account, or all that it will have; --fields-only if that is no login".into()
        }
        Hint::GivePassword => "give one; if it is meant to be empty, pass --allow-empty".into(),
        Hint::GiveNewField => "give --generate, --password-stdin or another field".into(),
        Hint::TakeBytes { field } => format!("use --field {}", shell_word(Path::new(field))),
        Hint::UseFutureTime => "use a time like 30d, 12h or 2027-01-31".into(),
        Hint::ProvideEntropy => "use a file, a pipe or a character device with more random bytes".into(),
        Hint::GiveEntropyPath => "give the path of the file".into(),
        Hint::UseOtherEntropy { path } => {
            format!(
                "put new random bytes into a file that only you can read: others may know those of {}",
                shell_word(path)
            )
        }
        Hint::SwapOldKeys => "check whether the two old keys are swapped".into(),
        Hint::UseListedEncoder => {
            let encoders: Vec<&str> = Encoder::ALL.iter().map(|encoder| encoder.name()).collect();
            format!("use one of {}", encoders.join(", "))
        }
        Hint::DoubleBraces => "a field stands in braces, {NAME} or {NAME|ENCODER}; write {{ or }} for a brace".into(),
        Hint::UseOtherEncoder => "use another encoder, or another way to hand it over".into(),
        Hint::UseOtherPreset => "see otp presets; --env, --file and --stdin hand over values one by one".into(),
        Hint::StartProgram { programs } => {
            format!("start {} itself with otp run, within a script too", programs.join(", "))
        }
        Hint::UseListedSetting { settings } => format!("use one of {}", settings.join(", ")),
        Hint::UseConnectionString => {
            "hand over a connection string: --env 'VAR=DRIVER={{NAME}};UID={username|odbc};PWD={password|odbc}'".into()
        }
        Hint::KeepPasswordInAccount => "the preset takes it from the account".into(),
        Hint::SetField { field } => format!("give it with --set {field}=TEXT, or keep it in the account"),
        Hint::NameKeyDir => "give --new-key-dir DIR".into(),
        Hint::NameRing => "name a ring with --ring DIR or OTP_RING; otp ring init DIR makes one".into(),
        Hint::MakeRing { path } => format!("run: {}", otp(store, &format!("ring init {}", shell_word(path)))),
        Hint::KeepRingApart => "choose a place for the ring that is neither in the store nor around it".into(),
        Hint::AdoptRing { path } => format!(
            "if no other copy of it is used any more, run: {}; if it was restored from a backup, rotate each account with \
             --new-keys after that",
            otp(store, &format!("ring adopt --ring {}", shell_word(path)))
        ),
        Hint::RevokeAgain { account, id } => {
            format!("run: {}", named.with_ring(&format!("revoke {account} {id}"), ""))
        }
        Hint::RotateAgain { account } => format!("run: {}", named.with_ring(&format!("rotate {account}"), "")),
        Hint::GiveText { .. } => "give a text, or change the database by hand and leave out --apply".into(),
        Hint::DisableCoreDumps => "in the shell that starts the scripts, run: ulimit -c 0".into(),
        Hint::EncryptSwap => "encrypt the swap, or do without it".into(),
        Hint::RaiseLockLimit { .. } if cfg!(windows) => "end other programs, or raise the job's limit on memory".into(),
        Hint::RaiseLockLimit { bytes } => {
            let kib = bytes / 1024;
            format!("set LimitMEMLOCK={kib}K for a service; in a shell, run: ulimit -l {kib}")
        }
        Hint::SetClock if cfg!(windows) => "set the clock; as an administrator, run: w32tm /resync".into(),
        Hint::SetClock => "set the clock; with systemd, run: timedatectl set-ntp true".into(),
        Hint::NameAuditSink if cfg!(windows) => "set OTP_AUDIT to file:PATH or eventlog, or unset it".into(),
        Hint::NameAuditSink => "set OTP_AUDIT to file:/PATH, syslog or journald, or unset it".into(),
        Hint::LetDoctorFix => format!("run: {}", otp(store, "doctor --fix")),
        Hint::AddAccount => "otp add makes one".into(),
        Hint::MoveAway { path } => format!("move it out of the store: {}", shell_word(path)),
        hint => of_import(hint),
    }
}

fn of_import(hint: &Hint<'_>) -> String {
    match hint {
        Hint::MoveKeyFileAway { path } => {
            format!("if its holder has a new key, move it to another directory: {}", shell_word(path))
        }
        Hint::QuoteValue => "put it between single quotes; one with a quote or a backslash goes as JSON".into(),
        Hint::MapColumns => {
            "say which column is what: --map account=COLUMN --map password=COLUMN, or --map keepassxc".into()
        }
        hint => of_remote_store(hint),
    }
}

fn of_remote_store(hint: &Hint<'_>) -> String {
    match hint {
        Hint::UseCredentialVariables => {
            "give credentials as the store's own tools take them, such as AWS_ACCESS_KEY_ID or a profile".into()
        }
        Hint::UseTls => "use https, or add insecure=true to the URL if you trust the network".into(),
        Hint::UseOtherServer => "keep the store elsewhere: what is written there may be lost".into(),
        Hint::CheckUrl => "check the store's URL".into(),
        Hint::CheckConfiguration => "check the store's URL, and the variables and files that configure it".into(),
        Hint::GiveSeconds => "set OTP_STORE_TIMEOUT to a number of seconds, or unset it".into(),
        Hint::InitStore { url } => format!("run: otp store init {}", shell_word(Path::new(url))),
        Hint::InstallHelper { scheme } => {
            format!("correct the URL; or install the helper for {scheme}, and name its directory with OTP_HELPERS")
        }
        Hint::UpdateHelper => "install otp and its helper of the same version".into(),
        Hint::CheckPolicy => "check the credentials, and what they allow".into(),
        Hint::CheckConnection => "check the connection to the store, and try again".into(),
        _ => "see otp --help".into(),
    }
}

fn of_core(hint: &otp_core::Hint<'_>, named: Named<'_>) -> String {
    use otp_core::Hint;
    let store = named.store;
    match hint {
        Hint::FollowAccountGrammar => {
            "use parts of a-z, 0-9, '.', '_', '-' joined by '/', each starting with a letter or digit".into()
        }
        Hint::UsePlainText { limit } => format!("use up to {limit} bytes of UTF-8 without control characters"),
        Hint::LookUpKeyId => format!("look it up: {}", otp(store, "info ACCOUNT")),
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
        Hint::RestoreRecord => {
            format!("restore the record from a backup, or end its key: {}", otp(store, "revoke ACCOUNT KEYID"))
        }
        Hint::RestoreNote => {
            format!("restore the note from a backup, or end its key: {}", otp(store, "revoke ACCOUNT KEYID"))
        }
        Hint::AskForNewKey => "ask for a new key".into(),
        Hint::UseCurrentKey => "use a current key, or give every field anew without a key".into(),
        Hint::IssueOrRotate { account } => format!(
            "for one more key: {}; for a new secret: {}",
            otp(store, &format!("issue {account} --key-file KEYFILE")),
            otp(store, &format!("rotate {account}"))
        ),
        Hint::RevokeKey { account, id } => {
            format!("restore it from a backup, or run: {}", otp(store, &format!("revoke {account} {id}")))
        }
        Hint::UseFewerPages => "use fewer --pages, or a smaller --capacity".into(),
        Hint::ResumeRotation { account } => format!(
            "go on with it: {}, with the same --apply; or go back: --abort",
            named.with_ring(&format!("rotate {account}"), " --resume")
        ),
        Hint::ForgetRotation { account } => format!(
            "restore the store's .staged.otp file; or find out which password the database has, and run: {}",
            named.with_ring(&format!("rotate {account}"), " --forget --yes")
        ),
        Hint::EndUnknownKeys { account } => format!(
            "if their holders may keep them: {}; if not, rotate with --end-unknown ID for each of {account}",
            named.with_ring("ring add", " --key-file KEYFILE")
        ),
        Hint::ReplaceKeys { account } => {
            format!("give every holder a new key: {}", named.with_ring(&format!("rotate {account}"), " --new-keys"))
        }
        Hint::RemoveClaim { account, claimed } => format!(
            "delete {account}/{} from the store, and try again; if this ring is an old copy, give every holder a new key: {}",
            Slot::claim(account, *claimed).name(),
            named.with_ring(&format!("rotate {account}"), " --new-keys")
        ),
        Hint::AddKeyToRing => format!("put a key in: {}", named.with_ring("ring add", " --key-file KEYFILE")),
        Hint::GiveRing => "give it with --ring DIR; or leave it behind with --without-ring".into(),
        Hint::GiveExpiry => "give the new keys an expiry of their own: --expires WHEN".into(),
        Hint::AddAgain { account } => format!(
            "remove it, and add it again with the password that the database has: {}",
            otp(store, &format!("remove {account}"))
        ),
        Hint::TryAgain => "try again when it is done".into(),
        Hint::RepairRandomness => "seal nothing on this machine until its source of randomness is repaired".into(),
        _ => "see otp --help".into(),
    }
}

fn of_store(hint: &otp_store_fs::Hint<'_>) -> String {
    use otp_store_fs::Hint;
    match hint {
        Hint::MakeStore => "name another store with --store DIR or OTP_STORE; otp add makes a new one".into(),
        Hint::NameAnotherStore => "name another store with --store DIR or OTP_STORE".into(),
        Hint::MoveAway { path } => format!("move it out of the store: {}", shell_word(path)),
        Hint::ReplaceLink { path } => {
            let remove = if cfg!(windows) { "del" } else { "rm" };
            format!("put what it leads to in its place, or run: {remove} {}", shell_word(path))
        }
        Hint::RemoveWriteAccess { path } => remove_write_access(path),
        Hint::ActAsOwner { .. } if cfg!(windows) => "act as the user that it belongs to: runas /user:NAME ...".into(),
        Hint::ActAsOwner { owner } => format!("act as that user: sudo -u '#{owner}' otp ..."),
        Hint::GiveToOwner { path, owner } => give_to(*owner, path),
        Hint::TryLater if cfg!(windows) => "close it there, try again later, or wait longer: --lock-timeout".into(),
        Hint::TryLater => "try again later, or wait longer: --lock-timeout".into(),
        Hint::FreeSpace { path } => free_space(path),
        Hint::RemountWritable { path } => format!("mount its file system for writing: {}", shell_word(path)),
        Hint::RaiseFileSizeLimit => "raise the limit on the size of files; run: ulimit -f unlimited".into(),
        Hint::CheckPermissions { path } => {
            format!("act as a user who may use it; to see who that is, run: {}", Remedy::ShowAccess.command(path))
        }
        _ => "see otp doctor".into(),
    }
}

fn remove_write_access(path: &Path) -> String {
    format!("run: {}", Remedy::RemoveWriteAccess.command(path))
}

fn give_to(user: u32, path: &Path) -> String {
    format!("run: {}", Remedy::Give(user).command(path))
}

fn free_space(path: &Path) -> String {
    format!("make room on the file system of {}", shell_word(path))
}

impl Named<'_> {
    /// A command line of this program for the ring in use, without `--ring` if `OTP_RING` names it.
    fn with_ring(self, command: &str, options: &str) -> String {
        let ring = match self.ring {
            Some(ring) => format!(" --ring {}", shell_word(ring)),
            None if otp_link::ring::find_ring(None).is_some() => String::new(),
            None => " --ring DIR".to_owned(),
        };
        otp(self.store, &format!("{command}{ring}{options}"))
    }
}

/// A command line of this program, for the store that was named.
pub(crate) fn otp(store: Option<&Path>, arguments: &str) -> String {
    match store {
        Some(store) => format!("otp --store {} {arguments}", shell_word(store)),
        None => format!("otp {arguments}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_names_the_store_that_was_named() {
        assert_eq!(words(&Hint::LetDoctorFix, Named::default()), "run: otp doctor --fix");
        let named = Named { store: Some(Path::new("a b")), ring: Some(Path::new("c d")) };
        let quote = if cfg!(windows) { '"' } else { '\'' };
        let expected = format!("run: otp --store {quote}a b{quote} doctor --fix");
        assert_eq!(words(&Hint::LetDoctorFix, named), expected);
        let hint = Hint::Core(otp_core::Hint::AddKeyToRing);
        let expected =
            format!("put a key in: otp --store {quote}a b{quote} ring add --ring {quote}c d{quote} --key-file KEYFILE");
        assert_eq!(words(&hint, named), expected);
    }
}
