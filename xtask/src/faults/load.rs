//! A hundred processes at once, on few accounts: each result is compared with what may be true at that moment.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::check::{tidiness, write_private};
use super::scene::{Otp, make_folder};
use super::{Context, Row};
use crate::Result;

const PROCESSES: u64 = 100;
/// Two in one directory, one below the other, and one alone.
const ACCOUNTS: [&str; 3] = ["load/a", "load/a/below", "alone"];
/// More keys than this an account is not given: a rotation replaces each.
const KEYS: usize = 8;
const NOT_FOUND: i32 = 3;

/// Whether a key opens. It only ever becomes a later one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Life {
    Lives,
    /// Somebody is at work to end it.
    Ending,
    Ended,
}

struct Key {
    file: String,
    id: String,
    /// The rotation that it comes from, or whose key it was issued with.
    generation: usize,
    life: Life,
}

/// What a rotation brought.
struct Generation {
    secret: String,
    life: Life,
}

struct Account {
    generations: Vec<Generation>,
    keys: Vec<Key>,
    rotating: bool,
}

impl Account {
    fn life(&self, key: usize) -> Life {
        let key = &self.keys[key];
        key.life.max(self.generations[key.generation].life)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Get,
    Issue,
    Revoke,
    Rotate,
    AddAndRemove,
}

const ACTIONS: [(Action, &str); 5] = [
    (Action::Get, "get"),
    (Action::Issue, "issue"),
    (Action::Revoke, "revoke"),
    (Action::Rotate, "rotate"),
    (Action::AddAndRemove, "add, get, remove, get"),
];

struct Load<'a> {
    otp: &'a Otp,
    folder: PathBuf,
    accounts: [Mutex<Account>; ACCOUNTS.len()],
}

pub(super) fn try_all(context: &Context, report: &mut dyn FnMut(Row)) -> Result<()> {
    let load = Load::prepare(&context.otp, context.place.0.join("load"))?;
    let end = Instant::now() + Duration::from_secs(context.seconds);
    let mut rows = ACTIONS.map(|(_, name)| Row { operation: name.to_owned(), points: 0, losses: Vec::new() });
    let outcomes = std::thread::scope(|scope| {
        let load = &load;
        let workers: Vec<_> = (1..=PROCESSES).map(|number| scope.spawn(move || load.work(number, end))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| "a worker panicked".to_owned())?)
            .collect::<Result<Vec<_>>>()
    })?;
    for (action, finding) in outcomes.into_iter().flatten() {
        for (row, _) in rows.iter_mut().zip(ACTIONS).filter(|(_, (name, _))| *name == action) {
            row.points += 1;
            row.losses.extend(finding.clone());
        }
    }
    rows.into_iter().for_each(&mut *report);
    report(load.look_afterwards()?);
    Ok(())
}

impl<'a> Load<'a> {
    fn prepare(otp: &'a Otp, folder: PathBuf) -> Result<Self> {
        make_folder(&folder)?;
        make_folder(&folder.join("keys"))?;
        let mut accounts = Vec::new();
        for account in ACCOUNTS {
            let file = format!("keys/{}", account.replace('/', "-"));
            let add = ["add", account, "--username", "alice", "--password-stdin", "--key-file", &file];
            otp.must(&folder, &add, "first")?;
            let id = key_id(otp, &folder, &file)?;
            let generations = vec![Generation { secret: "alice\nfirst\n".into(), life: Life::Lives }];
            let keys = vec![Key { file, id, generation: 0, life: Life::Lives }];
            accounts.push(Mutex::new(Account { generations, keys, rotating: false }));
        }
        let accounts = accounts.try_into().map_err(|_| "an account is missing")?;
        Ok(Self { otp, folder, accounts })
    }

    /// One of the processes at a time, until the time is over. Gives what each did, and what was wrong with it.
    fn work(&self, worker: u64, end: Instant) -> Result<Vec<(Action, Option<String>)>> {
        let mut dice = Dice(worker.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut done = Vec::new();
        while Instant::now() < end {
            let number = dice.below(ACCOUNTS.len());
            let action = match dice.below(100) {
                0..70 => Action::Get,
                70..82 => Action::Issue,
                82..90 => Action::Revoke,
                90..94 => Action::Rotate,
                _ => Action::AddAndRemove,
            };
            let name = format!("{worker}-{}", done.len());
            let outcome = match action {
                Action::Get => self.get(number, &mut dice)?,
                Action::Issue => self.issue(number, &mut dice, &name)?,
                Action::Revoke => self.revoke(number, &mut dice)?,
                Action::Rotate => self.rotate(number, &name)?,
                Action::AddAndRemove => self.add_and_remove(worker, &name)?,
            };
            // Nothing is counted where there was nothing to do.
            if let Some(finding) = outcome {
                done.push((action, finding));
            }
        }
        Ok(done)
    }

    fn get(&self, number: usize, dice: &mut Dice) -> Result<Option<Option<String>>> {
        let (key, file, secret, before) = {
            let account = self.account(number);
            let key = recent(&account, dice);
            let Key { file, generation, .. } = &account.keys[key];
            (key, file.clone(), account.generations[*generation].secret.clone(), account.life(key))
        };
        let (code, stdout, stderr) = self.run(&["get", "--key-file", &file], "")?;
        let after = self.account(number).life(key);
        Ok(Some(match code {
            Some(0) if before == Life::Ended => Some(format!("{file} opened though it had been ended")),
            Some(0) if stdout != secret => Some(format!("{file} opened {stdout:?} instead of {secret:?}")),
            Some(0) => None,
            Some(NOT_FOUND) if after == Life::Lives => Some(format!("{file} is lost: {stderr}")),
            Some(NOT_FOUND) => None,
            _ => Some(format!("get with {file}: {code:?}: {stderr}")),
        }))
    }

    fn issue(&self, number: usize, dice: &mut Dice, name: &str) -> Result<Option<Option<String>>> {
        let (key, file, generation, before) = {
            let account = self.account(number);
            let live = (0..account.keys.len()).filter(|key| account.life(*key) == Life::Lives).count();
            if live >= KEYS {
                return Ok(None);
            }
            let key = recent(&account, dice);
            (key, account.keys[key].file.clone(), account.keys[key].generation, account.life(key))
        };
        let new = format!("keys/issued-{name}");
        let arguments = ["issue", ACCOUNTS[number], "--key-file", &file, "--new-key-file", &new];
        let (code, _, stderr) = self.run(&arguments, "")?;
        if code == Some(0) {
            let id = key_id(self.otp, &self.folder, &new)?;
            self.account(number).keys.push(Key { file: new, id, generation, life: Life::Lives });
        }
        let after = self.account(number).life(key);
        Ok(Some(match code {
            Some(0) if before == Life::Ended => Some(format!("{file} issued a key though it had been ended")),
            Some(0) => None,
            Some(NOT_FOUND) if after > Life::Lives => None,
            _ => Some(format!("issue with {file}: {code:?}: {stderr}")),
        }))
    }

    fn revoke(&self, number: usize, dice: &mut Dice) -> Result<Option<Option<String>>> {
        let (key, id) = {
            let mut account = self.account(number);
            let key = recent(&account, dice);
            // The first key of each generation stays, so that the account does.
            let generation = account.keys[key].generation;
            let is_first = account.keys.iter().position(|other| other.generation == generation) == Some(key);
            if is_first || account.life(key) > Life::Lives {
                return Ok(None);
            }
            account.keys[key].life = Life::Ending;
            (key, account.keys[key].id.clone())
        };
        let (code, _, stderr) = self.run(&["revoke", ACCOUNTS[number], &id], "")?;
        let mut account = self.account(number);
        let generation = account.keys[key].generation;
        let rotated = account.generations[generation].life > Life::Lives;
        if code == Some(0) {
            account.keys[key].life = Life::Ended;
        }
        Ok(Some(match code {
            Some(0) => None,
            Some(NOT_FOUND) if rotated => None,
            _ => Some(format!("revoke of {id}: {code:?}: {stderr}")),
        }))
    }

    fn rotate(&self, number: usize, name: &str) -> Result<Option<Option<String>>> {
        {
            let mut account = self.account(number);
            if account.rotating {
                return Ok(None);
            }
            account.rotating = true;
            if let Some(generation) = account.generations.last_mut() {
                generation.life = Life::Ending;
            }
        }
        let arguments = ["rotate", ACCOUNTS[number], "--username", "alice", "--password-stdin"];
        let (code, stdout, stderr) = self.run(&arguments, name)?;
        let mut keys = Vec::new();
        let mut account = self.account(number);
        let generation = account.generations.len();
        for line in stdout.lines() {
            let [_, id, text] = line.split('\t').collect::<Vec<_>>()[..] else {
                return Ok(Some(Some(format!("rotate printed {line:?}"))));
            };
            let file = format!("keys/rotated-{id}");
            write_private(&self.folder.join(&file), text)?;
            keys.push(Key { file, id: id.to_owned(), generation, life: Life::Lives });
        }
        if code != Some(0) || keys.is_empty() {
            return Ok(Some(Some(format!("rotate: {code:?}: {stderr}"))));
        }
        if let Some(old) = account.generations.last_mut() {
            old.life = Life::Ended;
        }
        account.generations.push(Generation { secret: format!("alice\n{name}\n"), life: Life::Lives });
        account.keys.extend(keys);
        account.rotating = false;
        Ok(Some(None))
    }

    /// An account of the worker's own, whose directories others make and remove at the same time.
    fn add_and_remove(&self, worker: u64, name: &str) -> Result<Option<Option<String>>> {
        let account = format!("load/passing/{}/{worker}", worker % 3);
        let file = format!("keys/passing-{name}");
        let add = ["add", &account, "--username", "alice", "--password-stdin", "--key-file", &file];
        let expected = format!("alice\n{name}\n");
        let steps: [(&[&str], i32, &str); 4] = [
            (&add, 0, ""),
            (&["get", "--key-file", &file], 0, &expected),
            (&["remove", &account], 0, ""),
            (&["get", "--key-file", &file], NOT_FOUND, ""),
        ];
        for (arguments, expected_code, expected) in steps {
            let (code, stdout, stderr) = self.run(arguments, name)?;
            if code != Some(expected_code) || stdout != expected {
                return Ok(Some(Some(format!("{}: {code:?}, {stdout:?}: {stderr}", arguments.join(" ")))));
            }
        }
        Ok(Some(None))
    }

    /// When all is quiet, each key opens or not as it should, and nothing lies about.
    fn look_afterwards(&self) -> Result<Row> {
        let mut row = Row { operation: "each key, when all is quiet".into(), points: 0, losses: Vec::new() };
        for number in 0..ACCOUNTS.len() {
            let account = self.account(number);
            for (at, key) in account.keys.iter().enumerate() {
                let (code, stdout, stderr) = self.run(&["get", "--key-file", &key.file], "")?;
                let is_right = match account.life(at) {
                    Life::Lives => code == Some(0) && stdout == account.generations[key.generation].secret,
                    Life::Ending | Life::Ended => code == Some(NOT_FOUND),
                };
                row.points += 1;
                if !is_right {
                    row.losses.push(format!("{} ({:?}): {code:?}, {stdout:?}: {stderr}", key.file, account.life(at)));
                }
            }
        }
        row.losses.extend(tidiness(self.otp, &self.folder)?);
        Ok(row)
    }

    fn account(&self, number: usize) -> MutexGuard<'_, Account> {
        self.accounts[number].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, arguments: &[&str], input: &str) -> Result<(Option<i32>, String, String)> {
        let output = self.otp.run(&self.folder, arguments, input)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status.code(), text(&output.stdout), text(&output.stderr)))
    }
}

/// One of the latest keys, ended or not.
fn recent(account: &Account, dice: &mut Dice) -> usize {
    let count = account.keys.len();
    count - 1 - dice.below(count.min(2 * KEYS))
}

fn key_id(otp: &Otp, folder: &Path, file: &str) -> Result<String> {
    let shown = otp.must(folder, &["key", "inspect", "--key-file", file], "")?;
    let id = shown.lines().find_map(|line| line.strip_prefix("key id")).ok_or("otp key inspect shows no key id")?;
    Ok(id.trim().to_owned())
}

/// Marsaglia's xorshift: the same for each worker in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % count
    }
}
