//! What all trials share, and how they report.

use crate::folder::Workplace;
use crate::operations::{self, Operation};
use crate::scene::{Otp, Scenes};

/// What all trials share.
pub(crate) struct Context {
    pub(crate) place: Workplace,
    pub(crate) otp: Otp,
    pub(crate) scenes: Scenes,
    pub(crate) quick: bool,
    /// Only operations whose names contain this are tried.
    pub(crate) only: String,
    /// How long the load lasts.
    pub(crate) seconds: u64,
}

impl Context {
    /// The operations to try.
    pub(crate) fn operations(&self) -> Vec<Operation> {
        operations::all().into_iter().filter(|operation| operation.name.contains(&self.only)).collect()
    }
}

/// The results of one operation.
pub(crate) struct Row {
    pub(crate) operation: String,
    pub(crate) points: usize,
    pub(crate) losses: Vec<String>,
}
