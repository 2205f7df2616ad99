//! `otp import csv`, `json`, `dotenv` and `pass`: files as other programs write them, byte for byte.

use std::os::unix::fs::PermissionsExt;

use otp_test_tools::lacks;

use crate::world::World;

/// The worst password: punctuation, something like a variable, quotes, and letters beyond ASCII.
const PASSWORD: &str = "p!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~${HOME}%41\u{e4}\u{20ac}";

fn import(world: &World, arguments: &[&str]) {
    let imported = world.otp(&["import"]).args(arguments).arg("--new-key-dir=keys").outcome();
    assert_eq!(imported.code(), 0, "{arguments:?}: {}{}", imported.text(), imported.stderr);
}

fn opened(world: &World, key: &str) -> serde_json::Value {
    serde_json::from_slice(&world.otp(&["get", "--format=json", "--key-file", key]).succeeds()).unwrap()
}

#[test]
fn a_table_gives_an_account_for_each_row() {
    let world = World::empty();
    let table = format!(
        "\u{feff}account,username,password,for,note\r\na,alice,\"{}\",\"x, y\",\"two\nlines\"\r\n\r\nb,,pw,,\r\n",
        PASSWORD.replace('"', "\"\"")
    );
    world.write("t.csv", table);
    import(&world, &["csv", "t.csv", "--prefix=edms/"]);
    let expected = serde_json::json!({"username": "alice", "password": PASSWORD, "note": "two\nlines"});
    assert_eq!(opened(&world, "keys/edms+a@x.key"), expected);
    assert_eq!(opened(&world, "keys/edms+a@y.key"), expected);
    assert_eq!(opened(&world, "keys/edms+b.key"), serde_json::json!({"password": "pw"}));
}

#[test]
fn a_table_that_is_not_whole_is_refused_by_line() {
    for (rows, line, words) in [
        ("a,SECRET\nb,\"SECRET\n", 3, "quote"),
        ("a,SECRET\nb,SECRET\"x\"\n", 3, "quote"),
        ("a,\"SEC\nRET\"\nb,\"SECRET\"x\n", 4, "quote"),
        ("a,SECRET\nb\n", 3, "cells"),
        ("a,SECRET\na,SECRET\n", 3, "line 2 already"),
    ] {
        let world = World::empty();
        world.write("t.csv", format!("account,password\n{rows}"));
        let said = world.otp(&["import", "csv", "t.csv", "--new-key-dir=keys"]).fails(2);
        assert!(said.starts_with(&format!("otp: t.csv:{line}: ")) && said.contains(words), "{rows}: {said}");
        assert!(!said.contains("SECRET") && !world.path("keys").exists(), "{said}");
    }
    // Without a header, the first row would be somebody's password.
    let world = World::empty();
    world.write("t.csv", "a,SECRET\n");
    let said = world.otp(&["import", "csv", "t.csv", "--new-key-dir=keys"]).fails(2);
    assert!(said.contains("no column") && !said.contains("SECRET"), "{said}");
}

#[test]
fn a_document_is_read_at_a_pointer_with_members_mapped() {
    let world = World::empty();
    let item =
        serde_json::json!({"name": "My DB", "login": {"user": "u", "password": PASSWORD, "port": 5432}, "id": 7});
    let vault = serde_json::json!({"a/b": [{"items": [item]}]});
    world.write("v.json", serde_json::to_string_pretty(&vault).unwrap());
    let mapped = world
        .otp(&["import", "json", "v.json", "--pointer=/a~1b/0/items", "--map=account=name", "--new-key-dir=keys"])
        .args(&["--map=username=/login/user", "--map=password=/login/password", "--map=port=/login/port"])
        .outcome();
    assert_eq!((mapped.code(), mapped.stderr.as_str()), (0, "otp: not mapped, so left out: id\notp: 1 added\n"));
    let expected = serde_json::json!({"username": "u", "password": PASSWORD, "port": "5432"});
    assert_eq!(opened(&world, "keys/my-db.key"), expected);
    world.write("by-name.json", r#"{"x/a": {"password": "1"}, "x/b": {"password": "2"}}"#);
    import(&world, &["json", "by-name.json"]);
    assert_eq!(opened(&world, "keys/x+b.key"), serde_json::json!({"password": "2"}));
    world.write("bad.json", "[\n {\"account\": \"q\", \"password\": \"SECRET\"},\n {\"account\": \"r\", \"SE\": 1}\n]");
    let said = world.otp(&["import", "json", "bad.json", "--new-key-dir=keys"]).fails(2);
    assert!(said.starts_with("otp: bad.json:3: ") && !said.contains("SECRET"), "{said}");
    assert!(!world.path("keys/q.key").exists());
}

#[test]
fn a_dotenv_file_is_one_account_and_what_readers_differ_on_is_refused() {
    let world = World::empty();
    world.write(
        "prod.env",
        "# the database\nexport DB_USER=alice\nDB_PASSWORD='p$x \"y\"'\nPORT=5432\r\nEMPTY=\nQ=\"a'b\"\n",
    );
    import(&world, &["dotenv", "prod.env", "--prefix=edms/", "--map=username=DB_USER", "--map=password=DB_PASSWORD"]);
    let expected =
        serde_json::json!({"username": "alice", "password": "p$x \"y\"", "port": "5432", "empty": "", "q": "a'b"});
    assert_eq!(opened(&world, "keys/edms+prod.key"), expected);
    world.write(".env", "PASSWORD=x\n");
    import(&world, &["dotenv", ".env", "--prefix=edms/app"]);
    assert_eq!(opened(&world, "keys/edms+app.key"), serde_json::json!({"password": "x"}));
    for value in
        ["SECRET$HOME", "SEC RET", "SEC'RET", "SEC\"RET", "SEC\\RET", "'SECRET", "\"SECRET$x\"", "'SEC'RET'", "#SECRET"]
    {
        world.write("bad.env", format!("A=1\nB={value}\n"));
        let said = world.otp(&["import", "dotenv", "bad.env", "--new-key-dir=keys"]).fails(2);
        assert!(said.starts_with("otp: bad.env:2: ") && !said.contains("SECRET"), "{value}: {said}");
    }
    world.write("bad.env", "1SECRET\n");
    let said = world.otp(&["import", "dotenv", "bad.env", "--new-key-dir=keys"]).fails(2);
    assert!(said.starts_with("otp: bad.env:1: ") && !said.contains("SECRET"), "{said}");
}

#[test]
fn a_database_of_keepassxc_moves_in() {
    if lacks("keepassxc-cli") {
        return;
    }
    let world = World::empty();
    let cli = |script: &str, input: &str| {
        let done = world.sh(script, &[]).env("QT_QPA_PLATFORM", "offscreen").stdin(input).outcome();
        assert_eq!(done.code(), 0, "{script}: {}", done.stderr);
        done.stdout
    };
    cli("keepassxc-cli db-create -q -p -t 100 team.kdbx", "main\nmain\n");
    cli("keepassxc-cli mkdir -q team.kdbx 'Data bases'", "main\n");
    let add =
        "keepassxc-cli add -q -u alice --url db.example --notes 'two, \"quoted\"' -p team.kdbx 'Data bases/Prod (EU)'";
    cli(add, &format!("main\n{PASSWORD}\n"));
    cli("keepassxc-cli add -q -g -u bob team.kdbx Other", "main\n");
    world.write("team.csv", cli("keepassxc-cli export -q -f csv team.kdbx", "main\n"));
    import(&world, &["csv", "team.csv", "--map=keepassxc", "--for=nightly"]);
    let accounts = world.otp(&["list"]).prints();
    let account = accounts.lines().find(|name| name.ends_with("data-bases/prod-eu")).unwrap();
    let fields = opened(&world, &format!("keys/{}@nightly.key", account.replace('/', "+")));
    assert_eq!((&fields["username"], &fields["password"]), (&"alice".into(), &PASSWORD.into()));
    assert_eq!((&fields["url"], &fields["notes"]), (&"db.example".into(), &"two, \"quoted\"".into()));
    assert_eq!(accounts.lines().count(), 2, "{accounts}");
}

#[test]
fn a_table_of_an_older_keepassxc_moves_in_and_one_without_passwords_does_not() {
    let world = World::empty();
    world.write("team.csv", "Group,Title,Username,Password,URL,Notes\nRoot,Old,alice,secret,db.example,\n");
    import(&world, &["csv", "team.csv", "--map=keepassxc"]);
    let fields = opened(&world, "keys/root+old.key");
    assert_eq!((&fields["password"], &fields["url"]), (&"secret".into(), &"db.example".into()));
    world.write("team.csv", "Group,Title,Username,URL,Notes\nRoot,Old,alice,db.example,\n");
    let said = world.otp(&["import", "csv", "team.csv", "--map=keepassxc", "--new-key-dir=keys"]).fails(2);
    assert!(said.contains("has no column \"Password\""), "{said}");
}

#[test]
fn a_store_of_pass_moves_in() {
    if lacks("pass") {
        return;
    }
    let world = World::empty();
    std::fs::create_dir(world.path("gnupg")).unwrap();
    std::fs::set_permissions(world.path("gnupg"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let sh = |script: &str, input: &str| {
        let call = world.sh(script, &[]).env("GNUPGHOME", world.path("gnupg"));
        let done = call.env("PASSWORD_STORE_DIR", world.path("passwords")).stdin(input).outcome();
        assert_eq!(done.code(), 0, "{script}: {}", done.stderr);
        done
    };
    sh("gpg --batch --quiet --passphrase '' --quick-generate-key otp@example default default never", "");
    sh("pass init otp@example", "");
    sh("pass insert -m 'Data bases/prod'", &format!("{PASSWORD}\nlogin: alice\nURL: db: 1\nfree text\n"));
    sh("pass insert -m other", "pw\n");
    let imported = sh("otp import pass passwords --prefix team/ --new-key-dir keys", "");
    sh("gpgconf --kill all", "");
    assert_eq!(imported.text().lines().count(), 2, "{}", imported.text());
    let expected = serde_json::json!({"username": "alice", "password": PASSWORD, "url": "db: 1", "notes": "free text"});
    assert_eq!(opened(&world, "keys/team+data-bases+prod.key"), expected);
    assert_eq!(opened(&world, "keys/team+other.key"), serde_json::json!({"password": "pw"}));
    // An entry that can't be decrypted is named, and nothing is made.
    world.write("passwords/broken.gpg", "no message");
    let call = world.otp(&["import", "pass", "passwords", "--prefix=more/", "--new-key-dir=more"]);
    let said = call.env("GNUPGHOME", world.path("gnupg")).outcome();
    sh("gpgconf --kill all", "");
    assert!(said.code() == 2 && said.stderr.contains("broken.gpg"), "{}", said.stderr);
    assert!(!world.path("more").exists());
}
