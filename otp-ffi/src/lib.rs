//! The C ABI of `otp`: parse the arguments, call one function of [`otp_link`], render the result.
//!
//! `include/otp.h` is generated from the comments of this crate, and `docs/c.md` has the rules that callers follow.
//! These hold inside:
//!
//! - Every exported function runs inside `guard`, which turns a panic into `OTP_OTHER` and keeps each error for its
//!   thread.
//! - A handle is a number. `handle` looks up its value, so a freed one is refused and never followed.
//! - `pointer` is where C's pointers become references, after every check that can be made.
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

// What all of them take and return.
pub mod apply;
pub mod code;
pub mod error;
pub mod process;
pub mod source;

// Internals.
mod failure;
#[cfg(all(unix, not(miri)))]
mod fork;
mod guard;
mod handle;
mod hint;
mod place;
mod pointer;
