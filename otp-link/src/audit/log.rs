//! Where the log goes: what `OTP_AUDIT` says.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::line::Line;
use super::sink::Sink;
use crate::environment::{Environment, variable};
use crate::error::{Error, Result};
use crate::warning::{self, Warning};

/// What is wrong with `OTP_AUDIT`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuditFault {
    /// It names no sink, but says that the log is optional.
    NoSink,
    /// This system has no such sink.
    UnknownSink {
        /// What the variable says.
        sink: String,
    },
    /// A path is relative, so its meaning would depend on the current directory.
    RelativePath {
        /// The path.
        path: PathBuf,
    },
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSink => f.write_str("it names no sink"),
            Self::UnknownSink { sink } => write!(f, "this system has no sink {sink:?}"),
            Self::RelativePath { path } => write!(f, "the path {} is relative", path.display()),
        }
    }
}

/// The log of this process.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Log {
    sinks: Vec<Sink>,
    /// Whether things are handed over even if no sink took their line.
    is_optional: bool,
}

impl Log {
    /// The log that the environment names, if it names one.
    ///
    /// # Errors
    ///
    /// [`Error::AuditVariable`]
    pub(super) fn find(environment: Environment<'_>) -> Result<Option<Self>> {
        let Some(text) = variable(environment, "OTP_AUDIT") else { return Ok(None) };
        Self::parse(&text.to_string_lossy()).map(Some).map_err(|fault| Error::AuditVariable { fault })
    }

    fn parse(text: &str) -> Result<Self, AuditFault> {
        let (mut sinks, mut is_optional) = (Vec::new(), false);
        for word in text.split(',') {
            if word == "optional" {
                is_optional = true;
            } else {
                sinks.push(Sink::parse(word)?);
            }
        }
        if sinks.is_empty() { Err(AuditFault::NoSink) } else { Ok(Self { sinks, is_optional }) }
    }

    /// Gives a line to every sink. At least one must take it; the failure of any other is a warning.
    ///
    /// # Errors
    ///
    /// [`Error::NotAudited`] if no sink takes it, unless the log is optional.
    pub(super) fn write(&self, line: &Line) -> Result<()> {
        let mut failed: Vec<(PathBuf, io::Error)> = Vec::new();
        for sink in &self.sinks {
            if let Err(source) = sink.write(line) {
                failed.push((sink.place().to_owned(), source));
            }
        }
        if failed.len() == self.sinks.len() && !self.is_optional {
            let (path, source) = failed.swap_remove(0);
            return Err(Error::NotAudited { path, source });
        }
        for (path, error) in &failed {
            warning::warn(&Warning::NotAudited { path, error });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sinks_stand_between_commas() {
        let path = if cfg!(windows) { r"C:\log\otp.jsonl" } else { "/var/log/otp.jsonl" };
        let log = Log::parse(&format!("file:{path},optional,file:{path}")).unwrap();
        assert_eq!(log, Log { sinks: vec![Sink::File(path.into()), Sink::File(path.into())], is_optional: true });
        assert!(!Log::parse(&format!("file:{path}")).unwrap().is_optional);
    }

    #[test]
    fn what_names_no_log_is_refused_and_not_taken_for_none() {
        for text in ["optional", "optional,optional"] {
            assert_eq!(Log::parse(text), Err(AuditFault::NoSink), "{text}");
        }
        let blank = format!("file:{}, optional", if cfg!(windows) { r"C:\a" } else { "/a" });
        for text in ["yes", "", "file:", "file", ",", "syslog,", "Syslog", &blank, "udp:host", "journald:"] {
            assert!(matches!(Log::parse(text), Err(AuditFault::UnknownSink { .. })), "{text}");
        }
        let relative = AuditFault::RelativePath { path: "log".into() };
        assert_eq!(Log::parse("file:log"), Err(relative));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        assert_eq!(Log::find(&|_| None).unwrap(), None);
        assert_eq!(Log::find(&|_| Some("".into())).unwrap(), None);
        assert!(matches!(Log::find(&|_| Some("on".into())), Err(Error::AuditVariable { .. })));
    }
}
