//! `otp list`: the accounts of the store.

use std::ops::ControlFlow;

use otp_core::keeper::KeepError;
use otp_core::{AccountName, Kind, Store};
use otp_store_fs::FsStore;

use super::info::AccountInfo;
use crate::Result;
use crate::args::ListArgs;
use crate::session::Session;
use crate::terminal;

pub(crate) fn run(session: &Session<'_>, args: &ListArgs) -> Result<()> {
    let store = session.store()?;
    let keeper = session.keeper(&store);
    // All at once in the end, or nothing.
    let mut out = Vec::new();
    let mut separator: &[u8] = b"[\n";
    for_each_account(&store, &args.prefix, |account| {
        if !args.json {
            out.extend_from_slice(format!("{account}\n").as_bytes());
            return Ok(());
        }
        let infos = match keeper.info(account) {
            // Removed since it was listed.
            Err(KeepError::NoAccount { .. }) => return Ok(()),
            infos => infos?,
        };
        out.extend_from_slice(std::mem::replace(&mut separator, b",\n"));
        terminal::push_json(&mut out, &AccountInfo::new(account, &infos));
        Ok(())
    })?;
    if args.json {
        out.extend_from_slice(if out.is_empty() { b"[]\n" } else { b"\n]\n" });
    }
    terminal::write_stdout(&out)
}

/// Gives each account that has a record, in the order of their names.
pub(crate) fn for_each_account(
    store: &FsStore,
    prefix: &str,
    mut each: impl FnMut(&AccountName) -> Result<()>,
) -> Result<()> {
    let mut last: Option<AccountName> = None;
    let mut result = Ok(());
    store.list(prefix, &mut |slot| {
        if slot.kind == Kind::Record && last.as_ref() != Some(&slot.account) {
            last = Some(slot.account.clone());
            result = each(&slot.account);
        }
        if result.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    result
}
