//! The CRC-32 at the end of keys, records and notes.

/// Makes the CRC-32 at the end of a key, record or note fit what is before it.
pub fn set_crc(bytes: &mut [u8]) {
    let reference = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    if let Some(body) = bytes.len().checked_sub(4) {
        let crc = reference.checksum(&bytes[..body]);
        bytes[body..].copy_from_slice(&crc.to_le_bytes());
    }
}
