//! The real program on Windows: one scenario a file. What no file of `tests/cli` can say, since it speaks of a shell.
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
