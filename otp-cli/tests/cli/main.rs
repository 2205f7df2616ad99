//! The real program, as callers meet it: one scenario in each file.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![forbid(unsafe_code)]

mod accounts;
mod audit;
mod bulk;
mod bulk_formats;
mod bytes;
mod call;
mod codes;
mod codes_of_keys;
mod codes_of_stores;
mod confirm;
mod entropy;
mod formats;
mod forms;
mod handover;
mod hints;
mod import;
mod json;
mod junk;
mod keys;
mod looking;
mod manual;
mod presets;
mod prompts;
mod readme;
#[cfg(target_os = "linux")]
mod remote;
mod ring;
mod rotation;
mod run;
mod secrecy;
mod settings;
mod start;
mod templates;
mod terminal;
mod times;
mod together;
mod world;
