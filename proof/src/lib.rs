//! Watches the project's own code and programs from below. `cargo xtask ct`, `memory` and `stack` run what is here.
//!
//! This crate is for development only and is not published. Beside the platform code of the store it is the only one
//! that has `unsafe`, and each module of it has its own reason.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod memcheck;
pub mod scan;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod stack;
#[cfg(target_os = "linux")]
pub mod tracee;
