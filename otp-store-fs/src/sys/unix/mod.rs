//! Unix: directories are held open and everything is named relative to them, so that nobody can swap a path meanwhile.

mod dir;
mod process;
mod stage;

pub(crate) use dir::Dir;
pub(crate) use process::{make_private_dirs, user};
pub(crate) use stage::Staged;
