//! Many processes on one account: every key that was reported opens something right, or has properly ended.

use std::collections::BTreeMap;

use crate::world::World;

/// Each lane of processes runs beside the others, and keeps the program's reports in its own file.
const LANES: &str = r#"
lane() {
    for turn in 1 2 3 4 5; do
        "$1" "$2-$turn" || exit 1
    done
}
# 1: somebody rotates in between, which is a reason to be sent away, and so is an end of the key.
allowed() { code=0; "$@" || code=$?; case $code in 0|1|3) ;; *) echo "$code: $*" >&2; return 1;; esac; }
issue() { allowed otp issue a --key-file first.key --new-key-file "issued-$1" 2>"errors-$1"; }
revoke() {
    otp issue a --key-file first.key --new-key-file "revoked-$1" 2>"errors-$1" || return 0
    allowed otp revoke a "$(otp key inspect --key-file "revoked-$1" | sed -n 's/key id *//p')" 2>"errors-$1"
    echo $code >"code-revoked-$1"
}
rotate() { allowed otp rotate --yes a --username "$1" --generate --grace 1h --new-key-dir "rotated-$1" >"list-$1" 2>"errors-$1"; }
get() { allowed otp get --key-file first.key --field password >"got-$1" 2>"errors-$1"; }
flicker() { otp add b --username u --generate --key-file "flicker-$1" && otp remove --yes b; }
list() { otp list --json >"listed-$1" && otp verify >"verified-$1"; }
pids=
for job in issue issue revoke rotate rotate get list list flicker; do
    number=$((${number-0} + 1))
    lane $job $number & pids="$pids $!"
done
for pid in $pids; do wait $pid; done
"#;

#[test]
fn every_reported_key_opens_or_is_properly_gone() {
    let world = World::empty();
    world.otp(&["add", "a", "--username=first", "--generate", "--key-file=first.key"]).succeeds();
    let password = world.otp(&["get", "--key-file=first.key", "--field=password"]).succeeds();
    world.sh(LANES, &[]).succeeds();

    let mut reported = BTreeMap::new();
    for (path, bytes) in world.everything() {
        let name = path.strip_prefix(world.root()).unwrap().to_str().unwrap().to_owned();
        if name.starts_with("issued-") || name.starts_with("revoked-") || name.starts_with("rotated-") {
            reported.insert(name, String::from_utf8(bytes).unwrap());
        } else if name.starts_with("got-") {
            assert_eq!(bytes, password, "{name}: the first key opens the first secret throughout");
        } else if name.starts_with("listed-") {
            serde_json::from_slice::<serde_json::Value>(&bytes).unwrap();
        } else if name.starts_with("verified-") {
            assert!(bytes.ends_with(b": all well\n"), "{name}");
        }
    }
    let rotations = reported.keys().filter(|name| name.starts_with("rotated-")).count();
    assert!(rotations > 0, "somebody rotated");
    for (name, key) in &reported {
        let outcome = world.otp(&["get", "--field=username"]).env("OTP_KEY", key).outcome();
        let revoked = world.path(&format!("code-{name}"));
        if revoked.exists() && std::fs::read_to_string(revoked).unwrap() == "0\n" {
            assert_eq!(outcome.code(), 3, "{name}: {}", outcome.stderr);
        } else if outcome.code() == 0 {
            let folder = name.split('/').next().unwrap();
            let username = folder.strip_prefix("rotated-").unwrap_or("first");
            assert_eq!(outcome.text(), username, "{name}");
        } else {
            panic!("{name}: {}", outcome.stderr);
        }
    }
    world.otp(&["verify"]).succeeds();
    let strays = world.everything().iter().filter(|(path, _)| path.to_str().unwrap().contains(".tmp-")).count();
    assert_eq!(strays, 0);
}

#[test]
fn of_many_who_add_one_account_one_does() {
    let world = World::empty();
    let script = "for n in 1 2 3 4 5 6 7 8; do \
        { code=0; otp add a --username $n --generate --key-file key-$n 2>&- || code=$?; echo $code >code-$n; } & \
        done; wait";
    world.sh(script, &[]).succeeds();
    let codes: Vec<String> = (1..=8).map(|n| String::from_utf8(world.read(&format!("code-{n}"))).unwrap()).collect();
    assert_eq!(codes.iter().filter(|code| *code == "0\n").count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| *code == "9\n").count(), 7, "{codes:?}");
    let winner = codes.iter().position(|code| code == "0\n").unwrap() + 1;
    let get = ["get", "--field=username", "--key-file", &format!("key-{winner}")];
    assert_eq!(world.otp(&get).prints(), winner.to_string());
    assert_eq!((1..=8).filter(|n| world.path(&format!("key-{n}")).exists()).count(), 1);
}
