//! A file for each command: its arguments, and a function that carries it out.

pub(crate) mod add;
pub(crate) mod audit;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod get;
pub(crate) mod import;
pub(crate) mod import_many;
pub(crate) mod info;
pub(crate) mod inspect;
pub(crate) mod issue;
pub(crate) mod list;
pub(crate) mod manual;
pub(crate) mod presets;
pub(crate) mod remove;
pub(crate) mod renew;
pub(crate) mod revoke;
pub(crate) mod ring;
pub(crate) mod rotate;
pub(crate) mod rotate_all;
pub(crate) mod run;
pub(crate) mod store;
pub(crate) mod verify;
