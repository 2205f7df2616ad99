//! What calls are given: texts, bytes with lengths that may be wrong, structures, and room for results.

use std::ffi::c_int;

/// A text without its NUL; `None` stands for NULL.
pub(super) type Text = Option<Vec<u8>>;

/// A text in memory of exactly its size.
pub(super) fn with_nul(text: &Text) -> Option<Vec<u8>> {
    text.as_ref().map(|text| {
        let mut held = Vec::with_capacity(text.len() + 1);
        held.extend(text.iter().take_while(|byte| **byte != 0));
        held.push(0);
        held.shrink_to_fit();
        held
    })
}

/// The text that the call sees, if it is valid.
pub(super) fn arrives(text: &Text) -> Option<&str> {
    str::from_utf8(text.as_ref()?.split(|byte| *byte == 0).next()?).ok()
}

/// Bytes and their length.
#[derive(Clone, Debug)]
pub(super) enum Bytes {
    Null {
        len: usize,
    },
    Here(Vec<u8>),
    /// A length that exceeds all memory.
    Huge(Vec<u8>),
}

impl Bytes {
    pub(super) fn pointer(&self) -> (*const u8, usize) {
        match self {
            Self::Null { len } => (std::ptr::null(), *len),
            Self::Here(bytes) => (bytes.as_ptr(), bytes.len()),
            Self::Huge(bytes) => (bytes.as_ptr(), usize::MAX / 2 + 2),
        }
    }

    /// The bytes that the call sees, if it can see any.
    pub(super) fn arrive(&self) -> Option<&[u8]> {
        match self {
            Self::Null { len: 0 } => Some(&[]),
            Self::Here(bytes) => Some(bytes),
            Self::Null { .. } | Self::Huge(_) => None,
        }
    }
}

/// How a structure is passed.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Passed {
    Well,
    Null,
    WrongSize,
    Misaligned,
}

impl Passed {
    /// The pointer that a call gets for a structure.
    pub(super) fn pointer<T>(self, structure: *const T) -> *const T {
        match self {
            Self::Well | Self::WrongSize => structure,
            Self::Null => std::ptr::null(),
            Self::Misaligned => structure.wrapping_byte_add(1),
        }
    }
}

pub(super) struct Granted {
    pub(super) passed: Passed,
    pub(super) allow_empty_password: bool,
    pub(super) holder: Text,
    pub(super) expires: u64,
    pub(super) capacity: u32,
    pub(super) pages: u32,
    pub(super) reserved: bool,
}

impl Granted {
    /// No terms at all.
    pub(super) const NONE: Self = Self {
        passed: Passed::Null,
        allow_empty_password: false,
        holder: None,
        expires: 0,
        capacity: 0,
        pages: 0,
        reserved: false,
    };

    /// Whether several pages are asked for, and the call can see that.
    pub(super) fn wants_pages(&self) -> bool {
        self.passed == Passed::Well && self.pages > 1
    }
}

#[derive(Default)]
pub(super) struct Sourced {
    pub(super) wrong_size: bool,
    pub(super) reserved: bool,
    pub(super) key: Option<Bytes>,
    pub(super) key_file: Text,
    pub(super) key_fd: Option<c_int>,
    pub(super) any_key_file_mode: bool,
    pub(super) account: Text,
    pub(super) store: Text,
    pub(super) record: Text,
}

impl Sourced {
    pub(super) fn gives_key(&self) -> bool {
        self.key.is_some() || self.key_file.is_some() || self.key_fd.is_some()
    }
}

pub(super) struct Fields {
    pub(super) passed: Passed,
    pub(super) list: Vec<(Text, Bytes)>,
}

/// A buffer for a result, between guards; or NULL.
pub(super) struct Room {
    memory: Option<Vec<u8>>,
}

const GUARD: usize = 32;
const UNTOUCHED: u8 = 0xa5;

impl Room {
    pub(super) fn new(len: Option<usize>) -> Self {
        Self { memory: len.map(|len| vec![UNTOUCHED; len + 2 * GUARD]) }
    }

    pub(super) fn len(&self) -> usize {
        self.memory.as_ref().map_or(0, |memory| memory.len() - 2 * GUARD)
    }

    pub(super) fn is_null(&self) -> bool {
        self.memory.is_none()
    }

    pub(super) fn pointer(&mut self) -> *mut u8 {
        self.memory.as_mut().map_or(std::ptr::null_mut(), |memory| memory[GUARD..].as_mut_ptr())
    }

    /// The part at the front that was written; nothing after it may have been.
    pub(super) fn written(&self, len: usize) -> &[u8] {
        let Some(memory) = &self.memory else {
            assert_eq!(len, 0);
            return &[];
        };
        assert!(len <= self.len());
        let (written, rest) = memory[GUARD..].split_at(len);
        assert!(memory[..GUARD].iter().chain(rest).all(|byte| *byte == UNTOUCHED), "a byte too many was written");
        written
    }
}
