//! What takes microseconds, in one process: from the crate outside the workspace that knows the peers.

use otp_test_tools::turns::Figure;
use xtask::Result;
use xtask::sh::output;

use super::{Findings, Scale};
use crate::peers;

pub(super) fn measure(scale: Scale, found: &mut Findings) -> Result<()> {
    let mut command = peers::command();
    if scale.quick {
        command.arg("--quick");
    }
    found.figures.extend(output(command.arg("--lines"))?.lines().filter_map(Figure::from_line));
    Ok(())
}
