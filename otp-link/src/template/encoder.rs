//! [`Encoder`]: how a value is written so that a client reads back exactly these bytes.
//!
//! It works on a value that is being handed over: its time depends on what it encodes.

use std::fmt;

/// How a value is written in a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoder {
    /// As it is.
    Raw,
    /// Percent-encoded (RFC 3986, section 2): all but letters, digits and `-._~`.
    Url,
    /// A value of a connection string of libpq (`PostgreSQL`'s documentation, section 34.1.1.1), in quotes.
    Conninfo,
    /// A field of libpq's password file (section 34.16).
    Pgpass,
    /// A value of an option file of `MariaDB` and `MySQL`, in quotes.
    Mycnf,
    /// A value of an ODBC connection string, in braces.
    Odbc,
    /// A value of an ADO.NET connection string, in quotes.
    Adonet,
    /// A token of a netrc file as curl reads it, in quotes.
    Netrc,
    /// A string of JSON (RFC 8259, section 7), in quotes; also one of YAML.
    Json,
    /// A word of a POSIX shell, in quotes.
    Sh,
    /// A word of fish, in quotes.
    Fish,
    /// A string of PowerShell, in quotes.
    Powershell,
    /// Base64 with padding (RFC 4648, section 4).
    Base64,
}

/// Why a value can't be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unencodable {
    /// It has a byte of this value.
    Byte(u8),
    /// It is not UTF-8.
    NotText,
    /// It begins or ends with a blank, which the reader drops.
    Blank,
    /// The line would be longer than the reader takes, in bytes.
    TooLong(usize),
}

impl fmt::Display for Unencodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(0) => f.write_str("it has a NUL"),
            Self::Byte(b'\n' | b'\r') => f.write_str("it has a line break"),
            Self::Byte(byte) => write!(f, "it has a byte {byte:#04x}"),
            Self::NotText => f.write_str("it is not UTF-8"),
            Self::Blank => f.write_str("it begins or ends with a blank"),
            Self::TooLong(limit) => write!(f, "it is longer than {limit} bytes"),
        }
    }
}

/// The longest line of an option file that `MariaDB`'s clients read whole, in bytes, less room for the option's name.
const MYCNF_LINE_LEN: usize = 4000;

impl Encoder {
    /// Every encoder, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::Raw,
        Self::Url,
        Self::Conninfo,
        Self::Pgpass,
        Self::Mycnf,
        Self::Odbc,
        Self::Adonet,
        Self::Netrc,
        Self::Json,
        Self::Sh,
        Self::Fish,
        Self::Powershell,
        Self::Base64,
    ];

    /// What it is called in a template.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Url => "url",
            Self::Conninfo => "conninfo",
            Self::Pgpass => "pgpass",
            Self::Mycnf => "mycnf",
            Self::Odbc => "odbc",
            Self::Adonet => "adonet",
            Self::Netrc => "netrc",
            Self::Json => "json",
            Self::Sh => "sh",
            Self::Fish => "fish",
            Self::Powershell => "powershell",
            Self::Base64 => "base64",
        }
    }

    /// The encoder with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|encoder| encoder.name() == name)
    }

    /// Passes the encoded value to `out`, in pieces.
    ///
    /// # Errors
    ///
    /// If the value has something that the encoding can't carry. Some pieces may have been passed by then.
    pub fn encode(self, value: &[u8], out: &mut dyn FnMut(&[u8])) -> Result<(), Unencodable> {
        match self {
            Self::Raw => out(value),
            Self::Url => {
                refuse(value, &[0])?;
                url(value, out);
            }
            Self::Conninfo => {
                refuse(value, &[0])?;
                quoted(b"'", value, |byte| escape(byte, b"\\'"), out);
            }
            Self::Pgpass => {
                refuse(value, b"\0\n\r")?;
                escaped(value, |byte| escape(byte, b"\\:"), out);
            }
            Self::Mycnf => {
                refuse(value, &[0])?;
                let mut len = 0;
                quoted(b"\"", value, mycnf, &mut |bytes| len += bytes.len());
                if len > MYCNF_LINE_LEN {
                    return Err(Unencodable::TooLong(MYCNF_LINE_LEN));
                }
                quoted(b"\"", value, mycnf, out);
            }
            Self::Odbc => {
                refuse(value, &[0])?;
                out(b"{");
                escaped(value, |byte| double(byte, b'}'), out);
                out(b"}");
            }
            Self::Adonet => {
                text(value)?;
                refuse(value, &[0])?;
                quoted(b"\"", value, |byte| double(byte, b'"'), out);
            }
            Self::Netrc => {
                refuse(value, &[0])?;
                quoted(b"\"", value, netrc, out);
            }
            Self::Json => json(text(value)?, out),
            Self::Sh => {
                refuse(value, &[0])?;
                quoted(b"'", value, |byte| (byte == b'\'').then_some(b"'\\''"), out);
            }
            Self::Fish => {
                refuse(value, &[0])?;
                quoted(b"'", value, |byte| escape(byte, b"\\'"), out);
            }
            Self::Powershell => {
                refuse(value, &[0])?;
                powershell(text(value)?, out);
            }
            Self::Base64 => base64(value, out),
        }
        Ok(())
    }
}

fn refuse(value: &[u8], bytes: &[u8]) -> Result<(), Unencodable> {
    value.iter().find(|byte| bytes.contains(byte)).map_or(Ok(()), |byte| Err(Unencodable::Byte(*byte)))
}

fn text(value: &[u8]) -> Result<&str, Unencodable> {
    str::from_utf8(value).map_err(|_| Unencodable::NotText)
}

/// A byte preceded by a backslash, if it is one of these.
fn escape(byte: u8, special: &[u8]) -> Option<&'static [u8]> {
    let found = special.contains(&byte);
    found.then_some(match byte {
        b'\\' => b"\\\\",
        b'\'' => b"\\'",
        b'"' => b"\\\"",
        _ => b"\\:",
    })
}

/// A byte twice, if it is this one.
fn double(byte: u8, special: u8) -> Option<&'static [u8]> {
    (byte == special).then_some(if byte == b'}' { b"}}" } else { b"\"\"" })
}

fn mycnf(byte: u8) -> Option<&'static [u8]> {
    Some(match byte {
        b'\n' => b"\\n",
        b'\r' => b"\\r",
        b'\t' => b"\\t",
        0x08 => b"\\b",
        _ => return escape(byte, b"\\\""),
    })
}

fn netrc(byte: u8) -> Option<&'static [u8]> {
    if byte == 0x08 { None } else { mycnf(byte) }
}

/// Passes on a value with some bytes in another form, and the runs between them as they are.
fn escaped<'e>(value: &[u8], form: impl Fn(u8) -> Option<&'e [u8]>, out: &mut dyn FnMut(&[u8])) {
    let mut from = 0;
    for (at, byte) in value.iter().enumerate() {
        if let Some(form) = form(*byte) {
            out(&value[from..at]);
            out(form);
            from = at + 1;
        }
    }
    out(&value[from..]);
}

fn quoted<'e>(quote: &[u8], value: &[u8], form: impl Fn(u8) -> Option<&'e [u8]>, out: &mut dyn FnMut(&[u8])) {
    out(quote);
    escaped(value, form, out);
    out(quote);
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn hex(byte: u8) -> [u8; 2] {
    [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]
}

fn url(value: &[u8], out: &mut dyn FnMut(&[u8])) {
    for byte in value {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out(&[*byte]);
        } else {
            let [high, low] = hex(*byte);
            out(&[b'%', high, low]);
        }
    }
}

fn json(value: &str, out: &mut dyn FnMut(&[u8])) {
    out(b"\"");
    for c in value.chars() {
        match c {
            '"' => out(b"\\\""),
            '\\' => out(b"\\\\"),
            '\n' => out(b"\\n"),
            '\r' => out(b"\\r"),
            '\t' => out(b"\\t"),
            // YAML readers do not accept these as text.
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                let [high, low] = u32::from(c).to_be_bytes().last_chunk().map_or([0, 0], |bytes: &[u8; 2]| *bytes);
                let ([a, b], [c, d]) = (hex(high), hex(low));
                out(&[b'\\', b'u', a, b, c, d]);
            }
            c => out(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out(b"\"");
}

/// PowerShell reads four more characters as quotes.
fn powershell(value: &str, out: &mut dyn FnMut(&[u8])) {
    out(b"'");
    for c in value.chars() {
        let mut bytes = [0; 4];
        let c_bytes = c.encode_utf8(&mut bytes).as_bytes();
        out(c_bytes);
        if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
            out(c_bytes);
        }
    }
    out(b"'");
}

fn base64(value: &[u8], out: &mut dyn FnMut(&[u8])) {
    const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in value.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let symbols = [18, 12, 6, 0].map(|shift| SYMBOLS[(bits >> shift & 63) as usize]);
        let len = chunk.len() + 1;
        out(&symbols[..len]);
        out(&b"=="[..4 - len]);
    }
}
