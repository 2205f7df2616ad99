//! What the development tools share: running other programs, and finding what cargo builds.
#![forbid(unsafe_code)]

pub mod cargo;
pub mod sh;

/// What a step gives: nothing, or a message that says what failed and what to do.
pub type Result<T> = std::result::Result<T, String>;
