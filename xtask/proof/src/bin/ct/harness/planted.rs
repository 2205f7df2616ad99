//! The kinds of leaks that compilers and programmers introduce. Memcheck must detect each of them.

use std::hint::black_box;

use otp_proof::memcheck::{Finding, hide, watch};

/// Runs each leak, and returns what memcheck detected.
pub(crate) fn leaks() -> Vec<Finding> {
    let mut secret = [b's', b'3'];
    hide(&mut secret);
    let table: Vec<u8> = (0..=255).collect();
    let (branch, ()) = watch("a branch on a secret byte", || {
        if black_box(secret[0]) == b's' {
            black_box(tick());
        }
    });
    let (index, ()) = watch("an index that is a secret byte", || {
        black_box(black_box(&table)[usize::from(black_box(secret[1]))]);
    });
    let (early, _) = watch("a comparison that stops early", || {
        let guess = black_box(*b"s4");
        black_box(secret.iter().zip(&guess).position(|(byte, guess)| black_box(byte) != guess))
    });
    let (through, ()) = watch("a branch on the bits of a key's text, behind the decoder", || {
        let mut body = black_box([0; 5]);
        let mut text = *b"aebagbaf";
        hide(&mut text);
        for (byte, character) in body.iter_mut().zip(text) {
            *byte ^= character.wrapping_mul(3);
        }
        if black_box(body[2]) & 4 == 0 {
            black_box(tick());
        }
    });
    vec![branch, index, early, through]
}

#[inline(never)]
fn tick() -> u32 {
    println!("    (a branch was taken)");
    1
}
