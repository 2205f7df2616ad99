//! What `FILE.used` holds: how many bytes from the start of the file are spent, and a CRC-32 that shows when it rots.
//!
//! One line, such as `used 1132 crc32 a44a219e`. The CRC-32 is that of zip, in hexadecimal, over the text before ` crc32`.

use otp_core::ct::crc32;

/// The longest text: 20 digits, and what stands around them.
pub(super) const MAX_LEN: usize = 64;

pub(super) fn encode(used: u64) -> String {
    let text = format!("used {used}");
    format!("{text} crc32 {:08x}\n", crc32(text.as_bytes()))
}

/// How many bytes are spent; `None` for whatever [`encode`] does not write.
pub(super) fn decode(text: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(text).ok()?.strip_prefix("used ")?.split(' ').next()?;
    let used = digits.parse().ok()?;
    (encode(used).as_bytes() == text).then_some(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        assert_eq!(encode(1132), "used 1132 crc32 a44a219e\n");
        for used in [0, 1, 1132, u64::MAX] {
            let text = encode(used);
            assert!(text.len() <= MAX_LEN);
            assert_eq!(decode(text.as_bytes()), Some(used));
            for at in 0..text.len() {
                assert_eq!(decode(&text.as_bytes()[..at]), None);
                for bit in 0..8 {
                    let mut rotten = text.clone().into_bytes();
                    rotten[at] ^= 1 << bit;
                    assert_eq!(decode(&rotten), None, "{}", String::from_utf8_lossy(&rotten));
                }
            }
            assert_eq!(decode(format!("{text}\n").as_bytes()), None);
        }
        for text in
            ["", "used", "used ", "used -1", "used +1", "used 01", "used 18446744073709551616", "1132\n", "used 1132\n"]
        {
            let sealed = format!("{text} crc32 {:08x}\n", crc32(text.as_bytes()));
            assert_eq!((decode(text.as_bytes()), decode(sealed.as_bytes())), (None, None), "{text}");
        }
    }
}
