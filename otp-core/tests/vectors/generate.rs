//! Makes the vectors: cases for every reader of keys, records, notes and tags, each with what it must answer.

use std::fmt::Write;

use otp_core::tag::Tag;
use otp_core::{Capacity, FreshKey, Key, Note, Record, Terms, UnixTime, ct, seal};

use crate::support::{Parts, account, holder, key_contents, key_text, mend, payload, rng, tag_key, time};

const PREAMBLE: &str = "\
# Vectors for otp's formats, as docs/format.md specifies them. Made by otp-core/examples/vectors.rs: don't edit.
#
# A case is some lines `name: value`, and an empty line ends it. `case` says what it shows, `kind` what is done:
#
#   poly1305  the one-time authenticator of RFC 8439 over `message` under `key` gives `tag`
#   tag       the tag of a record over `header` and `ciphertext` under `key` is `tag`
#   key       `key` (the text itself), or `key-hex` (its bytes), is read
#   record    `record` is read
#   open      `record` is opened with `key` at the time `now`; without `now`, without a clock
#   account   `payload` is read as fields, given as `field: NAME=VALUE`, in order
#   note      `note` is read
#
# `expect` is `ok`, or the name of the error; `fault` tells more where one name covers several. What a reader finds in
# a good case stands in the lines that follow. Bytes are in hex, but for key, account, id, holder and names of fields.

";

/// When everything happens.
const NOW: u64 = 1_800_000_000;

/// Writes cases, one line after the other.
struct Cases {
    text: String,
}

impl Cases {
    fn case(&mut self, kind: &str, what: &str, expect: &str) -> &mut Self {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line("case", what).line("kind", kind);
        match expect.split_once(' ') {
            Some((expect, fault)) => self.line("expect", expect).line("fault", fault),
            None => self.line("expect", expect),
        }
    }

    fn line(&mut self, name: &str, value: &str) -> &mut Self {
        writeln!(self.text, "{}", format!("{name}: {value}").trim_end()).unwrap();
        self
    }

    fn hex(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        self.line(name, &hex)
    }

    fn number(&mut self, name: &str, number: impl Into<u64>) -> &mut Self {
        self.line(name, &number.into().to_string())
    }
}

/// The whole file.
pub(crate) fn file() -> String {
    let mut cases = Cases { text: String::new() };
    poly1305(&mut cases);
    tags(&mut cases);
    keys(&mut cases);
    records(&mut cases);
    contents_of_records(&mut cases);
    opens(&mut cases);
    accounts(&mut cases);
    notes(&mut cases);
    PREAMBLE.to_owned() + &cases.text
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        hex.chars().filter_map(|c| c.to_digit(16)).map(|digit| u8::try_from(digit).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

/// Eight bytes in hex, and as many zeros as make `len` bytes.
fn padded(hex: &str, len: usize) -> Vec<u8> {
    let mut value = bytes(hex);
    value.resize(len, 0);
    value
}

fn poly1305(cases: &mut Cases) {
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

fn tags(cases: &mut Cases) {
    let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 7 + 1).unwrap());
    let bytes: Vec<u8> = (0..100).collect();
    for (header, ciphertext) in [(0, 0), (1, 0), (0, 1), (15, 17), (16, 16), (17, 66), (33, 66)] {
        let (header, ciphertext) = (&bytes[..header], &bytes[..ciphertext]);
        let what = format!("a header of {} bytes and a ciphertext of {}", header.len(), ciphertext.len());
        cases.case("tag", &what, "ok").hex("key", &key).hex("header", header).hex("ciphertext", ciphertext);
        cases.hex("tag", Tag::compute(&key, header, ciphertext).as_bytes());
    }
}

/// A record and the text of its key.
fn sealed(name: &str, capacity: Capacity, terms: &Terms, payload: &[u8], seed: u64) -> (String, Vec<u8>) {
    let mut buffer = vec![0; Key::<&mut [u8]>::len_for(name.len(), capacity)];
    let fresh = FreshKey::generate(&account(name), capacity, &mut buffer[..], &mut rng(seed)).unwrap();
    let mut record = vec![0; Record::max_len(capacity)];
    let (key, record) = seal(fresh, terms, payload, &mut record).unwrap();
    let mut text = vec![0; key.text_len()];
    (key.write_text(&mut text).unwrap().to_owned(), record.to_vec())
}

fn terms() -> Terms {
    Terms { created: time(NOW), expires: Some(time(NOW + 86_400)), holder: Some(holder("nightly run")) }
}

/// The payload of the account that most cases seal.
fn alice() -> Vec<u8> {
    let fields = [("username", "alice"), ("password", "correct horse")];
    payload(
        &fields
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>(),
    )
}

fn keys(cases: &mut Cases) {
    let capacity = Capacity::from_bytes(128).unwrap();
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
        cases.number("capacity", capacity.bytes() as u64).number("pages", key.pages());
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
    changed("a capacity that is none", fault, &|bytes| bytes[1] = 129);
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

/// Writes what a reader finds in a record.
fn found(cases: &mut Cases, parts: &Parts) {
    cases.line("account", &parts.account).line("id", &otp_core::KeyId::from_bytes(parts.id).to_string());
    cases.number("page", parts.page).number("pages", parts.pages).number("capacity", parts.capacity);
    cases.number("created", parts.created);
    if let Some(expires) = parts.expires {
        cases.number("expires", expires);
    }
    if let Some(holder) = &parts.holder {
        cases.line("holder", holder);
    }
    cases.hex("ciphertext", &parts.ciphertext).hex("tag", &parts.tag);
}

/// A record like any other, from which others are made by one change.
fn plain() -> Parts {
    let (_, record) = sealed("edms/reporting", Capacity::MIN, &terms(), &alice(), 30);
    Parts::of(&Record::decode(&record).unwrap())
}

fn records(cases: &mut Cases) {
    let parts = plain();
    let mut good = |what: &str, change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        cases.case("record", what, "ok").hex("record", &parts.encode());
        found(cases, &parts);
    };
    good("a record", &|_| {});
    good("no expiry and no holder", &|parts| (parts.expires, parts.holder) = (None, None));
    good("the first and the last time", &|parts| {
        (parts.created, parts.expires) = (0, Some(UnixTime::MAX.as_secs()));
    });
    good("the longest names", &|parts| {
        (parts.account, parts.holder) = ("a".repeat(128), Some("h".repeat(64)));
    });
    good("a holder that is not ASCII", &|parts| parts.holder = Some("Nächtlicher Lauf №1".into()));
    good("page 1 of 2", &|parts| (parts.page, parts.pages) = (1, 2));
    good("page 254 of 255", &|parts| (parts.page, parts.pages) = (254, 255));
    good("capacity 128", &|parts| (parts.capacity, parts.ciphertext) = (128, vec![1; 130]));

    let mut bad = |what: &str, expect: &str, record: &[u8]| {
        cases.case("record", what, expect).hex("record", record);
    };
    let record = parts.encode();
    bad("nothing", "damaged magic", b"");
    bad("the start of the magic", "damaged magic", b"OTP");
    bad("another magic", "damaged magic", &[b"OTPS", &record[4..]].concat());
    bad("the magic alone", "damaged length", b"OTPR");
    bad("magic, version and CRC alone", "damaged length", &{
        let mut record = b"OTPR\x01\0\0\0\0".to_vec();
        mend(&mut record);
        record
    });
    bad("the last byte missing", "damaged checksum", &record[..record.len() - 1]);
    bad("a byte too much", "damaged checksum", &[&record[..], &[0]].concat());
    for (what, at) in [("header", 9), ("ciphertext", 90), ("tag", record.len() - 5), ("CRC-32", record.len() - 1)] {
        let mut flipped = record.clone();
        flipped[at] ^= 0x10;
        bad(&format!("a flipped bit in the {what}"), "damaged checksum", &flipped);
    }
    let mut rotten = record.clone();
    rotten[4] = 2;
    bad("a flipped bit in the version", "damaged checksum", &rotten);
    bad("version 2", "newer-version", &Parts { version: 2, ..parts.clone() }.encode());
    bad("version 255, and nothing that is known", "newer-version", &{
        let mut record = b"OTPR\xffwhatever\0\0\0\0".to_vec();
        mend(&mut record);
        record
    });
    bad("version 0", "damaged contents", &Parts { version: 0, ..parts.clone() }.encode());
}

fn contents_of_records(cases: &mut Cases) {
    let parts = plain();
    let record = parts.encode();
    let mut bad = |what: &str, record: &[u8]| {
        cases.case("record", what, "damaged contents").hex("record", record);
    };
    // Changes of bytes, with the CRC-32 mended.
    let mut raw = |what: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = record.clone();
        change(&mut changed);
        mend(&mut changed);
        bad(what, &changed);
    };
    // Behind magic and version, and the name and its length, come the id, page, pages and the capacity.
    let capacity_at = 5 + 1 + parts.account.len() + 10 + 2;
    let expires_at = capacity_at + 1 + 5;
    let ciphertext_at = expires_at + 1 + 5 + 1 + 1 + "nightly run".len();
    assert_eq!((record[capacity_at], record[expires_at], record[ciphertext_at]), (64, 1, 66));
    raw("a byte before the CRC-32", &|bytes| bytes.insert(bytes.len() - 4, 0));
    raw("a byte of the tag missing", &|bytes| bytes.truncate(bytes.len() - 1));
    raw("nothing behind the header", &|bytes| bytes.truncate(ciphertext_at + 4));
    raw("the length of the name in two bytes", &|bytes| {
        bytes[5] |= 0x80;
        bytes.insert(6, 0);
    });
    raw("the capacity in two bytes", &|bytes| {
        bytes[capacity_at] |= 0x80;
        bytes.insert(capacity_at + 1, 0);
    });
    raw("the length of the ciphertext in three bytes", &|bytes| {
        bytes[ciphertext_at] |= 0x80;
        bytes.splice(ciphertext_at + 1..=ciphertext_at, [0x80, 0]);
    });
    raw("a capacity past 16 bits", &|bytes| drop(bytes.splice(capacity_at..=capacity_at, [0xc0, 0x80, 0x04])));
    raw("a number without an end", &|bytes| drop(bytes.splice(capacity_at..=capacity_at, [0xff; 11])));
    raw("an expiry neither there nor not", &|bytes| bytes[expires_at] = 2);
    raw("a name longer than the record", &|bytes| drop(bytes.splice(5..6, [0xff, 0x7f])));
    raw("a name that is not UTF-8", &|bytes| bytes[6] = 0xff);

    let mut changed = |what: &str, change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        bad(what, &parts.encode());
    };
    changed("page 0 of 0", &|parts| parts.pages = 0);
    changed("page 1 of 1", &|parts| parts.page = 1);
    changed("a capacity that is none", &|parts| (parts.capacity, parts.ciphertext) = (65, vec![0; 67]));
    changed("a ciphertext of another capacity", &|parts| parts.ciphertext.resize(130, 0));
    changed("a capacity of another ciphertext", &|parts| parts.capacity = 128);
    changed("created after the year 9999", &|parts| parts.created = UnixTime::MAX.as_secs() + 1);
    changed("expires after the year 9999", &|parts| parts.expires = Some(u64::MAX));
    changed("an empty holder", &|parts| parts.holder = Some(String::new()));
    changed("a holder with a line feed", &|parts| parts.holder = Some("a\nb".into()));
    changed("a holder with a control character of Latin-1", &|parts| parts.holder = Some("a\u{85}".into()));
    changed("a holder of 65 bytes", &|parts| parts.holder = Some("h".repeat(65)));
    changed("no name", &|parts| parts.account.clear());
    changed("a name of 129 bytes", &|parts| parts.account = "a".repeat(129));
    let names = [
        "/a", "a/", "a//b", "A", "a b", "ä", "..", "a/../b", ".a", "-a", "a\\b", "a.", "a.otp", "a.otp/b", "con",
        "a/nul.x", "com1", "lpt0",
    ];
    for name in names {
        changed(&format!("the name {name:?}"), &|parts| parts.account = name.into());
    }
}

fn opens(cases: &mut Cases) {
    let mut good = |what: &str, name: &str, capacity: u16, payload: &[u8], seed| {
        let capacity = Capacity::from_bytes(capacity).unwrap();
        let (key, record) = sealed(name, capacity, &terms(), payload, seed);
        cases.case("open", what, "ok").line("key", &key).hex("record", &record).number("now", NOW);
        cases.hex("payload", payload);
    };
    good("an account of username and password", "edms/reporting", 64, &alice(), 40);
    good("an empty secret", "a", 64, b"", 41);
    good("the longest secret of capacity 64", "a", 64, &[0xff; 64], 42);
    good("a secret of zeros", "a", 64, &[0; 10], 43);
    good("capacity 128", "a/b/c", 128, &[b'x'; 65], 44);
    good("capacity 16,384, whose ciphertext has a length of three bytes", "a", 16_384, b"small", 45);
    let mut at = |what: &str, expect: &str, terms: &Terms, now: Option<u64>| {
        let (key, record) = sealed("a", Capacity::MIN, terms, b"secret", 46);
        cases.case("open", what, expect).line("key", &key).hex("record", &record);
        if let Some(now) = now {
            cases.number("now", now);
        }
        if expect == "ok" {
            cases.hex("payload", b"secret");
        }
    };
    at("a second before it expires", "ok", &terms(), Some(NOW + 86_399));
    at("the second in which it expires", "expired", &terms(), Some(NOW + 86_400));
    at("without a clock", "ok", &terms(), None);
    at("without an expiry, at the end of all times", "ok", &Terms::created(time(NOW)), Some(UnixTime::MAX.as_secs()));

    let (key, record) = sealed("edms/reporting", Capacity::MIN, &terms(), &alice(), 50);
    let parts = Parts::of(&Record::decode(&record).unwrap());
    let secret = tag_key(&key);
    let mut bad = |what: &str, expect: &str, key: &str, record: &[u8], now| {
        cases.case("open", what, expect).line("key", key).hex("record", record).number("now", now);
    };
    let mut forged = |what: &str, change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        bad(what, "wrong-key", &key, &parts.encode(), NOW + 86_400);
    };
    // Expired too: what is not under its tag is not believed, not even that.
    forged("another account", &|parts| parts.account = "edms/reportinh".into());
    forged("another id", &|parts| parts.id[9] ^= 1);
    forged("page 0 of 2", &|parts| parts.pages = 2);
    forged("page 1 of 2", &|parts| (parts.page, parts.pages) = (1, 2));
    forged("another capacity", &|parts| (parts.capacity, parts.ciphertext) = (128, vec![0; 130]));
    forged("created a second later", &|parts| parts.created += 1);
    forged("expires a second later", &|parts| parts.expires = Some(NOW + 86_401));
    forged("expires never", &|parts| parts.expires = None);
    forged("another holder", &|parts| parts.holder = Some("nightly rum".into()));
    forged("no holder", &|parts| parts.holder = None);
    forged("a flipped bit in the ciphertext", &|parts| parts.ciphertext[0] ^= 1);
    forged("a flipped bit in the tag", &|parts| parts.tag[15] ^= 0x80);

    let (stranger, _) = sealed("edms/reporting", Capacity::MIN, &terms(), &alice(), 51);
    bad("another key of the same account", "wrong-key", &stranger, &record, NOW);
    let mut contents = key_contents(&key);
    *contents.last_mut().unwrap() ^= 0x80;
    // The pad is under no tag: who changes it harms himself, and finds out in the frame at best.
    bad("a changed pad in the key", "damaged frame", &key_text(&contents), &record, NOW);
    let mut contents = key_contents(&key);
    let tag_key_at = 4 + parts.account.len() + 10;
    contents[tag_key_at] ^= 1;
    bad("a changed tag key in the key", "wrong-key", &key_text(&contents), &record, NOW);

    // Whoever has the key can put a tag on anything; a reader believes nothing of it all the same.
    let mut tagged = |what: &str, expect: &str, change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        let bytes = parts.encode();
        let header = Record::decode(&bytes).unwrap().header_bytes().to_vec();
        parts.tag = *Tag::compute(&secret, &header, &parts.ciphertext).as_bytes();
        bad(what, expect, &key, &parts.encode(), NOW);
    };
    tagged("page 0 of 2 under a fitting tag", "wrong-key", &|parts| parts.pages = 2);
    tagged("another account under a fitting tag", "wrong-key", &|parts| parts.account = "edms".into());
    tagged("another id under a fitting tag", "wrong-key", &|parts| parts.id = [0; 10]);
    let len = alice().len();
    let suffix = |parts: &mut Parts, len: usize| {
        let old = u16::try_from(alice().len()).unwrap().to_be_bytes();
        let new = u16::try_from(len).unwrap().to_be_bytes();
        let change: Vec<u8> = old.iter().zip(new).map(|(old, new)| old ^ new).collect();
        ct::xor_in_place(&mut parts.ciphertext[64..], &change);
    };
    tagged("a length past the capacity", "damaged frame", &|parts| suffix(parts, 65));
    tagged("a length of 65,535", "damaged frame", &|parts| suffix(parts, 65_535));
    tagged("a length that makes a byte of the secret filler", "damaged frame", &|parts| suffix(parts, len - 1));
    tagged("a bit set in the first byte of filler", "damaged frame", &|parts| parts.ciphertext[len] ^= 1);
    tagged("a bit set in the last byte of filler", "damaged frame", &|parts| parts.ciphertext[63] ^= 0x80);
}

fn accounts(cases: &mut Cases) {
    let good: [&[(&str, &[u8])]; 6] = [
        &[],
        &[("username", b"alice"), ("password", b"correct horse")],
        &[
            ("username", b""),
            ("password", b"\0\xff\n"),
            ("host", b"h"),
            ("port", b"5432"),
            ("database", b"d"),
            ("url", b"u"),
            ("token", b"t"),
            ("service", b"s"),
        ],
        &[("password", b"p"), ("apple", b"1"), ("apples", b"2"), ("zebra", b"3")],
        &[("Username", b"not a usual name"), ("größe", b"xl")],
        &[("username", b"equal"), ("password", b"equal")],
    ];
    for fields in good {
        let owned: std::collections::BTreeMap<String, Vec<u8>> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        let what = if names.is_empty() { "no field".to_owned() } else { names.join(", ") };
        cases.case("account", &what, "ok").hex("payload", &payload(&owned));
        for (name, value) in fields {
            let hex = value.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
            cases.line("field", &format!("{name}={hex}"));
        }
    }
    let mut longest = vec![0, 255];
    longest.extend([b'n'; 255]);
    longest.extend([0, 0]);
    cases.case("account", "the longest name", "ok").hex("payload", &longest);
    cases.line("field", &("n".repeat(255) + "="));
    for (what, payload) in [
        ("usual names in the wrong order", &b"\x02\0\x01p\x01\0\x01u"[..]),
        ("a usual name twice", b"\x01\0\0\x01\0\0"),
        ("a usual name written out", b"\0\x08username\0\0"),
        ("other names in the wrong order", b"\0\x01b\0\0\0\x01a\0\0"),
        ("another name twice", b"\0\x01a\0\0\0\x01a\0\0"),
        ("a usual name behind another", b"\0\x01b\0\0\x01\0\0"),
        ("a code that is none", b"\x09\0\0"),
        ("an empty name", b"\0\0\0\0"),
        ("a name that is not UTF-8", b"\0\x01\xff\0\0"),
        ("a name with a control character", b"\0\x01\n\0\0"),
        ("a value cut short", b"\x01\0\x02u"),
        ("the length of a value cut short", b"\x01\0"),
        ("a code alone", b"\x01"),
        ("a name cut short", b"\0\x02a"),
        ("no length of a name", b"\0"),
    ] {
        cases.case("account", what, "damaged account").hex("payload", payload);
    }
}

fn notes(cases: &mut Cases) {
    let note = |kind: &str, time| match kind {
        "revoked" => Note::Revoked { at: time },
        "rotated" => Note::Rotated { at: time },
        "grace" => Note::Grace { until: time },
        _ => Note::Rotating { since: time },
    };
    for (kind, secs) in [("revoked", NOW), ("rotated", 0), ("grace", UnixTime::MAX.as_secs()), ("rotating", NOW)] {
        cases
            .case("note", kind, "ok")
            .hex("note", &note(kind, time(secs)).encode())
            .line("says", kind)
            .number("time", secs);
    }
    let good = note("revoked", time(NOW)).encode();
    let mut bad = |what: &str, expect: &str, mended: bool, change: &dyn Fn(&mut Vec<u8>)| {
        let mut note = good.to_vec();
        change(&mut note);
        if mended {
            mend(&mut note);
        }
        cases.case("note", what, expect).hex("note", &note);
    };
    bad("nothing", "damaged", false, &|note| note.clear());
    bad("the last byte missing", "damaged", false, &|note| note.truncate(17));
    bad("a byte too much", "damaged", true, &|note| note.push(0));
    bad("a flipped bit", "damaged", false, &|note| note[13] ^= 1);
    bad("the magic of a record", "damaged", true, &|note| note[3] = b'R');
    bad("version 0", "damaged", true, &|note| note[4] = 0);
    bad("version 2", "newer-version", true, &|note| note[4] = 2);
    bad("version 2 with a flipped bit", "damaged", false, &|note| note[4] = 2);
    bad("kind 0", "damaged", true, &|note| note[5] = 0);
    bad("kind 5", "damaged", true, &|note| note[5] = 5);
    bad("a time after the year 9999", "damaged", true, &|note| note[6] = 1);
}
