//! Many accounts at once: importing, rotating and exporting them. Each gets a line of a report.

mod chunk;
mod export;
mod import;
mod item;
mod key_dir;
mod key_name;
mod look;
mod options;
mod rotate;

pub use self::export::export_accounts;
pub use self::import::{import_accounts, plan_import};
pub use self::item::{Item, State};
pub use self::options::Import;
pub use self::rotate::{RenewAll, plan_renew_all, renew_all};
