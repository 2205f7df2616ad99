//! How an account is printed: text, JSON, or lines for a shell, docker, dotenv and GitHub. Every value arrives byte for byte, or there is an error.

use clap::ValueEnum;
use otp_core::Fields;
use otp_core::account::Field;
use otp_link::template::Encoder;
use otp_link::{Template, push_base64, push_json_string, push_json_value};
use otp_sys::{LockedBuf, LockedVec};

use crate::channel::{Channel, DOTENV, ENV_LINE, FISH, POWERSHELL, SHELL, TEXT_LINE};
use crate::error::{Error, Result};
use crate::github;

/// How an account is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    Env,
    Shell,
    Powershell,
    Fish,
    Dotenv,
    GithubActions,
}

/// The text of an account in a format.
pub(crate) fn account(fields: &Fields<'_>, format: Format) -> Result<LockedVec> {
    let mut out = LockedVec::with_capacity(room(fields));
    match format {
        Format::Text => text(fields, &mut out)?,
        Format::Json => json(fields, &mut out),
        Format::Env => variables(fields, &mut out, ["", "="], |value, out| out.extend_from_slice(value), &ENV_LINE)?,
        Format::Shell => variables(fields, &mut out, ["export ", "="], quote, &SHELL)?,
        Format::Powershell => variables(fields, &mut out, ["$env:", " = "], quote_for_powershell, &POWERSHELL)?,
        Format::Fish => variables(fields, &mut out, ["set -gx ", " "], quote_for_fish, &FISH)?,
        Format::Dotenv => {
            refuse_references(fields)?;
            variables(fields, &mut out, ["", "="], quote, &DOTENV)?;
        }
        Format::GithubActions => github::masks(fields, &mut out)?,
    }
    Ok(out)
}

/// Enough for any format, with six bytes for a control character in JSON: growing would leave copies in memory.
fn room(fields: &Fields<'_>) -> usize {
    fields.iter().map(|field| 6 * (field.name.len() + field.value.len()) + 100).sum()
}

/// Username and password, a line each. Both must be there: one alone could be taken for the other.
fn text(fields: &Fields<'_>, out: &mut LockedVec) -> Result<()> {
    for name in ["username", "password"] {
        let value = field(fields, name)?;
        check(Field { name, value }, &TEXT_LINE)?;
        out.extend_from_slice(value);
        out.push(b'\n');
    }
    Ok(())
}

/// One object: a string for a value that is UTF-8, `{"base64": "..."}` (RFC 4648, section 4) for any other.
fn json(fields: &Fields<'_>, out: &mut LockedVec) {
    out.push(b'{');
    for (index, field) in fields.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        push_json_string(field.name, out);
        out.extend_from_slice(b": ");
        push_json_value(field.value, out);
    }
    out.extend_from_slice(b"}\n");
}

/// python-dotenv expands variables even within single quotes.
fn refuse_references(fields: &Fields<'_>) -> Result<()> {
    match fields.iter().find(|field| field.value.windows(2).any(|pair| pair == b"${")) {
        None => Ok(()),
        Some(field) => Err(Error::Unfit {
            field: field.name.to_owned(),
            channel: &DOTENV,
            reason: "some readers would replace ${",
        }),
    }
}

/// A line for each field: the name between two texts, and the value.
pub(crate) fn variables(
    fields: &Fields<'_>,
    out: &mut LockedVec,
    [before, between]: [&str; 2],
    value: impl Fn(&[u8], &mut LockedVec),
    channel: &'static Channel,
) -> Result<()> {
    let mut names: Vec<String> = Vec::new();
    for field in fields.iter() {
        check(field, channel)?;
        let name = variable(field.name);
        if names.contains(&name) {
            return Err(Error::Unfit {
                field: field.name.to_owned(),
                channel,
                reason: "another field has the same variable",
            });
        }
        if otp_link::OWN_VARIABLES.contains(&name.as_str()) {
            let reason = "otp itself reads the variable that it would become";
            return Err(Error::Unfit { field: field.name.to_owned(), channel, reason });
        }
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(between.as_bytes());
        value(field.value, out);
        out.push(b'\n');
        names.push(name);
    }
    Ok(())
}

/// The variable of a field: `OTP_` and the name in upper case, with `_` for all but letters and digits.
pub(crate) fn variable(field: &str) -> String {
    let upper = field.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    "OTP_".chars().chain(upper).collect()
}

/// The value of a field.
pub(crate) fn field<'f>(fields: &Fields<'f>, name: &str) -> Result<&'f [u8]> {
    // Don't list the fields that exist: their names are as secret as their values.
    fields.get(name).ok_or_else(|| otp_link::Error::NoField { field: name.to_owned() }.into())
}

/// A rendered template, if the channel can carry it.
pub(crate) fn value(fields: &Fields<'_>, template: &Template<'_>, channel: &'static Channel) -> Result<LockedBuf> {
    let value = template.render(fields)?;
    for (name, encoder) in template.placeholders() {
        let mut fit = Ok(());
        // Piece by piece. That splits no character: only ASCII is encoded.
        encoder
            .encode(field(fields, name)?, &mut |piece| {
                if fit.is_ok() {
                    fit = check(Field { name, value: piece }, channel);
                }
            })
            .map_err(|cause| otp_link::Error::Unencodable { field: name.to_owned(), encoder, cause })?;
        fit?;
    }
    Ok(value)
}

/// Refuses a value that a channel can't carry.
pub(crate) fn check(field: Field<'_>, channel: &'static Channel) -> Result<()> {
    if channel.is_text && str::from_utf8(field.value).is_err() {
        return Err(Error::Unfit { field: field.name.to_owned(), channel, reason: "it is not UTF-8" });
    }
    let reason = match field.value.iter().find(|byte| channel.unfit.contains(byte)) {
        None => return Ok(()),
        Some(0) => "it has a NUL byte",
        Some(b'\'' | b'\\') => "it has a quote or a backslash",
        Some(_) => "it has a line break",
    };
    Err(Error::Unfit { field: field.name.to_owned(), channel, reason })
}

/// A word in single quotes, in which a shell changes nothing; a single quote goes between two such words.
fn quote(value: &[u8], out: &mut LockedVec) {
    out.push(b'\'');
    for byte in value {
        if *byte == b'\'' {
            out.extend_from_slice(b"'\\''");
        } else {
            out.push(*byte);
        }
    }
    out.push(b'\'');
}

/// A word in single quotes, in which fish needs a backslash before a quote or a backslash.
fn quote_for_fish(value: &[u8], out: &mut LockedVec) {
    // The encoder takes everything that the channel lets through.
    let _ = Encoder::Fish.encode(value, &mut |piece| out.extend_from_slice(piece));
}

/// A word in single quotes, in which PowerShell changes nothing, except that two quotes stand for one.
///
/// PowerShell decodes a program's output by the console's code page, and treats U+2018 to U+201B as quotes too, so any
/// value that is not ASCII goes as Base64 of its UTF-8. So does a value with a line break: PowerShell splits output
/// into lines.
fn quote_for_powershell(value: &[u8], out: &mut LockedVec) {
    if value.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        out.push(b'\'');
        for byte in value {
            out.push(*byte);
            if *byte == b'\'' {
                out.push(*byte);
            }
        }
        out.push(b'\'');
        return;
    }
    out.extend_from_slice(b"[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('");
    push_base64(value, out);
    out.extend_from_slice(b"'))");
}

#[cfg(test)]
mod tests {
    use otp_core::Account;

    use super::*;

    fn print(fields: &[(&str, &[u8])], format: Format) -> Result<Vec<u8>> {
        let mut made = Account::new();
        for (name, value) in fields {
            made.set(name, value).unwrap();
        }
        account(&made.fields(), format).map(|out| out.to_vec())
    }

    #[test]
    fn values_that_are_not_utf8_are_base64_in_json() {
        let out = print(&[("username", b"al\"ice"), ("password", b"\xff\x00")], Format::Json).unwrap();
        assert_eq!(out, b"{\"username\": \"al\\\"ice\", \"password\": {\"base64\": \"/wA=\"}}\n");
    }

    #[test]
    fn a_shell_gets_quotes_and_a_line_format_refuses_lines() {
        let out = print(&[("username", b"it's"), ("db-host", b"a\nb")], Format::Shell).unwrap();
        assert_eq!(out, b"export OTP_USERNAME='it'\\''s'\nexport OTP_DB_HOST='a\nb'\n");
        assert!(print(&[("username", b"a\nb")], Format::Env).is_err());
        assert!(print(&[("username", b"a\0b")], Format::Shell).is_err());
        assert!(print(&[("username", b"a\nb")], Format::Text).is_err());
        assert!(print(&[("token", b"t")], Format::Text).is_err());
        assert!(print(&[("password", b"p")], Format::Text).is_err());
        assert!(print(&[("db-host", b"1"), ("db.host", b"2")], Format::Env).is_err());
    }

    #[test]
    fn powershell_gets_ascii_in_quotes_and_all_else_as_base64() {
        let out =
            print(&[("username", b"it's $x `n \"%"), ("db-host", "\u{2018}\u{e4}".as_bytes())], Format::Powershell);
        assert_eq!(
            String::from_utf8(out.unwrap()).unwrap(),
            "$env:OTP_USERNAME = 'it''s $x `n \"%'\n\
             $env:OTP_DB_HOST = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('4oCYw6Q='))\n"
        );
        let lines = print(&[("a", b"1\n2")], Format::Powershell).unwrap();
        assert_eq!(lines.iter().position(|byte| *byte == b'\n'), Some(lines.len() - 1), "a line break would be lost");
        assert!(print(&[("a", b"1\x002")], Format::Powershell).is_err());
        assert!(print(&[("a", b"\xff")], Format::Powershell).is_err(), "a variable there is text");
    }

    #[test]
    fn no_format_needs_more_room_than_was_made() {
        for value in [&b""[..], b"'", b"\x01", b"\xff", b"\"", &[b'\''; 999], &[1; 999], &[0xff; 1000]] {
            for names in [&["a"][..], &["username", "password", "\u{e9}"], &["\u{e9}'\"", "b", "c", "d", "e", "f", "g"]]
            {
                let mut made = Account::new();
                for name in names {
                    made.set(name, value).unwrap();
                }
                let fields = made.fields();
                for format in Format::value_variants() {
                    let format = *format;
                    if let Ok(out) = account(&fields, format) {
                        assert_eq!(out.capacity(), room(&fields));
                    }
                }
            }
        }
    }
}
