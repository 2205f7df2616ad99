//! Records, part by part.

use crate::LAST_TIME;
use crate::bytes::{push_bytes, push_number, take, take_bytes, take_flag, take_number, take_text};
use crate::checksum::set_checksum;
use crate::frame::CAPACITIES;
use crate::names::{is_account_name, is_free_text};

/// The parts of a record. They need not be valid: encoding checks nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The version of the format.
    pub version: u8,
    /// The account's name.
    pub account: String,
    /// The key's id.
    pub id: [u8; 10],
    /// The number of the key's page that it is sealed with.
    pub page: u8,
    /// How many pages the key has.
    pub pages: u8,
    /// The capacity, in bytes.
    pub capacity: u64,
    /// When it was sealed, in seconds since 1970.
    pub created: u64,
    /// When it stops opening.
    pub expires: Option<u64>,
    /// Who holds the key.
    pub holder: Option<String>,
    /// The frame under its pad.
    pub ciphertext: Vec<u8>,
    /// The tag.
    pub tag: [u8; 16],
}

impl Parts {
    /// The record's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = b"OTPR".to_vec();
        bytes.push(self.version);
        push_bytes(&mut bytes, self.account.as_bytes());
        bytes.extend(self.id);
        bytes.extend([self.page, self.pages]);
        push_number(&mut bytes, self.capacity);
        push_number(&mut bytes, self.created);
        bytes.push(u8::from(self.expires.is_some()));
        self.expires.iter().for_each(|secs| push_number(&mut bytes, *secs));
        bytes.push(u8::from(self.holder.is_some()));
        self.holder.iter().for_each(|holder| push_bytes(&mut bytes, holder.as_bytes()));
        push_bytes(&mut bytes, &self.ciphertext);
        bytes.extend(self.tag);
        bytes.extend([0; 4]);
        set_checksum(&mut bytes);
        bytes
    }

    /// Parses a record of version 1.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let body = bytes.len().checked_sub(4)?;
        let mut fitting = bytes.to_vec();
        set_checksum(&mut fitting);
        let mut rest = bytes[..body].strip_prefix(b"OTPR\x01")?;
        let parts = Self {
            version: 1,
            account: take_text(&mut rest)?,
            id: take(&mut rest, 10)?.try_into().ok()?,
            page: take(&mut rest, 1)?[0],
            pages: take(&mut rest, 1)?[0],
            capacity: take_number(&mut rest)?,
            created: take_number(&mut rest)?,
            expires: if take_flag(&mut rest)? { Some(take_number(&mut rest)?) } else { None },
            holder: if take_flag(&mut rest)? { Some(take_text(&mut rest)?) } else { None },
            ciphertext: take_bytes(&mut rest)?.to_vec(),
            tag: take(&mut rest, 16)?.try_into().ok()?,
        };
        let valid = fitting == bytes
            && rest.is_empty()
            && is_account_name(&parts.account)
            && parts.page < parts.pages
            && CAPACITIES.contains(&parts.capacity)
            && parts.ciphertext.len() as u64 == parts.capacity + 2
            && parts.expires.unwrap_or(0).max(parts.created) <= LAST_TIME
            && parts.holder.as_ref().is_none_or(|holder| is_free_text(holder, 64));
        valid.then_some(parts)
    }
}
