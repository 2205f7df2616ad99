//! When keys expire: as typed, and as shown.

use crate::call::hint;
use crate::world::World;

#[test]
fn a_date_is_echoed_in_full_and_a_time_needs_its_zone() {
    let world = World::new();
    let issue = |expires: &str| world.otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--expires", expires]);
    let outcome = issue("2090-01-31").outcome();
    assert_eq!((outcome.code(), outcome.stderr.as_str()), (0, "otp: expires at 2090-01-31T00:00:00Z\n"));
    issue("2090-01-31T18:30:00+01:00").succeeds();
    assert!(world.otp(&["info", "edms/reporting"]).prints().contains("2090-01-31T17:30:00Z"));
    for time in ["2090-01-31T18:30:00", "2090-01-31 18:30"] {
        let message = issue(time).fails(2);
        assert!(hint(&message).contains('Z') && hint(&message).contains("+01:00"), "{message}");
    }
    issue("2090-01-31T18:30:00.5Z").fails(2);
}

#[test]
fn a_grace_period_of_more_than_a_year_is_refused() {
    let world = World::new();
    let before = world.everything();
    let rotate = ["rotate", "edms/reporting", "--yes", "--key-file=nightly.key", "--generate", "--grace"];
    for grace in ["367d", "366d 1s", "100w"] {
        let message = world.otp(&rotate).arg(grace).fails(2);
        assert!(message.contains("366 days"), "{message}");
        assert_eq!(world.everything(), before);
    }
    world.otp(&rotate).arg("366d").succeeds();
}

#[test]
fn verify_names_the_keys_that_are_about_to_expire() {
    let world = World::new();
    for (expires, key) in [("1h", "hour.key"), ("10d", "days.key")] {
        let key = format!("--new-key-file={key}");
        let issue = ["issue", "edms/reporting", "--key-file=nightly.key", "--for=h", "--expires", expires, &key];
        world.otp(&issue).succeeds();
    }
    world.otp(&["verify"]).succeeds();
    world.otp(&["verify", "--warn-within=30m"]).succeeds();
    for (within, keys) in [("2h", &["hour.key"][..]), ("14d", &["hour.key", "days.key"])] {
        let outcome = world.otp(&["verify", "--warn-within", within]).outcome();
        assert_eq!(outcome.code(), 18, "{}", outcome.stderr);
        for key in ["hour.key", "days.key"] {
            assert_eq!(outcome.text().contains(&world.key_id(key)), keys.contains(&key), "{}", outcome.text());
        }
    }
    // Damage is worse.
    std::fs::write(world.record_of("days.key"), "damaged").unwrap();
    assert_eq!(world.otp(&["verify", "--warn-within=14d"]).outcome().code(), 7);
}
