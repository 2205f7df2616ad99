//! What the core costs on a small device.

use xtask::Result;

use super::Findings;
use crate::emulated::stack_of;
use crate::size::{TARGETS, text_of};

pub(super) fn measure(found: &mut Findings) -> Result<()> {
    for (target, machine) in TARGETS {
        let (device, text) = text_of(target)?;
        found.sizes.push((format!(".text that parses, decodes and opens, {target}"), text));
        match stack_of(&device, machine) {
            Ok(stack) => found.sizes.push((format!("stack of the same, {target}"), stack)),
            Err(error) => found.missing.push(format!("stack, {target} ({error})")),
        }
    }
    Ok(())
}
