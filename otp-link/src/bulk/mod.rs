//! Many accounts at once: importing, rotating and exporting them. Each gets a line of a report.

mod export;
mod import;
mod item;
mod key_dir;
mod key_name;
mod look;
mod rotate;

pub use self::export::export_accounts;
pub use self::import::{Import, import_accounts, plan_import};
pub use self::item::{Item, State};
pub use self::rotate::{RenewAll, plan_renew_all, renew_all};
