//! Fails each system call of an operation in turn, and kills the process before each.

use std::path::Path;

use crate::check::Check;
use crate::context::{Context, Row};
use crate::ending::{Ending, How, Leave};
use crate::operations::Operation;
use crate::point::{self, Fault, Point};
use crate::pool;
use crate::scene::{Kind, Otp, Scene, run_with_input};
use crate::strace::{self, Injection, Recording};
use xtask::Result;

/// How many points of each operation the quick run tries.
const QUICK: usize = 30;
/// How many calls that change nothing are tried for the large operation.
const OTHERS: usize = 500;
/// Makes strace show enough of each string to recognise a key.
const LONG_STRINGS: [&str; 2] = ["-s", "200"];

pub(crate) fn try_all(context: &Context, report: &mut dyn FnMut(Row)) -> Result<()> {
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
        if let Some(unnamed) = undisturbed.without_unnamed_file() {
            report(trial.try_kills_after(context, &unnamed, "killed, with temporary names")?);
        }
    }
    Ok(())
}

/// Keeps every point at a call that changes the file system, and a sample of the rest.
fn thin_out(points: Vec<Point>) -> Vec<Point> {
    let (mut changing, others): (Vec<_>, Vec<_>) = points.into_iter().partition(Point::is_at_a_change);
    changing.extend(spread(others, OTHERS));
    changing
}

/// A sample of `count` items, evenly spread and always the same.
pub(crate) fn spread<T>(items: Vec<T>, count: usize) -> Vec<T> {
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
    /// Lets one call fail, and kills the process at each later call.
    fn try_kills_after(&self, context: &Context, failed: &Injection, title: &str) -> Result<Row> {
        let points = point::kills_after(&self.record(&context.place.0, Some(failed))?, failed);
        self.try_points(context, format!("{}: {title}", self.operation.name), points)
    }

    /// Records the operation undisturbed, or disturbed by `failed` alone.
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

    /// Disturbs a run, and returns what is wrong afterwards.
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
            return Ok(Some(format!("{point}: the run did not reach this call")));
        }
        let lasting = !matches!(point.fault, Fault::Once(_));
        // From there on nothing can be removed, but a call that opens a file may still create it.
        let empty_file = matches!(point.fault, Fault::ReadOnly | Fault::Dead);
        let leave = Leave { orphans: lasting, silence: lasting, empty_file };
        let Self { otp, scene, operation } = *self;
        let check = Check { otp, scene, operation, folder, ending: &ending, leave, findings: Vec::new() };
        let findings = check.run().map_err(|error| format!("{}, {point}: {error}", operation.name))?;
        Ok(if findings.is_empty() { None } else { Some(format!("{point}\n  {}", findings.join("\n  "))) })
    }
}
