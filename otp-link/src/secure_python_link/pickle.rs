//! A parser for one shape of pickle: a dict with one key, `list`, whose value is a list of two strings of 25 ASCII characters.
//!
//! It knows no opcode that imports, calls or builds anything else, and accepts those of that shape in one order, as
//! Python's picklers write them: protocol 0 (Python 2), 3 (up to 3.7), 4 (from 3.8 on) and 5 (from 3.14 on).

use super::shape::{Error, LEN, MAX_FILE_LEN};

type Strings = [[u8; LEN]; 2];

/// Reads the two strings of a pickle.
pub(super) fn parse(bytes: &[u8]) -> Result<Strings, Error> {
    if bytes.len() > MAX_FILE_LEN {
        return Err(Error::OtherFile { at: MAX_FILE_LEN });
    }
    let mut reader = Reader { bytes, at: 0, memo: Memo::Text, puts: 0 };
    reader.file()
}

/// How a pickler numbers what it may want to refer to later. Nothing in this shape does.
#[derive(Clone, Copy)]
enum Memo {
    /// Protocol 0: `p`, a number as text, a newline.
    Text,
    /// Protocol 3: `q` and a byte.
    Byte,
    /// From protocol 4 on: one byte, and the number is the next.
    Next,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    memo: Memo,
    puts: u8,
}

impl<'a> Reader<'a> {
    fn file(&mut self) -> Result<Strings, Error> {
        let strings = if self.bytes.first() == Some(&0x80) { self.binary()? } else { self.text()? };
        if self.at == self.bytes.len() { Ok(strings) } else { Err(self.differs()) }
    }

    /// Protocols 3 to 5.
    fn binary(&mut self) -> Result<Strings, Error> {
        self.expect(b"\x80")?;
        self.memo = match self.take(1)? {
            [3] => Memo::Byte,
            [4 | 5] => Memo::Next,
            _ => return Err(self.differs_before(1)),
        };
        if matches!(self.memo, Memo::Next) {
            self.expect(b"\x95")?;
            let rest = (self.bytes.len() - self.at).saturating_sub(8) as u64;
            self.expect(&rest.to_le_bytes())?;
        }
        self.expect(b"}")?;
        self.put()?;
        if self.string()? != b"list" {
            return Err(self.differs());
        }
        self.put()?;
        self.expect(b"]")?;
        self.put()?;
        self.expect(b"(")?;
        let strings = [self.binary_value()?, self.binary_value()?];
        self.expect(b"es.")?;
        Ok(strings)
    }

    fn binary_value(&mut self) -> Result<[u8; LEN], Error> {
        let start = self.at;
        let value: Option<[u8; LEN]> = self.string()?.try_into().ok();
        let value = value.filter(|value| value.is_ascii()).ok_or(Error::OtherFile { at: start })?;
        self.put()?;
        Ok(value)
    }

    /// A string with its length before it: in four bytes, and from protocol 4 on in one.
    fn string(&mut self) -> Result<&'a [u8], Error> {
        let len = if matches!(self.memo, Memo::Next) {
            self.expect(b"\x8c")?;
            usize::from(self.take(1)?[0])
        } else {
            self.expect(b"X")?;
            let len = self.take(4)?.try_into().map_or(u32::MAX, u32::from_le_bytes);
            usize::try_from(len).unwrap_or(usize::MAX)
        };
        self.take(len)
    }

    /// Protocol 0, which is lines of text.
    fn text(&mut self) -> Result<Strings, Error> {
        self.expect(b"(d")?;
        self.put()?;
        self.expect(b"S'list'\n")?;
        self.put()?;
        self.expect(b"(l")?;
        self.put()?;
        let strings = [self.text_value()?, self.text_value()?];
        self.expect(b"s.")?;
        Ok(strings)
    }

    /// A line in the encoding `raw-unicode-escape`, where the pickler writes `\` and the end of a line by their numbers.
    fn text_value(&mut self) -> Result<[u8; LEN], Error> {
        self.expect(b"V")?;
        let mut value = [0; LEN];
        for place in &mut value {
            *place = match self.take(1)? {
                b"\\" => self.escape()?,
                &[byte] if byte.is_ascii() && byte != b'\n' => byte,
                _ => return Err(self.differs_before(1)),
            };
        }
        self.expect(b"\n")?;
        self.put()?;
        self.expect(b"a")?;
        Ok(value)
    }

    fn escape(&mut self) -> Result<u8, Error> {
        for (text, byte) in [(b"u005c", b'\\'), (b"u000a", b'\n')] {
            if self.bytes[self.at..].starts_with(text) {
                self.at += text.len();
                return Ok(byte);
            }
        }
        Err(self.differs())
    }

    /// The number that follows each value, counted from 0, even in protocol 0.
    fn put(&mut self) -> Result<(), Error> {
        let number = self.puts;
        self.puts += 1;
        match self.memo {
            Memo::Text => self.expect(format!("p{number}\n").as_bytes()),
            Memo::Byte => self.expect(&[b'q', number]),
            Memo::Next => self.expect(b"\x94"),
        }
    }

    fn expect(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.bytes[self.at..].starts_with(bytes) {
            self.at += bytes.len();
            return Ok(());
        }
        Err(self.differs())
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let bytes = self.at.checked_add(len).and_then(|end| self.bytes.get(self.at..end)).ok_or(self.differs())?;
        self.at += len;
        Ok(bytes)
    }

    fn differs(&self) -> Error {
        Error::OtherFile { at: self.at }
    }

    fn differs_before(&self, len: usize) -> Error {
        Error::OtherFile { at: self.at - len }
    }
}
