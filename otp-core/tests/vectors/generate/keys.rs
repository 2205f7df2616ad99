//! Keys as text.

use otp_core::{Capacity, Key};
use otp_reference::{KeyParts, key_contents, key_text, raw_key_text};

use super::{Cases, sealed, sealed_paged, terms};

/// A valid key.
fn good(cases: &mut Cases, what: &str, text: &str, name: &str) {
    cases.case("key", what, "ok");
    if text.trim_ascii() == text {
        cases.line("key", text);
    } else {
        cases.hex("key-hex", text.as_bytes());
    }
    let mut buffer = vec![0; text.len()];
    let key = Key::parse(text.as_bytes(), &mut buffer[..]).unwrap();
    assert_eq!(key.account().as_str(), name);
    cases.line("account", name).line("id", &key.id().to_string());
    cases.number("capacity", key.capacity().bytes() as u64).number("pages", key.pages().get());
}

/// An invalid key.
fn bad(cases: &mut Cases, what: &str, expect: &str, text: &[u8]) {
    cases.case("key", what, expect);
    match std::str::from_utf8(text) {
        Ok(text) if text.trim() == text && text.chars().all(|c| c.is_ascii_graphic()) => cases.line("key", text),
        _ => cases.hex("key-hex", text),
    };
}

/// The key that most cases change.
fn plain() -> String {
    sealed("edms/reporting", Capacity::try_from(128).unwrap(), &terms(), b"", 20).0
}

pub(super) fn keys(cases: &mut Cases) {
    let longest = "a".repeat(128);
    let names = ["a", "ab", "abc", "abcd", "edms/reporting", "a.b-c_d/0", "a-schedulers-field/ends/at/255.x", &longest];
    for (seed, name) in (1..).zip(names) {
        let (text, _) = sealed(name, Capacity::MIN, &terms(), b"", seed);
        good(cases, &format!("a name of {} bytes", name.len()), &text, name);
    }
    let text = plain();
    good(cases, "capacity 128", &text, "edms/reporting");
    good(cases, "upper case", &text.to_ascii_uppercase(), "edms/reporting");
    good(cases, "white space around it", &format!("\r\n\t {text} \t\r\n"), "edms/reporting");
    good(cases, "form feeds around it", &format!("\u{c}{text}\u{c}"), "edms/reporting");
    for (pages, capacity, seed) in [(2, 64, 21), (12, 64, 22), (255, 64, 23), (2, 128, 24)] {
        let capacity = Capacity::try_from(capacity).unwrap();
        let (text, _) = sealed_paged("edms/reporting", capacity, pages, &terms(), b"", seed);
        let what = format!("{pages} pages of capacity {}", capacity.bytes());
        good(cases, &what, &text, "edms/reporting");
    }
    let (text, _) = sealed(&longest, Capacity::MAX, &terms(), b"", 25);
    assert_eq!(text.len(), otp_core::key::MAX_TEXT_LEN);
    good(cases, "the longest key", &text, &longest);
    let longer = [&key_contents(&text)[..], &[0; 5]].concat();
    bad(cases, "a byte more than the longest key", "malformed-key length", raw_key_text(&longer).as_bytes());
}

pub(super) fn bad_texts(cases: &mut Cases) {
    let text = plain();
    let mut bad = |what: &str, expect: &str, text: &[u8]| bad(cases, what, expect, text);
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
    bad("a version of 40 digits", "newer-version", format!("otpk{}_{body}", "9876543210".repeat(4)).as_bytes());
    bad(
        "a version of 40 digits that starts with 0",
        "malformed-key prefix",
        format!("otpk{}_", "0123456789".repeat(4)).as_bytes(),
    );
    bad("a version that is not decimal", "malformed-key prefix", format!("otpk2a_{body}").as_bytes());
    bad("a version without an underscore", "malformed-key prefix", b"otpk2");
    for (what, space) in [("vertical tab", &b"\x0b"[..]), ("NUL", b"\0"), ("no-break space", "\u{a0}".as_bytes())] {
        bad(&format!("a {what} before it"), "malformed-key prefix", &[space, text.as_bytes()].concat());
    }
    for (what, space) in [("vertical tab", b'\x0b'), ("NUL", b'\0'), ("no-break space of Latin-1", 0xa0)] {
        bad(&format!("a {what} behind it"), "malformed-key character", &[text.as_bytes(), &[space]].concat());
    }
    bad("space behind the prefix", "malformed-key character", format!("otpk1_ {}", &body[1..]).as_bytes());
    bad("two characters", "malformed-key length", b"otpk1_aa");
    bad("three characters, of no known length", "malformed-key length", b"otpk1_aaa");
    bad("a length of 8k + 3, and a character that no key has", "malformed-key length", b"otpk1_aaaaaaaa1aa");
    bad("too short, and a character that no key has", "malformed-key character", b"otpk1_a1");
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
}

pub(super) fn bad_contents(cases: &mut Cases) {
    let text = plain();
    let contents = key_contents(&text);
    assert_eq!((key_text(&contents), KeyParts::decode(&contents).unwrap().encode()), (text, contents.clone()));
    let mut changed = |what: &str, expect: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut contents = contents.clone();
        change(&mut contents);
        bad(cases, what, expect, key_text(&contents).as_bytes());
    };
    let fault = "malformed-key contents";
    changed("2 pages, and the bytes of one", fault, &|bytes| bytes[2] = 2);
    changed("1 page, and the bytes of two", fault, &|bytes| bytes.extend([7; 32 + 130]));
    changed("2 pages, and three bytes", fault, &|bytes| {
        bytes[2] = 2;
        bytes.truncate(3);
    });
    changed("255 pages, which would be longer than any key", fault, &|bytes| {
        bytes[..3].copy_from_slice(&[0xff, 0xff, 255]);
    });
    changed("no page", fault, &|bytes| bytes[2] = 0);
    changed("a capacity that is not one of the classes", fault, &|bytes| bytes[1] = 129);
    changed("another capacity", fault, &|bytes| bytes[1] = 64);
    changed("a byte of the pad missing", fault, &|bytes| bytes.truncate(bytes.len() - 1));
    changed("a byte behind the pad", fault, &|bytes| bytes.push(0));
    changed("a name longer than the key", fault, &|bytes| bytes[3] = 255);
    changed("a name that is shorter than it says", fault, &|bytes| bytes[3] -= 1);
    changed("no name", fault, &|bytes| {
        bytes[3] = 0;
        bytes.drain(4..18);
    });
    for len in [129, 255] {
        changed(&format!("a name of {len} bytes"), fault, &|bytes| {
            bytes[3] = len;
            bytes.splice(4..18, vec![b'a'; len.into()]);
        });
    }
    changed("a name that is not UTF-8", fault, &|bytes| bytes[4] = 0xff);
    changed("a name in upper case", fault, &|bytes| bytes[4] = b'E');
    changed("a name that leaves the store", fault, &|bytes| bytes[4..18].copy_from_slice(b"a/../reporting"));
    changed("nothing but what comes first", fault, &|bytes| bytes.truncate(3));
    changed("no contents", fault, &|bytes| bytes.clear());
}
