//! [`Channel`]: a way for a field's value to leave the program.

/// One way out for a value, and the bytes that it can't carry.
#[derive(Debug)]
pub(crate) struct Channel {
    /// Its name in messages.
    pub(crate) name: &'static str,
    /// The bytes that it can't carry.
    pub(crate) unfit: &'static [u8],
    /// Whether it carries nothing but UTF-8.
    pub(crate) is_text: bool,
    /// What to use for values that it can't carry.
    pub(crate) instead: &'static str,
}

pub(crate) const TEXT_LINE: Channel =
    Channel { name: "a line of text", unfit: b"\n", is_text: false, instead: "--field or --format json" };
pub(crate) const ENV_LINE: Channel = Channel { name: "a line of env format", unfit: b"\0\n\r", ..TEXT_LINE };
pub(crate) const SHELL: Channel = Channel { name: "shell format", unfit: b"\0", ..TEXT_LINE };
pub(crate) const POWERSHELL: Channel =
    Channel { name: "PowerShell's format", unfit: b"\0", is_text: true, ..TEXT_LINE };
pub(crate) const FISH: Channel = Channel { name: "fish's format", unfit: b"\0", ..TEXT_LINE };
/// Readers of such files disagree about escapes, so a value that needs one is refused.
pub(crate) const DOTENV: Channel = Channel { name: "dotenv's format", unfit: b"\0\r'\\", is_text: true, ..TEXT_LINE };
pub(crate) const GITHUB: Channel = Channel { name: "GitHub's file", unfit: b"\0", is_text: true, ..TEXT_LINE };
/// A file, a pipe or standard output.
pub(crate) const BYTES: Channel = Channel { name: "a file", unfit: b"", is_text: false, instead: "" };
/// The environment of a command that `otp run` starts.
pub(crate) const ENVIRONMENT: Channel = Channel {
    name: "the environment",
    unfit: b"\0",
    is_text: cfg!(windows),
    instead: if cfg!(windows) { "--file or --stdin" } else { "--file, --fd or --stdin" },
};
