//! The fields that a caller gives.

use otp_core::Account;
use otp_core::account::check_field_name;
use otp_sys::LockedBuf;

use crate::error::Result;

/// The fields of a new account or a new secret. Each name is there once.
pub(crate) fn collect(fields: &[(&str, &[u8])]) -> Result<Account<LockedBuf>> {
    let mut account = Account::in_memory();
    for (name, value) in fields {
        check_field_name(name)?;
        if account.fields().get(name).is_some() {
            return Err(otp_core::Error::DuplicateField.into());
        }
        account.set(name, value)?;
        value_input(account.fields().get(name).unwrap_or_default());
    }
    Ok(account)
}

/// Marks a value that has just come in as secret. Every value passes through here on its way to a record, from whatever
/// source; a front end that works on one earlier marks it as soon as it has it.
///
/// Only the build of `cargo xtask ct` does anything here.
pub fn value_input(value: &[u8]) {
    otp_sys::secret_input(value);
}
