//! `otp import ancestor`: an account out of a file of Secure-Python-Link, and what that file gave away.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use otp_ancestor::{Leak, MAX_FILE_LEN, OldFile};
use otp_core::{Account, AccountName};
use otp_store_fs::locate::KeyChoice;
use zeroize::Zeroizing;

use super::add;
use crate::Result;
use crate::args::AncestorArgs;
use crate::error::Error;
use crate::handover::Destination;
use crate::randomness::{self, Randomness};
use crate::session::Session;
use crate::terminal;

pub(crate) fn ancestor(session: &Session<'_>, args: &AncestorArgs) -> Result<()> {
    let name = account_name(args)?;
    let grant = session.grant(&args.grant)?;
    let destination = Destination::find(args.key_file.as_deref())?;
    let stream_of = |path: &Option<PathBuf>| randomness::stream_of(path.as_deref());
    randomness::check_streams(&[
        ("old key of the user", stream_of(&args.user_key_file)),
        ("old key of the password", stream_of(&args.pass_key_file)),
        ("extra entropy", stream_of(&args.entropy.extra_entropy)),
    ])?;
    let entropy = randomness::open(&args.entropy)?;
    let file = OldFile::parse(&read(&args.file)?).map_err(Error::Ancestor)?;
    add::check_new(session, &name)?;

    let user_key = old_key(session, args.user_key_file.as_deref(), "user", "--user-key-file")?;
    let pass_key = old_key(session, args.pass_key_file.as_deref(), "password", "--pass-key-file")?;
    let (user, password) = file.open(&user_key, &pass_key).map_err(Error::Ancestor)?;
    let mut account = Account::new();
    account.set("username", user.as_bytes())?;
    account.set("password", password.as_bytes())?;
    add::seal(session, &name, &account, &grant, &destination, &mut Randomness::new(entropy.as_ref()))?;

    let report = report(&args.file, &name, &file.leaks(user.len(), password.len()));
    // The account is there and its key handed over; nobody to read the report is no failure of that.
    let _ = io::stderr().write_all(report.as_bytes());
    Ok(())
}

/// The name that was given, or the file's.
fn account_name(args: &AncestorArgs) -> Result<AccountName> {
    if let Some(name) = &args.account {
        return Ok(AccountName::parse(name)?);
    }
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    AccountName::parse(&stem).map_err(|_| Error::Usage("the file's name is no account name; give --account".into()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_LEN as u64 + 1).read_to_end(&mut bytes))
        .map_err(Error::io(format!("{} can't be read", path.display())))?;
    Ok(bytes)
}

/// An old key, from its file or from whoever sits there.
fn old_key(session: &Session<'_>, file: Option<&Path>, which: &str, option: &str) -> Result<Zeroizing<Vec<u8>>> {
    if file.is_none() {
        session.check_may_ask_for(option)?;
        return terminal::ask_hidden(&format!("Old key of the {which}: "));
    }
    let text = KeyChoice { file, ..KeyChoice::default() }.read(&|_| None, MAX_FILE_LEN)?;
    Ok(Zeroizing::new(text.as_str().as_bytes().to_vec()))
}

/// What the old file gave away, and what to do about it.
fn report(file: &Path, name: &AccountName, leaks: &[Leak; 2]) -> String {
    let mut text = format!("otp: {} alone gave away, to whoever could read it:\n", file.display());
    for (leak, what) in leaks.iter().zip(["username", "password"]) {
        text.push_str(&format!(
            "  {what}: {:.1} bits of its characters, and that its length is one of {}: {}\n",
            leak.bits,
            leak.lengths.len(),
            ranges(&leak.lengths)
        ));
    }
    text.push_str(&format!(
        "  (its pads had 72 of 256 characters, its length marker was padded alike, and nothing showed a changed bit)\n\
         Change the password in the database, and then: otp rotate {name} --key-file KEYFILE --password-stdin\n\
         {} is as it was. Remove it once nothing uses it any more.\n",
        file.display()
    ));
    text
}

/// Numbers in order, with each run of them as its ends: `0-9, 12, 20-23`.
fn ranges(numbers: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let text = |(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    runs.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn numbers_that_follow_each_other_are_one_range() {
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8]), "0-2, 5, 7-8");
        assert_eq!(ranges(&[]), "");
    }
}
