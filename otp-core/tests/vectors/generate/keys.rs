//! The texts of keys.

use otp_core::{Capacity, Key};
use otp_reference::{key_contents, key_text};

use super::{Cases, sealed, terms};

pub(super) fn keys(cases: &mut Cases) {
    let capacity = Capacity::try_from(128).unwrap();
    let good = |cases: &mut Cases, what: &str, text: &str, name: &str, capacity: Capacity| {
        cases.case("key", what, "ok");
        if text.trim_ascii() == text {
            cases.line("key", text);
        } else {
            cases.hex("key-hex", text.as_bytes());
        }
        let mut buffer = vec![0; text.len()];
        let key = Key::parse(text.as_bytes(), &mut buffer[..]).unwrap();
        assert_eq!((key.account().as_str(), key.capacity()), (name, capacity));
        cases.line("account", name).line("id", &key.id().to_string());
        cases.number("capacity", capacity.bytes() as u64).number("pages", key.pages().get());
    };
    let longest = "a".repeat(128);
    let names = ["a", "ab", "abc", "abcd", "edms/reporting", "a.b-c_d/0", "a-schedulers-field/ends/at/255.x", &longest];
    for (seed, name) in (1..).zip(names) {
        let (text, _) = sealed(name, Capacity::MIN, &terms(), b"", seed);
        good(cases, &format!("a key with a name of {} bytes", name.len()), &text, name, Capacity::MIN);
    }
    let (text, _) = sealed("edms/reporting", capacity, &terms(), b"", 20);
    good(cases, "a key of capacity 128", &text, "edms/reporting", capacity);
    good(cases, "upper case", &text.to_ascii_uppercase(), "edms/reporting", capacity);
    good(cases, "white space around it", &format!("\r\n\t {text} \t\r\n"), "edms/reporting", capacity);

    let mut bad = |what: &str, expect: &str, text: &[u8]| {
        cases.case("key", what, expect);
        match std::str::from_utf8(text) {
            Ok(text) if text.trim() == text && text.chars().all(|c| c.is_ascii_graphic()) => cases.line("key", text),
            _ => cases.hex("key-hex", text),
        };
    };
    let body = &text["otpk1_".len()..];
    bad("nothing", "malformed-key prefix", b"");
    bad("white space alone", "malformed-key prefix", b" \n");
    bad("no prefix", "malformed-key prefix", body.as_bytes());
    bad("a prefix without a version", "malformed-key prefix", format!("otpk_{body}").as_bytes());
    bad("version 0", "malformed-key prefix", format!("otpk0_{body}").as_bytes());
    bad("a version that starts with 0", "malformed-key prefix", format!("otpk02_{body}").as_bytes());
    bad("a prefix of both cases", "malformed-key prefix", format!("Otpk1_{body}").as_bytes());
    bad("something before the prefix", "malformed-key prefix", format!("key={text}").as_bytes());
    bad("version 2", "newer-version", format!("otpk2_{body}").as_bytes());
    bad("version 2 in upper case", "newer-version", b"OTPK2_WHATEVER THAT IS");
    bad("version 10", "newer-version", b"otpk10_");
    bad("the prefix alone", "malformed-key length", b"otpk1_");
    for cut in [1, 2, 3, 8] {
        let length = body.len() - cut;
        let fault = if matches!(length % 8, 1 | 3 | 6) { "length" } else { "checksum" };
        let what = format!("{cut} of the last characters missing");
        bad(&what, &format!("malformed-key {fault}"), &text.as_bytes()[..text.len() - cut]);
    }
    bad("a character too much", "malformed-key checksum", format!("{text}a").as_bytes());
    bad("two characters too much", "malformed-key length", format!("{text}aa").as_bytes());
    bad("eight characters too much", "malformed-key checksum", format!("{text}aaaaaaaa").as_bytes());
    let with = |at: usize, character: &str| format!("{}{character}{}", &text[..at], &text[at + 1..]);
    for character in ["1", "8", "0", "=", " ", "_", "\n", "\0"] {
        bad(&format!("the character {character:?} in it"), "malformed-key character", with(40, character).as_bytes());
    }
    let mut not_ascii = text.clone().into_bytes();
    not_ascii[40] = 0xe9;
    bad("a byte that is no character in it", "malformed-key character", &not_ascii);
    bad("an upper-case character among lower-case ones", "malformed-key character", with(40, "B").as_bytes());
    bad("an upper-case prefix before lower case", "malformed-key character", format!("OTPK1_{body}").as_bytes());
    let other = if text.as_bytes()[40] == b'q' { "r" } else { "q" };
    bad("one character mistyped", "malformed-key checksum", with(40, other).as_bytes());
    let mut swapped = text.clone().into_bytes();
    let at = (20..swapped.len() - 1).find(|at| swapped[*at] != swapped[at + 1]).unwrap();
    swapped.swap(at, at + 1);
    bad("two characters swapped", "malformed-key checksum", &swapped);
    let last = "abcdefghijklmnopqrstuvwxyz234567".find(&text[text.len() - 1..]).unwrap();
    assert_ne!(body.len() * 5 % 8, 0);
    let unused = &"abcdefghijklmnopqrstuvwxyz234567"[last + 1..last + 2];
    bad("a bit set beyond the last byte", "malformed-key checksum", with(text.len() - 1, unused).as_bytes());

    let contents = key_contents(&text);
    assert_eq!(key_text(&contents), text);
    let mut changed = |what: &str, expect: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut contents = contents.clone();
        change(&mut contents);
        bad(what, expect, key_text(&contents).as_bytes());
    };
    changed("two pads", "newer-version", &|bytes| bytes[2] = 2);
    let fault = "malformed-key contents";
    changed("no pad", fault, &|bytes| bytes[2] = 0);
    changed("a capacity that is not one of the classes", fault, &|bytes| bytes[1] = 129);
    changed("another capacity", fault, &|bytes| bytes[1] = 64);
    changed("a byte of the pad missing", fault, &|bytes| bytes.truncate(bytes.len() - 1));
    changed("a byte too much", fault, &|bytes| bytes.push(0));
    changed("a name longer than the key", fault, &|bytes| bytes[3] = 255);
    changed("a name that is shorter than it says", fault, &|bytes| bytes[3] -= 1);
    changed("no name", fault, &|bytes| {
        bytes[3] = 0;
        bytes.drain(4..18);
    });
    changed("a name that is not UTF-8", fault, &|bytes| bytes[4] = 0xff);
    changed("a name in upper case", fault, &|bytes| bytes[4] = b'E');
    changed("a name that leaves the store", fault, &|bytes| bytes[4..18].copy_from_slice(b"a/../reporting"));
    changed("nothing but what comes first", fault, &|bytes| bytes.truncate(3));
    changed("nothing", fault, &|bytes| bytes.clear());
}
