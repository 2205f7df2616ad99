//! Embeds the core in a program of its own: seals an account, keeps the record in a file, and opens it with the key.
//!
//! Run it with `cargo run -p otp-core --all-features --example embed_std`.

use std::error::Error;
use std::fs;
use std::path::Path;

use otp_core::{
    Account, AccountName, Capacity, Fields, FreshKey, Key, KeyText, Record, Terms, UnixTime, open, random, seal,
};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::temp_dir().join(format!("otp-embed-{}.otp", std::process::id()));
    let result = run(&path);
    fs::remove_file(&path)?;
    result
}

fn run(path: &Path) -> Result<(), Box<dyn Error>> {
    let text = write_record(path)?;
    println!("record of {} bytes: {}", fs::metadata(path)?.len(), path.display());
    println!("key of {} characters, for the caller alone: {}...", text.as_str().len(), &text.as_str()[..12]);

    let password = read_password(path, text.as_bytes())?;
    println!("opened: the password has {} characters", password.chars().count());
    assert_eq!(password, "correct horse battery staple");

    let mut mistyped = text.as_bytes().to_vec();
    mistyped[60] = if mistyped[60] == b'a' { b'b' } else { b'a' };
    let error = read_password(path, &mistyped).expect_err("a mistyped key opens nothing");
    println!("a mistyped key: {error}");
    Ok(())
}

/// The part of the program that knows the credential.
fn write_record(path: &Path) -> Result<KeyText, Box<dyn Error>> {
    let mut account = Account::new();
    account.set("username", b"report")?;
    account.set("password", b"correct horse battery staple")?;
    let name = AccountName::parse("edms/reporting")?;
    let capacity = Capacity::fitting(account.payload().len())?;

    let fresh = FreshKey::generate_owned(&name, capacity, &mut random::system())?;
    let now = UnixTime::now();
    let terms = Terms::created(now).expiring(Some(now.after(90 * 24 * 60 * 60)));
    let mut buffer = vec![0; Record::max_len(capacity)];
    let (key, record) = seal(fresh, &terms, account.payload(), &mut buffer)?;
    fs::write(path, record)?;
    Ok(key.to_text())
}

/// The part of the program that logs in.
fn read_password(path: &Path, key: &[u8]) -> Result<String, Box<dyn Error>> {
    let key = Key::parse_owned(key)?;
    let bytes = fs::read(path)?;
    let secret = open(key, &Record::decode(&bytes)?, UnixTime::now())?;
    let password = Fields::decode(secret.expose())?.get("password").ok_or("the account has no password")?;
    // A real program logs in here, while `secret` lives: it is wiped when it is dropped, and this copy is not.
    Ok(std::str::from_utf8(password)?.to_owned())
}
