//! The parts of a header: bytes, varints, and byte strings prefixed by their lengths. `docs/format.md` specifies them.
//!
//! Numbers are postcard's varints, one at a time: a whole header through postcard would cost a device 3,000 bytes of
//! code. Postcard writes them. Reading them here takes less code than refusing the longer forms that postcard accepts.

/// The longest varint: 42 bits, more than any number in a header needs.
const VARINT_MAX_LEN: usize = 6;

/// Takes parts from the front of bytes. Reading returns `None` for anything that [`Writer`] does not write.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes have not been taken yet.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.rest.split_off_first().copied()
    }

    /// A number: 7 bits per byte, the lowest first, in as few bytes as possible. All but the last have the top bit set.
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let len = self.rest.iter().position(|byte| byte >> 7 == 0)? + 1;
        let taken = self.take(len)?;
        let is_shortest = !matches!(taken, [_, .., 0]);
        (is_shortest && len <= VARINT_MAX_LEN)
            .then(|| taken.iter().rfold(0, |number, byte| number << 7 | u64::from(byte & 0x7f)))
    }

    /// Bytes prefixed by their length.
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.varint()?;
        self.take(usize::try_from(len).ok()?)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        utf8(self.bytes()?)
    }

    /// Whether an optional part follows: a 1 if so, a 0 if not.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            flag @ 0..=1 => Some(flag == 1),
            _ => None,
        }
    }
}

/// The bytes as text; `None` if they are empty or not UTF-8. On a device, `from_utf8` takes more code.
pub(crate) fn utf8(bytes: &[u8]) -> Option<&str> {
    let chunk = bytes.utf8_chunks().next()?;
    chunk.invalid().is_empty().then_some(chunk.valid())
}

/// Writes parts to the front of a buffer. Writing returns `None` once there is no room.
pub(crate) struct Writer<'a> {
    room: &'a mut [u8],
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(buffer: &'a mut [u8]) -> Self {
        Self { room: buffer }
    }

    /// How many bytes have not been written yet.
    pub(crate) const fn left(&self) -> usize {
        self.room.len()
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) -> Option<()> {
        self.room.split_off_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(())
    }

    pub(crate) fn varint(&mut self, number: u64) -> Option<()> {
        let len = postcard::to_slice(&number, self.room).ok()?.len();
        self.room.split_off_mut(..len).map(drop)
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        self.varint(bytes.len() as u64)?;
        self.put(bytes)
    }

    pub(crate) fn flag(&mut self, follows: bool) -> Option<()> {
        self.put(&[follows.into()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: u64) -> ([u8; 10], usize) {
        let mut bytes = [0; 10];
        let mut writer = Writer::new(&mut bytes);
        writer.varint(number).unwrap();
        let len = 10 - writer.left();
        (bytes, len)
    }

    #[test]
    fn numbers_come_back_up_to_42_bits() {
        let powers = (0..64).map(|bit| 1_u64 << bit);
        for number in powers.flat_map(|power| [power - 1, power, power + 1]).chain([u64::MAX]) {
            let (bytes, len) = written(number);
            let mut reader = Reader::new(&bytes[..len]);
            let short = number >> 42 == 0;
            assert_eq!(reader.varint(), short.then_some(number));
            assert_eq!(reader.left(), 0);
            assert_eq!(len <= VARINT_MAX_LEN, short);
        }
    }

    #[test]
    fn all_pairs_of_bytes_are_the_number_that_is_written_so_or_none() {
        for pair in 0..=u16::MAX {
            let pair = pair.to_be_bytes();
            let mut reader = Reader::new(&pair);
            let number = reader.varint();
            let len = 2 - reader.left();
            // Overlong, or not at its end.
            let refused = pair[0] >= 0x80 && (pair[1] == 0 || pair[1] >= 0x80);
            assert_eq!(number.is_none(), refused, "{pair:?}");
            if let Some(number) = number {
                let (bytes, written) = written(number);
                assert_eq!(bytes[..written], pair[..len]);
            }
        }
    }

    #[test]
    fn what_has_no_room_is_not_written() {
        for room in 0..7 {
            let mut bytes = [0; 7];
            let mut writer = Writer::new(&mut bytes[..room]);
            assert_eq!(writer.flag(true).and_then(|()| writer.bytes(b"texts")), None);
        }
    }

    #[test]
    fn a_flag_is_one_of_two_bytes() {
        for byte in 0..=u8::MAX {
            assert_eq!(Reader::new(&[byte]).flag(), [false, true].get(usize::from(byte)).copied());
        }
    }
}
