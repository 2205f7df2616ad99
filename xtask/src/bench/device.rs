//! What the core takes of a small device.

use xtask::Result;

use super::Findings;
use crate::size::{TARGETS, text_of};

pub(super) fn measure(found: &mut Findings) -> Result<()> {
    for target in TARGETS {
        found.sizes.push((format!(".text that parses, decodes and opens, {target}"), text_of(target)?.1));
    }
    Ok(())
}
