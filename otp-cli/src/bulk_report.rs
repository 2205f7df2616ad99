//! [`BulkReport`]: the output of a command that does the same to many accounts.

use std::cell::{Cell, RefCell};
use std::io::{IsTerminal, Write};
use std::path::Path;

use otp_core::{Code, Holder};
use otp_link::{Item, State, redact};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::hint::{self, Named};
use crate::json;
use crate::terminal::{self, Progress};

/// Prints a line for each item as soon as it is done.
pub(crate) struct BulkReport<'a> {
    is_json: bool,
    /// The places that the command line names, for the hint.
    named: Named<'a>,
    /// `None` if the lines themselves are visible as they come.
    progress: Option<Progress>,
    /// The code of the first failure.
    failed: Cell<Option<Code>>,
    /// What to do about the first failure.
    hint: RefCell<Option<String>>,
    counts: RefCell<Vec<(&'static str, u64)>>,
    /// Why a line could not be printed. The work goes on; the next run finds what was done.
    unprinted: RefCell<Option<Error>>,
}

/// An item as JSON.
#[derive(Serialize)]
struct Entry<'a> {
    state: &'static str,
    account: &'a str,
    holder: Option<&'a str>,
    line: Option<usize>,
    key_file: Option<String>,
    code: Option<&'static str>,
    message: Option<String>,
}

impl<'a> BulkReport<'a> {
    pub(crate) fn begin(what: &'static str, is_json: bool, named: Named<'a>) -> Self {
        Self {
            is_json,
            named,
            progress: (!std::io::stdout().is_terminal()).then(|| Progress::begin(what)),
            failed: Cell::new(None),
            hint: RefCell::default(),
            counts: RefCell::default(),
            unprinted: RefCell::default(),
        }
    }

    /// Prints the lines of some items.
    pub(crate) fn add(&self, items: &[Item]) {
        let mut out = Vec::new();
        for item in items {
            self.progress.iter().for_each(Progress::step);
            self.count(item.state.name());
            if let Some(code) = item.state.code() {
                self.failed.set(self.failed.get().or(Some(code)));
            }
            self.note_hint(&item.state);
            if self.is_json {
                json::push(&mut out, &Entry::of(item));
            } else {
                out.extend_from_slice(text(item).as_bytes());
            }
            out.push(b'\n');
        }
        if let Err(error) = terminal::write_stdout(&out) {
            self.unprinted.borrow_mut().get_or_insert(error);
        }
    }

    /// Keeps what to do about the first failure.
    fn note_hint(&self, state: &State) {
        let State::Failed(error) = state else { return };
        if self.hint.borrow().is_none() {
            self.hint.replace(error.hint().map(|hint| redact(&hint::words(&hint, self.named))));
        }
    }

    fn count(&self, state: &'static str) {
        let mut counts = self.counts.borrow_mut();
        match counts.iter_mut().find(|(name, _)| *name == state) {
            Some((_, count)) => *count += 1,
            None => counts.push((state, 1)),
        }
    }

    /// Prints how many items ended in each state, and returns why the work stopped early, if it did.
    pub(crate) fn end(self, outcome: otp_link::Result<()>) -> Result<()> {
        drop(self.progress);
        let counts: Vec<String> = self.counts.take().iter().map(|(state, count)| format!("{count} {state}")).collect();
        if !counts.is_empty() {
            terminal::note(&counts.join(", "));
        }
        if let Some(hint) = self.hint.take() {
            let _ = writeln!(std::io::stderr(), "  hint: {hint}");
        }
        outcome?;
        match (self.failed.get(), self.unprinted.take()) {
            (Some(code), _) => Err(Error::Found(code)),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(()),
        }
    }
}

impl<'a> Entry<'a> {
    fn of(item: &'a Item) -> Self {
        let error = match &item.state {
            State::Failed(error) => Some(error),
            _ => None,
        };
        Self {
            state: item.state.name(),
            account: item.account.as_str(),
            holder: item.holder.as_ref().map(Holder::as_str),
            line: item.line,
            key_file: item.key_file.as_deref().map(|path| path.display().to_string()),
            code: item.state.code().map(Code::name),
            message: error.map(|error| redact(&error.message())),
        }
    }
}

/// State, account, holder, and the key file or the reason, with tabs between.
fn text(item: &Item) -> String {
    let holder = item.holder.as_ref().map_or("-", Holder::as_str);
    let last = match &item.state {
        State::Failed(error) => redact(&error.message()),
        _ => item.key_file.as_deref().map_or_else(|| "-".to_owned(), shown),
    };
    format!("{}\t{}\t{holder}\t{last}", item.state.name(), item.account)
}

/// A path on one line.
fn shown(path: &Path) -> String {
    redact(&path.display().to_string())
}
