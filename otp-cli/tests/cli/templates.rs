//! Templates: an account's fields in the form that a client reads.

use crate::call::hint;
use crate::world::World;

const PASSWORD: &str = " p@ss:w/o\\r'd\"}%41${HOME}\u{e4} ";
const ENCODED: &str = "%20p%40ss%3Aw%2Fo%5Cr%27d%22%7D%2541%24%7BHOME%7D%C3%A4%20";

/// An account with a password that every client needs encoded.
fn world() -> World {
    let world = World::empty();
    world
        .otp(&["add", "a", "--username", "al:ice", "--password-stdin", "--field=host=db", "--key-file=a.key"])
        .stdin(PASSWORD)
        .succeeds();
    world
}

#[test]
fn get_prints_a_template_with_the_fields_in_it() {
    let world = world();
    let url = "x://{username|url}:{password|url}@{host}/{{}}";
    let expected = format!("x://al%3Aice:{ENCODED}@db/{{}}");
    let get = ["get", "--key-file=a.key"];
    assert_eq!(world.otp(&get).args(&["--template", url]).succeeds(), expected.as_bytes(), "and no newline");
    world.write("url", format!("{url}\n"));
    let file = world.otp(&get).args(&["--template-file=url"]).succeeds();
    assert_eq!(file, format!("{expected}\n").as_bytes(), "the file's own newline stays");
    let shell = world.otp(&get).args(&["--template", "printf %s {password|sh}"]).prints();
    assert_eq!(world.sh(&shell, &[]).succeeds(), PASSWORD.as_bytes());

    world.write("binary", b"\xff");
    world.otp(&get).args(&["--template-file=binary"]).fails(2);
    world.otp(&get).args(&["--template-file=none"]).fails(1);
    world.otp(&get).args(&["--template={host}", "--field=host"]).fails(2);
    world.otp(&get).args(&["--template={host}", "--template-file=url"]).fails(2);
}

#[test]
fn a_command_gets_a_template_every_way() {
    let world = world();
    let values = ["--env=V={password|url}", "--stdin={username|pgpass}", "--fd=3=<{host}>", "--file=F={password|json}"];
    let script = "printf '%s\\n' \"$V\"; cat; echo; cat <&3; echo; cat \"$F\"";
    let call = world.otp(&["run", "--key-file=a.key"]).args(&values).args(&["--", "sh", "-euc", script]);
    let text = call.prints();
    let lines: Vec<&str> = text.lines().collect();
    let json = serde_json::to_string(PASSWORD).unwrap();
    assert_eq!(lines, [ENCODED, "al\\:ice", "<db>", &json]);
}

#[test]
fn a_bad_template_is_named_with_its_place_before_the_key_is_read() {
    let world = World::empty();
    for option in ["--env=V=ab{host", "--stdin=ab{host", "--fd=3=ab{host", "--file=V=ab{host"] {
        let message = world.otp(&["run", "--key-file=none", option, "--", "touch", "started"]).fails(2);
        assert!(message.contains("byte 2"), "{message}");
    }
    let message = world.otp(&["get", "--key-file=none", "--template={host|html}"]).fails(2);
    assert!(message.contains("byte 6") && hint(&message).contains("raw, url, conninfo"), "{message}");
    let message = world.otp(&["get", "--key-file=none", "--template=a}"]).fails(2);
    assert!(message.contains("byte 1") && hint(&message).contains("}}"), "{message}");
    assert!(!world.path("started").exists());
}

#[test]
fn what_an_encoder_or_the_channel_cannot_carry_is_named_and_nothing_is_started() {
    let world = World::empty();
    world.write("binary", b"a\0b\xff\n");
    world.otp(&["add", "a", "--fields-only", "--field-file=token=binary", "--key-file=a.key"]).succeeds();
    let run = |option: &str| world.otp(&["run", "--key-file=a.key", option, "--", "touch", "started"]).fails(1);
    for encoder in ["pgpass", "conninfo", "mycnf", "odbc", "adonet", "netrc", "json", "sh", "fish", "powershell", "url"]
    {
        let message = run(&format!("--file=F=x{{token|{encoder}}}"));
        assert!(message.contains("\"token\"") && message.contains(encoder), "{message}");
    }
    let message = run("--env=V=x{token}");
    assert!(message.contains("\"token\"") && message.contains("NUL"), "{message}");
    let message = run("--env=V={password}");
    assert!(message.contains("\"password\""), "{message}");
    assert!(!world.path("started").exists());
    let base64 = ["run", "--key-file=a.key", "--env=V={token|base64}", "--", "sh", "-c", "echo $V"];
    assert_eq!(world.otp(&base64).prints(), "YQBi/wo=");
}
