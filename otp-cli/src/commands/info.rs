//! `otp info`: the keys of an account. All of it is public.

use otp_core::keeper::KeyInfo;
use otp_core::{AccountName, Holder};
use serde::Serialize;

use crate::Result;
use crate::args::InfoArgs;
use crate::session::Session;
use crate::terminal;
use crate::time;

/// An account as `info --json` and `list --json` print it; `docs/json.md` documents it, schemas check it.
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
        let keys = infos.iter().map(|KeyInfo { header, grace }| KeyEntry {
            id: header.id.to_string(),
            holder: header.terms.holder.as_ref().map(Holder::to_string),
            created: time::rfc3339(header.terms.created),
            expires: header.terms.expires.map(time::rfc3339),
            capacity: header.capacity.bytes(),
            page: header.page,
            pages: header.pages,
            grace_ends: grace.map(time::rfc3339),
        });
        Self { account: account.to_string(), keys: keys.collect() }
    }
}

pub(crate) fn run(session: &Session<'_>, args: &InfoArgs) -> Result<()> {
    let name = AccountName::parse(&args.account)?;
    let store = session.store()?;
    let infos = session.keeper(&store).info(&name)?;
    if args.json {
        return terminal::write_json(&AccountInfo::new(&name, &infos));
    }
    let mut text =
        format!("{name}\n  key id            created               expires               capacity  holder\n");
    for KeyInfo { header, grace } in &infos {
        let terms = &header.terms;
        let expires = terms.expires.map_or_else(|| "never".to_owned(), time::rfc3339);
        let holder = terms.holder.as_ref().map_or("-", Holder::as_str);
        let (id, created, capacity) = (header.id, time::rfc3339(terms.created), header.capacity.bytes());
        text.push_str(&format!("  {id}  {created}  {expires:<20}  {capacity:>8}  {holder}"));
        if let Some(until) = grace {
            text.push_str(&format!(" (replaced; opens the old secret until {})", time::rfc3339(*until)));
        }
        text.push('\n');
    }
    terminal::write_stdout(text.as_bytes())
}
