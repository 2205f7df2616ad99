//! The plain form of `otp get` and `otp run`, parsed without building the command line's full definition.
//!
//! Scripts wait for these two commands, and defining their options costs more than opening the record. Everything else,
//! such as a request for help, an unknown option or two that exclude each other, goes to the full parser, which says
//! what is wrong. A test checks that both give the same answers.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::commands::get::GetArgs;
use crate::commands::run::RunArgs;
use crate::format::Format;
use crate::options::{Globals, KeyArgs, SourceArgs};

/// The options that take a value: those of all commands, which may come before the command, and those of these two.
const GLOBAL: &[&str] = &["store"];
const GET: &[&str] = &["store", "key-file", "key-fd", "key", "record", "field", "format"];
const RUN: &[&str] = &["store", "key-file", "key-fd", "key", "record", "env", "stdin", "fd", "file"];

/// The parsed command.
pub(crate) enum Quick {
    Get(GetArgs),
    Run(RunArgs),
}

/// Parses the arguments after the program's name; `None` if they are not in the plain form.
pub(crate) fn parse(arguments: &[OsString]) -> Option<(Globals, Quick)> {
    let at = arguments.iter().position(|word| word == "get" || word == "run")?;
    let (before, command) = arguments.split_at(at);
    let (command, behind) = command.split_first()?;
    let mut options = Options::default();
    options.scan(before, GLOBAL)?;
    if !options.positional.is_empty() || options.after.is_some() {
        return None;
    }
    if command == "get" {
        options.scan(behind, GET)?;
        get(options)
    } else {
        options.scan(behind, RUN)?;
        run(options)
    }
}

fn get(mut options: Options<'_>) -> Option<(Globals, Quick)> {
    let (globals, source) = options.shared()?;
    let account = match options.positional.as_slice() {
        [] => None,
        [account] => Some(account.to_str()?.to_owned()),
        _ => return None,
    };
    let field = options.text("field").ok()?;
    let format = match (options.text("format").ok()?.as_deref(), &field) {
        (None | Some("text"), None) | (None, Some(_)) => Format::Text,
        (Some("json"), None) => Format::Json,
        (Some("env"), None) => Format::Env,
        (Some("shell"), None) => Format::Shell,
        (Some("powershell"), None) => Format::Powershell,
        (Some("fish"), None) => Format::Fish,
        (Some("dotenv"), None) => Format::Dotenv,
        _ => return None,
    };
    let args = GetArgs { account, source, field, format, template: None, template_file: None };
    options.done(globals, Quick::Get(args)).filter(|_| options.after.is_none())
}

fn run(mut options: Options<'_>) -> Option<(Globals, Quick)> {
    let (globals, source) = options.shared()?;
    let command = options.after?.to_vec();
    if command.is_empty() || !options.positional.is_empty() {
        return None;
    }
    let args = RunArgs {
        source,
        env: options.texts("env")?,
        stdin: options.text("stdin").ok()?,
        fd: options.texts("fd")?,
        file: options.texts("file")?,
        preset: None,
        set: Vec::new(),
        command,
    };
    options.done(globals, Quick::Run(args))
}

/// Not in the plain form: an option occurs twice, or its value is not UTF-8.
struct NotPlain;

/// The parts of a command line in the plain form.
#[derive(Default)]
struct Options<'a> {
    values: Vec<(&'a str, &'a OsStr)>,
    no_input: bool,
    positional: Vec<&'a OsStr>,
    /// What follows `--`.
    after: Option<&'a [OsString]>,
}

impl<'a> Options<'a> {
    /// Adds the parts of these arguments; `None` if one is not plain.
    fn scan(&mut self, arguments: &'a [OsString], known: &[&str]) -> Option<()> {
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if !argument.as_encoded_bytes().starts_with(b"-") {
                self.positional.push(argument);
                continue;
            }
            match argument.to_str()?.strip_prefix("--")? {
                "" => {
                    self.after = Some(rest.as_slice());
                    break;
                }
                "no-input" if !self.no_input => self.no_input = true,
                option => {
                    let (name, value) = match option.split_once('=') {
                        Some((name, value)) => (name, OsStr::new(value)),
                        None => (option, rest.next()?.as_os_str()),
                    };
                    let bytes = value.as_encoded_bytes();
                    let plain = !bytes.is_empty() && (bytes == b"-" || !bytes.starts_with(b"-"));
                    if !plain || !known.contains(&name) {
                        return None;
                    }
                    self.values.push((name, value));
                }
            }
        }
        Some(())
    }

    fn shared(&mut self) -> Option<(Globals, SourceArgs)> {
        let store = self.take("store").ok()?.map(PathBuf::from);
        let record = self.take("record").ok()?.map(PathBuf::from);
        if store.is_some() && record.is_some() {
            return None;
        }
        let key_fd = match self.text("key-fd").ok()? {
            Some(number) => Some(number.parse().ok()?),
            None => None,
        };
        let key_file = self.take("key-file").ok()?.map(PathBuf::from);
        let key = self.take("key").ok()?.map(OsStr::to_owned);
        let key = KeyArgs { key_file, key_fd, key_credential: None, key, key_file_mode: None };
        Some((Globals { store, no_input: self.no_input, lock_timeout: None, yes: false }, SourceArgs { key, record }))
    }

    /// The value of an option that may occur once.
    fn take(&mut self, name: &str) -> Result<Option<&'a OsStr>, NotPlain> {
        let Some(at) = self.values.iter().position(|(other, _)| *other == name) else {
            return Ok(None);
        };
        let (_, value) = self.values.remove(at);
        if self.values.iter().any(|(other, _)| *other == name) { Err(NotPlain) } else { Ok(Some(value)) }
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, NotPlain> {
        let text = |value: &OsStr| value.to_str().map(str::to_owned).ok_or(NotPlain);
        self.take(name)?.map(text).transpose()
    }

    fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let (these, others) = self.values.drain(..).partition(|(other, _)| *other == name);
        self.values = others;
        let these: Vec<(&str, &OsStr)> = these;
        these.into_iter().map(|(_, value)| value.to_str().map(str::to_owned)).collect()
    }

    /// The result, if every option was used.
    fn done(&self, globals: Globals, command: Quick) -> Option<(Globals, Quick)> {
        self.values.is_empty().then_some((globals, command))
    }
}
