//! A helper's messages, and those to it, made of arbitrary bytes.

use otp_remote_protocol::{Answer, HEADER_LEN, Request, Verb, body, take_message};

/// Bytes as they might arrive from a helper: any message that decodes encodes to the same bytes.
pub fn helper(data: &[u8]) {
    let mut rest = data;
    while let Ok(Some((message, behind))) = take_message(rest) {
        let id = body(message).unwrap().id;
        for verb in Verb::ALL.map(Some).into_iter().chain([None]) {
            if let Ok(answer) = Answer::decode(message, verb) {
                assert_eq!(answer.encode(id).unwrap()[HEADER_LEN..], *message);
            }
        }
        if let Ok(request) = Request::decode(message) {
            assert_eq!(request.encode(id).unwrap()[HEADER_LEN..], *message);
        }
        assert_eq!(data.len() - behind.len(), data.len() - rest.len() + HEADER_LEN + message.len());
        rest = behind;
    }
}
