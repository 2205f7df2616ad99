//! [`KeyOrigin`]: where a key came from, for messages.

use std::fmt;
use std::path::PathBuf;

/// Where a key came from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyOrigin {
    /// A file that the caller named.
    File(PathBuf),
    /// Standard input.
    StandardInput,
    /// A file descriptor that the caller named.
    Descriptor(i32),
    /// The caller gave it.
    Argument,
    /// The file that `OTP_KEY_FILE` names.
    FileVariable(PathBuf),
    /// `OTP_KEY`.
    Variable,
    /// A credential of Windows' Credential Manager.
    CredentialManager(String),
    /// The credential that systemd hands to a service.
    Credential(PathBuf),
}

impl KeyOrigin {
    /// Whether a path says where the key is.
    pub(crate) const fn is_file(&self) -> bool {
        matches!(self, Self::File(_) | Self::FileVariable(_) | Self::Credential(_))
    }
}

impl fmt::Display for KeyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::StandardInput => f.write_str("standard input"),
            Self::Descriptor(number) => write!(f, "file descriptor {number}"),
            Self::Argument => f.write_str("the key argument"),
            Self::FileVariable(path) => write!(f, "{} (from OTP_KEY_FILE)", path.display()),
            Self::Variable => f.write_str("OTP_KEY"),
            Self::CredentialManager(target) => write!(f, "the credential {target}"),
            Self::Credential(path) => write!(f, "{} (systemd's credential)", path.display()),
        }
    }
}
