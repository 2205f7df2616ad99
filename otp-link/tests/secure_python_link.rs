//! Files that Secure-Python-Link wrote under each Python version with its own form, and files that it never wrote.

use otp_link::secure_python_link::{Error, OldFile};

/// The user's key, the password's key, and the file; all with the same two values.
const FILES: [(&str, &str, &str, &str); 4] = [
    // Python 2.7.18
    (
        "2.7.18",
        "Kq7%=UjmeB@@aWM3=Funp7b6A",
        "R$Fkvxi6dd=UnnYjcTWvG+cB2",
        "286470300a53276c697374270a70310a286c70320a563914474a4f2103030264280c23180551483216231c614606780a70330a6156114b3419131b1d6a2c0b4f260b4e6d4a4116753108612f730b0a70340a61732e",
    ),
    // Python 3.6.15
    (
        "3.6.15",
        "%!vh?aNNNt6g2AdsCsPOnaRSl",
        "ab8eu%RW*XE9Gwp4XVdLvT#M9",
        "80037d710058040000006c69737471015d7102285819000000574406074d152720291a0f174b2252050c4e1418563606635571035819000000220d4a171046260b6237374a225744147a1446751b2d647c00710465732e",
    ),
    // Python 3.8.18
    (
        "3.8.18",
        "Kj4lz14TivN2l4SLUeb1F7Y4*",
        "o%vYnsi7!2@U5!HlMWF1ay&!t",
        "80049547000000000000007d948c046c697374945d94288c19390f440308455d3a0e57285e1f5c39680636207711016f0413948c192c4a042b0b101d6b695d322650017c4c6f156474391b1e104d9465732e",
    ),
    // Python 3.13.0
    (
        "3.13.0",
        "Q?42OHk?L31HOaHXblU0ZG#h=",
        "vjtcF$htJU6jL+bsT?sv6=x&d",
        "80049547000000000000007d948c046c697374945d94288c19235a445d3d3c02512b5b7077251818600800331b0f66665804948c193505061123471c28023a4419290b5653767d51214c5009175d9465732e",
    ),
];
const USER: &str = "reporting";
const PASSWORD: &str = "Correct\\Horse 4 \"B\"";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("the hex above")).collect()
}

#[test]
fn files_of_every_python_are_read() {
    for (python, user_key, pass_key, file) in FILES {
        let file = OldFile::parse(&bytes(file)).unwrap_or_else(|error| panic!("{python}: {error}"));
        let (user, password) = file.open(user_key.as_bytes(), pass_key.as_bytes()).unwrap();
        assert_eq!((&*user, &*password), (USER.as_bytes(), PASSWORD.as_bytes()), "{python}");
        for (leak, len) in file.leaks().iter().zip([USER.len(), PASSWORD.len()]) {
            assert!(leak.bits > 0.0 && leak.bits < 6.2 * 25.0, "{python}: {leak:?}");
            assert!(leak.lengths.contains(&len), "{python}: {leak:?}");
        }
    }
}

/// The shape has no opcodes that build, import or call anything, so no changed byte that introduces one may pass. A
/// byte in the hidden strings may be any character; everything else has only one value.
#[test]
fn a_changed_byte_is_refused_or_stands_in_a_hidden_string() {
    for (python, _, _, file) in FILES {
        let file = bytes(file);
        let good = OldFile::parse(&file).unwrap();
        let mut taken = 0;
        for at in 0..file.len() {
            for value in 0..=u8::MAX {
                let mut changed = file.clone();
                changed[at] = value;
                match OldFile::parse(&changed) {
                    Ok(other) => {
                        taken += usize::from(other != good);
                        // Protocols 4 and 5 write this shape alike.
                        assert!(
                            other != good || changed == file || (at, value) == (1, 5),
                            "{python}: byte {at} is {value}"
                        );
                    }
                    Err(error) => assert!(matches!(error, Error::OtherFile { .. })),
                }
            }
        }
        assert!(taken <= 50 * 127, "{python}: {taken}");
    }
}

#[test]
fn a_file_that_is_cut_or_longer_is_refused() {
    for (python, _, _, file) in FILES {
        let file = bytes(file);
        for len in 0..file.len() {
            assert!(OldFile::parse(&file[..len]).is_err(), "{python}: {len} bytes");
        }
        for tail in [&b"."[..], b"0", b"\0", &file] {
            assert!(OldFile::parse(&[&file, tail].concat()).is_err(), "{python}");
        }
    }
}

/// From protocol 4 on, no pickler writes a short string with a four-byte length.
#[test]
fn a_string_as_another_protocol_writes_it_is_refused() {
    let file = bytes(FILES[2].3);
    let body = &file[11..];
    let long = |short: &[u8]| [&b"X"[..], &short[1..2], b"\0\0\0", &short[2..]].concat();
    for (start, len) in [(2, 6), (12, 27), (40, 27)] {
        let (string, rest) = body[start..].split_at(len);
        assert_eq!(string[0], 0x8c);
        let changed = [&body[..start], &long(string), rest].concat();
        let framed = [&file[..3], &(changed.len() as u64).to_le_bytes(), &changed].concat();
        assert!(OldFile::parse(&framed).is_err(), "the string at {start}");
    }
}

#[test]
fn hostile_pickles_are_refused() {
    let shape = bytes(FILES[1].3);
    let value = &shape[19..];
    let spliced = |inner: &[u8]| [b"\x80\x03}q\0X\x04\0\0\0listq\x01]q\x02(", inner, value].concat();
    for (what, pickle) in [
        ("a call by protocol 0", b"cos\nsystem\n(S'id'\ntR.".to_vec()),
        ("an old class", b"(S'id'\nios\nsystem\n.".to_vec()),
        ("a call by protocol 2", b"\x80\x02cos\nsystem\nX\x02\0\0\0id\x85R.".to_vec()),
        (
            "a call by protocol 4",
            b"\x80\x04\x95\x17\0\0\0\0\0\0\0\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.".to_vec(),
        ),
        ("a call inside the list", spliced(b"cos\nsystem\nX\x02\0\0\0id\x85R")),
        ("a call that is thrown away", spliced(b"cos\nsystem\nX\x02\0\0\0id\x85R0")),
        ("something persistent", spliced(b"X\x02\0\0\0idQ")),
        ("an extension", spliced(b"\x82\x01")),
        ("a string of four gigabytes", spliced(b"X\xff\xff\xff\xff")),
        ("a number as a list's length", spliced(b"K\x01")),
        ("another protocol", [b"\x80\x06", &shape[2..]].concat()),
        ("protocol 1, which Secure-Python-Link never wrote", [b"\x80\x01", &shape[2..]].concat()),
        ("nothing", Vec::new()),
        ("no end", vec![b'('; 1 << 20]),
        ("a third string", [&shape[..shape.len() - 3], b"X\x01\0\0\0aq\x05es."].concat()),
    ] {
        assert!(matches!(OldFile::parse(&pickle), Err(Error::OtherFile { .. })), "{what}");
    }
}
