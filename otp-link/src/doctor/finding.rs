//! [`Finding`]: what the doctor noticed, how bad it is, and what to do about it.

use std::path::PathBuf;

use otp_core::{Code, Coded};

use crate::error::Error;
use crate::hint::Hint;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing needs to be done.
    Notice,
    /// It works, but not as well as it could.
    Warning,
    /// Something does not work, or is not safe.
    Problem,
}

/// Something that the doctor noticed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// Something about the store.
    Store(otp_store_fs::Finding),
    /// There is no store yet.
    NoStore {
        /// Where it would be.
        path: PathBuf,
    },
    /// What a helper found out about a store on the network.
    Remote {
        /// The store's URL.
        url: String,
        /// A word for it.
        key: String,
        /// What is the case.
        value: String,
    },
    /// A store on the network can't be used.
    RemoteFault {
        /// The store's URL.
        url: String,
        /// What is wrong with it.
        error: Error,
    },
    /// A key file can't be used, or others can read it.
    KeyFile {
        /// The key file.
        path: PathBuf,
        /// What is wrong with it.
        error: Error,
    },
    /// The ring can't be used, or is not kept as it should be.
    Ring {
        /// The ring's directory.
        path: PathBuf,
        /// What is wrong with it.
        error: Error,
    },
    /// Who can read and write a file or directory, on a system that keeps lists of them.
    Access {
        /// The file or directory.
        path: PathBuf,
        /// Those who can read and write it.
        writers: Vec<String>,
        /// Those who can only read it.
        readers: Vec<String>,
    },
    /// Something that this system does not report.
    NotLookedAt {
        /// What it is.
        subject: &'static str,
        /// Why, and what that means.
        summary: &'static str,
    },
    /// Processes that crash may write their memory to a file.
    CoreDumps,
    /// Memory may be written to disk.
    Swap {
        /// The devices and files that it is swapped to.
        devices: Vec<String>,
    },
    /// Too little memory may be locked.
    LockableMemory {
        /// How many bytes may be locked.
        limit: u64,
        /// How many bytes are enough.
        enough: u64,
    },
    /// The clock shows a time before this software was written.
    ClockTooEarly,
    /// The newest record is in the future.
    ClockBehind {
        /// By how many seconds.
        secs: u64,
    },
    /// The system's source of randomness failed.
    Randomness(Error),
}

impl Finding {
    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        use otp_store_fs::Finding as Store;
        match self {
            Self::NoStore { .. }
            | Self::Remote { .. }
            | Self::Access { .. }
            | Self::NotLookedAt { .. }
            | Self::CoreDumps
            | Self::Swap { .. }
            | Self::Store(Store::ReadOnly(_) | Store::Empty { .. }) => Severity::Notice,
            Self::Store(Store::Foreign { .. } | Store::Stray { .. })
            | Self::LockableMemory { .. }
            | Self::ClockBehind { .. } => Severity::Warning,
            Self::Store(_)
            | Self::RemoteFault { .. }
            | Self::KeyFile { .. }
            | Self::Ring { .. }
            | Self::ClockTooEarly
            | Self::Randomness(_) => Severity::Problem,
        }
    }

    /// What it is about: a path, or a part of the machine.
    #[must_use]
    pub fn subject(&self) -> String {
        use otp_store_fs::Finding as Store;
        match self {
            Self::Store(Store::Faulty(error) | Store::ReadOnly(error)) => error.path().display().to_string(),
            Self::Store(Store::Foreign { path } | Store::Stray { path, .. } | Store::Empty { path, .. })
            | Self::NoStore { path }
            | Self::Access { path, .. }
            | Self::KeyFile { path, .. }
            | Self::Ring { path, .. } => path.display().to_string(),
            Self::Remote { url, .. } | Self::RemoteFault { url, .. } => url.clone(),
            Self::Store(_) => "the store".into(),
            Self::NotLookedAt { subject, .. } => (*subject).into(),
            Self::CoreDumps => "core dumps".into(),
            Self::Swap { devices } => format!("swap ({})", devices.join(", ")),
            Self::LockableMemory { .. } => "lockable memory".into(),
            Self::ClockTooEarly | Self::ClockBehind { .. } => "clock".into(),
            Self::Randomness(_) => "randomness".into(),
        }
    }

    /// What is the case, and what that means.
    #[must_use]
    pub fn summary(&self) -> String {
        use otp_store_fs::Finding as Store;
        match self {
            Self::Store(Store::Faulty(error) | Store::ReadOnly(error)) => error.to_string(),
            Self::Store(Store::Foreign { .. }) => "it is not part of the store; nothing reads it".into(),
            Self::Store(Store::Stray { .. }) => "a writer that crashed left it; nothing reads it".into(),
            Self::Store(Store::Empty { .. }) => "the directory has no records".into(),
            Self::Store(_) => "something is wrong with the store".into(),
            Self::NoStore { .. } => "there is no store yet".into(),
            Self::Remote { key, value, .. } => format!("{key}: {value}"),
            Self::RemoteFault { error, .. }
            | Self::KeyFile { error, .. }
            | Self::Ring { error, .. }
            | Self::Randomness(error) => error.message(),
            Self::Access { writers, readers, .. } => {
                let list = |who: &[String], what| (!who.is_empty()).then(|| format!("{} {what}", who.join(", ")));
                let parts = [list(writers, "can read and write it"), list(readers, "can read it")];
                parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
            }
            Self::NotLookedAt { summary, .. } => (*summary).into(),
            Self::CoreDumps => {
                "programs that crash may write their memory to a file; otp turns that off for itself, scripts do not"
                    .into()
            }
            Self::Swap { .. } => {
                "memory may be written to disk; otp locks what holds secrets, but the scripts that get them do not"
                    .into()
            }
            Self::LockableMemory { limit, .. } => {
                format!("only {limit} bytes may be locked, so secrets may reach the swap")
            }
            Self::ClockTooEarly => "it shows a time before 2025, so expired records would be opened".into(),
            Self::ClockBehind { secs } => {
                format!("the newest record is {secs} seconds in the future; this clock or its writer's is wrong")
            }
        }
    }

    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn hint(&self) -> Option<Hint<'_>> {
        use otp_store_fs::Finding as Store;
        Some(match self {
            Self::Store(Store::Faulty(error) | Store::ReadOnly(error)) => return error.hint().map(Hint::Store),
            Self::Store(Store::Foreign { path }) => Hint::MoveAway { path },
            Self::Store(Store::Stray { .. } | Store::Empty { .. }) => Hint::LetDoctorFix,
            Self::Store(_) | Self::Remote { .. } | Self::Access { .. } | Self::NotLookedAt { .. } => return None,
            Self::NoStore { .. } => Hint::AddAccount,
            Self::RemoteFault { error, .. }
            | Self::KeyFile { error, .. }
            | Self::Ring { error, .. }
            | Self::Randomness(error) => return error.hint(),
            Self::CoreDumps => Hint::DisableCoreDumps,
            Self::Swap { .. } => Hint::EncryptSwap,
            Self::LockableMemory { enough, .. } => Hint::RaiseLockLimit { bytes: *enough },
            Self::ClockTooEarly | Self::ClockBehind { .. } => Hint::SetClock,
        })
    }

    /// Whether it was fixed just now.
    #[must_use]
    pub const fn is_fixed(&self) -> bool {
        use otp_store_fs::Finding as Store;
        matches!(self, Self::Store(Store::Stray { removed: true, .. } | Store::Empty { removed: true, .. }))
    }

    /// The code of the cause.
    #[must_use]
    pub fn code(&self) -> Code {
        use otp_store_fs::Finding as Store;
        match self {
            Self::Store(Store::Faulty(error) | Store::ReadOnly(error)) => error.code(),
            Self::RemoteFault { error, .. }
            | Self::KeyFile { error, .. }
            | Self::Ring { error, .. }
            | Self::Randomness(error) => error.code(),
            _ => Code::Other,
        }
    }
}
