//! `otp_link._native`: converts Python's arguments, calls otp-link, and converts what it returns or raises.
//!
//! What users read and import is in the Python package `otp_link`.
#![forbid(unsafe_code)]
#![allow(clippy::doc_markdown, reason = "doc comments here become Python's docstrings")]
#![allow(clippy::needless_pass_by_value, reason = "arguments from Python come by value")]

mod account;
mod apply;
mod convert;
mod error;
mod fields;
mod hint;
mod interrupt;
mod keys;
mod renew;
mod ring;
mod store;
mod warning;
mod workflow;

use otp_core::Code;
use pyo3::prelude::*;

#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    otp_link::set_warning_handler(warning::raise);
    otp_link::interrupted_by(interrupt::is_wanted);
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    let codes: Vec<_> = Code::ALL.iter().map(|code| (code.number(), code.name(), code.summary())).collect();
    module.add("CODES", codes)?;
    module.add_class::<account::Account>()?;
    module.add_class::<account::RawFields>()?;
    module.add_class::<ring::RingAccount>()?;
    module.add_class::<ring::RingKey>()?;
    module.add_class::<renew::RotationPlan>()?;
    module.add_class::<store::KeyInfo>()?;
    module.add_class::<store::Fault>()?;
    module.add_class::<store::Verification>()?;
    for function in [
        wrap_pyfunction!(account::open_account, module)?,
        wrap_pyfunction!(keys::add_account, module)?,
        wrap_pyfunction!(keys::issue_key, module)?,
        wrap_pyfunction!(keys::rotate_account, module)?,
        wrap_pyfunction!(keys::revoke_key, module)?,
        wrap_pyfunction!(keys::write_key_file, module)?,
        wrap_pyfunction!(renew::plan_rotation, module)?,
        wrap_pyfunction!(renew::resume_rotation, module)?,
        wrap_pyfunction!(renew::abort_rotation, module)?,
        wrap_pyfunction!(renew::forget_rotation, module)?,
        wrap_pyfunction!(ring::init_ring, module)?,
        wrap_pyfunction!(ring::put_into_ring, module)?,
        wrap_pyfunction!(ring::show_ring, module)?,
        wrap_pyfunction!(ring::adopt_ring, module)?,
        wrap_pyfunction!(ring::export_key, module)?,
        wrap_pyfunction!(keys::write_key_credential, module)?,
        wrap_pyfunction!(store::remove_account, module)?,
        wrap_pyfunction!(store::list_accounts, module)?,
        wrap_pyfunction!(store::list_keys, module)?,
        wrap_pyfunction!(store::verify, module)?,
        wrap_pyfunction!(store::harden_process, module)?,
        wrap_pyfunction!(store::set_lock_timeout, module)?,
        wrap_pyfunction!(store::relock, module)?,
        wrap_pyfunction!(workflow::workflow_seal, module)?,
        wrap_pyfunction!(workflow::workflow_open, module)?,
    ] {
        module.add_function(function)?;
    }
    Ok(())
}
