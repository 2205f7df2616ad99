//! Hands a credential to the process that needs it, with nothing but a key: the library below `otp`, C and Python.
//!
//! A service opens its account in three lines. Key and store are found as the program finds them: the key in the file
//! that `OTP_KEY_FILE` names, in `OTP_KEY`, or in systemd's credential `otp-key`; the store where `OTP_STORE` says, or
//! in the user's own.
//!
//! ```no_run
//! # fn connect(_username: &str, _password: &str) {}
//! # fn main() -> Result<(), otp_link::Error> {
//! let account = otp_link::open_account(&otp_link::Source::default())?;
//! let (username, password) = (account.text("username")?, account.text("password")?);
//! connect(username, password);
//! # Ok(())
//! # }
//! ```
//!
//! The administrator adds the account, and hands its key to the caller. If the hand-over fails, there is no account:
//!
//! ```
//! use otp_link::{KeyTerms, Randomness, Source};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! let (store, key_file) = (home.path().join("store"), home.path().join("nightly.key"));
//! let fields = [("username", &b"alice"[..]), ("password", b"correct horse")];
//! let terms = KeyTerms::default().held_by("nightly");
//! otp_link::add_account("edms/reporting", &fields, &terms, Some(&store), &mut Randomness::system(), |key| {
//!     otp_link::write_key_file(&key_file, key.text())
//! })?;
//!
//! let account = otp_link::open_account(&Source::default().key_file(&key_file).store(&store))?;
//! assert_eq!(account.text("username")?, "alice");
//! # Ok(())
//! # }
//! ```
//!
//! A store that is a URL is used in the same way. `otp-remote` must be beside the program, or where `OTP_HELPERS` says:
//!
//! ```no_run
//! use std::path::Path;
//!
//! use otp_link::{Error, Source, StoreError};
//!
//! # fn main() -> Result<(), otp_link::Error> {
//! let store = Path::new("s3://bucket/otp?region=eu-central-1");
//! otp_link::init_store(store)?;
//! match otp_link::open_account(&Source::default().store(store)) {
//!     Ok(account) => println!("{}", account.text("username")?),
//!     Err(Error::Store(StoreError::Remote(error))) => eprintln!("the store can't be read: {error}"),
//!     Err(error) => return Err(error),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! There is one function per command: [`open_account`], [`add_account`], [`issue_key`], [`rotate_account`], [`revoke_key`],
//! [`remove_account`], [`list_accounts`], [`list_accounts_with_keys`], [`list_keys`], [`verify`], [`doctor()`],
//! [`import_secure_python_link`], [`import_accounts`], [`renew_all`], [`export_accounts`], [`copy_store`]. They take plain
//! arguments and return a value or an [`Error`], which knows its [`Code`](otp_core::Code) and its [`Hint`]. None of them prints.
#![forbid(unsafe_code)]

/// Its examples are tested.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod account;
mod add;
mod ahead;
mod any_store;
mod audit;
mod bulk;
mod credential;
pub mod doctor;
mod entropy;
mod environment;
mod error;
mod fields;
mod find;
mod hint;
mod import;
mod info;
mod issue;
mod json_value;
mod key_file;
mod key_origin;
mod key_source;
mod list;
pub mod manifest;
mod message;
mod new_key;
mod open;
mod place;
pub mod preset;
mod probe;
mod randomness;
mod record_file;
mod records;
mod remedy;
mod remote;
mod remove;
mod revoke;
pub mod ring;
mod ring_rotation;
mod rotate;
mod seal;
pub mod secure_python_link;
mod shell;
mod side_by_side;
mod source;
mod store;
mod store_commands;
pub mod template;
mod terms;
mod verify;
mod warning;

pub use account::Account;
pub use add::{add_account, check_new_account};
pub use any_store::StoreError;
pub use audit::AuditFault;
pub use bulk::{
    Import, Item, RenewAll, State, export_accounts, import_accounts, plan_import, plan_renew_all, renew_all,
};
pub use credential::{MAX_CREDENTIAL_KEY_LEN, check_new_key_credential, write_key_credential};
pub use doctor::doctor;
pub use entropy::Entropy;
pub use environment::{KEY_VARIABLES, LOGIN_VARIABLES, OWN_VARIABLES};
pub use error::{EntropyFault, Error, Result};
pub use fields::value_input;
pub use find::{FoundKeys, find_keys};
pub use hint::Hint;
pub use import::{Imported, import_secure_python_link, read_old_file, read_old_key};
pub use info::{AccountKeys, list_keys};
pub use issue::{issue_key, issue_key_from_ring};
pub use json_value::{push_base64, push_json_string, push_json_value};
pub use key_file::{KeyFileMode, check_key_file, check_new_key_file, make_key_dir, write_key_file};
pub use key_origin::KeyOrigin;
pub use key_source::{Key, KeySource, MAX_KEY_LEN, parse_key};
pub use list::{list_accounts, list_accounts_with_keys};
pub use manifest::Manifest;
pub use message::redact;
pub use new_key::NewKey;
pub use open::open_account;
pub use otp_core::keeper::KeyInfo;
pub use otp_core::keeper::ringed::{Applied, Change, Published};
pub use otp_remote_protocol::{Failure, Malformed};
pub use otp_sys::{Hardened, LockedBuf, LockedVec, harden_process, relock};
pub use place::Place;
pub use preset::Preset;
pub use probe::Broken;
pub use randomness::Randomness;
pub use remedy::Remedy;
pub use remote::{HelperFault, RemoteError, StoreUrl, UrlFault, end_helpers, interrupted_by};
pub use remove::remove_account;
pub use revoke::revoke_key;
pub use ring_rotation::{
    Apply, Renewal, abort_rotation, forget_rotation, pages, plan_renewal, renew_account, resume_rotation,
};
pub use rotate::{RotateError, Rotation, check_rotation, rotate_account};
pub use seal::{open_bytes, seal_bytes, sealed_len};
pub use shell::shell_word;
pub use source::Source;
pub use store::{StoreChoice, StoreOrigin, find_store, set_lock_timeout};
pub use store_commands::{Copied, check_store, copy_store, init_store};
pub use template::Template;
pub use terms::KeyTerms;
pub use verify::{Fault, Verification, verify, verify_key};
pub use warning::{Warning, set_warning_handler};
