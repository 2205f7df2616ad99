//! Work of microseconds, measured in one process: by the crate outside the workspace that knows the peers.

use otp_test_tools::turns::{Figure, together};
use xtask::Result;
use xtask::sh::output;

use super::{Findings, Scale};
use crate::peers;

pub(super) fn measure(scale: Scale, found: &mut Findings) -> Result<()> {
    let process = || -> Result<Vec<Figure>> {
        let lines = output(peers::command().args(["--quick", "--lines"]))?;
        Ok(lines.lines().filter_map(Figure::from_line).collect())
    };
    let processes = (0..scale.processes).map(|_| process()).collect::<Result<Vec<_>>>()?;
    found.figures.extend(together(&processes));
    Ok(())
}
