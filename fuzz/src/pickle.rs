//! Files of Secure-Python-Link: exactly what a pickler writes is accepted, and what was hidden in one comes back.

use arbitrary::{Arbitrary, Unstructured};
use otp_link::secure_python_link::{ALPHABET, Error, LEN, MAX_FILE_LEN, MAX_VALUE_LEN, OldFile};

use crate::change::Change;

/// The two strings in a file, under their pads.
type Hidden = [[u8; LEN]; 2];

/// The protocols in which some Python version writes this shape.
const PROTOCOLS: [u8; 4] = [0, 3, 4, 5];

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    protocol: u8,
    values: [&'a [u8]; 2],
    pads: [[u8; LEN]; 2],
    filler: u8,
    /// A file whose strings are any bytes.
    strangers: Option<Hidden>,
    file: Vec<Change>,
    tail: Option<u8>,
    fit_length: bool,
    keys: [Vec<Change>; 2],
}

/// Bytes as they are; and a file that is built, changed, and opened with changed keys.
pub fn pickle(data: &[u8]) {
    check_file(data);
    if let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(data)) {
        check_case(&case);
    }
}

fn check_case(case: &Case<'_>) {
    let letter = |byte: u8| ALPHABET[usize::from(byte) % ALPHABET.len()];
    let pads = case.pads.map(|pad| pad.map(letter));
    let values = case.values.map(|value| value.iter().map(|byte| byte % 128).take(MAX_VALUE_LEN).collect::<Vec<_>>());
    let hidden = [0, 1].map(|which| hide(&values[which], &pads[which], letter(case.filler)));
    let hidden = case.strangers.unwrap_or(hidden);
    let protocol = PROTOCOLS[usize::from(case.protocol) % PROTOCOLS.len()];
    let whole = encode(protocol, &hidden);
    if hidden.as_flattened().is_ascii() {
        let file = OldFile::parse(&whole).unwrap();
        check_keys(&file, &hidden, &pads);
        if case.strangers.is_none() {
            let (user, password) = file.open(&pads[0], &pads[1]).unwrap();
            assert_eq!([&user[..], &password], [&values[0][..], &values[1]]);
        }
        // This takes long.
        if case.strangers.is_none() && case.filler.is_multiple_of(16) {
            let leaks = file.leaks();
            for (leak, value) in leaks.iter().zip(&values) {
                assert!(leak.lengths.contains(&value.len()));
                assert!((0.0..6.17 * 23.0 + 1.0).contains(&leak.bits));
            }
        }
        let [mut user, mut password] = pads.map(Vec::from);
        case.keys[0].iter().for_each(|change| change.apply(&mut user));
        case.keys[1].iter().for_each(|change| change.apply(&mut password));
        check_keys(&file, &hidden, &[user, password]);
    }
    let mut changed = whole;
    changed.extend(case.tail);
    case.file.iter().for_each(|change| change.apply(&mut changed));
    if case.fit_length && protocol > 3 && changed.len() > 11 {
        let rest = (changed.len() - 11) as u64;
        changed[3..11].copy_from_slice(&rest.to_le_bytes());
    }
    check_file(&changed);
}

/// What is accepted is exactly what a pickler writes for two strings, and all protocols of the same two mean the same.
fn check_file(bytes: &[u8]) {
    let file = OldFile::parse(bytes);
    let hidden = decode(bytes);
    match (&file, hidden) {
        (Ok(file), Some(hidden)) => {
            for protocol in PROTOCOLS {
                assert!(OldFile::parse(&encode(protocol, &hidden)).as_ref() == Ok(file));
            }
            check_keys(file, &hidden, &[&bytes[..bytes.len().min(LEN)], &ALPHABET[..LEN]]);
        }
        (Err(Error::OtherFile { at }), None) => assert!(*at <= bytes.len().min(MAX_FILE_LEN)),
        (file, hidden) => panic!("{file:?}, but {hidden:?}"),
    }
}

/// Keys yield what a plainer reference says.
fn check_keys(file: &OldFile, hidden: &Hidden, keys: &[impl AsRef<[u8]>; 2]) {
    let [user, password] = [0, 1].map(|which| open(&hidden[which], keys[which].as_ref(), ["user", "password"][which]));
    let expected = user.and_then(|user| Ok((user, password?)));
    let opened = file.open(keys[0].as_ref(), keys[1].as_ref());
    assert_eq!(opened.map(|(user, password)| (text(&user), text(&password))), expected);
}

/// Hides a value in the way of Secure-Python-Link.
fn hide(value: &[u8], pad: &[u8; LEN], filler: u8) -> [u8; LEN] {
    let mut text = value.to_vec();
    text.resize(MAX_VALUE_LEN, filler);
    text.extend(format!("{:02}", value.len()).bytes());
    std::array::from_fn(|at| text[at] ^ pad[at])
}

fn open(hidden: &[u8; LEN], key: &[u8], which: &'static str) -> Result<String, Error> {
    let key: [u8; LEN] = key.trim_ascii().try_into().map_err(|_| Error::MalformedKey { which })?;
    if key.iter().any(|byte| !ALPHABET.contains(byte)) {
        return Err(Error::MalformedKey { which });
    }
    let text: [u8; LEN] = std::array::from_fn(|at| hidden[at] ^ key[at]);
    for len in 0..=MAX_VALUE_LEN {
        let (value, filler) = text[..MAX_VALUE_LEN].split_at(len);
        if text[MAX_VALUE_LEN..] == *format!("{len:02}").as_bytes() && filler.iter().all(|byte| ALPHABET.contains(byte))
        {
            return String::from_utf8(value.to_vec()).map_err(|_| Error::WrongKey { which });
        }
    }
    Err(Error::WrongKey { which })
}

/// What a pickler writes in one of the protocols.
fn encode(protocol: u8, [user, password]: &Hidden) -> Vec<u8> {
    match protocol {
        0 => {
            let [user, password] = [escape(user), escape(password)];
            [b"(dp0\nS'list'\np1\n(lp2\nV", &user[..], b"\np3\naV", &password, b"\np4\nas."].concat()
        }
        3 => {
            let string = |bytes: &[u8]| [b"X\x19\0\0\0", bytes].concat();
            let [user, password] = [string(user), string(password)];
            [b"\x80\x03}q\0X\x04\0\0\0listq\x01]q\x02(", &user[..], b"q\x03", &password, b"q\x04es."].concat()
        }
        _ => {
            let string = |bytes: &[u8]| [b"\x8c\x19", bytes, b"\x94"].concat();
            let [user, password] = [string(user), string(password)];
            let rest = [b"}\x94\x8c\x04list\x94]\x94(", &user[..], &password, b"es."].concat();
            [&[0x80, protocol, 0x95][..], &(rest.len() as u64).to_le_bytes(), &rest].concat()
        }
    }
}

fn escape(bytes: &[u8]) -> Vec<u8> {
    let each = |byte: &u8| match byte {
        b'\\' => b"\\u005c".to_vec(),
        b'\n' => b"\\u000a".to_vec(),
        byte => vec![*byte],
    };
    bytes.iter().flat_map(each).collect()
}

/// Takes the strings from their places, whatever surrounds them; the file must then be what a pickler writes for these.
fn decode(bytes: &[u8]) -> Option<Hidden> {
    let text = |start: usize| Some(bytes.get(start..start + LEN)?.to_vec());
    let unescape = |line: &str| line.replace("\\u000a", "\n").replace("\\u005c", "\\").into_bytes();
    let (protocol, user, password) = match bytes.get(1)? {
        protocol @ (4 | 5) => (*protocol, text(25)?, text(53)?),
        3 => (3, text(25)?, text(57)?),
        _ => {
            let lines: Vec<&str> = str::from_utf8(bytes).ok()?.split('\n').collect();
            let [user, password] = [lines.get(4)?.strip_prefix('V')?, lines.get(6)?.strip_prefix("aV")?];
            (0, unescape(user), unescape(password))
        }
    };
    let hidden = [user.try_into().ok()?, password.try_into().ok()?];
    (encode(protocol, &hidden) == bytes && hidden.as_flattened().is_ascii()).then_some(hidden)
}

fn text(value: &[u8]) -> String {
    String::from_utf8(value.to_vec()).unwrap()
}
