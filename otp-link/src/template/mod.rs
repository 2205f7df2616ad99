//! [`Template`]: text with an account's fields in it, each encoded for the client that reads it.

mod encoder;
#[cfg(test)]
mod tests;

use std::fmt;

use otp_core::Fields;
use otp_sys::LockedBuf;

pub use encoder::{Encoder, Unencodable};

use crate::error::{Error, Result};

/// Text with fields in it: `postgresql://{username|url}:{password|url}@{host}/{database|url}`.
///
/// `{NAME}` stands for a field as it is, `{NAME|ENCODER}` for one that is encoded (see [`Encoder`]), `{{` and `}}` for a brace.
///
/// ```
/// use otp_link::Template;
///
/// let template = Template::parse("{host}:5432:*:{username|pgpass}:{password|pgpass}")?;
/// let names: Vec<&str> = template.placeholders().map(|(name, _)| name).collect();
/// assert_eq!(names, ["host", "username", "password"]);
/// # Ok::<(), otp_link::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template<'t> {
    parts: Vec<Part<'t>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'t> {
    Text(&'t str),
    Field { name: &'t str, encoder: Encoder },
}

/// What is wrong with a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateFault {
    /// A brace is opened but not closed.
    Unclosed,
    /// A brace is closed but was not opened.
    Unopened,
    /// There is no name between the braces.
    NoName,
    /// A field's name is not one: it has a brace, a control character, or more bytes than names have.
    BadName,
    /// There is no such encoder.
    NoEncoder,
}

impl fmt::Display for TemplateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unclosed => "this brace is not closed",
            Self::Unopened => "this brace was not opened",
            Self::NoName => "there is no field's name",
            Self::BadName => "this is no field's name",
            Self::NoEncoder => "there is no such encoder",
        })
    }
}

impl<'t> Template<'t> {
    /// Reads the name of a field, or a template if it has a brace.
    ///
    /// # Errors
    ///
    /// [`Error::Template`], with the byte at which it is wrong.
    pub fn of_value(value: &'t str) -> Result<Self> {
        if value.contains(['{', '}']) { Self::parse(value) } else { Ok(Self::of_field(value)) }
    }

    /// A field as it is.
    #[must_use]
    pub fn of_field(name: &'t str) -> Self {
        Self { parts: vec![Part::Field { name, encoder: Encoder::Raw }] }
    }

    /// Reads a template.
    ///
    /// # Errors
    ///
    /// [`Error::Template`], with the byte at which it is wrong.
    pub fn parse(text: &'t str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let wrong = |fault, after| Err(Error::Template { offset: at + after, fault });
            if rest.starts_with("{{") || rest.starts_with("}}") {
                parts.push(Part::Text(&rest[..1]));
                at += 2;
            } else if let Some(inside) = rest.strip_prefix('{') {
                let Some(len) = inside.find('}') else { return wrong(TemplateFault::Unclosed, 0) };
                let (name, encoder) = inside[..len]
                    .split_once('|')
                    .map_or((&inside[..len], None), |(name, encoder)| (name, Some(encoder)));
                if name.is_empty() {
                    return wrong(TemplateFault::NoName, 1);
                }
                if name.contains('{') || otp_core::account::check_field_name(name).is_err() {
                    return wrong(TemplateFault::BadName, 1);
                }
                let encoder = match encoder.map(Encoder::from_name) {
                    None => Encoder::Raw,
                    Some(Some(encoder)) => encoder,
                    Some(None) => return wrong(TemplateFault::NoEncoder, 1 + name.len() + 1),
                };
                parts.push(Part::Field { name, encoder });
                at += 1 + len + 1;
            } else if rest.starts_with('}') {
                return wrong(TemplateFault::Unopened, 0);
            } else {
                let len = rest.find(['{', '}']).unwrap_or(rest.len());
                parts.push(Part::Text(&rest[..len]));
                at += len;
            }
        }
        Ok(Self { parts })
    }

    /// The fields in it, in order: the name of each, and how it is encoded.
    pub fn placeholders(&self) -> impl Iterator<Item = (&'t str, Encoder)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Field { name, encoder } => Some((*name, *encoder)),
        })
    }

    /// Fills in an account's fields, into locked memory that is exactly as long as the result and is wiped on drop.
    ///
    /// # Errors
    ///
    /// [`Error::NoField`], and [`Error::Unencodable`] if a value has a byte that its encoder can't carry.
    pub fn render(&self, fields: &Fields<'_>) -> Result<LockedBuf> {
        self.render_with(&|name| fields.get(name))
    }

    /// Like [`Template::render`], with values from anywhere.
    pub(crate) fn render_with<'v>(&self, value: &dyn Fn(&str) -> Option<&'v [u8]>) -> Result<LockedBuf> {
        // Measured first: memory that grows leaves copies behind.
        let mut len = 0;
        self.write(value, &mut |bytes| len += bytes.len())?;
        let mut out = LockedBuf::new(len);
        let mut rest = out.as_mut();
        self.write(value, &mut |bytes| {
            if let Some((start, after)) = std::mem::take(&mut rest).split_at_mut_checked(bytes.len()) {
                start.copy_from_slice(bytes);
                rest = after;
            }
        })?;
        Ok(out)
    }

    fn write<'v>(&self, value: &dyn Fn(&str) -> Option<&'v [u8]>, out: &mut dyn FnMut(&[u8])) -> Result<()> {
        for part in &self.parts {
            match part {
                Part::Text(text) => out(text.as_bytes()),
                Part::Field { name, encoder } => {
                    let value = value(name).ok_or_else(|| Error::NoField { field: (*name).to_owned() })?;
                    encoder.encode(value, out).map_err(|cause| Error::Unencodable {
                        field: (*name).to_owned(),
                        encoder: *encoder,
                        cause,
                    })?;
                }
            }
        }
        Ok(())
    }
}
