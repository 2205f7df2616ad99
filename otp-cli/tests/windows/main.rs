//! The real program on Windows, one scenario in each file: what `tests/cli` can't test, since it needs a Unix shell.
#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![forbid(unsafe_code)]

mod child;
mod console;
mod credential;
mod lists;
mod main_job;
mod names;
mod ring;
mod run;
mod together;
mod world;
