//! Many accounts at once: importing, rotating and exporting them. Each gets a line of a report.

mod import;
mod item;
mod key_dir;
mod key_name;
mod look;

pub use self::import::{Import, import_accounts, plan_import};
pub use self::item::{Item, State};
