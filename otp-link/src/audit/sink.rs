//! The places that take a line: a file, the system's log, the journal, the event log.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::line::Line;
use super::log::AuditFault;

/// What the lines are found by in the logs of a system.
const IDENTIFIER: &str = "otp";

/// A place that takes lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sink {
    /// A file, one line after the other.
    File(PathBuf),
    /// The socket of a syslog daemon.
    #[cfg(unix)]
    Syslog(PathBuf),
    /// The socket of systemd's journal.
    #[cfg(target_os = "linux")]
    Journald(PathBuf),
    /// The event log of Windows.
    #[cfg(windows)]
    EventLog,
}

impl Sink {
    /// A sink by its name, and its path after a colon.
    pub(super) fn parse(word: &str) -> Result<Self, AuditFault> {
        let (name, path) = word.split_once(':').map_or((word, None), |(name, path)| (name, Some(Path::new(path))));
        let sink = match (name, path) {
            (_, Some(path)) if path.as_os_str().is_empty() => None,
            ("file", Some(path)) => Some(Self::File(path.to_owned())),
            #[cfg(unix)]
            ("syslog", path) => Some(Self::Syslog(path.unwrap_or(Path::new(unix::SYSLOG)).to_owned())),
            #[cfg(target_os = "linux")]
            ("journald", path) => Some(Self::Journald(path.unwrap_or(Path::new(unix::JOURNAL)).to_owned())),
            #[cfg(windows)]
            ("eventlog", None) => Some(Self::EventLog),
            _ => None,
        };
        match path.filter(|path| sink.is_some() && !path.is_absolute()) {
            Some(path) => Err(AuditFault::RelativePath { path: path.to_owned() }),
            None => sink.ok_or_else(|| AuditFault::UnknownSink { sink: word.to_owned() }),
        }
    }

    /// Its path, for messages.
    pub(super) fn place(&self) -> &Path {
        match self {
            Self::File(path) => path,
            #[cfg(unix)]
            Self::Syslog(path) => path,
            #[cfg(target_os = "linux")]
            Self::Journald(path) => path,
            #[cfg(windows)]
            Self::EventLog => Path::new("the event log"),
        }
    }

    /// Gives it a line.
    pub(super) fn write(&self, line: &Line) -> io::Result<()> {
        match self {
            Self::File(path) => append(path, line),
            #[cfg(unix)]
            Self::Syslog(path) => unix::send(path, unix::syslog(line).as_bytes()),
            #[cfg(target_os = "linux")]
            Self::Journald(path) => unix::send(path, unix::journal(line).as_bytes()),
            #[cfg(windows)]
            Self::EventLog => otp_sys::report_event(IDENTIFIER, &line.text, line.is_refusal),
        }
    }
}

/// Appends a line with one call, so that no other process's line comes between.
fn append(path: &Path, line: &Line) -> io::Result<()> {
    let bytes = format!("{}\n", line.text).into_bytes();
    let mut file = otp_sys::open_log(path)?;
    loop {
        match file.write(&bytes) {
            Ok(count) if count == bytes.len() => return Ok(()),
            // What got into the file is not a line; readers of the log see that.
            Ok(_) => return Err(io::ErrorKind::StorageFull.into()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::unix::net::UnixDatagram;
    use std::path::Path;
    use std::time::Duration;

    use super::{IDENTIFIER, Line};

    /// Where the daemon of the system's log listens.
    pub(super) const SYSLOG: &str = if cfg!(target_os = "macos") { "/var/run/syslog" } else { "/dev/log" };
    /// Where systemd's journal listens.
    #[cfg(target_os = "linux")]
    pub(super) const JOURNAL: &str = "/run/systemd/journal/socket";
    /// How long to wait for a daemon that takes nothing.
    const PATIENCE: Duration = Duration::from_secs(2);

    /// Messages about security that are not for everybody (RFC 5424, section 6.2.1: `authpriv`).
    const FACILITY: u8 = 10;

    /// `notice`, or `warning` for a refusal.
    fn severity(line: &Line) -> u8 {
        if line.is_refusal { 4 } else { 5 }
    }

    /// A message as daemons take them from their own machine (RFC 3164, section 4.1, without time and host, which they know).
    pub(super) fn syslog(line: &Line) -> String {
        format!("<{}>{IDENTIFIER}[{}]: {}", FACILITY * 8 + severity(line), std::process::id(), line.text)
    }

    /// A message in the journal's native protocol: a field a line.
    #[cfg(target_os = "linux")]
    pub(super) fn journal(line: &Line) -> String {
        let severity = severity(line);
        let mut message = format!(
            "MESSAGE={}\nPRIORITY={severity}\nSYSLOG_FACILITY={FACILITY}\nSYSLOG_IDENTIFIER={IDENTIFIER}\n",
            line.text
        );
        for (name, value) in &line.parts {
            message.push_str(&format!("{name}={value}\n"));
        }
        message
    }

    /// Sends a message, whole or not at all.
    pub(super) fn send(path: &Path, message: &[u8]) -> io::Result<()> {
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.send_to(message, path).map(drop)
    }
}
