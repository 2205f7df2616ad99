//! Capacities and frames.

/// Every capacity, in bytes.
pub const CAPACITIES: [u64; 11] = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_535];

/// The payload in a frame.
#[must_use]
pub fn frame(frame: &[u8]) -> Option<&[u8]> {
    let capacity = frame.len().checked_sub(2).filter(|capacity| *capacity <= 65_535)?;
    let len = usize::from(frame[capacity]) * 256 + usize::from(frame[capacity + 1]);
    let payload = frame[..capacity].get(..len)?;
    frame[len..capacity].iter().all(|byte| *byte == 0).then_some(payload)
}
