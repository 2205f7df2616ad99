//! Unix: directories are held open and everything is named relative to them, so that nobody can swap a path meanwhile.

mod dir;
mod make;
mod stage;

pub(crate) use dir::Dir;
pub(crate) use stage::Staged;
