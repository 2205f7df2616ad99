//! Watches the project's code and programs from below, for `cargo xtask ct`, `memory`, `stack` and `randomness`.
//!
//! A development tool, not published. Each of its modules has its own reason for `unsafe`.

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod memcheck;
pub mod scan;
#[cfg(target_os = "linux")]
pub mod search;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod stack;
#[cfg(target_os = "linux")]
pub mod tracee;
