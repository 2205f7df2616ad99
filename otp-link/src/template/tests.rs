//! Any bytes that pass through an encoder come back through a plain reader; those that can't come back are refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use otp_core::Account;
use proptest::prelude::*;

use super::*;

fn encode(encoder: Encoder, value: &[u8]) -> Result<Vec<u8>, Unencodable> {
    let mut out = Vec::new();
    encoder.encode(value, &mut |bytes| out.extend_from_slice(bytes))?;
    Ok(out)
}

/// Takes quotes off, and calls `escape` for what follows a backslash.
fn unquote(text: &[u8], quote: u8, escape: impl Fn(u8) -> u8) -> Vec<u8> {
    let inside = text.strip_prefix(&[quote]).unwrap().strip_suffix(&[quote]).unwrap();
    unescape(inside, escape)
}

fn unescape(text: &[u8], escape: impl Fn(u8) -> u8) -> Vec<u8> {
    let (mut out, mut bytes) = (Vec::new(), text.iter().copied());
    while let Some(byte) = bytes.next() {
        out.push(if byte == b'\\' { escape(bytes.next().unwrap()) } else { byte });
    }
    out
}

fn undouble(text: &[u8], open: u8, close: u8) -> Vec<u8> {
    let inside = text.strip_prefix(&[open]).unwrap().strip_suffix(&[close]).unwrap();
    let (mut out, mut bytes) = (Vec::new(), inside.iter().copied());
    while let Some(byte) = bytes.next() {
        if byte == close {
            assert_eq!(bytes.next(), Some(close), "the value would end here");
        }
        out.push(byte);
    }
    out
}

fn whitespace(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        other => other,
    }
}

/// What a reader of the form makes of it.
fn decode(encoder: Encoder, text: &[u8]) -> Vec<u8> {
    match encoder {
        Encoder::Raw => text.to_vec(),
        Encoder::Url => {
            let (mut out, mut at) = (Vec::new(), 0);
            while at < text.len() {
                if text[at] == b'%' {
                    out.push(u8::from_str_radix(str::from_utf8(&text[at + 1..at + 3]).unwrap(), 16).unwrap());
                    at += 3;
                } else {
                    assert!(text[at].is_ascii_graphic() && !b":/?#[]@!$&'()*+,;=".contains(&text[at]));
                    out.push(text[at]);
                    at += 1;
                }
            }
            out
        }
        Encoder::Conninfo | Encoder::Fish => unquote(text, b'\'', |byte| byte),
        Encoder::Pgpass => {
            let plain = unescape(text, |byte| byte);
            assert_eq!(text.split(|byte| *byte == b':').count(), plain.split(|byte| *byte == b':').count());
            plain
        }
        Encoder::Mycnf => unquote(text, b'"', whitespace),
        Encoder::Netrc => unquote(text, b'"', |byte| if byte == b'b' { b'?' } else { whitespace(byte) }),
        Encoder::Odbc => undouble(text, b'{', b'}'),
        Encoder::Adonet => undouble(text, b'"', b'"'),
        Encoder::Json => serde_json::from_slice::<String>(text).unwrap().into_bytes(),
        Encoder::Sh => {
            let inside = text.strip_prefix(b"'").unwrap().strip_suffix(b"'").unwrap();
            let parts: Vec<&[u8]> = inside.split(|byte| *byte == b'\'').collect();
            // Between the parts, alternately: the end of a string, an escaped quote with its backslash, a new start.
            let mut out = Vec::new();
            for chunk in parts.chunks(3) {
                out.extend_from_slice(chunk[0]);
                if let [_, escaped, ..] = chunk {
                    assert_eq!((*escaped, chunk.len()), (&b"\\"[..], 3), "{parts:?}");
                    out.push(b'\'');
                }
            }
            out
        }
        Encoder::Powershell => {
            let inside = str::from_utf8(text).unwrap().strip_prefix('\'').unwrap().strip_suffix('\'').unwrap();
            let (mut out, mut chars) = (String::new(), inside.chars());
            while let Some(c) = chars.next() {
                if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
                    assert_eq!(chars.next(), Some(c), "the string would end here");
                }
                out.push(c);
            }
            out.into_bytes()
        }
        Encoder::Base64 => <base64ct::Base64 as base64ct::Encoding>::decode_vec(str::from_utf8(text).unwrap()).unwrap(),
    }
}

/// What each form can't carry.
fn carries(encoder: Encoder, value: &[u8]) -> bool {
    let has = |bytes: &[u8]| value.iter().any(|byte| bytes.contains(byte));
    let is_text = str::from_utf8(value).is_ok();
    match encoder {
        Encoder::Raw | Encoder::Base64 => true,
        Encoder::Json => is_text,
        Encoder::Adonet | Encoder::Powershell => is_text && !has(&[0]),
        Encoder::Pgpass => !has(b"\0\n\r"),
        _ => !has(&[0]),
    }
}

fn check(encoder: Encoder, value: &[u8]) {
    match encode(encoder, value) {
        Ok(text) => {
            assert!(carries(encoder, value), "{encoder:?} {value:?}");
            assert_eq!(decode(encoder, &text), value, "{encoder:?}");
        }
        Err(cause) => assert!(!carries(encoder, value), "{encoder:?} {value:?}: {cause}"),
    }
}

#[test]
fn every_pair_of_bytes_comes_back_from_every_encoder() {
    for encoder in Encoder::ALL {
        check(*encoder, b"");
        for first in 0..=255 {
            check(*encoder, &[first]);
            for second in 0..=255 {
                check(*encoder, &[first, second]);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_come_back(value in proptest::collection::vec(any::<u8>(), 0..200)) {
        for encoder in Encoder::ALL {
            check(*encoder, &value);
        }
    }

    #[test]
    fn any_text_comes_back(value in "\\PC*[\u{0}-\u{a0}\u{2018}-\u{201b}\u{2028}\u{fffe}\u{ffff}'\"\\\\{}:]*") {
        for encoder in Encoder::ALL {
            check(*encoder, value.as_bytes());
        }
    }

    /// Any text is a template, or the place of its fault lies in it.
    #[test]
    fn any_text_is_read_or_refused_at_a_place_in_it(text in "[a{}|\u{e4}url]{0,12}") {
        match Template::parse(&text) {
            Ok(template) => {
                // What it says is what is left when fields are taken out.
                let shown: usize = template.parts.iter().map(|part| match part {
                    Part::Text(text) => text.len(),
                    Part::Field { .. } => 0,
                }).sum();
                prop_assert!(shown <= text.len());
            }
            Err(Error::Template { offset, .. }) => prop_assert!(offset <= text.len() && text.is_char_boundary(offset)),
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}

#[test]
fn a_long_line_is_refused_where_its_reader_would_cut_it() {
    assert!(encode(Encoder::Mycnf, &[b'x'; 3998]).is_ok());
    assert_eq!(encode(Encoder::Mycnf, &[b'x'; 3999]), Err(Unencodable::TooLong(4000)));
    assert_eq!(encode(Encoder::Mycnf, &[b'"'; 2000]), Err(Unencodable::TooLong(4000)));
}

fn account() -> Account {
    let mut account = Account::new();
    account.set("username", b"al:ice").unwrap();
    account.set("password", b"p@ss'{}\"\\ \xc3\xa4").unwrap();
    account.set("host", b"db.example").unwrap();
    account.set("token", b"\xff").unwrap();
    account
}

#[test]
fn a_template_is_text_with_fields_in_it() {
    for (template, expected) in [
        ("", &b""[..]),
        ("plain", b"plain"),
        ("{{}}", b"{}"),
        ("{{{host}}}", b"{db.example}"),
        (
            "postgresql://{username|url}:{password|url}@{host}/",
            b"postgresql://al%3Aice:p%40ss%27%7B%7D%22%5C%20%C3%A4@db.example/",
        ),
        ("user={username|conninfo} password={password|conninfo}", b"user='al:ice' password='p@ss\\'{}\"\\\\ \xc3\xa4'"),
        ("*:*:*:{username|pgpass}", b"*:*:*:al\\:ice"),
        ("PWD={password|odbc}", b"PWD={p@ss'{}}\"\\ \xc3\xa4}"),
        ("{token}{token|raw}{token|base64}", b"\xff\xff/w=="),
    ] {
        let rendered = Template::parse(template).unwrap().render(&account().fields()).unwrap();
        assert_eq!(rendered.as_ref(), expected, "{template}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (template, offset, fault) in [
        ("a{", 1, TemplateFault::Unclosed),
        ("{user", 0, TemplateFault::Unclosed),
        ("a}b", 1, TemplateFault::Unopened),
        ("\u{e4}{}", 3, TemplateFault::NoName),
        ("{|url}", 1, TemplateFault::NoName),
        ("{a{b}", 1, TemplateFault::BadName),
        ("{a\u{1b}}", 1, TemplateFault::BadName),
        ("x{host|}", 7, TemplateFault::NoEncoder),
        ("x{host|URL}", 7, TemplateFault::NoEncoder),
        ("x{host|url|url}", 7, TemplateFault::NoEncoder),
    ] {
        match Template::parse(template) {
            Err(Error::Template { offset: found, fault: why }) => {
                assert_eq!((found, why), (offset, fault), "{template}");
            }
            other => panic!("{template}: {other:?}"),
        }
    }
    assert!(Template::of_value("{").is_err() && Template::of_value("}").is_err());
    let field = Template::of_value("username|url").unwrap();
    assert_eq!(
        field.placeholders().collect::<Vec<_>>(),
        [("username|url", Encoder::Raw)],
        "without a brace it is a name"
    );
    let missing = Template::parse("{port}").unwrap().render(&account().fields()).unwrap_err();
    assert!(matches!(&missing, Error::NoField { field } if field == "port"), "{missing:?}");
    let unfit = Template::parse("{token|json}").unwrap().render(&account().fields()).unwrap_err();
    assert_eq!(unfit.to_string(), "field \"token\" can't be written as json: it is not UTF-8");
}
