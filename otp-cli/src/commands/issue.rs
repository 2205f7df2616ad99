//! `otp issue`: one more caller gets a key of its own.

use otp_core::AccountName;
use otp_core::store::{Slot, Store};

use crate::Result;
use crate::args::IssueArgs;
use crate::handover::Destination;
use crate::session::{self, Session};

pub(crate) fn run(session: &Session<'_>, args: &IssueArgs) -> Result<()> {
    let name = AccountName::parse(&args.account)?;
    let grant = session.grant(&args.grant)?;
    let destination = Destination::find(args.new_key_file.as_deref())?;
    let key = session::read_key(&args.key)?;
    session::check_account(&key, Some(&name))?;

    let store = session.store()?;
    let _lock = store.lock(&name)?;
    let new = session.keeper(&store).alone().issue(key, &grant, &mut otp_core::random::system())?;
    destination.hand_over(&new).inspect_err(|_| {
        // A key that nobody has would only be in the way. What can't be taken back is told by `otp info`.
        let _ = store.remove(&Slot::record(&name, new.id()));
    })
}
