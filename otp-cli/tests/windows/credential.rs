//! Credential Manager, and PowerShell.

use crate::world::World;

/// A name that no other test or run uses.
fn target(world: &World, name: &str) -> String {
    format!("otp-test/{}/{name}", world.root().file_name().unwrap().to_str().unwrap())
}

#[test]
fn a_key_is_written_to_a_new_credential_and_read_from_it() {
    let world = World::new();
    let (one, two) = (target(&world, "one"), target(&world, "two"));
    let add = ["add", "b", "--username=u", "--password-stdin", "--key-credential"];
    assert_eq!(world.otp(&add).arg(&one).stdin("p").prints(), "", "the key is not printed");
    assert_eq!(world.otp(&["get", "--key-credential", &one]).prints(), "u\np\n");
    let issue = ["issue", "b", "--key-credential", &one, "--new-key-credential"];
    world.otp(&issue).arg(&two).succeeds();
    assert_eq!(world.otp(&["get", "--key-credential", &two]).prints(), "u\np\n");
    let before = world.everything("store");
    // An existing credential is left alone, and nothing is sealed.
    world.otp(&issue).arg(&two).fails(9);
    world.otp(&["add", "c", "--username=u", "--generate", "--key-credential", &one]).fails(9);
    assert_eq!(world.everything("store"), before);
    assert_eq!(world.otp(&["get", "--key-credential", &one]).prints(), "u\np\n");
    world.otp(&["get", "--key-credential", &target(&world, "none")]).fails(1);
}

#[test]
fn a_key_that_is_too_long_for_a_credential_is_refused_before_anything_is_sealed() {
    let world = World::new();
    let before = world.everything("store");
    let target = target(&world, "long");
    let long = ["--capacity=4096", "--key-credential", &target];
    let said = world.otp(&["add", "b", "--username=u", "--generate"]).args(&long).fails(2);
    assert!(said.contains("2560"), "{said}");
    let issue =
        ["issue", "edms/reporting", "--key-file=nightly.key", "--capacity=2048", "--new-key-credential", &target];
    world.otp(&issue).fails(2);
    assert_eq!(world.everything("store"), before);
    world.otp(&["get", "--key-credential", &target]).fails(1);
}

#[test]
fn powershell_gets_statements_in_ascii() {
    let world = World::empty();
    let add = ["add", "a", "--password-stdin", "--key-file=k", "--username", "O'Neil"];
    world.otp(&add).stdin("\u{e4}\u{2019}").succeeds();
    let text = world.otp(&["get", "--key-file=k", "--format=powershell"]).prints();
    assert!(text.is_ascii(), "{text}");
    let password = "[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('w6TigJk='))";
    assert_eq!(text, format!("$env:OTP_USERNAME = 'O''Neil'\n$env:OTP_PASSWORD = {password}\n"));
}
