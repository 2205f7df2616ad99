//! `otp audit`: what an audit log says.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use otp_core::{AccountName, Code, UnixTime};
use otp_link::redact;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::{json, terminal, time};

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    Show(ShowArgs),
}

/// Show an audit log that OTP_AUDIT=file:PATH has written
#[derive(Args)]
#[command(after_help = "Example: otp audit show /var/log/otp.jsonl --account edms/reporting --since 7d\n\n\
    Lines that are not whole are counted on standard error, and the exit code is then 7. The log is evidence, not proof: \
    those who can write the file can change it.")]
pub(crate) struct ShowArgs {
    /// Read this file
    pub(crate) file: PathBuf,
    /// Show only events of this account
    #[arg(long, value_name = "NAME")]
    pub(crate) account: Option<String>,
    /// Show only events since then: 7d, 2027-01-31, 2027-01-31T18:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Print an array of objects
    #[arg(long)]
    pub(crate) json: bool,
}

/// An event, as in a line of the log and in the output of `--json`.
#[derive(Deserialize, Serialize)]
struct Entry {
    v: u8,
    time: String,
    event: String,
    result: String,
    account: Option<String>,
    key_id: Option<String>,
    holder: Option<String>,
    host: Option<String>,
    /// A number; on Windows, a security identifier.
    uid: Value,
    euid: Value,
    pid: u32,
    ppid: Option<u32>,
    program: Option<String>,
}

/// The version of the lines.
const VERSION: u8 = 1;
/// How each line begins. Inside a JSON string, these quotes would be escaped.
const START: &[u8] = b"{\"v\":";

pub(crate) fn show(args: &ShowArgs) -> Result<()> {
    let account = args.account.as_deref().map(AccountName::parse).transpose()?;
    let since = args.since.as_deref().map(|text| time::parse_since(text, UnixTime::now())).transpose()?;
    let unreadable = |source| otp_link::Error::FileNotRead { path: args.file.clone(), source };
    let file = File::open(&args.file).map_err(unreadable)?;
    // Printed all at once at the end, or not at all.
    let (mut out, mut separator, mut damaged) = (Vec::new(), "[\n", 0_u64);
    for line in BufReader::new(file).split(b'\n') {
        let (event, is_whole) = read(&line.map_err(unreadable)?);
        damaged += u64::from(!is_whole);
        let is_meant = |event: &Entry| {
            account.as_ref().is_none_or(|account| event.account.as_deref() == Some(account.as_str()))
                && since.is_none_or(|since| time::at(&event.time).is_some_and(|at| at >= since))
        };
        match event.filter(is_meant) {
            Some(event) if args.json => {
                out.extend_from_slice(std::mem::replace(&mut separator, ",\n").as_bytes());
                json::push(&mut out, &event);
            }
            Some(event) => out.extend_from_slice(event.text().as_bytes()),
            None => {}
        }
    }
    if args.json {
        out.extend_from_slice(if out.is_empty() { b"[]\n" } else { b"\n]\n" });
    }
    terminal::write_stdout(&out)?;
    if damaged > 0 {
        terminal::warn(&format!("{damaged} of the lines are not whole, or not of a version that this program knows"));
        return Err(Error::Found(Code::Damaged));
    }
    Ok(())
}

/// The event in a line, and whether it is all of it. After a line cut off by a full disk, another may follow.
fn read(line: &[u8]) -> (Option<Entry>, bool) {
    let parse = |text: &[u8]| serde_json::from_slice(text).ok().filter(|event: &Entry| event.v == VERSION);
    if let Some(event) = parse(line) {
        return (Some(event), true);
    }
    let start = line.windows(START.len()).rposition(|window| window == START);
    (start.and_then(|start| parse(&line[start..])), line.is_empty())
}

impl Entry {
    /// A line for people, redacted: it holds whatever those who can write to the log put there.
    fn text(&self) -> String {
        let or_dash = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), redact);
        let user = |user: &Value| redact(&user.as_str().map_or_else(|| user.to_string(), str::to_owned));
        let mut text = format!(
            "{}  {:<6}  {:<13}  {}  {}  {}  {}@{}  {}[{}]\n",
            redact(&self.time),
            redact(&self.event),
            redact(&self.result),
            or_dash(&self.account),
            or_dash(&self.key_id),
            or_dash(&self.holder),
            user(&self.uid),
            or_dash(&self.host),
            or_dash(&self.program),
            self.pid
        );
        if self.uid != self.euid {
            text.insert_str(text.len() - 1, &format!(" as {}", user(&self.euid)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"v":1,"time":"2026-11-27T09:20:21Z","event":"open","result":"ok","account":"a","key_id":"iwaa5yaar3knnvgd","holder":"{\"v\":1","host":"vm","uid":0,"euid":0,"pid":1,"ppid":null,"program":"otp"}"#;

    fn found(line: &str) -> (Option<String>, bool) {
        let (event, is_whole) = read(line.as_bytes());
        (event.and_then(|event| event.holder), is_whole)
    }

    #[test]
    fn a_line_that_was_cut_off_hides_none_behind_it() {
        let holder = Some("{\"v\":1".to_owned());
        assert_eq!(found(LINE), (holder.clone(), true));
        assert_eq!(found(&format!("{}{LINE}", &LINE[..LINE.len() - 30])), (holder, false));
        assert_eq!(found(&LINE[..LINE.len() - 1]), (None, false));
        assert_eq!(found(&LINE.replace("\"v\":1,", "\"v\":2,")), (None, false));
        assert_eq!(found("\u{0}"), (None, false));
        assert_eq!(found(""), (None, true));
    }

    #[test]
    fn what_others_wrote_into_a_log_does_not_reach_the_terminal_as_it_is() {
        let line = LINE.replace("\"otp\"", "\"\\u001b[2J otpk1_abc\"");
        let (event, _) = read(line.as_bytes());
        let text = event.unwrap().text();
        assert!(text.contains("\\u{1b}[2J otpk1_...[1]\n") && !text.contains('\u{1b}'), "{text}");
    }
}
