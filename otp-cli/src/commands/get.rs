//! `otp get`: opens an account and prints what is in it.

use otp_core::AccountName;

use crate::Result;
use crate::args::GetArgs;
use crate::format;
use crate::session::{self, Session};
use crate::terminal;

pub(crate) fn run(session: &Session<'_>, args: &GetArgs) -> Result<()> {
    let named = args.account.as_deref().map(AccountName::parse).transpose()?;
    let secret = session.open(&args.source, named.as_ref())?;
    let fields = session::fields(&secret)?;
    match &args.field {
        Some(name) => terminal::write_stdout(session::field(&fields, name)?),
        None => terminal::write_stdout(&format::account(&fields, args.format)?),
    }
}
