//! Frames: a payload brought to one of a few public sizes by zero filler and a length suffix.
//!
//! ```text
//! payload | filler, all zero | length of the payload, 2 bytes, big-endian
//! '------ capacity ---------'
//! ```
//!
//! The pad covers the whole frame, so only the capacity shows, not the payload's length.

use crate::ct;
use crate::error::Error;

/// The length of the length suffix in bytes.
pub const SUFFIX_LEN: usize = 2;

/// The largest payload of a frame: one of a few public classes.
///
/// ```
/// use otp_core::Capacity;
///
/// let capacity = Capacity::fitting(70)?;
/// assert_eq!(capacity.bytes(), 128);
/// assert_eq!(capacity.frame_len(), 130);
/// # Ok::<(), otp_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Capacity(u16);

impl Capacity {
    /// The smallest class, 64 bytes.
    pub const MIN: Self = Self(64);
    /// The largest class, 65,535 bytes.
    pub const MAX: Self = Self(u16::MAX);
    /// Every class, from the smallest up: the powers of two from 64 to 32,768, and 65,535.
    pub const ALL: &'static [Self] = &[
        Self::MIN,
        Self(128),
        Self(256),
        Self(512),
        Self(1024),
        Self(2048),
        Self(4096),
        Self(8192),
        Self(16_384),
        Self(32_768),
        Self::MAX,
    ];

    /// The smallest class for a payload of `len` bytes.
    ///
    /// # Errors
    ///
    /// [`Error::PayloadTooLong`] past 65,535.
    pub fn fitting(len: usize) -> Result<Self, Error> {
        let fitting = Self::ALL.iter().copied().find(|capacity| capacity.bytes() >= len);
        fitting.ok_or(Error::PayloadTooLong { len, capacity: Self::MAX.bytes() })
    }

    /// The largest payload, in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0 as usize
    }

    /// The length of a frame, and so of its pad and ciphertext: `capacity + 2` bytes.
    #[must_use]
    pub const fn frame_len(self) -> usize {
        self.bytes() + SUFFIX_LEN
    }

    pub(crate) const fn to_u16(self) -> u16 {
        self.0
    }
}

/// The class of exactly that many bytes; [`Error::InvalidCapacity`] if there is no such class.
impl TryFrom<usize> for Capacity {
    type Error = Error;

    fn try_from(bytes: usize) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|capacity| capacity.bytes() == bytes).ok_or(Error::InvalidCapacity)
    }
}

/// Writes the payload into a frame: payload, zero filler, length suffix.
///
/// The frame's own length gives the capacity: `frame.len() - 2`.
///
/// # Errors
///
/// [`Error::PayloadTooLong`] if the payload does not fit, or its length does not fit the suffix;
/// [`Error::BufferTooSmall`] if the frame has no room for a suffix. The frame is then unchanged.
pub fn encode(payload: &[u8], frame: &mut [u8]) -> Result<(), Error> {
    let Some(capacity) = frame.len().checked_sub(SUFFIX_LEN) else {
        return Err(Error::BufferTooSmall { needed: SUFFIX_LEN });
    };
    let too_long = Error::PayloadTooLong { len: payload.len(), capacity };
    let suffix = u16::try_from(payload.len()).map_err(|_| too_long)?;
    if payload.len() > capacity {
        return Err(too_long);
    }
    let (content, length) = frame.split_at_mut(capacity);
    let (start, filler) = content.split_at_mut(payload.len());
    start.copy_from_slice(payload);
    filler.fill(0);
    length.copy_from_slice(&suffix.to_be_bytes());
    Ok(())
}

/// Reads the payload out of a frame.
///
/// `frame` is `capacity + 2` bytes: payload, zero filler, payload length (big-endian `u16`). Every byte is read, whatever
/// the length says: the time depends on `frame.len()` alone, until the payload is handed over.
///
/// # Errors
///
/// [`Error::MalformedFrame`]: the length exceeds the capacity, or a filler byte is not zero. The error does not say which.
pub fn decode(frame: &[u8]) -> Result<&[u8], Error> {
    let Some((content, &[high, low])) = frame.split_last_chunk::<SUFFIX_LEN>() else {
        return Err(Error::MalformedFrame);
    };
    let len = u32::from(u16::from_be_bytes([high, low]));
    // No frame is longer than its suffix can express. Its length is public.
    let capacity = u16::try_from(content.len()).map_err(|_| Error::MalformedFrame)?;

    let mut faults = !ct::mask_from(u32::from(capacity), len);
    for (index, byte) in (0_u32..).zip(content) {
        faults |= byte & ct::mask_from(index, len);
    }
    if !ct::none_set(u32::from(faults)) {
        return Err(Error::MalformedFrame);
    }
    content.get(..ct::reveal(len) as usize).ok_or(Error::MalformedFrame)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a frame means, without regard to time.
    fn by_the_book(frame: &[u8]) -> Option<&[u8]> {
        let capacity = frame.len().checked_sub(2)?;
        let len = usize::from(frame[capacity]) * 256 + usize::from(frame[capacity + 1]);
        let payload = frame[..capacity].get(..len)?;
        frame[len..capacity].iter().all(|byte| *byte == 0).then_some(payload)
    }

    #[test]
    fn every_frame_of_capacity_one_decodes_by_the_book() {
        for n in 0..1_u32 << 24 {
            let [_, payload, high, low] = n.to_be_bytes();
            let frame = [payload, high, low];
            assert_eq!(decode(&frame).ok(), by_the_book(&frame), "{frame:02x?}");
        }
    }

    #[test]
    fn every_length_of_the_smaller_classes_comes_back() {
        for capacity in [Capacity::MIN, Capacity(128), Capacity(256)] {
            for len in 0..=capacity.bytes() {
                let mut frame = [0xaa; 258];
                let frame = &mut frame[..capacity.frame_len()];
                let payload = &[0x55; 256][..len];
                encode(payload, frame).unwrap();
                assert_eq!(decode(frame), Ok(payload));
            }
        }
    }

    #[test]
    fn a_payload_that_does_not_fit_leaves_the_frame_as_it_was() {
        let mut frame = [7; 4];
        assert_eq!(encode(&[1; 3], &mut frame), Err(Error::PayloadTooLong { len: 3, capacity: 2 }));
        assert_eq!(frame, [7; 4]);
        assert_eq!(encode(&[], &mut [0]), Err(Error::BufferTooSmall { needed: 2 }));
    }

    #[test]
    fn the_largest_frame_is_the_longest_that_decodes() {
        let mut frame = std::vec![1; Capacity::MAX.frame_len()];
        let payload = std::vec![9; 65_535];
        encode(&payload, &mut frame).unwrap();
        assert_eq!(decode(&frame), Ok(&payload[..]));
        let mut longer = std::vec![0; Capacity::MAX.frame_len() + 1];
        assert_eq!(decode(&longer), Err(Error::MalformedFrame));
        assert!(encode(&std::vec![9; 65_536], &mut longer).is_err());
    }

    #[test]
    fn frames_too_short_for_a_suffix_are_malformed() {
        assert_eq!(decode(&[]), Err(Error::MalformedFrame));
        assert_eq!(decode(&[0]), Err(Error::MalformedFrame));
        assert_eq!(decode(&[0, 0]), Ok(&[][..]));
    }

    #[test]
    fn capacities_are_the_public_classes_only() {
        for bytes in 0..=u16::MAX {
            let listed = Capacity::ALL.iter().any(|capacity| capacity.bytes() == usize::from(bytes));
            assert_eq!(Capacity::try_from(usize::from(bytes)).is_ok(), listed);
        }
        assert_eq!(Capacity::fitting(0), Ok(Capacity::MIN));
        assert_eq!(Capacity::fitting(64), Ok(Capacity::MIN));
        assert_eq!(Capacity::fitting(65), Ok(Capacity(128)));
        assert_eq!(Capacity::fitting(65_535), Ok(Capacity::MAX));
        assert_eq!(Capacity::fitting(65_536), Err(Error::PayloadTooLong { len: 65_536, capacity: 65_535 }));
    }
}
