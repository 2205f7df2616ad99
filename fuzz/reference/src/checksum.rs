//! The checksum at the end of keys, records and notes.

/// As CRC catalogues describe it; `check` is its value for `123456789`.
const CHECKSUM: crc::Algorithm<u32> = crc::Algorithm {
    width: 32,
    poly: 0x8000_01fb,
    init: 0,
    refin: false,
    refout: false,
    xorout: 0xffff_ffff,
    check: 0x0b4b_4bfc,
    residue: 0x8000_f09b,
};

/// The checksum of bytes, computed independently of the core.
#[must_use]
pub fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc::Crc::<u32>::new(&CHECKSUM).checksum(bytes).to_be_bytes()
}

/// Sets the checksum at the end of a key, record or note to match the bytes before it.
pub fn set_checksum(bytes: &mut [u8]) {
    if let Some(body) = bytes.len().checked_sub(4) {
        let checksum = checksum(&bytes[..body]);
        bytes[body..].copy_from_slice(&checksum);
    }
}
