//! Unix: directories are held open and everything is named relative to them, so that nobody can swap a path meanwhile.

#[allow(unsafe_code, reason = "numbers that others gave to this process belong to no Rust value")]
mod descriptor;
mod dir;
#[allow(unsafe_code, reason = "pages of one's own come from the system alone")]
mod memory;
mod process;
mod stage;

pub use descriptor::{exec_with_fds, sealed_memory_file, take_fd};
pub(crate) use dir::{Dir, status_of};
pub use memory::LockedBuf;
pub use process::{Hardened, harden_process};
pub(crate) use process::{
    core_dump_limit, create_private, give_name, is_stream, lockable_memory, make_private_dir, make_private_dirs,
    name_count, nameless_private, open_any, standard_input, swap_devices, sync_parent, user,
};
pub(crate) use stage::Staged;
