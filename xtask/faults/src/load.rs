//! A hundred processes at once on a few accounts: each result is compared with what may be true at that moment.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use otp_core::Code;

use crate::check::tidiness;
use crate::context::{Context, Row};
use crate::ending::exit_code;
use crate::folder::{make_folder, write_private};
use crate::scene::Otp;
use crate::truth::{Account, Dice, Generation, Key, Life};
use xtask::Result;

const PROCESSES: u64 = 100;
/// Two accounts, one below the other, and a separate one.
const ACCOUNTS: [&str; 3] = ["load/a", "load/a/below", "alone"];

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

/// The result of an action.
#[derive(PartialEq, Eq)]
enum Outcome {
    /// There was nothing to do.
    Idle,
    Right,
    Wrong(String),
}

struct Load<'a> {
    otp: &'a Otp,
    folder: PathBuf,
    accounts: [Mutex<Account>; ACCOUNTS.len()],
}

pub(crate) fn try_all(context: &Context, report: &mut dyn FnMut(Row)) -> Result<()> {
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
    for (action, outcome) in outcomes.into_iter().flatten() {
        for (row, _) in rows.iter_mut().zip(ACTIONS).filter(|(_, (name, _))| *name == action) {
            row.points += usize::from(outcome != Outcome::Idle);
            if let Outcome::Wrong(loss) = &outcome {
                row.losses.push(loss.clone());
            }
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
            let id = otp.key_id(&folder, &file)?;
            let generations = vec![Generation { secret: "alice\nfirst\n".into(), life: Life::Lives }];
            let keys = vec![Key { file, id, generation: 0, life: Life::Lives }];
            accounts.push(Mutex::new(Account { generations, keys, rotating: false }));
        }
        let accounts = accounts.try_into().map_err(|_| "an account is missing")?;
        Ok(Self { otp, folder, accounts })
    }

    /// Starts one process after another until time is up. Returns what each did, and what was wrong.
    fn work(&self, worker: u64, end: Instant) -> Result<Vec<(Action, Outcome)>> {
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
            done.push((action, outcome));
        }
        Ok(done)
    }

    fn get(&self, number: usize, dice: &mut Dice) -> Result<Outcome> {
        let (key, file, secret, before) = {
            let account = self.account(number);
            let key = account.recent(dice);
            let Key { file, generation, .. } = &account.keys[key];
            (key, file.clone(), account.generations[*generation].secret.clone(), account.life(key))
        };
        let (code, stdout, stderr) = self.run(&["get", "--key-file", &file], "")?;
        let after = self.account(number).life(key);
        let gone = code == Some(exit_code(Code::NotFound));
        Ok(match code {
            Some(0) if before == Life::Ended => Outcome::Wrong(format!("{file} opened though it had been ended")),
            Some(0) if stdout != secret => Outcome::Wrong(format!("{file} opened {stdout:?} instead of {secret:?}")),
            Some(0) => Outcome::Right,
            _ if gone && after == Life::Lives => Outcome::Wrong(format!("{file} is lost: {stderr}")),
            _ if gone => Outcome::Right,
            _ => Outcome::Wrong(format!("get with {file}: {code:?}: {stderr}")),
        })
    }

    fn issue(&self, number: usize, dice: &mut Dice, name: &str) -> Result<Outcome> {
        let (key, file, generation, before) = {
            let account = self.account(number);
            if account.is_full() {
                return Ok(Outcome::Idle);
            }
            let key = account.recent(dice);
            (key, account.keys[key].file.clone(), account.keys[key].generation, account.life(key))
        };
        let new = format!("keys/issued-{name}");
        let arguments = ["issue", ACCOUNTS[number], "--key-file", &file, "--new-key-file", &new];
        let (code, _, stderr) = self.run(&arguments, "")?;
        if code == Some(0) {
            let id = self.otp.key_id(&self.folder, &new)?;
            self.account(number).keys.push(Key { file: new, id, generation, life: Life::Lives });
        }
        let after = self.account(number).life(key);
        Ok(match code {
            Some(0) if before == Life::Ended => Outcome::Wrong(format!("{file} issued a key though it had been ended")),
            Some(0) => Outcome::Right,
            Some(code) if code == exit_code(Code::NotFound) && after > Life::Lives => Outcome::Right,
            _ => Outcome::Wrong(format!("issue with {file}: {code:?}: {stderr}")),
        })
    }

    fn revoke(&self, number: usize, dice: &mut Dice) -> Result<Outcome> {
        let (key, id) = {
            let mut account = self.account(number);
            let key = account.recent(dice);
            if account.stays(key) || account.life(key) > Life::Lives {
                return Ok(Outcome::Idle);
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
        Ok(match code {
            Some(0) => Outcome::Right,
            Some(code) if code == exit_code(Code::NotFound) && rotated => Outcome::Right,
            _ => Outcome::Wrong(format!("revoke of {id}: {code:?}: {stderr}")),
        })
    }

    fn rotate(&self, number: usize, name: &str) -> Result<Outcome> {
        {
            let mut account = self.account(number);
            if account.rotating {
                return Ok(Outcome::Idle);
            }
            account.rotating = true;
            if let Some(generation) = account.generations.last_mut() {
                generation.life = Life::Ending;
            }
        }
        let arguments = ["rotate", "--yes", ACCOUNTS[number], "--username", "alice", "--password-stdin"];
        let (code, stdout, stderr) = self.run(&arguments, name)?;
        let mut keys = Vec::new();
        let mut account = self.account(number);
        let generation = account.generations.len();
        for line in stdout.lines() {
            let [_, id, text] = line.split('\t').collect::<Vec<_>>()[..] else {
                return Ok(Outcome::Wrong(format!("rotate printed {line:?}")));
            };
            let file = format!("keys/rotated-{id}");
            write_private(&self.folder.join(&file), text.as_bytes())?;
            keys.push(Key { file, id: id.to_owned(), generation, life: Life::Lives });
        }
        if code != Some(0) || keys.is_empty() {
            return Ok(Outcome::Wrong(format!("rotate: {code:?}: {stderr}")));
        }
        if let Some(old) = account.generations.last_mut() {
            old.life = Life::Ended;
        }
        account.generations.push(Generation { secret: format!("alice\n{name}\n"), life: Life::Lives });
        account.keys.extend(keys);
        account.rotating = false;
        Ok(Outcome::Right)
    }

    /// Uses the worker's own account, in directories that other workers make and remove at the same time.
    fn add_and_remove(&self, worker: u64, name: &str) -> Result<Outcome> {
        let account = format!("load/passing/{}/{worker}", worker % 3);
        let file = format!("keys/passing-{name}");
        let add = ["add", &account, "--username", "alice", "--password-stdin", "--key-file", &file];
        let expected = format!("alice\n{name}\n");
        let steps: [(&[&str], i32, &str); 4] = [
            (&add, 0, ""),
            (&["get", "--key-file", &file], 0, &expected),
            (&["remove", "--yes", &account], 0, ""),
            (&["get", "--key-file", &file], exit_code(Code::NotFound), ""),
        ];
        for (arguments, expected_code, expected) in steps {
            let (code, stdout, stderr) = self.run(arguments, name)?;
            if code != Some(expected_code) || stdout != expected {
                return Ok(Outcome::Wrong(format!("{}: {code:?}, {stdout:?}: {stderr}", arguments.join(" "))));
            }
        }
        Ok(Outcome::Right)
    }

    /// Once all is quiet, each key opens or fails as it should, and there are no leftovers.
    fn look_afterwards(&self) -> Result<Row> {
        let mut row = Row { operation: "each key, when all is quiet".into(), points: 0, losses: Vec::new() };
        for number in 0..ACCOUNTS.len() {
            let account = self.account(number);
            for (at, key) in account.keys.iter().enumerate() {
                let (code, stdout, stderr) = self.run(&["get", "--key-file", &key.file], "")?;
                let is_right = match account.life(at) {
                    Life::Lives => code == Some(0) && stdout == account.generations[key.generation].secret,
                    Life::Ending | Life::Ended => code == Some(exit_code(Code::NotFound)),
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
