//! Ten callers log in while the password is rotated; the rotating process is killed and resumed.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Output};
use std::thread;
use std::time::{Duration, Instant};

use otp_test_tools::TempDir;
use xtask::Result;
use xtask::sh::{answers, output, program, root, run};

use super::Programs;
use super::callers::{Caller, Calls};
use super::contract;
use crate::servers::clean;
use crate::servers::database::{Database, accepts, fresh_password};

const ACCOUNT: &str = "edms/reporting";
const CALLERS: usize = 10;
const PAGES: &str = "60";
/// A rotation that was cut off must be resumed within this time.
const RESUMED_WITHIN: Duration = Duration::from_secs(2);
/// The exit code of `otp rotate --resume` if there is nothing to resume.
const NOT_FOUND: i32 = 3;

/// The time from a rotation's start until it is finished, by whichever process.
struct Window {
    from: Instant,
    to: Instant,
}

/// Rotates the password `count` times while callers log in, and reports how they fared.
pub(super) fn rotate(programs: &Programs, database: &dyn Database, time: Duration, count: u32) -> Result<()> {
    let trial = Trial::prepare(programs, database)?;
    let keys = trial.keys()?;
    let until = Instant::now() + time;
    let callers = (0..CALLERS).map(|number| trial.caller(number));
    let (calls, rotations) = thread::scope(|scope| {
        let callers: Vec<_> = callers.map(|caller| scope.spawn(move || caller.work(until))).collect();
        let rotations = trial.rotate_until(until, count);
        let mut calls = Calls::default();
        for caller in callers {
            calls.add(caller.join().map_err(|_| "a caller panicked")??);
        }
        Ok::<_, String>((calls, rotations?))
    })?;
    rotations.report(database.name(), &calls);
    rotations.check(&calls, count)?;
    trial.check_at_rest(&rotations.passwords, &keys)
}

/// The outcomes of all rotations.
#[derive(Default)]
struct Rotations {
    windows: Vec<Window>,
    /// How many were killed while running, and how many of these a resume finished.
    killed: usize,
    resumed: usize,
    /// Every password that the database had, in order.
    passwords: Vec<String>,
}

impl Rotations {
    fn report(&self, name: &str, calls: &Calls) {
        let longest = self.windows.iter().map(|window| window.to - window.from).max().unwrap_or_default();
        println!(
            "\n{name}: {} logins of {CALLERS} callers; {} were refused at first, {} given up; the longest took {:.1} s",
            calls.logins,
            calls.refusals.len(),
            calls.given_up.len(),
            calls.longest.as_secs_f64()
        );
        println!(
            "{} rotations, {} killed while they ran, {} of these finished by --resume; the longest took {:.1} s with its resume",
            self.windows.len(),
            self.killed,
            self.resumed,
            longest.as_secs_f64()
        );
    }

    fn check(&self, calls: &Calls, count: u32) -> Result<()> {
        if let Some(said) = calls.given_up.first() {
            return Err(format!("a caller gave up: {said}"));
        }
        let excused = |from: Instant, to: Instant| self.windows.iter().any(|w| from <= w.to && w.from <= to);
        if let Some(refusal) = calls.refusals.iter().find(|refusal| !excused(refusal.from, refusal.to)) {
            return Err(format!("a login was refused while no rotation ran: {}", refusal.said));
        }
        // A trial that kills nothing proves nothing.
        if self.killed < count as usize / 2 || self.resumed == 0 {
            return Err(format!("only {} rotations were killed, and {} resumed", self.killed, self.resumed));
        }
        if calls.logins < 10 * CALLERS {
            return Err(format!("{} logins are too few to show anything", calls.logins));
        }
        Ok(())
    }
}

struct Trial<'a> {
    programs: &'a Programs,
    database: &'a dyn Database,
    folder: TempDir,
}

impl<'a> Trial<'a> {
    /// Makes a ring, an account with a key for each caller, and the database's user.
    fn prepare(programs: &'a Programs, database: &'a dyn Database) -> Result<Self> {
        let trial = Self { programs, database, folder: otp_test_tools::folder() };
        run(&mut trial.otp(&["ring", "init", "ring"]))?;
        let add = ["add", ACCOUNT, "--username", database.user(), "--generate", "--pages", PAGES];
        run(trial.otp(&add).args(["--for", "caller-0", "--key-file", "caller-0.key"]))?;
        for number in 1..CALLERS {
            let (holder, file) = (format!("caller-{number}"), format!("caller-{number}.key"));
            let issue = ["issue", ACCOUNT, "--pages", PAGES, "--for", &holder, "--new-key-file", &file];
            run(&mut trial.otp(&issue))?;
        }
        let password = trial.password()?;
        database.make_user(&password)?;
        contract::check(programs, database, &password)?;
        Ok(trial)
    }

    /// A command of `otp`, by the administrator.
    fn otp(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.programs.otp);
        clean(&mut command);
        let folder = self.folder.path();
        command.current_dir(folder).env("OTP_STORE", folder.join("store")).env("OTP_RING", folder.join("ring"));
        command.envs(self.database.variables()).args(arguments);
        command
    }

    /// A rotation with the example program that users copy.
    fn rotation(&self, what: &str) -> Command {
        let mut command = self.otp(&["rotate", ACCOUNT, what, "--apply"]);
        command.arg(self.programs.venv.join("bin/python")).arg("--").arg(root().join(self.database.example()));
        command
    }

    fn caller(&self, number: usize) -> Caller<'a> {
        let folder = self.folder.path().to_owned();
        let key_file = folder.join(format!("caller-{number}.key"));
        Caller { otp: self.programs.otp.clone(), folder, key_file, database: self.database }
    }

    /// The text of every key.
    fn keys(&self) -> Result<Vec<Vec<u8>>> {
        let read = |number| fs::read(self.caller(number).key_file).map_err(|error| error.to_string());
        (0..CALLERS).map(read).collect()
    }

    /// The password that the callers read.
    fn password(&self) -> Result<String> {
        let printed = output(&mut self.otp(&["get", "--field", "password", "--key-file", "caller-0.key"]))?;
        Ok(printed.trim_end_matches('\n').to_owned())
    }

    /// Rotates once undisturbed, to see how long that takes, and then `count` times at even intervals.
    fn rotate_until(&self, until: Instant, count: u32) -> Result<Rotations> {
        let mut rotations = Rotations { passwords: vec![self.password()?], ..Rotations::default() };
        let from = Instant::now();
        run(&mut self.rotation("--generate"))?;
        let usual = from.elapsed();
        rotations.windows.push(Window { from, to: Instant::now() });
        rotations.passwords.push(self.password()?);
        for left in (1..=count).rev() {
            let room = until.saturating_duration_since(Instant::now()) / left;
            thread::sleep(room.saturating_sub(usual * 3 + RESUMED_WITHIN).mul_f64(fraction()?));
            self.rotate_and_kill(usual, left % 2 == 0, &mut rotations)?;
            rotations.passwords.push(self.password()?);
        }
        Ok(rotations)
    }

    /// Rotates, is killed at a random moment, and resumes. `together`: the example dies too, as when the machine does.
    fn rotate_and_kill(&self, usual: Duration, together: bool, rotations: &mut Rotations) -> Result<()> {
        let from = Instant::now();
        let mut child = self.rotation("--generate").process_group(0).spawn().map_err(|error| error.to_string())?;
        let end = from + usual.mul_f64(fraction()?);
        let mut ended = None;
        while ended.is_none() && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
            ended = child.try_wait().map_err(|error| error.to_string())?;
        }
        if ended.is_none() {
            let target = if together { format!("-{}", child.id()) } else { child.id().to_string() };
            // It may just have ended.
            answers(program("kill").args(["-KILL", "--", &target]));
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        if status.code() == Some(0) {
            rotations.windows.push(Window { from, to: Instant::now() });
            return Ok(());
        }
        self.resume(status, rotations)?;
        rotations.windows.push(Window { from, to: Instant::now() });
        Ok(())
    }

    fn resume(&self, status: ExitStatus, rotations: &mut Rotations) -> Result<()> {
        if status.code().is_some() {
            return Err(format!("a rotation failed that nobody had killed: {status}"));
        }
        rotations.killed += 1;
        let before = rotations.passwords.last().cloned().unwrap_or_default();
        thread::sleep(RESUMED_WITHIN.mul_f64(fraction()?));
        let Output { status, stderr, .. } = self.rotation("--resume").output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&stderr);
        print!("killed, resumed: {said}");
        if !status.success() && status.code() != Some(NOT_FOUND) {
            return Err(format!("otp rotate --resume: {status}: {said}"));
        }
        if self.password()? == before {
            // It was killed before it began.
            return run(&mut self.rotation("--generate"));
        }
        rotations.resumed += usize::from(status.success());
        Ok(())
    }

    /// Each original key logs in, no old password does, and ring and store agree.
    fn check_at_rest(&self, passwords: &[String], keys: &[Vec<u8>]) -> Result<()> {
        for number in 0..CALLERS {
            if let Some(refusal) = self.caller(number).log_in()? {
                return Err(format!("caller {number} can't log in in the end: {}", refusal.said));
            }
        }
        if self.keys()? != keys {
            return Err("a caller's key file has changed".into());
        }
        let (current, old) = passwords.split_last().ok_or("no password")?;
        if !accepts(self.database, current)? || accepts(self.database, &fresh_password()?)? {
            return Err("the client does not tell a right password from a wrong one".into());
        }
        for password in old {
            if accepts(self.database, password)? {
                return Err("an old password still logs in".into());
            }
        }
        let folder: &Path = self.folder.path();
        print!("{}", output(self.otp(&["verify"]).current_dir(folder))?);
        print!("{}", output(&mut self.otp(&["ring", "show"]))?);
        println!("{}: each of {CALLERS} keys logs in; {} old passwords are refused", self.database.name(), old.len());
        Ok(())
    }
}

/// A number from 0 to 1.
fn fraction() -> Result<f64> {
    let digits = fresh_password()?;
    let number = u32::from_str_radix(&digits[..8], 16).map_err(|error| error.to_string())?;
    Ok(f64::from(number) / f64::from(u32::MAX))
}
