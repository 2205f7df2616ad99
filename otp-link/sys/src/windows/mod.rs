//! Windows: one idea per file.
#![allow(unsafe_code, reason = "the standard library has none of these calls")]

mod access;
mod console;
mod credential;
mod event_log;
mod files;
mod helper;
mod machine;
mod memory;
mod paths;
mod patience;
mod process;
mod sid;
mod streams;

pub use access::{AccessList, Party, access_list, access_of};
pub use console::{has_console, read_console, write_output};
pub use credential::{MAX_CREDENTIAL_LEN, read_credential, write_credential};
pub use event_log::report_event;
pub use files::{
    create_private, file_kind, give_name, make_new_private_dir, make_private_dir, make_private_dirs,
    make_private_dirs_unsynced, open_log, open_with_status, status_from, status_of, status_of_part, sync_file_system,
    sync_parent, unnamed_private, user,
};
pub use helper::{Helper, HelperInput, HelperOutput, own_library, quiet_thread};
pub use machine::{identity, machine_id};
pub use memory::{core_dump_limit, lockable_memory, swap_devices};
pub(crate) use memory::{lock_pages, map_locked, unmap_locked};
pub use paths::check_name;
pub use patience::{is_in_use, patiently};
pub use process::{Running, harden_process, start};
pub use sid::user_sid;
pub use streams::{inherited, is_stream, standard_input, standard_output, take_fd};
