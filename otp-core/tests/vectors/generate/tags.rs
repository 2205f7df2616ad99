//! The authenticator, and tags over headers and ciphertexts.

use otp_core::tag::Tag;

use super::Cases;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().filter_map(|c| c.to_digit(16)).map(|digit| u8::try_from(digit).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

/// Eight bytes in hex, padded with zeros to `len` bytes.
fn padded(hex: &str, len: usize) -> Vec<u8> {
    let mut value = bytes(hex);
    value.resize(len, 0);
    value
}

pub(super) fn poly1305(cases: &mut Cases) {
    const SUBMISSION: &str = "Any submission to the IETF intended by the Contributor for publication as all or part of an \
        IETF Internet-Draft or RFC and any statement made within the context of an IETF activity is considered an \
        \"IETF Contribution\". Such statements include oral statements in IETF sessions, as well as written and electronic \
        communications made at any time or place, which are addressed to";
    const TOVES: &str = "'Twas brillig, and the slithy toves\nDid gyre and gimble in the wabe:\n\
        All mimsy were the borogoves,\nAnd the mome raths outgrabe.";
    let ones = "ff".repeat(16);
    let long = "e33594d7505e43b900000000000000003394d7505e4379cd01000000000000000000000000000000000000000000000001";
    let four = padded("010000000000000004", 32);
    // Section, key, message, tag.
    let vectors = [
        (
            "2.5.2",
            bytes("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b"),
            b"Cryptographic Forum Research Group".to_vec(),
            bytes("a8061dc1305136c6c22b8baf0c0127a9"),
        ),
        ("A.3 #1", vec![0; 32], vec![0; 64], vec![0; 16]),
        (
            "A.3 #2",
            bytes(&("00".repeat(16) + "36e5f6b5c5e06070f0efca96227a863e")),
            SUBMISSION.into(),
            bytes("36e5f6b5c5e06070f0efca96227a863e"),
        ),
        (
            "A.3 #3",
            padded("36e5f6b5c5e06070f0efca96227a863e", 32),
            SUBMISSION.into(),
            bytes("f3477e7cd95417af89a6b8794c310cf0"),
        ),
        (
            "A.3 #4",
            bytes("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0"),
            TOVES.into(),
            bytes("4541669a7eaaee61e708dc7cbcc5eb62"),
        ),
        ("A.3 #5", padded("02", 32), bytes(&ones), padded("03", 16)),
        ("A.3 #6", [padded("02", 16), bytes(&ones)].concat(), padded("02", 16), padded("03", 16)),
        ("A.3 #7", padded("01", 32), padded(&(ones.clone() + "f0" + &ones[2..] + "11"), 48), padded("05", 16)),
        ("A.3 #8", padded("01", 32), bytes(&(ones.clone() + "fb" + &"fe".repeat(15) + &"01".repeat(16))), vec![0; 16]),
        ("A.3 #9", padded("02", 32), bytes(&("fd".to_owned() + &ones[2..])), bytes(&("fa".to_owned() + &ones[2..]))),
        ("A.3 #10", four.clone(), padded(long, 64), padded("140000000000000055", 16)),
        ("A.3 #11", four, bytes(&long[..96]), padded("13", 16)),
    ];
    for (source, key, message, tag) in vectors {
        cases.case("poly1305", &format!("RFC 8439, {source}"), "ok");
        cases.hex("key", &key).hex("message", &message).hex("tag", &tag);
    }
}

pub(super) fn tags(cases: &mut Cases) {
    let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 7 + 1).unwrap());
    let bytes: Vec<u8> = (0..100).collect();
    for (header, ciphertext) in [(0, 0), (1, 0), (0, 1), (15, 17), (16, 16), (17, 66), (33, 66)] {
        let (header, ciphertext) = (&bytes[..header], &bytes[..ciphertext]);
        let what = format!("a header of {} bytes and a ciphertext of {}", header.len(), ciphertext.len());
        cases.case("tag", &what, "ok").hex("key", &key).hex("header", header).hex("ciphertext", ciphertext);
        cases.hex("tag", Tag::compute(&key, header, ciphertext).as_bytes());
    }
}
