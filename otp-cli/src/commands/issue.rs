//! `otp issue`: one more caller gets a key of its own.

use otp_core::store::{Slot, Store};
use otp_core::{AccountName, Key};

use crate::Result;
use crate::args::IssueArgs;
use crate::handover::Destination;
use crate::randomness::{self, Randomness};
use crate::session::{self, Session};

pub(crate) fn run(session: &Session<'_>, args: &IssueArgs) -> Result<()> {
    let name = AccountName::parse(&args.account)?;
    let grant = session.grant(&args.grant)?;
    let destination = Destination::find(args.new_key_file.as_deref())?;
    randomness::check_streams(&[
        ("key", session::key_stream(&args.key)),
        ("extra entropy", randomness::stream_of(args.entropy.extra_entropy.as_deref())),
    ])?;
    let entropy = randomness::open(&args.entropy)?;
    let mut rng = Randomness::new(entropy.as_ref());
    let key = session::read_key(&args.key)?;
    session::check_account(&key, Some(&name))?;

    let store = session.store()?;
    let _lock = store.lock(&name)?;
    let keeper = session.keeper(&store).alone();
    if rng.is_mixed() {
        // Nothing of it should be spent on a key that does not open.
        keeper.verify(&key)?;
        rng.reserve(Key::<Vec<u8>>::drawn_len(grant.capacity.unwrap_or(key.capacity())))?;
    }
    let new = keeper.issue(key, &grant, &mut rng)?;
    destination.hand_over(&new).inspect_err(|_| {
        // A key that nobody has would only be in the way. What can't be taken back is told by `otp info`.
        let _ = store.remove(&Slot::record(&name, new.id()));
    })
}
