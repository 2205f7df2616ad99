//! Values as JSON, into memory that is wiped: a string for one that is UTF-8, `{"base64": "..."}` for any other.

use base64ct::{Base64, Encoding};
use otp_sys::LockedVec;

/// Writes text as a JSON string (RFC 8259).
pub fn push_json_string(text: &str, out: &mut LockedVec) {
    // Writing to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}

/// Writes a field's value: a string, or an object with the one member `base64` (RFC 4648, section 4), so that every value
/// comes back byte for byte.
pub fn push_json_value(value: &[u8], out: &mut LockedVec) {
    if let Ok(text) = str::from_utf8(value) {
        push_json_string(text, out);
    } else {
        out.extend_from_slice(b"{\"base64\": \"");
        push_base64(value, out);
        out.extend_from_slice(b"\"}");
    }
}

/// Writes bytes as Base64, with padding.
pub fn push_base64(value: &[u8], out: &mut LockedVec) {
    // There is room for as many.
    let len = Base64::encode(value, out.spare(Base64::encoded_len(value))).map_or(0, str::len);
    out.advance(len);
}
