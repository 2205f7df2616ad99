//! Values arrive byte for byte on every channel, or there is an error and nothing else.

use std::fs;

use base64ct::{Base64, Encoding};
use otp_test_tools::lacks;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::call::{hint, warning};
use crate::world::World;

/// Values that are hard for shells, JSON, lines and environments: any bytes, special ones, and long ones.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let special = prop::sample::select(&b"'\"$`\\\n\r\0 \t!*?~#&;|<>(){}[]=%-\x1b\x7f\xc3\xa9\xff"[..]);
    prop_oneof![
        4 => vec(any::<u8>(), 0..40),
        4 => vec(special, 0..40),
        2 => "\\PC{0,20}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 2000..6000),
    ]
}

/// The values that lack certain bytes.
fn value_without(unfit: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    value().prop_map(move |mut value| {
        value.retain(|byte| !unfit.contains(byte));
        value
    })
}

/// Seals values as the fields `f0`, `f1` and so on; each goes in through a file of that name.
fn seal(values: &[Vec<u8>]) -> World {
    let world = World::empty();
    let mut add = world.otp(&["add", "a", "--fields-only", "--key-file=a.key"]);
    for (index, value) in values.iter().enumerate() {
        world.write(&format!("f{index}"), value);
        add = add.arg(format!("--field-file=f{index}=f{index}"));
    }
    let outcome = add.outcome();
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    world
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 64, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn get_prints_a_field_alone_and_json_tells_all(values in vec(value(), 1..8)) {
        let world = seal(&values);
        let json = world.otp(&["get", "--key-file=a.key", "--format=json"]).succeeds();
        let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&json).unwrap();
        prop_assert_eq!(fields.len(), values.len());
        for (index, value) in values.iter().enumerate() {
            let name = format!("f{index}");
            prop_assert_eq!(&world.otp(&["get", "--key-file=a.key", "--field", &name]).succeeds(), value);
            match &fields[&name] {
                serde_json::Value::String(text) => prop_assert_eq!(text.as_bytes(), value),
                other => {
                    prop_assert!(std::str::from_utf8(value).is_err(), "only what is not UTF-8 is in base64");
                    prop_assert_eq!(&Base64::decode_vec(other["base64"].as_str().unwrap()).unwrap(), value);
                }
            }
        }
    }

    #[test]
    fn the_password_comes_in_through_stdin_and_descriptor(value in value()) {
        // One line break at the end is dropped, and an empty password is refused.
        let typed = [&value[..], b"\n"].concat();
        let kept = value.strip_suffix(b"\r").unwrap_or(&value);
        let world = World::empty();
        world.write("typed", &typed);
        let stdin = world.otp(&["add", "a", "--username=u", "--password-stdin", "--key-file=a.key"]).stdin(&typed);
        let fd = world.sh("exec otp add b --username=u --password-fd 3 --key-file=b.key 3<typed", &[]);
        if kept.is_empty() {
            stdin.fails(2);
            fd.fails(2);
            prop_assert!(!world.path("store").exists());
        } else {
            for (call, key) in [(stdin, "a.key"), (fd, "b.key")] {
                prop_assert_eq!(call.outcome().code(), 0);
                prop_assert_eq!(&world.otp(&["get", "--field=password", "--key-file", key]).succeeds()[..], kept);
            }
        }
    }

    #[test]
    fn shells_evaluate_to_the_same_bytes(values in vec(value_without(&[0]), 1..8)) {
        let world = seal(&values);
        let mut script = "eval \"$(otp get --key-file=a.key --format=shell)\"\n".to_owned();
        for index in 0..values.len() {
            script.push_str(&format!("printf %s \"$OTP_F{index}\" >out{index}\n"));
        }
        for shell in ["sh", "bash", "dash"].into_iter().filter(|shell| !lacks(shell)) {
            world.shell(shell, &script, &[]).succeeds();
            for (index, value) in values.iter().enumerate() {
                prop_assert_eq!(&world.read(&format!("out{index}")), value, "{}", shell);
            }
        }
    }

    #[test]
    fn env_lines_hold_what_fits_a_line(values in vec(value_without(b"\0\n\r"), 1..8)) {
        let world = seal(&values);
        let lines = world.otp(&["get", "--key-file=a.key", "--format=env"]).succeeds();
        let mut expected = Vec::new();
        for (index, value) in values.iter().enumerate() {
            expected.extend_from_slice(&[format!("OTP_F{index}=").as_bytes(), value, b"\n"].concat());
        }
        prop_assert_eq!(lines, expected);
    }

    #[test]
    fn a_command_gets_the_same_bytes_every_way(
        variable in value_without(&[0]),
        values in (value(), value(), value(), value()),
    ) {
        let (stdin, three, nine, file) = values;
        let world = seal(&[variable.clone(), stdin.clone(), three.clone(), nine.clone(), file.clone()]);
        let script = "printf %s \"$V\" >o0; cat >o1; cat <&3 >o2; cat <&9 >o3; cat \"$F\" >o4; cat \"$F\" >o5";
        world
            .otp(&["run", "--key-file=a.key", "--env=V=f0", "--stdin=f1", "--fd=3=f2", "--fd=9=f3", "--file=F=f4"])
            .arg("--").arg("sh").arg("-euc").arg(script)
            .succeeds();
        for (name, value) in [("o0", variable), ("o1", stdin), ("o2", three), ("o3", nine), ("o4", file.clone()), ("o5", file)] {
            prop_assert_eq!(world.read(name), value, "{}", name);
        }
    }
}

#[test]
fn what_a_channel_cannot_carry_is_an_error_and_nothing_else() {
    let world = seal(&[b"a\0b".to_vec(), b"a\nb".to_vec(), b"a\rb".to_vec()]);
    for format in ["shell", "env"] {
        let message = world.otp(&["get", "--key-file=a.key", "--format", format]).fails(1);
        assert!(message.contains("f0") && hint(&message).contains("--field or --format json"), "{message}");
    }
    world.otp(&["get", "--key-file=a.key", "--field=f0"]).succeeds();
    world.otp(&["get", "--key-file=a.key", "--format=json"]).succeeds();
    let run = ["run", "--key-file=a.key", "--env=V=f0", "--", "touch", "started"];
    let message = world.otp(&run).fails(1);
    assert!(message.contains("f0") && hint(&message).contains("--file, --fd or --stdin"), "{message}");
    assert!(!world.path("started").exists());
    for option in ["--file=V=f0", "--fd=3=f0", "--stdin=f0"] {
        world.otp(&["run", "--key-file=a.key", option, "--", "true"]).succeeds();
    }

    for value in ["a\nb", "a\rb"] {
        let world = seal(&[value.as_bytes().to_vec()]);
        let message = world.otp(&["get", "--key-file=a.key", "--format=env"]).fails(1);
        assert!(hint(&message).contains("--field or --format json"), "{message}");
    }
    let world = World::empty();
    world.otp(&["add", "a", "--username=a\nb", "--generate", "--key-file=a.key"]).succeeds();
    world.otp(&["get", "--key-file=a.key"]).fails(1);
}

#[test]
fn one_line_break_at_the_end_of_a_password_is_dropped_and_no_more() {
    let world = World::empty();
    for (name, typed, kept) in [
        ("a", "p", "p"),
        ("b", "p\n", "p"),
        ("c", "p\n\n", "p\n"),
        ("d", "p\r\n", "p"),
        ("e", "p\r\r\n", "p\r"),
        ("f", "p\r", "p\r"),
    ] {
        let key = format!("--key-file={name}.key");
        world.otp(&["add", name, "--username=u", "--password-stdin", &key]).stdin(typed).succeeds();
        assert_eq!(world.otp(&["get", "--field=password", &key]).succeeds(), kept.as_bytes(), "{typed:?}");
    }
}

#[test]
fn arguments_carry_any_bytes_but_nul() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::empty();
    let value: Vec<u8> = (1..=255).collect();
    let option = |name: &str| std::ffi::OsStr::from_bytes(&[name.as_bytes(), &value].concat()).to_owned();
    let add = world.otp(&["add", "a", "--fields-only", "--key-file=a.key"]);
    let outcome = add.arg(option("--field=x==")).arg(option("--username=")).outcome();
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    assert_eq!(world.otp(&["get", "--key-file=a.key", "--field=username"]).succeeds(), value);
    assert_eq!(world.otp(&["get", "--key-file=a.key", "--field=x"]).succeeds(), [b"=", &value[..]].concat());
}

#[test]
fn the_longest_secret_goes_in_and_out() {
    let world = World::empty();
    // The longest value that fits the largest frame beside its field's name and length.
    let longest: Vec<u8> = (0..65_535 - 3_u32).map(|at| at.to_le_bytes()[at as usize % 3]).collect();
    world.write("value", &longest);
    let add = ["add", "a", "--fields-only", "--field-file=password=value", "--key-file=a.key"];
    let outcome = world.otp(&add).outcome();
    assert_eq!(outcome.code(), 0);
    assert!(warning(&outcome.stderr).is_some_and(|text| text.contains("255")), "{}", outcome.stderr);
    assert_eq!(world.otp(&["get", "--key-file=a.key", "--field=password"]).succeeds(), longest);
    fs::write(world.path("value"), [&longest[..], b"!"].concat()).unwrap();
    let add = ["add", "b", "--fields-only", "--field-file=password=value", "--key-file=b.key"];
    world.otp(&add).fails(2);
    assert!(!world.path("b.key").exists());
}
