//! `otp verify`: every record decodes and its CRC-32 holds; with keys given, their tags too.

use std::ops::ControlFlow;
use std::path::Path;

use otp_core::{Code, Coded, Kind, Slot, Store};
use otp_store_fs::FsStore;
use otp_store_fs::locate::LockedKey;
use serde::Serialize;

use crate::Result;
use crate::args::{KeyArgs, VerifyArgs};
use crate::error::Error;
use crate::session::{self, Session};
use crate::terminal::{self, Progress};

/// What `verify --json` prints.
#[derive(Serialize)]
struct Report {
    records: u64,
    keys: u64,
    faults: Vec<Fault>,
}

/// A record that is damaged, or a key that does not open its record.
#[derive(Serialize)]
struct Fault {
    account: String,
    id: String,
    code: &'static str,
    message: String,
    #[serde(skip)]
    number: Code,
}

impl Fault {
    fn new(slot: &Slot, code: Code, message: String) -> Self {
        Self { account: slot.account.to_string(), id: slot.id.to_string(), code: code.name(), message, number: code }
    }
}

pub(crate) fn run(session: &Session<'_>, args: &VerifyArgs) -> Result<()> {
    let store = session.store()?;
    let mut report = Report { records: 0, keys: 0, faults: Vec::new() };
    // First, so that a key that can't be read is known before a long look at everything.
    let keys: Vec<LockedKey> = args.key_file.iter().map(|path| read_key(path)).collect::<Result<_>>()?;
    verify_records(session, &store, &args.prefix, &mut report)?;
    for key in keys {
        let slot = Slot::record(key.account(), key.id());
        report.keys += 1;
        if let Err(error) = session.keeper(&store).verify(&key) {
            report.faults.push(Fault::new(&slot, error.code(), Error::from(error).to_string()));
        }
    }
    if args.json {
        terminal::write_json(&report)?;
    } else {
        print(&report)?;
    }
    // Damage first: it is what a wrong key may come from.
    let order = [Code::Damaged, Code::WrongKey, Code::NewerVersion];
    let rank = |code: Code| order.iter().position(|other| *other == code).unwrap_or(order.len());
    match report.faults.iter().map(|fault| fault.number).min_by_key(|code| rank(*code)) {
        Some(code) => Err(Error::Found(code)),
        None => Ok(()),
    }
}

fn read_key(path: &Path) -> Result<LockedKey> {
    session::read_key(&KeyArgs { key_file: Some(path.to_owned()), ..KeyArgs::default() })
}

fn verify_records(session: &Session<'_>, store: &FsStore, prefix: &str, report: &mut Report) -> Result<()> {
    let progress = Progress::counting("records verified");
    let keeper = session.keeper(store);
    store.list(prefix, &mut |slot| {
        if slot.kind == Kind::Record {
            progress.step();
            report.records += 1;
            if let Err(error) = keeper.key_info(&slot.account, slot.id) {
                report.faults.push(Fault::new(slot, error.code(), Error::from(error).to_string()));
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(())
}

fn print(report: &Report) -> Result<()> {
    let mut text = String::new();
    for Fault { account, id, message, .. } in &report.faults {
        text.push_str(&format!("{account} {id}: {message}\n"));
    }
    let faults = report.faults.len();
    let summary = if faults == 0 { "all well".to_owned() } else { format!("{faults} faulty") };
    text.push_str(&format!("{} records, {} keys: {summary}\n", report.records, report.keys));
    terminal::write_stdout(text.as_bytes())
}
