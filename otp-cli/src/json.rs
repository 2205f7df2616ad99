//! JSON for programs and people; `docs/json.md` documents it, and schemas check it.

use otp_core::{AccountName, Holder, UnixTime};
use otp_link::KeyInfo;
use serde::Serialize;

use crate::error::Result;
use crate::terminal;

/// An account as `info --json` and `list --json` print it.
#[derive(Serialize)]
pub(crate) struct AccountInfo {
    account: String,
    keys: Vec<KeyEntry>,
}

#[derive(Serialize)]
struct KeyEntry {
    id: String,
    holder: Option<String>,
    created: String,
    expires: Option<String>,
    capacity: usize,
    page: u8,
    pages: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    grace_ends: Option<String>,
}

impl AccountInfo {
    pub(crate) fn new(account: &AccountName, infos: &[KeyInfo]) -> Self {
        let time = |time: UnixTime| time.to_string();
        let keys = infos.iter().map(|KeyInfo { header, grace, .. }| KeyEntry {
            id: header.id.to_string(),
            holder: header.terms.holder.as_ref().map(Holder::to_string),
            created: header.terms.created.to_string(),
            expires: header.terms.expires.map(time),
            capacity: header.capacity.bytes(),
            page: header.page,
            pages: header.pages,
            grace_ends: grace.map(time),
        });
        Self { account: account.to_string(), keys: keys.collect() }
    }
}

/// Prints one JSON value.
pub(crate) fn print(value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value).expect("what is printed has only names and numbers");
    text.push(b'\n');
    terminal::write_stdout(&text)
}

/// Appends one JSON value in one line.
pub(crate) fn push(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("what is printed has only names and numbers");
}
