//! The C ABI of `otp`. `include/otp.h` is made from this crate; `docs/c.md` shows how to use it.
//!
//! The rules, for every function:
//!
//! - **Errors.** It returns a code, `OTP_OK` or why it failed, or a value that is plainly none (NULL, 0). The message is
//!   kept for the thread. Nothing is printed.
//! - **Ownership.** What a handle gives belongs to the handle, until it is freed. What the caller gives is only read, and
//!   only during the call. Freeing wipes.
//! - **Lengths** are bytes. Text ends with a NUL and is UTF-8; paths are whatever the system takes; values and keys come
//!   with their length.
//! - **NULL**, a wrong length, invalid UTF-8, a handle that was freed or is of another kind: `OTP_USAGE`, and nothing
//!   else happens. Freeing NULL is nothing.
//! - **Threads.** Any thread may call anything at any time, on the same handle too. Who frees a handle makes sure that
//!   nobody still reads what it gave.
//! - **Panics** don't cross the border: they would be `OTP_OTHER`.
//! - **The process** is left as it is: no signal, no limit, no output, no environment, unless `otp_process_harden` is called.
#![deny(unsafe_op_in_unsafe_fn)]
#![allow(clippy::doc_markdown, reason = "these comments become those of the header, where OTP_USAGE stands plain")]

#[cfg(feature = "capi")]
pub mod account;
#[cfg(feature = "capi")]
pub mod error;
pub mod facade;
pub mod fault;
#[cfg(feature = "capi")]
mod guard;
#[cfg(feature = "capi")]
mod handle;
#[cfg(feature = "capi")]
pub mod key;
#[cfg(feature = "capi")]
pub mod process;
#[cfg(feature = "capi")]
pub mod record;
#[cfg(feature = "capi")]
pub mod source;
#[cfg(feature = "capi")]
pub mod store;
