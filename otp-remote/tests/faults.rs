//! Servers that fail in every way: nothing is reported that does not exist, nothing is lost, and every call ends.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod helper;
mod stub;

use otp_core::store::{Slot, Store};
use otp_core::{AccountName, KeyId};
use otp_remote_protocol::{Answer, Failure, Listing, Request, object_name};

use self::helper::Helper;
use self::stub::{BUCKET, Fault, Habit, Stub};

/// Passing faults, after which a request may or may not have taken effect.
const PASSING: [Fault; 7] = [
    Fault::LostAnswer,
    Fault::BusyAfterwards,
    Fault::Busy,
    Fault::Conflict,
    Fault::CutBody,
    Fault::LongLength,
    Fault::Closed,
];

const CREDENTIALS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "hunter2")];

fn url(stub: &Stub) -> String {
    format!("s3://{BUCKET}?endpoint=http://127.0.0.1:{}", stub.port)
}

/// A stub with a store that may be written to, and a helper that has opened it.
fn opened(patience_ms: u32) -> (Stub, Helper) {
    let stub = Stub::start(Habit::None);
    stub.put(".otp-store", b"otp-store 1\n");
    let (helper, limits) = Helper::open_within(patience_ms, &url(&stub), true, &CREDENTIALS).unwrap();
    assert!(limits.is_initialised);
    stub.take_requests();
    (stub, helper)
}

fn slot(id: u8) -> Slot {
    Slot::record(&AccountName::parse("edms/a").unwrap(), KeyId::from_bytes([id; KeyId::LEN]))
}

#[test]
fn a_put_of_ours_is_ours_whatever_became_of_the_answer() {
    let (stub, helper) = opened(helper::PATIENCE_MS);
    for (id, fault) in (0..).zip(PASSING) {
        stub.fail("PUT", &[fault]);
        assert_eq!(helper.put(&slot(id), b"ours"), Ok(true), "{fault:?}");
        assert_eq!(stub.object(&object_name(&slot(id))).as_deref(), Some(&b"ours"[..]), "{fault:?}");
    }
    assert!(stub.has_failed());
}

#[test]
fn a_put_of_others_is_theirs_whatever_became_of_the_answer() {
    let (stub, helper) = opened(helper::PATIENCE_MS);
    for (id, fault) in (0..).zip(PASSING) {
        stub.put(&object_name(&slot(id)), b"theirs");
        stub.fail("PUT", &[fault]);
        assert_eq!(helper.put(&slot(id), b"ours"), Ok(false), "{fault:?}");
        assert_eq!(stub.object(&object_name(&slot(id))).as_deref(), Some(&b"theirs"[..]), "{fault:?}");
    }
    assert!(stub.has_failed());
}

#[test]
fn a_replacement_is_done_once_whatever_became_of_the_answer() {
    let (stub, helper) = opened(helper::PATIENCE_MS);
    for (id, fault) in (0..).zip(PASSING) {
        let key = object_name(&slot(id));
        stub.put(&key, b"old");
        stub.fail("PUT", &[fault, fault]);
        assert_eq!(helper.replace_if(&slot(id), b"old", b"new"), Ok(true), "{fault:?}");
        assert_eq!(stub.object(&key).as_deref(), Some(&b"new"[..]), "{fault:?}");
        // Use up faults that are left, or they would hit the next round.
        while !stub.has_failed() {
            assert_eq!(helper.put(&slot(100), b"ours"), Ok(true));
        }
        assert_eq!(helper.replace_if(&slot(id), b"old", b"newer"), Ok(false), "{fault:?}");
        assert_eq!(helper.replace_if(&slot(50), b"old", b"new"), Ok(false), "nothing is created");
        assert_eq!(stub.object(&object_name(&slot(50))), None);
    }
}

#[test]
fn what_only_reads_or_removes_is_asked_again() {
    let (stub, helper) = opened(helper::PATIENCE_MS);
    let key = object_name(&slot(1));
    for fault in PASSING.into_iter().filter(|fault| *fault != Fault::Conflict) {
        stub.put(&key, b"object");
        stub.fail("GET", &[fault, fault]);
        assert_eq!(helper.read(&slot(1)), Ok(Some(b"object".to_vec())), "{fault:?}");
        stub.fail("GET", &[fault]);
        assert_eq!(helper.slots(Listing::All), Ok(vec![slot(1)]), "{fault:?}");
        stub.fail("DELETE", &[fault]);
        assert_eq!(helper.remove(&slot(1)), Ok(true), "{fault:?}");
        assert_eq!((helper.remove(&slot(1)), stub.object(&key)), (Ok(false), None), "{fault:?}");
    }
    assert!(stub.has_failed());
}

#[test]
fn what_lasts_is_reported_and_not_taken_for_an_empty_slot() {
    let (stub, helper) = opened(helper::PATIENCE_MS);
    stub.put(&object_name(&slot(1)), b"object");
    for (fault, kind) in [
        (Fault::Busy, Failure::Unavailable),
        (Fault::Closed, Failure::Unavailable),
        (Fault::CutBody, Failure::Unavailable),
        (Fault::LongLength, Failure::Unavailable),
        (Fault::Denied, Failure::Denied),
    ] {
        let tries = if fault == Fault::Denied { 1 } else { 3 };
        let failed = |result: Result<(), helper::Failed>| {
            let failed = result.unwrap_err();
            assert_eq!(failed.kind, kind, "{fault:?}: {failed}");
            assert!(!failed.message.contains("hunter2"));
            assert!(stub.has_failed(), "{fault:?}: it is asked as often as it should be");
        };
        stub.fail("GET", &vec![fault; tries]);
        failed(helper.read(&slot(1)).map(drop));
        stub.fail("GET", &vec![fault; tries]);
        failed(helper.slots(Listing::All).map(drop));
        stub.fail("GET", &vec![fault; tries]);
        failed(helper.remove(&slot(1)).map(drop));
        if !matches!(fault, Fault::CutBody | Fault::LongLength) {
            stub.fail("PUT", &vec![fault; if fault == Fault::Denied { 1 } else { 4 }]);
            failed(helper.put(&slot(2), b"ours").map(drop));
            assert_eq!(stub.object(&object_name(&slot(2))), None);
        }
    }
    assert_eq!(stub.object(&object_name(&slot(1))).as_deref(), Some(&b"object"[..]));
}

/// Nobody can see that a body was longer than announced. The rest is not taken for the next answer, and a cut-off
/// object is one that no key opens.
#[test]
fn what_is_behind_a_body_is_nothing() {
    let (stub, helper) = opened(helper::PATIENCE_MS);
    stub.put(&object_name(&slot(1)), b"object");
    stub.fail("GET", &[Fault::ShortLength]);
    assert_eq!(helper.read(&slot(1)), Ok(Some(b"objec".to_vec())));
    assert_eq!(helper.read(&slot(1)), Ok(Some(b"object".to_vec())));
    assert_eq!(helper.read(&slot(2)), Ok(None));
}

#[test]
fn a_server_says_when_to_come_back() {
    let (stub, helper) = opened(10_000);
    stub.put(&object_name(&slot(1)), b"object");
    let waits = |ask: &dyn Fn()| {
        let start = std::time::Instant::now();
        ask();
        assert!(start.elapsed() >= std::time::Duration::from_secs(2), "without that wish, it is asked again at once");
    };
    stub.fail("GET", &[Fault::BusyFor(2)]);
    waits(&|| assert_eq!(helper.read(&slot(1)), Ok(Some(b"object".to_vec()))));
    stub.fail("PUT", &[Fault::BusyFor(2)]);
    waits(&|| assert_eq!(helper.put(&slot(2), b"ours"), Ok(true)));
    // Nobody waits for an answer that would come too late.
    stub.fail("GET", &[Fault::BusyFor(3600)]);
    let failed = helper.read(&slot(1)).unwrap_err();
    assert!(failed.kind == Failure::Unavailable && failed.message.contains("1 try"), "{failed}");
}

#[test]
fn a_silent_server_costs_the_time_that_it_has_and_no_more() {
    let (stub, helper) = opened(2_000);
    stub.fail("GET", &[Fault::Silent]);
    let failed = helper.read(&slot(1)).unwrap_err();
    assert_eq!(failed.kind, Failure::Unavailable, "{failed}");
    assert_eq!(*helper.notices.lock().unwrap(), [("127.0.0.1".to_owned(), 1)], "somebody who waits is told");
    // The helper still works.
    assert_eq!(helper.read(&slot(1)), Ok(None));
}

#[test]
fn answers_come_as_they_are_ready() {
    let (stub, helper) = opened(helper::PATIENCE_MS);
    stub.put(&object_name(&slot(1)), b"object");
    stub.fail("PUT", &[Fault::Silent]);
    let slow = helper.send(&Request::Put(slot(2), b"ours"));
    while stub.take_requests().is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(helper.read(&slot(1)), Ok(Some(b"object".to_vec())));
    assert!(slow.try_recv().is_err(), "the put is still under way");
}

#[test]
fn a_server_that_is_not_there_is_unavailable() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let plain = Stub::start(Habit::None).port;
    for endpoint in [
        format!("http://127.0.0.1:{unused}"),
        "https://nothing.invalid".into(),
        // This one speaks no TLS.
        format!("https://127.0.0.1:{plain}"),
    ] {
        let (helper, _) = Helper::open(&format!("s3://b?endpoint={endpoint}"), false, &CREDENTIALS).unwrap();
        let failed = helper.read(&slot(1)).unwrap_err();
        assert_eq!(failed.kind, Failure::Unavailable, "{endpoint}: {failed}");
        assert!(failed.message.contains("3 tries"), "{failed}");
    }
}

#[test]
fn a_missing_bucket_is_not_an_empty_store() {
    let stub = Stub::start(Habit::None);
    let url = url(&stub).replace(BUCKET, "elsewhere");
    let (helper, _) = Helper::open(&url, false, &CREDENTIALS).unwrap();
    assert_eq!(helper.read(&slot(1)).unwrap_err().kind, Failure::NotFound);
    assert_eq!(Helper::open(&url, true, &CREDENTIALS).err().unwrap().kind, Failure::NotFound);
}

/// The hidden object might be a note that ends the key.
#[test]
fn what_is_hidden_is_not_missing() {
    let stub = Stub::start(Habit::HidesMissing);
    stub.put(&object_name(&slot(1)), b"object");
    let (helper, _) = Helper::open(&url(&stub), false, &CREDENTIALS).unwrap();
    assert_eq!(helper.read(&slot(1)), Ok(Some(b"object".to_vec())));
    let both = Request::GetBoth(slot(1), Slot { kind: otp_core::store::Kind::Note, ..slot(1) });
    assert_eq!(helper.ask(&both, |_| ()).unwrap_err().kind, Failure::Denied);
}

#[test]
fn nothing_is_written_before_the_store_is_initialised() {
    let stub = Stub::start(Habit::None);
    let (helper, limits) = Helper::open(&url(&stub), true, &CREDENTIALS).unwrap();
    assert!(limits.can_write && !limits.is_initialised);
    let objects: Vec<(Slot, &[u8])> = vec![(slot(1), b"a")];
    for result in [
        helper.put(&slot(1), b"ours").map(drop),
        helper.put_many(&objects).map(drop),
        helper.replace_if(&slot(1), b"a", b"b").map(drop),
        helper.remove(&slot(1)).map(drop),
    ] {
        assert_eq!(result.unwrap_err().kind, Failure::NotInitialised);
    }
    assert_eq!(stub.keys(), Vec::<String>::new());
    assert_eq!(helper.init(), Ok(false));
    assert_eq!(stub.keys(), [".otp-store"], "the probe leaves nothing behind");
    assert_eq!(helper.put(&slot(1), b"ours"), Ok(true));
}

#[test]
fn a_server_that_pretends_is_refused() {
    for habit in [Habit::NoConditions, Habit::EmptyLists] {
        let stub = Stub::start(habit);
        let (helper, _) = Helper::open(&url(&stub), true, &CREDENTIALS).unwrap();
        assert_eq!(helper.init().unwrap_err().kind, Failure::Unsupported, "{habit:?}");
        assert!(!stub.keys().contains(&".otp-store".to_owned()), "{habit:?}");
        // The same for a server that once kept its promises, and no longer does.
        stub.put(".otp-store", b"otp-store 1\n");
        let (doctor, _) = Helper::open(&url(&stub), true, &CREDENTIALS).unwrap();
        assert_eq!(doctor.inspect().unwrap_err().kind, Failure::Unsupported, "{habit:?}");
        stub.remove(".otp-store");
        assert_eq!(helper.put(&slot(1), b"ours").unwrap_err().kind, Failure::NotInitialised, "{habit:?}");
    }
}

#[test]
fn tags_without_quotes_are_tried_where_those_with_quotes_are_refused() {
    let stub = Stub::start(Habit::BareTags);
    let (helper, _) = Helper::open(&url(&stub), true, &CREDENTIALS).unwrap();
    assert_eq!(helper.init(), Ok(false));
    assert_eq!(helper.put(&slot(1), b"old"), Ok(true));
    assert_eq!(helper.replace_if(&slot(1), b"old", b"new"), Ok(true));
}

#[test]
fn lists_have_every_page_and_nothing_else() {
    let (stub, helper) = opened(helper::PATIENCE_MS);
    let slots: Vec<Slot> = (0..20).map(slot).collect();
    for slot in &slots {
        stub.put(&object_name(slot), b"object");
    }
    for other in ["edms/a/.lock", "edms/a/.tmp-1", "edms/a/readme.txt", "edms/ab/aaaaaaaaaaaaaaaa.otp", "edms/a/b/x"] {
        stub.put(other, b"other");
    }
    let account = AccountName::parse("edms/a").unwrap();
    let below = Slot::record(&AccountName::parse("edms/a/b").unwrap(), KeyId::from_bytes([0; 10]));
    stub.put(&object_name(&below), b"object");
    assert_eq!(helper.slots(Listing::Account(account.clone())), Ok(slots.clone()));
    let with_below: Vec<Slot> = slots.iter().cloned().chain([below]).collect();
    assert_eq!(helper.slots(Listing::Below(account)), Ok(with_below.clone()));
    assert_eq!(helper.slots(Listing::All).unwrap().len(), with_below.len() + 1);
}

#[test]
fn opening_costs_two_requests() {
    let (stub, _) = opened(helper::PATIENCE_MS);
    let (helper, _) = Helper::open(&url(&stub), false, &CREDENTIALS).unwrap();
    stub.take_requests();
    let both = Request::GetBoth(slot(1), Slot { kind: otp_core::store::Kind::Note, ..slot(1) });
    assert_eq!(helper.ask(&both, |answer| matches!(answer, Answer::Objects(None, None))), Ok(true));
    let name = object_name(&slot(1));
    assert_eq!(stub.take_requests(), [format!("GET {name}"), format!("GET {}", name.replace(".otp", ".note.otp"))]);
}
