//! Callers without a console, such as services.

use crate::child::told;
use crate::world::World;

#[test]
fn without_a_console_everything_works_that_asks_nobody() {
    let world = World::new();
    let get = world.otp(&["get", "--key-file=nightly.key"]).without_console();
    assert_eq!(get.prints(), "alice\ncorrect horse\n");
    let run = world.run(&["--env=P=password"], "variable=P").without_console();
    assert_eq!(told(&run.prints()), [r#"Some("correct horse")"#]);
    let said = world.otp(&["add", "b", "--username=u", "--key-file=b.key"]).without_console().fails(2);
    assert!(said.contains("no terminal"), "{said}");
    assert!(!world.path("b.key").exists());
}

#[test]
fn text_beyond_any_code_page_arrives_byte_for_byte() {
    let world = World::empty();
    let name = "J\u{fc}rgen \u{20ac}\u{1f511}";
    world
        .otp(&["add", "a", "--password-stdin", "--key-file=k", "--username", name])
        .stdin("\u{e4}\u{1f511}")
        .succeeds();
    assert_eq!(world.otp(&["get", "--key-file=k"]).prints(), format!("{name}\n\u{e4}\u{1f511}\n"));
}
