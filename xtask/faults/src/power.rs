//! The power fails after each step of an operation, and leaves the disk in each possible state.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::calls::spread;
use crate::check::Check;
use crate::context::{Context, Row};
use crate::disk::{Disk, Node, Tree};
use crate::ending::{Ending, How, Leave};
use crate::folder::{make_folder, remove, write_private};
use crate::operations::Operation;
use crate::pool;
use crate::replay::{Replay, WHOLE_STRINGS};
use crate::ring_scene::{self, DATABASE};
use crate::scene::{Scene, run_with_input};
use crate::strace::{self, Call, Injection, Recording};
use xtask::Result;

/// Up to this many combinations at one moment are all tried; otherwise, those that [`chosen`] picks.
const ALL_UP_TO: usize = 4096;
/// How many combinations are drawn if not all are tried.
const DRAWN: usize = 64;
/// How many states of each operation the quick run tries.
const QUICK: usize = 40;

/// What the disk holds when the power returns, and what was printed before it failed.
#[derive(PartialEq, Eq, Hash)]
struct State {
    tree: Tree,
    printed: Vec<u8>,
    /// Whether the operation had reported success.
    done: bool,
    /// Whether its program has changed the database, which is on a disk of its own.
    applied: bool,
}

/// How far the program that changes the database has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    NotStarted,
    Running,
    Ended,
}

impl Program {
    fn after(self, call: &Call) -> Self {
        match call.name.as_str() {
            "clone" | "clone3" | "vfork" | "fork" => Self::Running,
            "wait4" | "waitid" if self == Self::Running => Self::Ended,
            _ => self,
        }
    }

    fn may_have_applied(self) -> &'static [bool] {
        match self {
            Self::NotStarted => &[false],
            Self::Running => &[false, true],
            Self::Ended => &[true],
        }
    }
}

pub(crate) fn try_all(context: &Context, report: &mut dyn FnMut(Row)) -> Result<()> {
    strace::check_installed()?;
    for operation in context.operations() {
        let trial = Trial { context, scene: context.scenes.of(operation.scene), operation: &operation };
        let calls = trial.record(None)?;
        if operation.name == "issue" {
            trial.check_control(&calls)?;
        }
        report(trial.try_states(operation.name.to_owned(), &calls.calls)?);
        if let Some(unnamed) = calls.without_unnamed_file() {
            let calls = trial.record(Some(unnamed))?;
            report(trial.try_states(format!("{}: with temporary names", operation.name), &calls.calls)?);
        }
    }
    Ok(())
}

struct Trial<'a> {
    context: &'a Context,
    scene: &'a Scene,
    operation: &'a Operation,
}

impl Trial<'_> {
    /// Records an undisturbed run, with every byte that it writes.
    fn record(&self, failed: Option<Injection>) -> Result<Recording> {
        let folder = self.context.place.0.join("recorded");
        let log = folder.with_extension("log");
        self.scene.copy_to(&folder)?;
        let traced = self.operation.command(&self.context.otp, self.scene, &folder);
        let mut injections = vec![Recording::readable()];
        injections.extend(failed);
        let mut command = strace::command(&traced, &log, &WHOLE_STRINGS, &injections);
        let output = run_with_input(&mut command, self.operation.input)?;
        if !output.status.success() {
            return Err(format!("{}: {}", self.operation.name, String::from_utf8_lossy(&output.stderr)));
        }
        strace::read(&log)
    }

    fn try_states(&self, operation: String, calls: &[Call]) -> Result<Row> {
        let mut states = self.states(calls)?;
        if self.context.quick {
            states = spread(states, QUICK);
        }
        let folder = |worker| self.context.place.0.join(format!("trial-{worker}"));
        let outcomes = pool::each(&states, |worker, state| self.check(state, &folder(worker)))?;
        Ok(Row { operation, points: states.len(), losses: outcomes.into_iter().flatten().collect() })
    }

    /// Makes sure that the model catches a program that never syncs.
    fn check_control(&self, recording: &Recording) -> Result<()> {
        let calls = recording.calls.iter().filter(|call| !matches!(call.name.as_str(), "fsync" | "syncfs"));
        let row = self.try_states(String::new(), &calls.cloned().collect::<Vec<_>>())?;
        println!(
            "  control, {} without its syncs: {} states, {} lost",
            self.operation.name,
            row.points,
            row.losses.len()
        );
        if row.losses.is_empty() { Err("the model of a disk finds nothing wrong without syncs".into()) } else { Ok(()) }
    }

    /// Every distinct state that the disk may be in after some step of the operation.
    fn states(&self, calls: &[Call]) -> Result<Vec<State>> {
        let folder = self.context.place.0.join("recorded");
        self.scene.copy_to(&folder)?;
        let mut replay = Replay::of(&folder)?;
        let mut seen = HashSet::new();
        let mut states = Vec::new();
        let mut program = Program::NotStarted;
        let mut add = |replay: &Replay, done, program: Program| {
            for chosen in chosen(&replay.disk) {
                for applied in program.may_have_applied() {
                    let (tree, printed) = (replay.disk.tree(&chosen), replay.printed.clone());
                    let state = State { tree, printed, done, applied: *applied };
                    if seen.insert(hash(&state)) {
                        states.push(state);
                    }
                }
            }
        };
        for call in calls {
            let next = if self.operation.applies().is_some() { program.after(call) } else { program };
            if replay.apply(call)? || next != program {
                add(&replay, false, next);
            }
            program = next;
        }
        add(&replay, true, program);
        Ok(states)
    }

    /// Makes a folder that holds the state, and returns what is wrong with it.
    fn check(&self, state: &State, folder: &Path) -> Result<Option<String>> {
        remove(folder)?;
        materialise(&state.tree, folder)?;
        if let Some(word) = self.operation.applies().filter(|_| state.applied) {
            write_private(&folder.join(DATABASE), word.as_bytes())?;
        }
        if self.operation.scene.has_ring() && folder.join("ring/.otp-ring").exists() {
            ring_scene::settle(folder)?;
        }
        let how = if state.done { How::Code(0) } else { How::Cut };
        let ending = Ending { how, stdout: state.printed.clone(), stderr: Vec::new() };
        let leave = Leave { orphans: !state.done, silence: true, empty_file: false };
        let Self { context, scene, operation } = *self;
        let check = Check { otp: &context.otp, scene, operation, folder, ending: &ending, leave, findings: Vec::new() };
        let findings = check.run().map_err(|error| format!("{}, after a power failure: {error}", operation.name))?;
        if findings.is_empty() {
            return Ok(None);
        }
        let there: Vec<&str> =
            state.tree.keys().map(String::as_str).filter(|path| !path.starts_with("/keys")).collect();
        Ok(Some(format!("done: {}, on the disk: {}\n  {}", state.done, there.join(" "), findings.join("\n  "))))
    }
}

fn hash(state: &State) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// The combinations to try: a state for each file and chain that is not durable.
///
/// All of them, if they are few. Otherwise: nothing arrived; everything; everything up to some change; all but one; one
/// alone; and some that are drawn, always the same ones.
fn chosen(disk: &Disk) -> Vec<Vec<usize>> {
    let choices = disk.choices();
    let count = choices.iter().try_fold(1_usize, |product, states| product.checked_mul(*states));
    if let Some(count) = count.filter(|count| *count <= ALL_UP_TO) {
        return (0..count).map(|number| digits(number, &choices)).collect();
    }
    let (none, all): (Vec<_>, Vec<_>) = choices.iter().map(|states| (0, states - 1)).unzip();
    let mut chosen = vec![none.clone(), all.clone()];
    for at in 0..choices.len() {
        chosen.push([&all[..at], &none[at..]].concat());
        for state in 0..choices[at] {
            for base in [&none, &all] {
                let mut one = base.clone();
                one[at] = state;
                chosen.push(one);
            }
        }
    }
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..DRAWN {
        let draw = |states: &usize| {
            // Marsaglia's xorshift: any spread will do, if it is always the same.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random >> 33).unwrap_or(0) % states
        };
        chosen.push(choices.iter().map(draw).collect());
    }
    chosen
}

/// The digits of a number, whose bases are `ranges`.
fn digits(mut number: usize, ranges: &[usize]) -> Vec<usize> {
    let mut digit = |range: &usize| {
        let digit = number % range;
        number /= range;
        digit
    };
    ranges.iter().map(&mut digit).collect()
}

fn materialise(tree: &Tree, folder: &Path) -> Result<()> {
    make_folder(folder)?;
    // Directories come before their contents.
    for (path, node) in tree.iter().filter(|(path, _)| !path.is_empty()) {
        let path = folder.join(path.trim_start_matches('/'));
        let failed = |error| format!("{}: {error}", path.display());
        let mode = match node {
            Node::File(bytes, mode) => {
                fs::write(&path, bytes).map_err(failed)?;
                *mode
            }
            Node::Directory(mode) => {
                make_folder(&path)?;
                *mode
            }
        };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).map_err(failed)?;
    }
    Ok(())
}
