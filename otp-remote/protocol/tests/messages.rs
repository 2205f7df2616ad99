//! Every message survives encoding and decoding, and bytes that decode are exactly what the message encodes to.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use otp_core::store::{Kind, Slot};
use otp_core::{AccountName, KeyId};
use otp_remote_protocol::{
    Answer, Failure, HEADER_LEN, Limits, Listing, MAX_MESSAGE, Malformed, NOTICE, Request, VERSION, Verb, body,
    take_message,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

fn account() -> impl Strategy<Value = AccountName> {
    "[a-z0-9]{1,9}(/[a-z0-9]{1,9}){0,2}".prop_filter_map("a rule is broken", |name| AccountName::parse(&name).ok())
}

fn slot() -> impl Strategy<Value = Slot> {
    (account(), any::<[u8; 10]>(), select(Kind::ALL)).prop_map(|(account, id, kind)| Slot {
        account,
        id: KeyId::from_bytes(id),
        kind,
    })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

/// The message without its length, which must be correct.
fn without_len(sent: &[u8]) -> &[u8] {
    let (message, rest) = take_message(sent).unwrap().unwrap();
    assert!(rest.is_empty());
    message
}

fn request_comes_back(request: &Request<'_>, id: u32) {
    let sent = request.encode(id).unwrap();
    let message = without_len(&sent);
    assert_eq!(Request::decode(message).as_ref(), Ok(request));
    assert_eq!((body(message).unwrap().id, body(message).unwrap().tag), (id, request.verb() as u8));
    for cut in 0..message.len() {
        assert!(Request::decode(&message[..cut]).is_err(), "cut at {cut}");
    }
    assert!(Request::decode(&[message, &[0]].concat()).is_err(), "a byte too many");
}

fn answer_comes_back(answer: &Answer<'_>, id: u32, verb: Option<Verb>) {
    let sent = answer.encode(id).unwrap();
    let message = without_len(&sent);
    assert_eq!(Answer::decode(message, verb).as_ref(), Ok(answer));
    for cut in 0..message.len() {
        assert!(Answer::decode(&message[..cut], verb).is_err(), "cut at {cut}");
    }
    assert!(Answer::decode(&[message, &[0]].concat(), verb).is_err(), "a byte too many");
}

proptest! {
    #[test]
    fn requests_come_back(id: u32, one in slot(), two in slot(), name in account(), old in bytes(), new in bytes(),
                          url in ".{0,40}", writable: bool, patience_ms: u32, many in vec((slot(), bytes()), 0..4)) {
        let many = many.iter().map(|(slot, bytes)| (slot.clone(), bytes.as_slice())).collect();
        for request in [
            Request::Hello { version: VERSION, url: &url, writable, patience_ms },
            Request::Get(one.clone()),
            Request::GetBoth(one.clone(), two),
            Request::Put(one.clone(), &new),
            Request::PutMany(many),
            Request::Replace { slot: one.clone(), expected: &old, new: &new },
            Request::Remove(one),
            Request::List(Listing::All),
            Request::List(Listing::Below(name.clone())),
            Request::List(Listing::Account(name)),
            Request::Init,
            Request::Inspect,
        ] {
            request_comes_back(&request, id);
        }
    }

    #[test]
    fn answers_come_back(id: u32, slots in vec(slot(), 0..4), one in bytes(), two in bytes(), yes: bool, count: u16,
                         text in ".{0,40}", kind in select(Failure::ALL.as_slice()), max_object: u32,
                         max_in_flight in 1_u16.., max_batch in 1_u16.., is_initialised: bool) {
        let limits = Limits { can_write: yes, is_initialised, max_object, max_in_flight, max_batch };
        for (answer, verb) in [
            (Answer::Hello(limits), Verb::Hello),
            (Answer::Object(yes.then_some(&one)), Verb::Get),
            (Answer::Objects(Some(&one), yes.then_some(&two)), Verb::GetBoth),
            (Answer::Put(yes), Verb::Put),
            (Answer::PutMany(count), Verb::PutMany),
            (Answer::Replaced(yes), Verb::Replace),
            (Answer::Removed(yes), Verb::Remove),
            (Answer::Part(slots), Verb::List),
            (Answer::Listed, Verb::List),
            (Answer::Initialised { before: yes }, Verb::Init),
            (Answer::Findings(vec![(&text, "value"), ("key", &text)]), Verb::Inspect),
        ] {
            answer_comes_back(&answer, id, Some(verb));
        }
        for verb in Verb::ALL {
            answer_comes_back(&Answer::Failed { kind, message: &text }, id, Some(verb));
        }
        answer_comes_back(&Answer::Waiting { host: &text, attempt: count }, NOTICE, None);
    }

    #[test]
    fn what_is_read_is_what_would_be_written(id: u32, tag in 0_u8..12, parts in vec(any::<u8>(), 0..60)) {
        let message = [&id.to_be_bytes()[..], &[tag], &parts].concat();
        if let Ok(request) = Request::decode(&message) {
            prop_assert_eq!(&request.encode(id).unwrap()[HEADER_LEN..], &message);
        }
        for verb in Verb::ALL.map(Some).into_iter().chain([None]) {
            if let Ok(answer) = Answer::decode(&message, verb) {
                prop_assert_eq!(&answer.encode(id).unwrap()[HEADER_LEN..], &message);
            }
        }
    }
}

#[test]
fn an_answer_fits_its_request_alone() {
    let part = Answer::Part(Vec::new()).encode(1).unwrap();
    for verb in Verb::ALL {
        let expected = if verb == Verb::List { Ok(Answer::Part(Vec::new())) } else { Err(Malformed::Tag) };
        assert_eq!(Answer::decode(without_len(&part), Some(verb)), expected);
    }
    let notice = Answer::Waiting { host: "host", attempt: 1 };
    assert_eq!(Answer::decode(without_len(&notice.encode(1).unwrap()), None), Err(Malformed::Tag), "the id is not 0");
    let notice = notice.encode(NOTICE).unwrap();
    assert_eq!(Answer::decode(without_len(&notice), Some(Verb::Get)), Err(Malformed::Tag));
    let done = Answer::Listed.encode(NOTICE).unwrap();
    assert_eq!(Answer::decode(without_len(&done), None), Err(Malformed::Tag));
}

#[test]
fn another_version_is_told_whatever_follows_it() {
    let theirs = 0x0203;
    assert_eq!(Request::decode(&[0, 0, 0, 1, 0, 2, 3, 9, 9]), Err(Malformed::Version { theirs }));
    assert_eq!(Answer::decode(&[0, 0, 0, 1, 0, 2, 3, 9], Some(Verb::Hello)), Err(Malformed::Version { theirs }));
}

#[test]
fn values_that_a_part_can_not_have_are_refused() {
    for (tag, parts, verb) in [
        (0, &[2][..], Verb::Put),
        (0, &[2], Verb::Get),
        (0, &[1, 0xff, 0xff, 0xff, 0xff], Verb::Get),
        (0, &[0, 1, 4, 0, 0, 0, 0, 0, 1, 0, 1], Verb::Hello),
        (0, &[0, 1, 3, 0, 0, 0, 0, 0, 0, 0, 1], Verb::Hello),
        (0, &[0, 1, 3, 0, 0, 0, 0, 0, 1, 0, 0], Verb::Hello),
        (2, &[0, 0, 0], Verb::Get),
        (2, &[9, 0, 0], Verb::Get),
    ] {
        let message = [&[0, 0, 0, 1, tag], parts].concat();
        assert_eq!(Answer::decode(&message, Some(verb)), Err(Malformed::Body), "{parts:?}");
    }
    assert_eq!(Answer::decode(&[0, 0, 0, 1, 2, 8, 0, 1, 0xff], Some(Verb::Get)), Err(Malformed::Text));
    assert_eq!(Request::decode(&[0, 0, 0, 1, 7, 3, 0, 0]), Err(Malformed::Body));
    assert_eq!(Request::decode(&[0, 0, 0, 1, 7, 0, 0, 1, b'a']), Err(Malformed::Body));
    assert_eq!(Request::decode(&[0, 0, 0, 1, 7, 1, 0, 0]), Err(Malformed::Name));
    assert_eq!(Request::decode(&[0, 0, 0, 1, 1, 0, 1, b'a']), Err(Malformed::Name));
    assert_eq!(Request::decode(&[0, 0, 0, 1, 10]), Err(Malformed::Tag));
}

#[test]
fn nothing_is_written_that_could_not_be_read() {
    let slot = Slot::record(&AccountName::parse("a").unwrap(), KeyId::from_bytes([0; 10]));
    assert_eq!(Request::Put(slot, &vec![0; MAX_MESSAGE]).encode(1), Err(Malformed::Length));
    let text = "x".repeat(1 << 16);
    assert_eq!(Answer::Failed { kind: Failure::Other, message: &text }.encode(1), Err(Malformed::Text));
}
