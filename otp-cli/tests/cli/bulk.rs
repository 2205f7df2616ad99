//! `otp import` of many accounts, `otp rotate --all` and `otp export`: what they make, report and leave alone.

use std::fs;
use std::path::{Path, PathBuf};

use crate::call::Outcome;
use crate::world::World;

const MANIFEST: &str = r#"{"account": "edms/a", "username": "alice", "password": "p\u00e4\"\\\n\ud83d\ude00", "for": ["nightly", "Hourly"]}

{"account": "edms/b", "generate": 20, "fields": {"host": "db", "blob": {"base64": "/wA="}}, "field_files": {"pin": "pin"}, "capacity": 256, "expires": "30d"}
"#;
const KEYS: [&str; 3] = ["keys/edms+a@%48ourly.key", "keys/edms+a@nightly.key", "keys/edms+b.key"];

fn world() -> World {
    let world = World::empty();
    world.write("a.jsonl", MANIFEST);
    world.write("pin", "12\n");
    world
}

fn import(world: &World, arguments: &[&str]) -> Outcome {
    world.otp(&["import", "jsonl", "a.jsonl", "--new-key-dir=keys"]).args(arguments).outcome()
}

/// The lines of a report: state and account.
fn states(outcome: &Outcome) -> Vec<(String, String)> {
    let cells = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        (cells.next().unwrap(), cells.next().unwrap())
    };
    outcome.text().lines().map(cells).collect()
}

fn all(state: &str) -> Vec<(String, String)> {
    ["edms/a", "edms/a", "edms/b"].map(|account| (state.to_owned(), account.to_owned())).to_vec()
}

fn key_files(world: &World) -> Vec<String> {
    let mut files: Vec<String> = fs::read_dir(world.path("keys"))
        .unwrap()
        .map(|entry| format!("keys/{}", entry.unwrap().file_name().into_string().unwrap()))
        .filter(|name| !name.ends_with(".otp-import.lock"))
        .collect();
    files.sort();
    files
}

#[test]
fn a_manifest_becomes_accounts_byte_for_byte_and_a_second_run_changes_nothing() {
    let world = world();
    let first = import(&world, &[]);
    assert_eq!((first.code(), states(&first), first.stderr.as_str()), (0, all("added"), "otp: 3 added\n"));
    assert_eq!(key_files(&world), KEYS);
    for key in &KEYS[..2] {
        let opened = world.otp(&["get", "--format=json", "--key-file", key]).prints();
        assert_eq!(opened, "{\"username\": \"alice\", \"password\": \"p\u{e4}\\\"\\\\\\n\u{1f600}\"}");
    }
    let opened: serde_json::Value =
        serde_json::from_slice(&world.otp(&["get", "--format=json", "--key-file", KEYS[2]]).succeeds()).unwrap();
    assert_eq!(opened["password"].as_str().unwrap().len(), 20);
    assert_eq!((&opened["host"], &opened["pin"]), (&"db".into(), &"12\n".into()));
    assert_eq!(opened["blob"], serde_json::json!({"base64": "/wA="}));
    let info = world.otp(&["info", "edms/a"]).prints();
    assert!(info.contains("nightly") && info.contains("Hourly"), "{info}");
    let before = world.everything();
    let again = import(&world, &[]);
    assert_eq!((again.code(), states(&again)), (0, all("exists")));
    assert_eq!(world.everything(), before);
}

#[test]
fn a_run_that_was_cut_short_ends_where_a_whole_one_would() {
    let world = world();
    assert_eq!(import(&world, &[]).code(), 0);
    // As if the first run had died before it put the records of these.
    fs::remove_file(world.record_of(KEYS[0])).unwrap();
    fs::remove_dir_all(world.record_of(KEYS[2]).parent().unwrap()).unwrap();
    let (old, kept) = (world.key(KEYS[0]), world.key(KEYS[1]));
    let again = import(&world, &[]);
    assert_eq!(again.stderr, "otp: 1 exists, 2 added\n");
    assert!(world.key(KEYS[0]) != old && world.key(KEYS[1]) == kept);
    for key in KEYS {
        world.otp(&["get", "--format=json", "--key-file", key]).succeeds();
    }
    assert_eq!(states(&import(&world, &[])), all("exists"));
    assert!(world.otp(&["verify"]).prints().starts_with("3 records: "));
}

#[test]
fn with_a_ring_too_and_the_ring_has_every_key() {
    let world = world();
    world.otp(&["ring", "init", "ring"]).succeeds();
    let arguments = ["--ring=ring", "--pages=3"];
    assert_eq!(states(&import(&world, &arguments)), all("added"));
    fs::remove_file(world.record_of(KEYS[0])).unwrap();
    // If a key file is lost, its key is still in the ring and is handed out again.
    let lost = world.key(KEYS[1]);
    assert_eq!(states(&import(&world, &arguments)).len(), 3);
    fs::remove_file(world.path(KEYS[1])).unwrap();
    assert_eq!(import(&world, &arguments).code(), 0);
    assert_eq!(world.key(KEYS[1]), lost);
    assert_eq!(states(&import(&world, &arguments)), all("exists"));
    assert!(world.otp(&["verify", "--ring=ring"]).prints().ends_with("all well"));
}

#[test]
fn accounts_that_others_made_are_left_alone() {
    let world = world();
    world.otp(&["add", "edms/a", "--username=x", "--generate", "--key-file=own.key"]).succeeds();
    let record = fs::read(world.record_of("own.key")).unwrap();
    let failed = import(&world, &[]);
    assert_eq!((failed.code(), key_files(&world)), (9, vec![KEYS[2].to_owned()]));
    assert_eq!(states(&failed)[0], ("failed".to_owned(), "edms/a".to_owned()));
    let skipped = import(&world, &["--skip-existing"]);
    assert_eq!((skipped.code(), skipped.stderr.as_str()), (0, "otp: 2 skipped, 1 exists\n"));
    assert_eq!(fs::read(world.record_of("own.key")).unwrap(), record);
}

#[test]
fn a_key_file_whose_key_was_revoked_does_not_bring_the_account_back() {
    let world = world();
    assert_eq!(import(&world, &[]).code(), 0);
    let id = world.key_id(KEYS[2]);
    world.otp(&["revoke", "edms/b", &id]).succeeds();
    let before = world.everything();
    let again = import(&world, &[]);
    assert_eq!((again.code(), states(&again)[2].0.as_str()), (3, "failed"));
    assert_eq!(world.everything(), before);
}

#[test]
#[cfg(target_os = "linux")]
fn a_dry_run_draws_nothing_changes_nothing_and_shows_no_value() {
    let world = world();
    let broken = world.random_source("broken", "(void)b; (void)n; (void)f; errno = EIO; return -1;");
    let before = world.tree();
    let plan = world
        .otp(&["import", "jsonl", "a.jsonl", "--new-key-dir=keys", "--dry-run"])
        .env("LD_PRELOAD", &broken)
        .outcome();
    assert_eq!((plan.code(), states(&plan)), (0, all("planned")), "{}", plan.stderr);
    assert!(!plan.text().contains("alice") && !plan.stderr.contains("alice"));
    assert_eq!(world.tree(), before);
    // The same fault stops a real run before it has made anything.
    let run = world.otp(&["import", "jsonl", "a.jsonl", "--new-key-dir=keys"]).env("LD_PRELOAD", &broken).outcome();
    assert_eq!((run.code(), states(&run)), (11, vec![all("not-reached")[0].clone(), all("not-reached")[2].clone()]));
    assert_eq!(key_files(&world), Vec::<String>::new());
    assert_eq!(import(&world, &["--dry-run"]).code(), 0);
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_without_a_value_and_nothing_is_made() {
    let good = r#"{"account": "a", "password": "SECRET"}"#;
    let cases = [
        (r#"{"account": "b", "pasword": "SECRET"}"#, "unknown member \"pasword\""),
        (r#"{"account": "b", "password": "SECRET""#, "not JSON"),
        (r#"{"account": "b", "password": "SECRET", "password": "SECRET"}"#, "twice"),
        (r#"{"account": "b", "password": "SECRET\ud800"}"#, "whole characters"),
        (r#"{"account": "b", "password": 5}"#, "has to be"),
        (r#"{"account": "b", "password": {"base64": "SECRET"}}"#, "Base64"),
        (r#"{"account": "b", "password": ""}"#, "empty"),
        (r#"{"account": "b", "password": "SECRET", "generate": 9}"#, "both"),
        (r#"{"account": "b", "generate": 7}"#, "8 to 1024"),
        (r#"{"account": "B", "password": "SECRET"}"#, "\"account\""),
        (r#"{"account": "b"}"#, "no field"),
        (r#"{"password": "SECRET"}"#, "no account"),
        (r#"{"account": "a", "password": "SECRET"}"#, "line 1 already"),
        (r#"{"account": "b", "password": "SECRET", "for": "SECRET"}"#, "list"),
        (r#"{"account": "b", "password": "SECRET", "for": ["x", "x"]}"#, "twice"),
        (r#"{"account": "b", "password": "SECRET", "expires": "2001-01-01"}"#, "expires"),
        (r#"{"account": "b", "password": "SECRET", "capacity": 65}"#, "\"capacity\""),
        (r#"["SECRET"]"#, "object"),
        (r#""SECRET""#, "object"),
    ];
    for (bad, words) in cases {
        let world = World::empty();
        world.write("a.jsonl", format!("{good}\n{bad}\n"));
        let before = world.tree();
        let said = world.otp(&["import", "jsonl", "a.jsonl", "--new-key-dir=keys"]).fails(2);
        assert!(said.starts_with("otp: a.jsonl:2: ") && said.contains(words), "{bad}: {said}");
        assert!(!said.contains("SECRET"), "{said}");
        assert_eq!(world.tree(), before, "{bad}");
    }
}

#[test]
fn the_lines_as_json_say_what_the_text_says() {
    let world = world();
    let lines = |outcome: &Outcome| -> Vec<serde_json::Value> {
        outcome.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let added = lines(&import(&world, &["--json"]));
    assert_eq!(
        (&added[0]["state"], &added[0]["holder"], &added[0]["line"]),
        (&"added".into(), &"nightly".into(), &1.into())
    );
    assert_eq!((&added[2]["key_file"], &added[2]["line"]), (&KEYS[2].into(), &3.into()));
    world.write("b.jsonl", r#"{"account": "edms/a", "password": "x"}"#);
    let failed = world.otp(&["import", "jsonl", "b.jsonl", "--new-key-dir=other", "--json"]).outcome();
    let failed = &lines(&failed)[0];
    assert_eq!(
        (&failed["state"], &failed["code"], &failed["key_file"]),
        (&"failed".into(), &"exists".into(), &().into())
    );
}

#[test]
fn each_key_and_each_exported_account_has_its_line_in_a_log_and_without_one_there_is_none() {
    let world = world();
    world.otp(&["ring", "init", "ring"]).succeeds();
    let full = |arguments: &[&str]| world.otp(arguments).env("OTP_AUDIT", "file:/dev/full");
    let import = ["import", "jsonl", "a.jsonl", "--new-key-dir=keys", "--ring=ring"];
    assert_eq!(full(&import).outcome().code(), 17);
    assert!(key_files(&world).is_empty());
    assert!(world.everything().iter().all(|(path, _)| path.extension().is_none_or(|extension| extension != "otp")));

    let log = format!("file:{}", world.path("log").display());
    assert_eq!(world.otp(&import).env("OTP_AUDIT", &log).outcome().code(), 0);
    let export = ["export", "--ring=ring", "--yes"];
    world.otp(&export).env("OTP_AUDIT", &log).succeeds();
    let text = String::from_utf8(world.read("log")).unwrap();
    let events: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| format!("{} {}", line["event"].as_str().unwrap(), line["account"].as_str().unwrap()))
        .collect();
    assert_eq!(events, ["add edms/a", "issue edms/a", "add edms/b", "open edms/a", "open edms/b"]);
    let refused = full(&export).outcome();
    assert_eq!((refused.code(), refused.text().as_str()), (17, ""));
}

#[test]
fn what_is_exported_comes_back_by_an_import() {
    let world = world();
    world.otp(&["ring", "init", "ring"]).succeeds();
    assert_eq!(import(&world, &["--ring=ring"]).code(), 0);
    let asked = world.otp(&["export", "--ring=ring"]).fails(2);
    assert!(asked.contains("--yes"), "{asked}");
    let exported = world.otp(&["export", "--ring=ring", "--yes"]).succeeds();
    world.write("out.jsonl", &exported);
    let other = world.path("other");
    let imported = world.otp(&["import", "jsonl", "out.jsonl", "--new-key-dir=theirs"]).env("OTP_STORE", &other);
    assert_eq!(imported.outcome().code(), 0);
    for key in KEYS {
        let name = Path::new(key).file_name().unwrap();
        let theirs = Path::new("theirs").join(name);
        let get = |file: &Path, store: PathBuf| {
            world.otp(&["get", "--format=json", "--key-file"]).arg(file).env("OTP_STORE", store).succeeds()
        };
        assert_eq!(get(Path::new(key), world.path("store")), get(&theirs, other.clone()), "{key}");
    }
    // An account that the ring can't open is named; the others are exported.
    world.otp(&["add", "edms/0", "--username=x", "--generate", "--key-file=own.key"]).succeeds();
    let part = world.otp(&["export", "--ring=ring", "--yes"]).outcome();
    assert_eq!((part.code(), &part.stdout), (3, &exported));
    assert!(part.stderr.contains("edms/0"), "{}", part.stderr);
}

#[test]
fn every_account_of_a_ring_is_rotated_and_one_in_doubt_stops_the_others() {
    let world = world();
    // A program only takes text.
    world.write("a.jsonl", MANIFEST.replace("{\"base64\": \"/wA=\"}", "\"text\""));
    world.otp(&["ring", "init", "ring"]).succeeds();
    assert_eq!(import(&world, &["--ring=ring", "--pages=9"]).code(), 0);
    let rotate =
        |more: &[&str]| world.otp(&["rotate", "--all", "--ring=ring", "--new-key-dir=new"]).args(more).outcome();
    let get = |key| world.otp(&["get", "--field=password", "--key-file", key]).succeeds();
    let before = KEYS.map(get);
    assert_eq!(rotate(&["--dry-run"]).text(), "planned\tedms/a\t-\t-\nplanned\tedms/b\t-\t-\n");
    assert_eq!(KEYS.map(get), before);
    assert_eq!(rotate(&[]).text(), "rotated\tedms/a\t-\t-\nrotated\tedms/b\t-\t-\n");
    let after = KEYS.map(get);
    assert!(after[0] == after[1] && after[0] != before[0] && after[2] != before[2] && after[0] != after[2]);
    let doubt = rotate(&["--apply=false"]);
    assert_eq!((doubt.code(), states(&doubt)[1].0.as_str()), (15, "not-reached"));
    // The unfinished one is left to be resumed, and blocks no other.
    let next = rotate(&["--apply=true"]);
    assert_eq!((next.code(), states(&next)[0].0.as_str(), states(&next)[1].0.as_str()), (15, "failed", "rotated"));
    assert_eq!(get(KEYS[0]), after[0]);
    // Every holder may get a new key, reported on a line of its own.
    let new = rotate(&["edms/b", "--new-keys"]);
    assert_eq!(states(&new), [("rotated".into(), "edms/b".into()), ("added".into(), "edms/b".into())]);
    let file = new.text().lines().last().unwrap().rsplit('\t').next().unwrap().to_owned();
    world.otp(&["get", "--format=json", "--key-file", &file]).succeeds();
    for wrong in [&["--username=x"][..], &["--grace=1d"], &["--key-file=x"]] {
        assert_eq!(rotate(wrong).code(), 2, "{wrong:?}");
    }
}

#[test]
fn a_rotation_of_all_needs_a_directory_for_new_keys_only_where_somebody_gets_one() {
    let world = world();
    world.otp(&["ring", "init", "ring"]).succeeds();
    assert_eq!(import(&world, &["--ring=ring", "--pages=3"]).code(), 0);
    let rotate = |more: &[&str]| world.otp(&["rotate", "--all", "--ring=ring"]).args(more).outcome();
    let password = || world.otp(&["get", "--field=password", "--key-file", KEYS[0]]).succeeds();
    let first = password();
    assert_eq!(rotate(&["--generate=40"]).text(), "rotated\tedms/a\t-\t-\nrotated\tedms/b\t-\t-\n");
    let second = password();
    assert!(second != first && second.len() == 40);
    // The next page is the last, and with it each holder gets a successor.
    for more in [&["--dry-run"][..], &[]] {
        let refused = rotate(more);
        let each = ["edms/a", "edms/b"].map(|account| ("failed".to_owned(), account.to_owned()));
        assert_eq!((refused.code(), states(&refused)), (2, each.to_vec()));
        assert!(refused.text().contains("needs a new key") && refused.stderr.contains("--new-key-dir"));
        assert_eq!(password(), second);
    }
    assert_eq!(rotate(&["edms/a", "--new-key-dir=new"]).code(), 0);
    assert_eq!(password().len(), 32);
}
