//! Presets: how each client is started. `cargo xtask clients` logs in with the real ones.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::call::{Call, hint};
use crate::world::World;

/// An account with a host, and a stand-in for each client, which shows how it was started.
fn world() -> World {
    let world = World::empty();
    world
        .otp(&["add", "a", "--username=alice", "--password-stdin", "--field=host=db", "--key-file=a.key"])
        .stdin("correct horse")
        .succeeds();
    for name in ["psql", "mariadb", "redis-cli", "curl"] {
        let show = "#!/bin/sh\nfor word; do echo \"$word\"; done\nenv | sort >environment\n";
        fs::write(world.path(name), show).unwrap();
        fs::set_permissions(world.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    world
}

fn run(world: &World, options: &str, command: &[&str]) -> Call {
    world.otp(&["run", "--key-file=a.key"]).args(&options.split(' ').collect::<Vec<_>>()).arg("--").args(command)
}

#[test]
fn a_preset_sets_what_its_client_takes_and_removes_what_would_win() {
    let world = world();
    let call = run(&world, "--preset psql --set database=sales --env X=host", &["./psql", "-c", "select 1"]);
    let words = call.env("PGPASSWORD", "wrong").env("PGSERVICE", "other").env("PGPORT", "7").prints();
    assert_eq!(words, "-c\nselect 1");
    let environment = String::from_utf8(world.read("environment")).unwrap();
    for line in ["PGUSER=alice", "PGHOST=db", "PGPORT=7", "PGDATABASE=sales", "X=db", "PGPASSFILE=/proc/"] {
        assert!(environment.lines().any(|found| found.starts_with(line)), "{line} in {environment}");
    }
    for name in ["PGPASSWORD", "PGSERVICE", "OTP_PASSWORD", "correct horse"] {
        assert!(!environment.contains(name), "{name} in {environment}");
    }
}

#[test]
fn options_of_a_preset_come_first_and_have_no_password() {
    let world = world();
    let words = run(&world, "--preset mariadb", &["./mariadb", "-e", "select 1"]).prints();
    let words: Vec<&str> = words.lines().collect();
    assert!(words[0].starts_with("--defaults-file=/proc/") && words[1..] == ["-e", "select 1"], "{words:?}");
    let words = run(&world, "--preset curl", &["./curl", "http://db/"]).prints();
    let words: Vec<&str> = words.lines().collect();
    assert!(words[0] == "--netrc-file" && words[1].starts_with("/proc/") && words[2] == "http://db/", "{words:?}");
    let words = run(&world, "--preset redis-cli --set port=7", &["./redis-cli", "ping"]).prints();
    assert_eq!(words.lines().collect::<Vec<_>>(), ["--user", "alice", "-h", "db", "-p", "7", "ping"]);
    let environment = String::from_utf8(world.read("environment")).unwrap();
    assert!(environment.contains("REDISCLI_AUTH=correct horse\n"), "{environment}");
}

#[test]
fn what_contradicts_a_preset_is_refused_before_the_key_is_read() {
    let world = world();
    let refused = |options: &str, program: &str| {
        let options: Vec<&str> = options.split(' ').collect();
        world.otp(&["run", "--key-file=none"]).args(&options).args(&["--", program]).fails(2)
    };
    for twice in ["--env PGUSER=host", "--file PGPASSFILE=host", "--env PGPASSWORD=password"] {
        let message = refused(&format!("--preset psql {twice}"), "./psql");
        assert!(message.contains("PG"), "{message}");
    }
    let message = refused("--preset mariadb", "./backup.sh");
    assert!(hint(&message).contains("mariadb-dump"), "{message}");
    let message = refused("--preset psql --set driver=x", "./psql");
    assert!(hint(&message).contains("database"), "{message}");
    let message = refused("--preset psql --set password=otp-secret", "./psql");
    assert!(!message.contains("otp-secret"), "{message}");
    refused("--preset psql --set database=", "./psql");
    refused("--preset oracle", "./psql");
    refused("--set host=x", "./psql");
    assert!(!world.path("environment").exists());
}

#[test]
fn what_a_preset_lacks_is_named_and_nothing_is_started() {
    let world = world();
    let message = run(&world, "--preset odbc", &["./psql"]).fails(2);
    assert!(hint(&message).contains("--set driver=TEXT"), "{message}");
    world.otp(&["add", "b", "--fields-only", "--field=username=u", "--key-file=b.key"]).succeeds();
    world.otp(&["run", "--key-file=b.key", "--preset=psql", "--", "./psql"]).fails(1);
    let add = ["add", "c", "--username=u", "--password-stdin", "--key-file=c.key"];
    world.otp(&add).stdin(" blank").succeeds();
    let odbc = ["run", "--key-file=c.key", "--preset=odbc", "--set=driver=MariaDB", "--", "./psql"];
    let message = world.otp(&odbc).fails(1);
    assert!(message.contains("\"password\"") && message.contains("blank"), "{message}");
    assert!(!world.path("environment").exists());
}
