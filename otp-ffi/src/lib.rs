//! The C ABI of `otp`: parse what C gives, call one function of [`otp_link`], render what it gives back.
//!
//! `include/otp.h` is generated from the comments of this crate, and `docs/c.md` has the rules that callers follow.
//! These hold inside:
//!
//! - Every exported function runs inside `guard`, which turns a panic into `OTP_OTHER` and keeps each error for its
//!   thread.
//! - A handle is a number. `handle` looks up what it stands for, so that a freed one is refused and never followed.
//! - `pointer` is where pointers of C become references, after every check that can be made.
//! - The process is left as it is: no output, no signal handler, no limit, unless `otp_process_harden` is called.
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(clippy::doc_markdown, reason = "these comments become those of the header, where OTP_USAGE is plain text")]

// Accounts.
pub mod account;
pub mod add;
pub mod info;
pub mod remove;
pub mod renew;
pub mod rotate;
pub mod rotation;

// Keys, stores, records outside a store.
pub mod key;
pub mod keys;
pub mod record;
pub mod ring;
pub mod store;

// What all of them take and give.
pub mod apply;
pub mod code;
pub mod error;
pub mod process;
pub mod source;

// Behind the functions.
mod failure;
#[cfg(all(unix, not(miri)))]
mod fork;
mod guard;
mod handle;
mod hint;
mod place;
mod pointer;
