//! How many requests each command of `otp` sends, as `docs/stores.md` says. `cargo xtask stores local` builds the
//! program and passes its path; `cargo xtask windows helper` does the same for Windows.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stub;

use std::process::Command;

use self::stub::{BUCKET, Habit, Stub};

/// A user with a store at the stub.
struct Home {
    folder: tempfile::TempDir,
    stub: Stub,
}

impl Home {
    /// Runs a command, and returns how many lists, reads, puts and removals it requested.
    fn requests(&self, line: &str) -> [usize; 4] {
        self.stub.take_requests();
        let mut command = Command::new(std::env::var_os("OTP_STORES_PROGRAM").expect("cargo xtask stores says it"));
        let nothing = if cfg!(windows) { "cmd /c exit" } else { "true" };
        let line = line.replace("URL", &self.url()).replace("NOTHING", nothing);
        command.args(line.split(' ')).current_dir(self.folder.path());
        command.env("AWS_ACCESS_KEY_ID", "id").env("AWS_SECRET_ACCESS_KEY", "secret").env("OTP_STORE", self.url());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        let requests = self.stub.take_requests();
        let count = |is: &dyn Fn(&str) -> bool| requests.iter().filter(|request| is(request)).count();
        let lists = count(&|request| request == "GET ");
        let method = |name: &'static str| count(&move |request| request.starts_with(name));
        [lists, method("GET") - lists, method("PUT"), method("DELETE")]
    }

    fn url(&self) -> String {
        format!("s3://{BUCKET}/p?endpoint=http://127.0.0.1:{}", self.stub.port)
    }
}

/// Each command, and its name in the docs.
const COMMANDS: [(&str, &str); 10] = [
    ("add edms/a --username=alice --generate --key-file=a.key", "`add`"),
    ("get --key-file=a.key", "`get`"),
    ("run --key-file=a.key -- NOTHING", "`run`"),
    ("issue edms/a --key-file=a.key --for=b --new-key-file=b.key", "`issue`"),
    ("list", "`list`"),
    ("verify", "`verify`, of 2 keys"),
    ("store copy URL copy", "`store copy`, of 2 keys, to a directory"),
    ("revoke --for b --yes", "`revoke`, of 1 key"),
    ("rotate edms/a --key-file=a.key --generate --yes --new-key-dir=new", "`rotate`, of 1 key"),
    ("remove edms/a --yes", "`remove`, of 1 key"),
];

#[test]
#[ignore = "needs otp: cargo xtask stores local"]
fn each_command_sends_what_the_docs_say() {
    let home = Home { folder: tempfile::tempdir().unwrap(), stub: Stub::start(Habit::OnePage) };
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/stores.md")).unwrap();
    home.requests("store init URL");
    assert_eq!(home.requests("store init URL"), [0, 1, 0, 0], "a store is tried once");
    let mut missing = String::new();
    for (line, name) in COMMANDS {
        let [lists, reads, puts, removals] = home.requests(line);
        let row = format!("| {name} | {lists} | {reads} | {puts} | {removals} |\n");
        if !docs.contains(&row) {
            missing.push_str(&row);
        }
    }
    assert!(missing.is_empty(), "docs/stores.md lacks\n{missing}");
}

#[test]
#[ignore = "needs otp: cargo xtask stores local"]
fn what_is_there_already_is_not_put_again() {
    let home = Home { folder: tempfile::tempdir().unwrap(), stub: Stub::start(Habit::OnePage) };
    home.requests("add edms/a --username=alice --generate --key-file=a.key");
    home.requests("store copy URL copy");
    // The store's marker and the record are read; a list shows that the record is there.
    assert_eq!(home.requests("store copy copy URL"), [1, 2, 0, 0]);
}
