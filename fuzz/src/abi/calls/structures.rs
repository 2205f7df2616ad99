//! The structures that C fills in, valid during a call.

use std::ptr;

use otp_ffi::source::{Field, Grant, Source};

use super::super::given::{Bytes, Fields, Granted, Passed, Sourced, Text, with_nul};

impl Granted {
    pub(super) fn with<T>(&self, call: impl FnOnce(*const Grant) -> T) -> T {
        let holder = with_nul(&self.holder);
        let holder = holder.as_ref().map_or(ptr::null(), |text| text.as_ptr().cast());
        let (expires, capacity) = (self.expires, self.capacity);
        let size = if self.passed == Passed::WrongSize { 8 } else { size_of::<Grant>() };
        let allow_empty_password = self.allow_empty_password.into();
        let (pages, reserved) = (self.pages, self.reserved.into());
        let grant = Grant { size, holder, expires, capacity, allow_empty_password, pages, reserved };
        call(self.passed.pointer(&raw const grant))
    }
}

impl Sourced {
    pub(super) fn with<T>(&self, call: impl FnOnce(*const Source) -> T) -> T {
        let [key_file, account, store, record] =
            [&self.key_file, &self.account, &self.store, &self.record].map(with_nul);
        let pointer = |text: &Option<Vec<u8>>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr().cast());
        let (key, key_len) = self.key.as_ref().map_or((ptr::null(), 0), Bytes::pointer);
        let source = Source {
            size: if self.wrong_size { 0 } else { size_of::<Source>() },
            key: key.cast(),
            key_len,
            key_file: pointer(&key_file),
            account: pointer(&account),
            store: pointer(&store),
            record: pointer(&record),
            key_credential: ptr::null(),
            has_key_fd: self.key_fd.is_some().into(),
            key_fd: self.key_fd.unwrap_or(-1),
            any_key_file_mode: self.any_key_file_mode.into(),
            reserved: self.reserved.into(),
        };
        call(&raw const source)
    }
}

impl Fields {
    pub(super) fn with<T>(&self, call: impl FnOnce(*const Field, usize) -> T) -> T {
        let names: Vec<_> = self.list.iter().map(|(name, _)| with_nul(name)).collect();
        let field = |(name, (_, value)): (&Option<Vec<u8>>, &(Text, Bytes))| {
            let (value, value_len) = value.pointer();
            Field {
                name: name.as_ref().map_or(ptr::null(), |name| name.as_ptr().cast()),
                value: value.cast(),
                value_len,
            }
        };
        let fields: Vec<Field> = names.iter().zip(&self.list).map(field).collect();
        call(self.passed.pointer(fields.as_ptr()), fields.len())
    }
}
