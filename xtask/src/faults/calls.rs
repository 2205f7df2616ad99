//! Each system call of an operation fails in turn, and the process is killed before each.

use std::path::Path;

use super::check::Check;
use super::ending::{Ending, How, Leave};
use super::operations::Operation;
use super::point::{self, Fault, Point};
use super::scene::{Kind, Otp, Scene, run_with_input};
use super::strace::{self, Injection, Recording};
use super::{Context, Row, pool};
use crate::Result;

/// How many points of each operation the quick run takes.
const QUICK: usize = 30;
/// How many points of the large operation are tried at calls that change nothing.
const OTHERS: usize = 500;
/// Has strace show as much of strings as is needed to see a key among them.
const LONG_STRINGS: [&str; 2] = ["-s", "200"];

pub(super) fn try_all(context: &Context, report: &mut dyn FnMut(Row)) -> Result<()> {
    strace::check_installed()?;
    for operation in context.operations() {
        let trial = Trial { otp: &context.otp, scene: context.scenes.of(operation.scene), operation: &operation };
        let undisturbed = trial.record(&context.place.0, None)?;
        let mut points = point::all(&undisturbed);
        if operation.scene == Kind::Large {
            points = thin_out(points);
        }
        report(trial.try_points(context, operation.name.to_owned(), points)?);
        if operation.hands_over() {
            let spoiler = point::spoiler(&undisturbed).ok_or("no new key is seen in what strace recorded")?;
            report(trial.try_kills_after(context, &spoiler, "killed while it takes back")?);
        }
        if let Some(nameless) = undisturbed.without_nameless_file() {
            report(trial.try_kills_after(context, &nameless, "killed, with temporary names")?);
        }
    }
    Ok(())
}

/// Leaves every point at a call that changes the file system, and some of the many others.
fn thin_out(points: Vec<Point>) -> Vec<Point> {
    let (mut changing, others): (Vec<_>, Vec<_>) = points.into_iter().partition(Point::is_at_a_change);
    changing.extend(spread(others, OTHERS));
    changing
}

/// So many of the items, evenly spread, always the same.
pub(super) fn spread<T>(items: Vec<T>, count: usize) -> Vec<T> {
    let len = items.len();
    let is_taken = |number: usize| number * count / len != (number + 1) * count / len;
    items
        .into_iter()
        .enumerate()
        .filter(|(number, _)| len <= count || is_taken(*number))
        .map(|(_, item)| item)
        .collect()
}

struct Trial<'a> {
    otp: &'a Otp,
    scene: &'a Scene,
    operation: &'a Operation,
}

impl Trial<'_> {
    /// Lets one call fail, and kills the process at each call behind it.
    fn try_kills_after(&self, context: &Context, failed: &Injection, title: &str) -> Result<Row> {
        let points = point::kills_after(&self.record(&context.place.0, Some(failed))?, failed);
        self.try_points(context, format!("{}: {title}", self.operation.name), points)
    }

    /// What the operation does when nothing disturbs it, or only `failed`.
    fn record(&self, place: &Path, failed: Option<&Injection>) -> Result<Recording> {
        let (folder, log) = (place.join("recorded"), place.join("recorded.log"));
        self.scene.copy_to(&folder)?;
        let traced = self.operation.command(self.otp, self.scene, &folder);
        let injections: Vec<Injection> = failed.cloned().into_iter().chain([Recording::readable()]).collect();
        let mut command = strace::command(&traced, &log, &LONG_STRINGS, &injections);
        let output = run_with_input(&mut command, self.operation.input)?;
        if failed.is_none() && !output.status.success() {
            return Err(format!("{}: {}", self.operation.name, String::from_utf8_lossy(&output.stderr)));
        }
        strace::read(&log)
    }

    fn try_points(&self, context: &Context, operation: String, mut points: Vec<Point>) -> Result<Row> {
        if context.quick {
            points = spread(points, QUICK);
        }
        let folder = |worker| context.place.0.join(format!("trial-{worker}"));
        let outcomes = pool::each(&points, |worker, point| self.run(point, &folder(worker)))?;
        Ok(Row { operation, points: points.len(), losses: outcomes.into_iter().flatten().collect() })
    }

    /// Disturbs a run, and gives what is not as it should be afterwards.
    fn run(&self, point: &Point, folder: &Path) -> Result<Option<String>> {
        let log = folder.with_extension("log");
        self.scene.copy_to(folder)?;
        let traced = self.operation.command(self.otp, self.scene, folder);
        let output = run_with_input(&mut strace::command(&traced, &log, &[], &point.injections), self.operation.input)?;
        let ending = Ending::of(output);
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
