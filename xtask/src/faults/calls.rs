//! Each system call of an operation fails in turn, and the process is killed before each.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use super::check::{Check, Ending, How, Leave};
use super::operations::{self, Effect, ITS_ID, Operation};
use super::point::{self, Fault, Point};
use super::scene::{Kind, Otp, Scene, Workplace, run_with_input};
use super::strace::{self, Recording};
use super::{Options, Row, pool};
use crate::Result;

/// How many points of each operation the quick run takes.
const QUICK: usize = 60;

pub(super) fn try_all(otp: &Otp, options: &Options) -> Result<Vec<Row>> {
    strace::check_installed()?;
    let place = Workplace::new()?;
    let mut scenes: HashMap<Kind, Scene> = HashMap::new();
    let mut rows = Vec::new();
    for operation in operations::all() {
        let kind = operation.scene;
        if !scenes.contains_key(&kind) {
            scenes.insert(kind, Scene::prepare(otp, kind, place.0.join(format!("{kind:?}")))?);
        }
        let trial = Trial { otp, scene: &scenes[&kind], operation: &operation };
        let mut points = point::all(&trial.record(&place.0)?);
        if options.quick {
            points = spread(points, QUICK);
        }
        let outcomes = pool::each(&points, |worker, point| trial.run(point, &place.0.join(format!("trial-{worker}"))))?;
        rows.push(Row {
            operation: operation.name.to_owned(),
            points: points.len(),
            losses: outcomes.into_iter().flatten().collect(),
        });
    }
    Ok(rows)
}

/// So many of the items, evenly spread, always the same.
fn spread<T>(items: Vec<T>, count: usize) -> Vec<T> {
    let len = items.len();
    items
        .into_iter()
        .enumerate()
        .filter(|(n, _)| n * count / len != (n + 1) * count / len)
        .map(|(_, item)| item)
        .collect()
}

struct Trial<'a> {
    otp: &'a Otp,
    scene: &'a Scene,
    operation: &'a Operation,
}

impl Trial<'_> {
    fn command(&self, folder: &Path) -> Command {
        let id = |argument: &'static str| match self.operation.effect {
            Effect::Ends(file) if argument == ITS_ID => {
                self.scene.held.iter().find(|key| key.file == file).map_or(argument, |key| key.id.as_str())
            }
            _ => argument,
        };
        let arguments: Vec<&str> = self.operation.arguments.iter().map(|argument| id(argument)).collect();
        self.otp.command(folder, &arguments)
    }

    /// What the operation does when nothing disturbs it.
    fn record(&self, place: &Path) -> Result<Recording> {
        let (folder, log) = (place.join("recorded"), place.join("recorded.log"));
        self.scene.copy_to(&folder)?;
        let mut command = strace::command(&self.command(&folder), &log, &[], &[]);
        let output = run_with_input(&mut command, self.operation.input)?;
        if !output.status.success() {
            return Err(format!("{}: {}", self.operation.name, String::from_utf8_lossy(&output.stderr)));
        }
        strace::read(&log)
    }

    /// Disturbs a run, and gives what is not as it should be afterwards.
    fn run(&self, point: &Point, folder: &Path) -> Result<Option<String>> {
        let log = folder.with_extension("log");
        self.scene.copy_to(folder)?;
        let mut command = strace::command(&self.command(folder), &log, &[], &point.injections);
        let output = run_with_input(&mut command, self.operation.input)?;
        let ending = Ending { how: How::of(output.status), stdout: output.stdout, stderr: output.stderr };
        let was_hit = match point.fault {
            Fault::Killed => ending.how == How::Cut,
            _ => strace::was_injected(&log),
        };
        if !was_hit {
            return Ok(Some(format!("{point}: the run did not come to this call")));
        }
        let lasting = !matches!(point.fault, Fault::Once(_));
        let leave = Leave { orphans: lasting, silence: lasting };
        let Self { otp, scene, operation } = *self;
        let check = Check { otp, scene, operation, folder, ending: &ending, leave, findings: Vec::new() };
        let findings = check.run().map_err(|error| format!("{}, {point}: {error}", operation.name))?;
        Ok(if findings.is_empty() { None } else { Some(format!("{point}\n  {}", findings.join("\n  "))) })
    }
}
