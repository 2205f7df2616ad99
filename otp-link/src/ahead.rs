//! [`Ahead`]: a source that is asked once for everything that a command is likely to draw.

use otp_sys::LockedBuf;
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroize;

/// How many bytes are drawn at once: the start-up test takes 1,024, a generated password 32, a key of capacity 64 takes 108.
const LEN: usize = 2_048;

/// Draws ahead, into memory that is wiped as it is handed out.
///
/// A call to the system's source costs more than a byte, and a failing source then fails before anything has happened.
/// What is handed out is what the source gave, each byte once.
pub(crate) struct Ahead<R> {
    source: R,
    /// The bytes from `used` on are still to be handed out; those before are zeros.
    drawn: LockedBuf,
    used: usize,
}

impl<R> Ahead<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, drawn: LockedBuf::new(LEN), used: LEN }
    }
}

impl<R: TryCryptoRng> TryRng for Ahead<R> {
    type Error = R::Error;

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), R::Error> {
        let left = &mut self.drawn.as_mut()[self.used..];
        let (first, rest) = bytes.split_at_mut(left.len().min(bytes.len()));
        let given = &mut left[..first.len()];
        first.copy_from_slice(given);
        given.zeroize();
        self.used += first.len();
        if rest.len() >= LEN {
            return self.source.try_fill_bytes(rest);
        }
        if !rest.is_empty() {
            // If it fails, what it may have written is not handed out.
            let drawn = self.drawn.as_mut();
            if let Err(error) = self.source.try_fill_bytes(drawn) {
                drawn.zeroize();
                return Err(error);
            }
            let handed_out = &mut drawn[..rest.len()];
            rest.copy_from_slice(handed_out);
            handed_out.zeroize();
            self.used = rest.len();
        }
        Ok(())
    }

    fn try_next_u32(&mut self) -> Result<u32, R::Error> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, R::Error> {
        rand_core::utils::next_word_via_fill(self)
    }
}

impl<R: TryCryptoRng> TryCryptoRng for Ahead<R> {}

#[cfg(test)]
mod tests {
    use otp_core::key::drawn_len;
    use otp_core::random::HealthTested;
    use otp_core::{AccountName, Capacity, FreshKey};

    use super::*;

    /// Counts up, and notes the length of each draw. It fails from a byte on.
    struct Counting {
        next: usize,
        fails_at: usize,
        draws: Vec<usize>,
    }

    impl TryRng for Counting {
        type Error = std::io::Error;

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> std::io::Result<()> {
            self.draws.push(bytes.len());
            for byte in bytes {
                if self.next == self.fails_at {
                    return Err(std::io::Error::other("dry"));
                }
                // A period longer than a byte's, so that a repetition would show.
                *byte = u8::try_from(self.next % 251).unwrap();
                self.next += 1;
            }
            Ok(())
        }

        fn try_next_u32(&mut self) -> std::io::Result<u32> {
            rand_core::utils::next_word_via_fill(self)
        }

        fn try_next_u64(&mut self) -> std::io::Result<u64> {
            rand_core::utils::next_word_via_fill(self)
        }
    }

    impl TryCryptoRng for Counting {}

    fn counting(fails_at: usize) -> Ahead<Counting> {
        Ahead::new(Counting { next: 0, fails_at, draws: Vec::new() })
    }

    #[test]
    fn what_is_handed_out_is_what_the_source_gave_each_byte_once() {
        let mut ahead = counting(usize::MAX);
        let mut given = Vec::new();
        for len in [1, 0, 2_047, 1, 2_048, 3, 10_000, 4_096, 7, 2_047, 2_049] {
            let mut bytes = vec![0; len];
            ahead.try_fill_bytes(&mut bytes).unwrap();
            given.extend_from_slice(&bytes);
            assert!(ahead.drawn.as_ref()[..ahead.used].iter().all(|byte| *byte == 0), "what was handed out is wiped");
        }
        let counted: Vec<u8> = (0..given.len()).map(|n| u8::try_from(n % 251).unwrap()).collect();
        assert_eq!(given, counted);
    }

    #[test]
    fn a_command_that_generates_a_password_and_makes_a_key_draws_once() {
        let mut ahead = counting(usize::MAX);
        let mut tested = HealthTested::new(&mut ahead);
        tested.try_fill_bytes(&mut [0; 32]).unwrap();
        let account: AccountName = "edms/reporting".parse().unwrap();
        FreshKey::generate_owned(&account, Capacity::MIN, &mut tested).unwrap();
        drop(tested);
        assert_eq!(
            (ahead.source.draws, ahead.used),
            (vec![LEN], 1_024 + 32 + drawn_len(Capacity::MIN, std::num::NonZeroU8::MIN))
        );
    }

    #[test]
    fn a_source_that_fails_gives_nothing_of_what_it_wrote() {
        let mut ahead = counting(LEN + 5);
        ahead.try_fill_bytes(&mut [0; LEN - 1]).unwrap();
        let mut bytes = [0xaa; 2];
        for _ in 0..2 {
            assert!(ahead.try_fill_bytes(&mut bytes).is_err());
            assert_eq!((bytes[1], ahead.used), (0xaa, LEN));
            assert!(ahead.drawn.as_ref().iter().all(|byte| *byte == 0));
        }
    }
}
