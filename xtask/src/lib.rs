//! What the development tools share: running programs, and finding what cargo builds.
#![forbid(unsafe_code)]

pub mod cargo;
pub mod sh;

/// The result of a step: nothing, or a message that says what failed and what to do.
pub type Result<T> = std::result::Result<T, String>;
