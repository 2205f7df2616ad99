//! JSON is an interface: every output matches its schema in `docs/schema`, and the schemas refuse everything else.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use otp_core::{Code, Grant};
use serde_json::{Value, json};

use crate::world::World;

fn schema_text(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schema").join(format!("{name}.json"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn schema(name: &str) -> Validator {
    jsonschema::draft202012::meta::validate(&schema_text(name)).unwrap();
    jsonschema::draft202012::new(&schema_text(name)).unwrap()
}

/// One JSON value that matches a schema, with a newline after it.
#[track_caller]
fn checked(name: &str, output: &[u8]) -> Value {
    assert_eq!(output.last(), Some(&b'\n'));
    let value: Value = serde_json::from_slice(output).unwrap();
    let faults: Vec<String> = schema(name).iter_errors(&value).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:?} in {value:#}");
    value
}

#[test]
fn info_has_exactly_the_shape_that_is_promised() {
    let world = World::new();
    let issue =
        ["issue", "edms/reporting", "--key-file=nightly.key", "--expires=2090-01-31T00:00:00Z", "--new-key-file=b.key"];
    world.otp(&issue).succeeds();
    let info = checked("info", &world.otp(&["info", "edms/reporting", "--json"]).succeeds());
    let keys = info["keys"].as_array().unwrap();
    let key = |file| keys.iter().find(|key| key["id"] == world.key_id(file)).unwrap();
    let (first, second) = (key("nightly.key"), key("b.key"));
    let expected = |id: String, holder, created: &Value, expires| {
        json!({
            "id": id, "holder": holder, "created": created, "expires": expires,
            "capacity": 64, "page": 0, "pages": 1,
        })
    };
    assert_eq!(first, &expected(world.key_id("nightly.key"), json!("nightly"), &first["created"], Value::Null));
    let expires = json!("2090-01-31T00:00:00Z");
    assert_eq!(second, &expected(world.key_id("b.key"), Value::Null, &second["created"], expires));
    assert_eq!(info.as_object().unwrap().keys().collect::<Vec<_>>(), ["account", "keys"]);
    assert_eq!((&info["account"], keys.len()), (&json!("edms/reporting"), 2));
}

#[test]
fn a_key_in_its_grace_period_says_when_that_ends() {
    let world = World::new();
    world
        .otp(&[
            "rotate",
            "--yes",
            "edms/reporting",
            "--key-file=nightly.key",
            "--generate",
            "--grace=1h",
            "--new-key-dir=keys",
        ])
        .succeeds();
    let info = checked("info", &world.otp(&["info", "edms/reporting", "--json"]).succeeds());
    let ending = |key: &&Value| key.get("grace_ends").is_some();
    let keys = info["keys"].as_array().unwrap();
    let old: Vec<&Value> = keys.iter().filter(ending).collect();
    assert_eq!((keys.len(), old.len()), (2, 1));
    assert_eq!(old[0]["id"], world.key_id("nightly.key"));
}

#[test]
fn list_is_an_array_of_what_info_prints() {
    let world = World::new();
    world.add_at("a", 1_000_000_000, &Grant::default());
    world.add_at("edms/z", 1_000_000_000, &Grant::default());
    let list = checked("list", &world.otp(&["list", "--json"]).succeeds());
    let names: Vec<&Value> = list.as_array().unwrap().iter().map(|entry| &entry["account"]).collect();
    assert_eq!(names, ["a", "edms/reporting", "edms/z"]);
    for entry in list.as_array().unwrap() {
        let name = entry["account"].as_str().unwrap();
        assert_eq!(entry, &checked("info", &world.otp(&["info", name, "--json"]).succeeds()));
    }
    assert_eq!(list[0]["keys"][0]["created"], "2001-09-09T01:46:40Z");
    let some = checked("list", &world.otp(&["list", "edms/", "--json"]).succeeds());
    assert_eq!(some.as_array().unwrap().len(), 2);
    let none = checked("list", &world.otp(&["list", "nothing", "--json"]).succeeds());
    assert_eq!(none, json!([]));
    let keys = |name: &str, place: &str| schema_text(name).pointer(place).unwrap()["keys"]["items"].clone();
    assert_eq!(keys("list", "/items/properties"), keys("info", "/properties"));
    // An account whose records are all unreadable is listed, without keys.
    world.write("store/a/aaaaaaaaaaaaaaaa.otp", "junk");
    fs::remove_file(world.path("store/a").join(format!("{}.otp", list[0]["keys"][0]["id"].as_str().unwrap()))).unwrap();
    let damaged = checked("list", &world.otp(&["list", "a", "--json"]).outcome().stdout);
    assert_eq!(damaged, json!([{"account": "a", "keys": []}]));
}

#[test]
fn a_log_is_shown_as_it_was_written() {
    let world = World::new();
    let sink = format!("file:{}", world.path("log").display());
    let get = |arguments: &[&str]| world.otp(arguments).env("OTP_AUDIT", &sink);
    get(&["get", "--key-file=nightly.key"]).succeeds();
    get(&["get", "--key=otpk1_x"]).outcome();
    let shown = checked("audit-show", &world.otp(&["audit", "show", "log", "--json"]).succeeds());
    let log = String::from_utf8(world.read("log")).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(shown.as_array(), Some(&lines));
    // The order of the members stays, too.
    let output = world.otp(&["audit", "show", "log", "--json"]).prints();
    assert_eq!(output, format!("[\n{}\n]", log.trim_end().replace('\n', ",\n")));
    let none = world.otp(&["audit", "show", "log", "--account=x", "--json"]).succeeds();
    assert_eq!(checked("audit-show", &none), json!([]));
}

#[test]
fn get_tells_text_and_other_bytes_apart() {
    let world = World::empty();
    world.write("bytes", b"\xff\x00");
    world
        .otp(&["add", "a", "--username=al\"ice\n", "--field=\u{e9}t\u{e9}=a\u{1}b", "--field-file=cert=bytes"])
        .args(&["--password-stdin", "--key-file=a.key"])
        .stdin("{\"base64\": \"AAAA\"}")
        .outcome();
    let fields = checked("get", &world.otp(&["get", "--key-file=a.key", "--format=json"]).succeeds());
    let expected = json!({
        "username": "al\"ice\n", "password": "{\"base64\": \"AAAA\"}",
        "cert": {"base64": "/wA="}, "\u{e9}t\u{e9}": "a\u{1}b",
    });
    assert_eq!(fields, expected);
}

#[test]
fn verify_lists_every_fault() {
    let world = World::new();
    world.otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=b.key"]).succeeds();
    let report = checked("verify", &world.otp(&["verify", "--json", "--key-file=b.key"]).succeeds());
    assert_eq!(report, json!({"records": 2, "keys": 1, "faults": [], "expiring": []}));
    let record = world.record_of("b.key");
    let mut bytes = fs::read(&record).unwrap();
    bytes[20] ^= 1;
    fs::write(record, bytes).unwrap();
    let outcome = world.otp(&["verify", "--json"]).outcome();
    assert_eq!(outcome.code(), 7);
    let report = checked("verify", &outcome.stdout);
    let fault = &report["faults"][0];
    assert_eq!((&report["records"], &report["keys"]), (&json!(2), &json!(0)));
    assert_eq!((&fault["id"], &fault["code"]), (&json!(world.key_id("b.key")), &json!("damaged")));
    // The fault does not concern the other key's holder.
    let outcome = world.otp(&["verify", "nothing/", "--json", "--key-file=nightly.key"]).outcome();
    assert_eq!(checked("verify", &outcome.stdout), json!({"records": 0, "keys": 1, "faults": [], "expiring": []}));
}

/// A world with a ring and a key of two pages.
fn ringed() -> World {
    let world = World::empty();
    world.otp(&["ring", "init", "ring"]).succeeds();
    let add = ["add", "edms/reporting", "--username=alice", "--password-stdin", "--for=nightly", "--pages=2"];
    world.otp(&add).args(&["--ring=ring", "--key-file=nightly.key"]).stdin("first").outcome();
    world
}

#[test]
fn ring_show_has_exactly_the_shape_that_is_promised() {
    let world = ringed();
    let show = || checked("ring-show", &world.otp(&["ring", "show", "--ring=ring", "--json"]).succeeds());
    let key = |holder: Value, pages_left, opens| {
        json!({
            "id": world.key_id("nightly.key"), "holder": holder, "expires": null,
            "pages": 2, "pages_left": pages_left, "opens": opens,
        })
    };
    let account = |generation, unfinished, key| json!([{"account": "edms/reporting", "generation": generation, "unfinished": unfinished, "keys": [key]}]);
    assert_eq!(show(), account(0, false, key(json!("nightly"), 1, true)));
    let rotate = ["rotate", "edms/reporting", "--ring=ring", "--generate", "--apply=false"];
    assert_eq!(world.otp(&rotate).outcome().code(), 15);
    assert_eq!(show(), account(0, true, key(json!("nightly"), 1, true)));
    let resume = ["rotate", "edms/reporting", "--ring=ring", "--resume", "--apply=true", "--new-key-dir=new"];
    assert_eq!(world.otp(&resume).outcome().code(), 0);
    let shown = show();
    let keys = shown[0]["keys"].as_array().unwrap();
    assert_eq!((&shown[0]["generation"], keys.len()), (&json!(1), 2), "the last page brings a successor");
    assert!(keys.contains(&key(json!("nightly"), 0, true)), "{shown:#}");
    fs::remove_file(world.record_of("nightly.key")).unwrap();
    let shown = show();
    assert!(shown[0]["keys"].as_array().unwrap().contains(&key(Value::Null, 0, false)), "{shown:#}");
    let none = checked("ring-show", &world.otp(&["ring", "show", "other", "--ring=ring", "--json"]).succeeds());
    assert_eq!(none, json!([]));
}

#[test]
fn verify_says_what_the_ring_finds_and_which_keys_are_on_their_last_page() {
    let world = ringed();
    let verify = |more: &[&str]| {
        let outcome = world.otp(&["verify", "--ring=ring", "--json"]).args(more).outcome();
        (outcome.code(), checked("verify", &outcome.stdout))
    };
    let well = json!({"records": 1, "keys": 0, "faults": [], "ring": [], "expiring": []});
    assert_eq!(verify(&["--warn-within=1d"]), (0, well));
    let rotate = ["rotate", "edms/reporting", "--ring=ring", "--generate", "--apply"];
    assert_eq!(world.otp(&rotate).arg("false").outcome().code(), 15);
    let (code, report) = verify(&[]);
    assert_eq!((code, &report["ring"][0]["code"]), (15, &json!("in-doubt")), "{report:#}");
    let forget = ["rotate", "edms/reporting", "--ring=ring", "--forget", "--yes"];
    assert_eq!(world.otp(&forget).outcome().code(), 0);

    assert_eq!(world.otp(&rotate).args(&["true", "--new-key-dir=new"]).outcome().code(), 0);
    let (code, report) = verify(&["--warn-within=1d"]);
    let id = world.key_id("nightly.key");
    let last = json!({"account": "edms/reporting", "id": id, "holder": "nightly", "expires": null, "last_page": true});
    assert_eq!((code, &report["expiring"]), (18, &json!([last])), "{report:#}");
    fs::remove_file(world.record_of("nightly.key")).unwrap();
    let (code, report) = verify(&[]);
    let ring = report["ring"].as_array().unwrap();
    assert_eq!((code, ring.len()), (3, 1), "{report:#}");
    assert_eq!((&ring[0]["id"], &ring[0]["code"]), (&json!(id), &json!("not-found")));
    // A claim of a generation that this ring never began concerns the account, not a key.
    fs::write(world.path("store/edms/reporting/aaaaaaaaaaaaaaah.claim.otp"), [0; 16]).unwrap();
    let (_, report) = verify(&[]);
    let codes: Vec<_> = report["ring"].as_array().unwrap().iter().map(|fault| (&fault["id"], &fault["code"])).collect();
    assert!(codes.contains(&(&Value::Null, &json!("stale-ring"))), "{report:#}");
}

#[test]
fn inspect_and_doctor_keep_their_shapes() {
    let world = World::new();
    let key = checked("key-inspect", &world.otp(&["key", "inspect", "--key-file=nightly.key", "--json"]).succeeds());
    let characters = world.key("nightly.key").len();
    let expected = json!({
        "account": "edms/reporting", "id": world.key_id("nightly.key"), "capacity": 64, "pages": 1,
        "characters": characters,
    });
    assert_eq!(key, expected);

    world.chmod("nightly.key", 0o644);
    let outcome = world.otp(&["doctor", "--json", "--key-file=nightly.key"]).outcome();
    assert_eq!(outcome.code(), 10, "{}", outcome.stderr);
    let findings = checked("doctor", &outcome.stdout);
    let problem = findings.as_array().unwrap().iter().find(|finding| finding["severity"] == "problem").unwrap();
    assert_eq!((&problem["subject"], &problem["fixed"]), (&json!("nightly.key"), &json!(false)));
    assert!(problem["hint"].as_str().unwrap().contains("new key"), "{problem}");
    world.chmod("nightly.key", 0o600);
    let outcome = world.otp(&["doctor", "--json", "--key-file=nightly.key"]).outcome();
    let findings = checked("doctor", &outcome.stdout);
    let problems = findings.as_array().unwrap().iter().filter(|finding| finding["severity"] == "problem").count();
    assert_eq!((outcome.code(), problems), (0, 0), "{findings}");
}

/// Each line is a JSON value.
fn lines(name: &str, output: &[u8]) -> Vec<Value> {
    output.split_inclusive(|byte| *byte == b'\n').map(|line| checked(name, line)).collect()
}

#[test]
fn what_is_imported_rotated_and_exported_has_lines_of_their_shape() {
    let world = ringed();
    world.write("bytes", b"\xff\x00");
    let line = json!({
        "account": "a", "username": "alice", "generate": 9, "fields": {"b": {"base64": "/wA="}}, "field_files": {"c": "bytes"},
        "for": ["x"], "expires": "2090-01-31T00:00:00Z", "capacity": 128,
    });
    let other = json!({"account": "edms/reporting", "password": "x"});
    world.write("a.jsonl", format!("{line}\n{other}\n"));
    lines("export", &world.read("a.jsonl"));
    let import = ["import", "jsonl", "a.jsonl", "--ring=ring", "--new-key-dir=keys", "--json"];
    let states = |output: &[u8]| -> Vec<Value> {
        lines("import", output).into_iter().map(|line| line["state"].clone()).collect()
    };
    assert_eq!(states(&world.otp(&import).args(&["--dry-run"]).outcome().stdout), ["planned", "failed"]);
    assert_eq!(states(&world.otp(&import).outcome().stdout), ["added", "failed"]);
    assert_eq!(states(&world.otp(&import).args(&["--skip-existing"]).outcome().stdout), ["exists", "skipped"]);
    let rotate = ["rotate", "--all", "--ring=ring", "--generate", "--new-keys", "--new-key-dir=new", "--json"];
    assert_eq!(states(&world.otp(&rotate).outcome().stdout), ["rotated", "added", "rotated", "added"]);
    let exported = lines("export", &world.otp(&["export", "--ring=ring", "--yes"]).succeeds());
    assert_eq!(
        (&exported[0]["fields"], &exported[0]["expires"]),
        (&json!({"b": {"base64": "/wA="}, "c": {"base64": "/wA="}}), &line["expires"])
    );
    assert!(!schema("export").is_valid(&json!({"account": "a", "password": "x", "generate": 9})));
    assert!(!schema("import").is_valid(&json!({"state": "done"})));
}

#[test]
fn presets_keep_their_shape() {
    let world = World::empty();
    let presets = checked("presets", &world.otp(&["presets", "--json"]).succeeds());
    let psql = &presets[0];
    assert_eq!((&psql["name"], &psql["files"]), (&json!("psql"), &json!(["PGPASSFILE"])));
    assert_eq!((&psql["password"], &presets[7]["password"]), (&json!("file"), &json!("variable")));
    let names: Vec<&str> = presets.as_array().unwrap().iter().filter_map(|preset| preset["name"].as_str()).collect();
    assert_eq!(names, ["psql", "mariadb", "mysql", "redis-cli", "curl", "odbc", "sqlcmd", "url"]);
    let text = world.otp(&["presets"]).prints();
    assert!(names.iter().all(|name| text.contains(&format!("{name}: "))), "{text}");
}

#[test]
fn a_fault_may_have_any_code() {
    let fault = |code: &str| json!({"account": "a", "id": "aaaaaaaaaaaaaaaa", "code": code, "message": "b"});
    let report = |code: &str| json!({"records": 1, "keys": 0, "faults": [fault(code)], "expiring": []});
    let of_ring = |code: &str, id: Value| {
        let fault = json!({"account": "a", "id": id, "code": code, "message": "b"});
        json!({"records": 1, "keys": 0, "faults": [], "ring": [fault], "expiring": []})
    };
    for code in Code::ALL {
        assert!(schema("verify").is_valid(&report(code.name())), "{}", code.name());
        assert!(schema("verify").is_valid(&of_ring(code.name(), Value::Null)), "{}", code.name());
    }
    assert!(!schema("verify").is_valid(&report("done")));
    assert!(!schema("verify").is_valid(&of_ring("done", Value::Null)));
    assert!(!schema("verify").is_valid(&of_ring("other", json!("B"))));
}

#[test]
fn the_schemas_refuse_what_is_not_of_their_shape() {
    let key = json!({
        "id": "aaaaaaaaaaaaaaaa", "holder": null, "created": "2026-01-01T00:00:00Z", "expires": null,
        "capacity": 64, "page": 0, "pages": 1,
    });
    let with = |name: &str, value: Value| {
        let mut changed = key.clone();
        changed[name] = value;
        json!({"account": "a", "keys": [changed]})
    };
    let info = schema("info");
    assert!(info.is_valid(&json!({"account": "a", "keys": [key]})));
    for (name, value) in [
        ("id", json!("AAAAAAAAAAAAAAAA")),
        ("holder", json!("")),
        ("created", json!("2026-01-01")),
        ("created", Value::Null),
        ("expires", json!(5)),
        ("capacity", json!(65)),
        ("pages", json!(0)),
        ("grace_ends", Value::Null),
        ("secret", json!("x")),
    ] {
        assert!(!info.is_valid(&with(name, value)), "{name}");
    }
    let finding = json!({"severity": "notice", "subject": "a", "summary": "b", "hint": null, "fixed": false});
    assert!(schema("doctor").is_valid(&json!([finding])));
    for (name, value) in [("hint", json!("")), ("severity", json!("fatal")), ("meaning", json!("c"))] {
        let mut changed = finding.clone();
        changed[name] = value;
        assert!(!schema("doctor").is_valid(&json!([changed])), "{name}");
    }
    assert!(!info.is_valid(&json!({"account": "A", "keys": [key]})));
    assert!(!info.is_valid(&json!({"account": "a", "keys": []})));
    for value in [json!({"a": 1}), json!({"a": {"base64": "%"}}), json!({}), json!({"a": {"base64": "", "b": 1}})] {
        assert!(!schema("get").is_valid(&value), "{value}");
    }
}

#[test]
fn the_examples_of_the_document_keep_to_the_schemas() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/json.md");
    let document = fs::read_to_string(path).unwrap();
    let mut names = Vec::new();
    for section in document.split("\n## `otp ").skip(1) {
        let name = match section.split(['`', '-']).next().unwrap().trim() {
            "key inspect" => "key-inspect",
            "ring show" => "ring-show",
            "audit show FILE" => "audit-show",
            other => other.split(' ').next().unwrap(),
        };
        for example in section.split("```json\n").skip(1) {
            checked(name, example.split("```").next().unwrap().as_bytes());
            names.push(name.to_owned());
        }
    }
    assert_eq!(
        names,
        [
            "info",
            "get",
            "verify",
            "verify",
            "key-inspect",
            "ring-show",
            "doctor",
            "presets",
            "import",
            "export",
            "audit-show"
        ]
    );
}
