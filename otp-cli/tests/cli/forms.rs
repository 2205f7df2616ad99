//! What `otp get` prints for shells and dotenv files is read back intact. `cargo xtask clients` tests dotenv readers.

use otp_test_tools::lacks;

use crate::call::hint;
use crate::world::World;

/// A value that is hard for every reader.
const VALUE: &str = " a'b\"c\\d$HOME`x`%41 #\u{e4}{}|!~\n\\\\'\n ";

fn world(value: &str) -> World {
    let world = World::empty();
    world.write("value", value);
    let add = ["add", "a", "--username=al%ice", "--field-file=password=value", "--field=host=db", "--key-file=a.key"];
    world.otp(&add).arg("--fields-only").succeeds();
    world
}

#[test]
fn shells_load_what_is_printed_for_them() {
    let world = world(VALUE);
    let evaluate = "eval \"$(otp get --key-file=a.key --format=shell)\"; printf %s \"$OTP_PASSWORD\"";
    let source = "otp get --key-file=a.key --format=fish | source; printf %s \"$OTP_PASSWORD\"";
    let template =
        "eval (otp get --key-file=a.key --template 'set -gx P {password|fish}' | string collect); printf %s \"$P\"";
    let scripts = [
        ("sh", evaluate),
        ("dash", evaluate),
        ("bash", evaluate),
        ("zsh", evaluate),
        ("fish", source),
        ("fish", template),
    ];
    for (shell, script) in scripts.into_iter().filter(|(shell, _)| !lacks(shell)) {
        let said = world.command(shell, &["-c", script]).env("LC_ALL", "C.UTF-8").succeeds();
        assert_eq!(String::from_utf8(said).unwrap(), VALUE, "{shell}");
    }
}

#[test]
fn dotenv_refuses_what_its_readers_take_differently() {
    let world = world("p \"#$HOME`x`\u{e4}\nq ");
    let text = world.otp(&["get", "--key-file=a.key", "--format=dotenv"]).prints();
    assert_eq!(text, "OTP_USERNAME='al%ice'\nOTP_PASSWORD='p \"#$HOME`x`\u{e4}\nq '\nOTP_HOST='db'");
    for value in ["it's", "a\\n", "a\rb", "${HOME}"] {
        let world = self::world(value);
        let message = world.otp(&["get", "--key-file=a.key", "--format=dotenv"]).fails(1);
        assert!(message.contains("\"password\"") && hint(&message).contains("--format json"), "{message}");
    }
}

#[test]
fn github_gets_masks_on_standard_output_and_the_variables_in_its_file() {
    let world = world("one%\ntwo\r");
    let get = ["get", "--key-file=a.key", "--format=github-actions"];
    let message = world.otp(&get).fails(2);
    assert!(message.contains("GITHUB_ENV"), "{message}");
    world.write("env", "BEFORE=1\n");
    let masks = world.otp(&get).env("GITHUB_ENV", world.path("env")).succeeds();
    assert_eq!(String::from_utf8(masks).unwrap(), "::add-mask::one%25\n::add-mask::two%0D\n");
    let text = String::from_utf8(world.read("env")).unwrap();
    let delimiter = text.lines().nth(1).unwrap().strip_prefix("OTP_USERNAME<<").unwrap();
    assert!(delimiter.starts_with("otp_") && delimiter.len() == 24, "{delimiter}");
    let variable = |name: &str, value: &str| format!("{name}<<{delimiter}\n{value}\n{delimiter}\n");
    let variables = [("OTP_USERNAME", "al%ice"), ("OTP_PASSWORD", "one%\ntwo\r"), ("OTP_HOST", "db")];
    let expected: String = variables.into_iter().map(|(name, value)| variable(name, value)).collect();
    assert_eq!(text, format!("BEFORE=1\n{expected}"));
    assert_eq!(world.otp(&get).env("GITHUB_ENV", world.path("none/env")).outcome().code(), 1);
}
