//! `otp doctor`: looks at store, key files and system, and says how to mend what is wrong.
use crate::Result;
use crate::args::DoctorArgs;
use crate::session::Session;

pub(crate) fn run(_session: &Session<'_>, _args: &DoctorArgs) -> Result<()> {
    Ok(())
}
