//! `otp key inspect`: what is public in a key.

use serde::Serialize;

use crate::Result;
use crate::args::InspectArgs;
use crate::session;
use crate::terminal;

/// What `key inspect --json` prints.
#[derive(Serialize)]
struct KeyReport {
    account: String,
    id: String,
    capacity: usize,
    pages: u8,
    characters: usize,
}

pub(crate) fn run(args: &InspectArgs) -> Result<()> {
    let key = session::read_key(&args.key)?;
    let report = KeyReport {
        account: key.account().to_string(),
        id: key.id().to_string(),
        capacity: key.capacity().bytes(),
        pages: key.pages(),
        characters: key.text_len(),
    };
    if args.json {
        return terminal::write_json(&report);
    }
    let text = format!(
        "account     {}\nkey id      {}\ncapacity    {}\ncharacters  {}\n",
        report.account, report.id, report.capacity, report.characters
    );
    terminal::write_stdout(text.as_bytes())
}
