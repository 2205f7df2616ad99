//! Claims: at most one run seals the pages of a generation (rule 1).

use alloc::boxed::Box;

use rand_core::TryCryptoRng;

use super::ring_keeper::RingKeeper;
use crate::keeper::KeepError;
use crate::name::AccountName;
use crate::ring::{Entry, Ring};
use crate::store::{Slot, Store};

/// The length of a claim in bytes: a random number of the run's own, so that two runs can't both find theirs.
pub const CLAIM_LEN: usize = 16;

/// How many generations a run tries to claim before it gives up.
const TRIES: usize = 8;

impl<S: Store, R: Ring> RingKeeper<'_, '_, S, R> {
    /// Claims the next generation for this run, which then may seal one page of each key.
    ///
    /// The order is the rule: the ring's mark is durable, the put of the claim answered `true`, the claim is the highest, and
    /// the run's own staged record is still there. A claim whose answer is in doubt is lost, and the next one is tried.
    pub(super) fn claim<G>(&self, account: &AccountName, staged: &Slot, rng: &mut G) -> Result<u64, KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let mut nonce = [0; CLAIM_LEN];
        rng.try_fill_bytes(&mut nonce).map_err(|error| KeepError::Randomness(Box::new(error)))?;
        let overtaken = || KeepError::Overtaken { account: account.clone().into() };
        let mut failure = None;
        for _ in 0..TRIES {
            let reached = self.ledger(account)?.reached(account, &self.keeper.survey(account)?)?;
            let next = reached.checked_add(1).ok_or_else(overtaken)?;
            self.mark(account, Entry::Spent(next))?;
            match self.keeper.put(&Slot::claim(account, next), &nonce) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => {
                    failure = Some(error);
                    continue;
                }
            }
            let survey = self.keeper.survey(account)?;
            if survey.staged != [staged.id] {
                return Err(overtaken());
            }
            if survey.highest_claim() == next {
                return Ok(next);
            }
        }
        Err(failure.unwrap_or_else(overtaken))
    }
}
