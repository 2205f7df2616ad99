//! Other programs that open one secret from a file, if they are installed.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use xtask::sh::answers;

use super::Findings;
use super::open::SECRET;
use super::processes::{Process, alone, check, process};

/// How a peer is prepared and asked, as shell lines, in a folder where `secret` is the secret's file.
struct Peer {
    name: &'static str,
    prepare: &'static str,
    /// Words of a command, without a shell: its time would be measured, too.
    open: &'static [&'static str],
    /// It takes tens of milliseconds.
    slow: bool,
}

const fn peer(name: &'static str, prepare: &'static str, open: &'static [&'static str], slow: bool) -> Peer {
    Peer { name, prepare, open, slow }
}

const GPG: [&str; 6] = ["gpg", "--batch", "--quiet", "--homedir", "gnupg", "--pinentry-mode=loopback"];

const PEERS: [Peer; 11] = [
    peer("keyctl", "keyctl add user otp-bench \"$(cat secret)\" @u >keyid", &["keyctl", "pipe", "@keyid"], false),
    peer(
        "ccrypt",
        "echo key >ccrypt.key; ccrypt -e -k ccrypt.key <secret >ccrypt.cpt",
        &["ccrypt", "-c", "-k", "ccrypt.key", "ccrypt.cpt"],
        false,
    ),
    peer(
        "rage",
        "rage-keygen -o rage.key; rage -e -i rage.key -o rage.sealed secret",
        &["rage", "-d", "-i", "rage.key", "rage.sealed"],
        false,
    ),
    peer(
        "age",
        "age-keygen -o age.key; age -e -i age.key -o age.sealed secret",
        &["age", "-d", "-i", "age.key", "age.sealed"],
        false,
    ),
    peer(
        "openssl enc, raw key",
        "openssl enc -aes-256-ctr -K 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff -iv 00112233445566778899aabbccddeeff -in secret -out openssl.raw",
        &[
            "openssl",
            "enc",
            "-d",
            "-aes-256-ctr",
            "-K",
            "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
            "-iv",
            "00112233445566778899aabbccddeeff",
            "-in",
            "openssl.raw",
        ],
        false,
    ),
    peer(
        "openssl enc, PBKDF2",
        "echo key >openssl.key; openssl enc -aes-256-cbc -pbkdf2 -pass file:openssl.key -in secret -out openssl.sealed",
        &["openssl", "enc", "-d", "-aes-256-cbc", "-pbkdf2", "-pass", "file:openssl.key", "-in", "openssl.sealed"],
        false,
    ),
    peer(
        "systemd-creds",
        "systemd-creds encrypt --with-key=host --name=secret secret creds",
        &["systemd-creds", "decrypt", "--name=secret", "creds", "-"],
        false,
    ),
    peer(
        "gpg, with its agent",
        "mkdir -m 700 gnupg; gpg --batch --homedir gnupg --passphrase '' --quick-gen-key bench default default never; \
         gpg --batch --homedir gnupg --trust-model always -r bench -o gpg.sealed -e secret",
        &["gpg", "--batch", "--quiet", "--homedir", "gnupg", "-d", "gpg.sealed"],
        true,
    ),
    peer(
        "pass",
        "GNUPGHOME=$PWD/gnupg PASSWORD_STORE_DIR=$PWD/pass pass init bench; \
         GNUPGHOME=$PWD/gnupg PASSWORD_STORE_DIR=$PWD/pass pass insert -e bench <secret",
        &["env", "GNUPGHOME=gnupg", "PASSWORD_STORE_DIR=pass", "pass", "show", "bench"],
        true,
    ),
    peer(
        "gpg, symmetric",
        "echo key >gpg.key; gpg --batch --homedir gnupg --pinentry-mode=loopback --passphrase-file gpg.key -o gpg.symmetric -c secret",
        &[GPG[0], GPG[1], GPG[2], GPG[3], GPG[4], GPG[5], "--passphrase-file", "gpg.key", "-d", "gpg.symmetric"],
        true,
    ),
    peer(
        "sops, with age",
        "age-keygen -o sops.key 2>public; sops -e --age \"$(sed -n 's/^Public key: //p' public)\" --input-type binary secret >sops.sealed",
        &[
            "env",
            "SOPS_AGE_KEY_FILE=sops.key",
            "sops",
            "-d",
            "--input-type",
            "binary",
            "--output-type",
            "binary",
            "sops.sealed",
        ],
        true,
    ),
];

/// The peers that are installed and answer correctly, the fast and the slow ones. The others are named.
pub(super) fn found(home: &Path, found: &mut Findings) -> (Vec<Process<'static>>, Vec<Process<'static>>) {
    if fs::write(home.join("secret"), SECRET).is_err() {
        return (Vec::new(), Vec::new());
    }
    let mut ready = (Vec::new(), Vec::new());
    for peer in &PEERS {
        match made_ready(peer, home) {
            Some(process) if peer.slow => ready.1.push(process),
            Some(process) => ready.0.push(process),
            None => found.missing.push(peer.name.to_owned()),
        }
    }
    ready
}

fn made_ready(peer: &'static Peer, home: &Path) -> Option<Process<'static>> {
    let prepare = format!("set -eu; umask 077; {}", peer.prepare);
    if !answers(alone("sh", home).args(["-c", &prepare])) {
        return None;
    }
    // A word with an @ stands for the contents of that file, which the preparation wrote.
    let word = |word: &&str| match word.strip_prefix('@') {
        Some(file) => fs::read_to_string(home.join(file)).map(|text| text.trim().to_owned()).ok(),
        None => Some((*word).to_owned()),
    };
    let words: Vec<String> = peer.open.iter().map(word).collect::<Option<_>>()?;
    let home = home.to_owned();
    let ready = process(peer.name, SECRET, move || {
        let mut command = alone(&words[0], &home);
        command.args(&words[1..]);
        command
    });
    let mut command = (ready.command)().ok()?;
    check(&ready, command.stderr(Stdio::null())).is_ok().then_some(ready)
}
