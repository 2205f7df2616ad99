//! One line of the log.

use otp_core::UnixTime;

use super::{Event, Subject};
use crate::template::Encoder;

/// A line, and what some logs want to know of it.
#[derive(Debug)]
pub(super) struct Line {
    /// JSON, without a newline.
    pub(super) text: String,
    /// Whether something was refused.
    pub(super) is_refusal: bool,
    /// What the journal can be searched by: its own names, and values. None has a line break.
    #[cfg(target_os = "linux")]
    pub(super) parts: Vec<(&'static str, String)>,
}

impl Line {
    /// A line about this process, now.
    pub(super) fn new(event: Event, result: &str, subject: &Subject) -> Self {
        let Subject { account, key_id, holder } = subject;
        let identity = otp_sys::identity().ok();
        let user = |user: &str| if cfg!(unix) { user.to_owned() } else { string(user) };
        let program = std::env::current_exe().ok();
        let program = program.as_deref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy());
        let members = [
            ("v", "1".to_owned()),
            ("time", string(&UnixTime::now().to_string())),
            ("event", string(event.name())),
            ("result", string(result)),
            ("account", or_null(account.as_ref().map(|account| string(account.as_str())))),
            ("key_id", or_null(key_id.map(|id| string(&id.to_string())))),
            ("holder", or_null(holder.as_ref().map(|holder| string(holder.as_str())))),
            ("host", or_null(identity.as_ref().map(|identity| string(&identity.host)))),
            ("uid", or_null(identity.as_ref().map(|identity| user(&identity.user)))),
            ("euid", or_null(identity.as_ref().map(|identity| user(&identity.effective_user)))),
            ("pid", std::process::id().to_string()),
            ("ppid", or_null(identity.as_ref().and_then(|identity| identity.parent).map(|parent| parent.to_string()))),
            ("program", or_null(program.map(|program| string(&program)))),
        ];
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        Self {
            text: format!("{{{}}}", members.join(",")),
            is_refusal: result != "ok",
            #[cfg(target_os = "linux")]
            parts: parts(event, result, subject),
        }
    }
}

#[cfg(target_os = "linux")]
fn parts(event: Event, result: &str, subject: &Subject) -> Vec<(&'static str, String)> {
    let mut parts = vec![("OTP_EVENT", event.name().to_owned()), ("OTP_RESULT", result.to_owned())];
    parts.extend(subject.account.as_ref().map(|account| ("OTP_ACCOUNT", account.to_string())));
    parts.extend(subject.key_id.map(|id| ("OTP_KEY_ID", id.to_string())));
    parts.extend(subject.holder.as_ref().map(|holder| ("OTP_HOLDER", holder.to_string())));
    parts
}

fn or_null(value: Option<String>) -> String {
    value.unwrap_or_else(|| "null".to_owned())
}

/// A string of JSON.
fn string(text: &str) -> String {
    let mut encoded = Vec::new();
    Encoder::Json.encode(text.as_bytes(), &mut |piece| encoded.extend_from_slice(piece)).expect("it is text");
    String::from_utf8(encoded).expect("the encoder gives text for text")
}

#[cfg(test)]
mod tests {
    use otp_core::{AccountName, Holder};
    use serde_json::{Value, json};

    use super::*;

    fn parsed(line: &Line) -> Value {
        assert!(!line.text.contains('\n') && line.text.len() < 1024, "{}", line.text);
        serde_json::from_str(&line.text).unwrap()
    }

    #[test]
    fn a_line_is_json_with_these_members_in_this_order() {
        let subject = Subject {
            account: AccountName::parse("edms/reporting").ok(),
            key_id: otp_core::KeyId::parse("aebagbafaydqqcik").ok(),
            holder: Holder::parse("night\"ly\\").ok(),
        };
        let line = Line::new(Event::Open, "ok", &subject);
        let value = parsed(&line);
        for (member, expected) in [
            ("v", json!(1)),
            ("event", json!("open")),
            ("result", json!("ok")),
            ("account", json!("edms/reporting")),
            ("key_id", json!("aebagbafaydqqcik")),
            ("holder", json!("night\"ly\\")),
            ("pid", json!(std::process::id())),
        ] {
            assert_eq!(value[member], expected, "{member}");
        }
        let members = "v time event result account key_id holder host uid euid pid ppid program";
        let mut from = 0;
        for member in members.split(' ') {
            from += line.text[from..].find(&format!("\"{member}\":")).unwrap();
        }
        assert_eq!(value.as_object().unwrap().len(), members.split(' ').count());
        assert!(!line.is_refusal);
    }

    #[test]
    fn what_is_not_known_is_null() {
        let line = Line::new(Event::Revoke, "wrong-key", &Subject::default());
        let value = parsed(&line);
        assert_eq!((&value["account"], &value["key_id"], &value["holder"]), (&Value::Null, &Value::Null, &Value::Null));
        assert!(line.is_refusal);
    }
}
