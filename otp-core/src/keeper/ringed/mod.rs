//! [`RingKeeper`]: what an administrator does with a store and a ring.
//!
//! The rules of rings, pages and rotations that change the database are numbered in `docs/rotation.md`; comments cite
//! them where they apply.

mod apply;
mod begun;
mod claim;
mod classify;
mod end;
mod export;
mod grant;
mod ledger;
mod prepared;
mod publish;
mod resume;
mod ring_keeper;
mod rotate;
mod succeed;
mod verify;

pub use apply::{Applied, Change};
pub use claim::CLAIM_LEN;
pub use export::{Held, HeldKey};
pub use ledger::CLAIMS_AHEAD;
pub use prepared::Vacancy;
pub use publish::Published;
pub use ring_keeper::RingKeeper;
pub use rotate::RingRotation;
pub use verify::{RingFault, RingFinding};
