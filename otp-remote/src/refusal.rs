//! What a server's answers mean apart from success: refusals, wrong regions, missing buckets.
//!
//! `object_store` treats a missing bucket as an empty slot, and a refused list as an unknown failure. So its engines
//! see only the answers that say what is in a slot; everything else becomes an [`Error`] here.

use bytes::Bytes;
use http::{Response, StatusCode};

use crate::error::Error;

/// The codes of S3, Azure and Google Cloud Storage for a missing bucket or container.
const NO_BUCKET: [&str; 3] = ["NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"];
/// Codes for expired credentials, which S3 reports as a malformed request.
const OLD_CREDENTIALS: [&str; 3] = ["ExpiredToken", "TokenRefreshRequired", "InvalidToken"];
/// The longest server code that is repeated.
const CODE_LIMIT: usize = 64;

/// Whether the server is only busy, and may be asked again.
pub(crate) fn is_busy(status: StatusCode) -> bool {
    let passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
    (status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED) || passing.contains(&status)
}

/// Passes on an answer that says what is in a slot; all others are errors.
pub(crate) fn understood(answer: Response<Bytes>) -> Result<Response<Bytes>, Error> {
    let status = answer.status();
    let code = code(&answer);
    let known = |codes: &[&str]| codes.contains(&code.as_str());
    if let Some(region) = answer.headers().get("x-amz-bucket-region").filter(|_| !status.is_success()) {
        let region = region.to_str().unwrap_or_default();
        if status.is_redirection() || status == StatusCode::BAD_REQUEST {
            return Err(Error::OtherRegion { region: word(region) });
        }
    }
    match status {
        StatusCode::NOT_FOUND | StatusCode::CONFLICT if known(&NO_BUCKET) => Err(Error::NoBucket { code }),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Error::Denied { status: status.as_u16(), code }),
        StatusCode::BAD_REQUEST if known(&OLD_CREDENTIALS) => Err(Error::Denied { status: status.as_u16(), code }),
        StatusCode::NOT_FOUND
        | StatusCode::GONE
        | StatusCode::CONFLICT
        | StatusCode::PRECONDITION_FAILED
        | StatusCode::NOT_MODIFIED => Ok(answer),
        status if status.is_success() => Ok(answer),
        status => Err(Error::Unexpected { status: status.as_u16(), code }),
    }
}

/// The server's error code, or an empty text.
pub(crate) fn code(answer: &Response<Bytes>) -> String {
    if answer.status().is_success() {
        return String::new();
    }
    if let Some(code) = answer.headers().get("x-ms-error-code").and_then(|code| code.to_str().ok()) {
        return word(code);
    }
    let body = String::from_utf8_lossy(answer.body());
    let between = |text: &str| Some(text.split_once("<Code>")?.1.split_once("</Code>")?.0.to_owned());
    word(&between(&body).unwrap_or_default())
}

/// The text, if it is a word like a code. What a server says may end up on a terminal.
fn word(text: &str) -> String {
    let fits = text.len() <= CODE_LIMIT && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if fits { text.to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, header: Option<(&'static str, &'static str)>, body: &'static str) -> Response<Bytes> {
        let mut answer = Response::builder().status(status);
        if let Some((name, value)) = header {
            answer = answer.header(name, value);
        }
        answer.body(Bytes::from_static(body.as_bytes())).unwrap()
    }

    fn s3(status: u16, code: &'static str) -> Response<Bytes> {
        let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message></Error>");
        Response::builder().status(status).body(body.into()).unwrap()
    }

    #[test]
    fn not_allowed_is_never_not_found() {
        for (answer, code) in [
            (s3(403, "AccessDenied"), "AccessDenied"),
            (s3(401, ""), ""),
            (s3(400, "ExpiredToken"), "ExpiredToken"),
            (answer(403, Some(("x-ms-error-code", "AuthorizationFailure")), ""), "AuthorizationFailure"),
            (answer(403, None, "<html>no</html>"), ""),
        ] {
            let status = answer.status().as_u16();
            assert_eq!(understood(answer).unwrap_err(), Error::Denied { status, code: code.into() });
        }
    }

    #[test]
    fn a_missing_bucket_is_no_empty_slot() {
        for answer in [
            s3(404, "NoSuchBucket"),
            answer(404, Some(("x-ms-error-code", "ContainerNotFound")), ""),
            answer(409, Some(("x-ms-error-code", "ContainerBeingDeleted")), ""),
        ] {
            assert!(matches!(understood(answer), Err(Error::NoBucket { .. })));
        }
        assert!(understood(s3(404, "NoSuchKey")).is_ok() && understood(answer(404, None, "")).is_ok());
    }

    #[test]
    fn another_region_is_named() {
        let header = Some(("x-amz-bucket-region", "eu-1"));
        for status in [301, 307, 400] {
            let error = understood(answer(status, header, "")).unwrap_err();
            assert_eq!(error, Error::OtherRegion { region: "eu-1".into() });
        }
        assert!(understood(answer(404, header, "")).is_ok());
    }

    #[test]
    fn what_a_server_says_is_repeated_only_if_it_is_a_word() {
        assert_eq!(code(&s3(500, "Internal\u{1b}[31mError")), "");
        assert_eq!(code(&s3(500, "InternalError")), "InternalError");
        assert_eq!(code(&answer(500, None, "<Code>")), "");
        assert_eq!(code(&answer(200, None, "<Code>Fine</Code>")), "");
    }
}
