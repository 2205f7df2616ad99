//! The scheme of Secure-Python-Link, under the same test.
//!
//! Pads and filler are drawn from 72 printable characters. A string of at most 23 characters is filled up to 23,
//! followed by two decimal digits for its length, and all 25 go under a pad of 25 such characters.

/// The longest string.
const LONGEST: u8 = 23;

/// The characters that pads are drawn from.
pub(crate) fn alphabet() -> Vec<u8> {
    (b'a'..=b'z').chain(b'A'..=b'Z').chain(b'0'..=b'9').chain(*b"!$%&*+=?#@").collect()
}

/// How often each stored byte occurs for one character of a secret, over all pads.
fn stored(character: u8) -> [u32; 256] {
    let mut counts = [0; 256];
    for pad in alphabet() {
        counts[usize::from(character ^ pad)] += 1;
    }
    counts
}

/// The test of `stored_frames`, for characters: whether all are stored with the same distribution.
pub(crate) fn is_secret() -> bool {
    let characters = alphabet();
    characters.iter().all(|character| stored(*character) == stored(characters[0]))
}

#[allow(clippy::cast_precision_loss, reason = "the numbers are small")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// How many bits of a character its stored byte reveals: their mutual information, for characters as likely as pads.
pub(crate) fn bits_per_character() -> f64 {
    let characters = alphabet();
    let pairs = characters.len() * characters.len();
    let mut total = [0; 256];
    for character in &characters {
        for (sum, count) in total.iter_mut().zip(stored(*character)) {
            *sum += count;
        }
    }
    let plain_bits = |count: u32| {
        let chance = ratio(count as usize, pairs);
        if count > 0 { -chance * chance.log2() } else { 0.0 }
    };
    // H(stored) - H(stored | character): if the character is fixed, the stored byte is as uncertain as the pad.
    total.into_iter().map(plain_bits).sum::<f64>() - ratio(characters.len(), 1).log2()
}

/// The chance that a guess of so many characters, drawn like a pad, can't be ruled out by what is stored.
pub(crate) fn guess_survives(len: i32) -> f64 {
    let characters = alphabet();
    let (mut survived, mut all) = (0, 0);
    for right in &characters {
        for pad in &characters {
            for guess in &characters {
                survived += usize::from(characters.contains(&(right ^ pad ^ guess)));
                all += 1;
            }
        }
    }
    ratio(survived, all).powi(len)
}

/// How many of the 24 lengths the two stored digits leave possible: on average over lengths and pads, and at worst.
pub(crate) fn lengths_left() -> (f64, usize) {
    let characters = alphabet();
    let digits = |len: u8| [b'0' + len / 10, b'0' + len % 10];
    let (mut sum, mut worst, mut all) = (0, usize::MAX, 0);
    for [tens, ones] in (0..=LONGEST).map(digits) {
        for first in &characters {
            for second in &characters {
                let stored = [tens ^ first, ones ^ second];
                let fits = |[a, b]: &[u8; 2]| [a ^ stored[0], b ^ stored[1]].iter().all(|pad| characters.contains(pad));
                let left = (0..=LONGEST).map(digits).filter(fits).count();
                (sum, worst, all) = (sum + left, worst.min(left), all + 1);
            }
        }
    }
    (ratio(sum, all), worst)
}

/// The number of lengths.
pub(crate) fn lengths() -> u8 {
    LONGEST + 1
}
