//! Real file systems that are full, or read-only.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use otp_core::Code;

use crate::check::Check;
use crate::context::{Context, Row};
use crate::ending::{Ending, How, Leave, exit_code};
use crate::folder::remove;
use crate::mounts::{Helper, Mount, is_there};
use crate::operations::{Effect, MADE, Operation};
use crate::scene::{Kind, run_with_input};
use xtask::Result;

/// More room than any operation needs, in files or blocks.
const ENOUGH: usize = 500;

pub(crate) fn try_all(context: &Context, report: &mut dyn FnMut(Row)) -> Result<()> {
    let mut helper = Helper::new()?;
    let place = &context.place.0;
    let memory = helper.mount(place.join("memory"), "mount -t tmpfs -o size=2m,nr_inodes=512,mode=700 none")?;
    for operation in context.operations() {
        let trial = Trial { context, operation: &operation, mount: &memory };
        report(trial.full("tmpfs")?);
        report(trial.read_only(&mut helper)?);
    }
    if !is_there("mkfs.ext4") {
        return Err("a full ext4 needs mkfs.ext4; on Debian and Ubuntu run: apt-get install e2fsprogs".into());
    }
    let image = place.join("image");
    let make = format!("truncate -s 4m {0} && mkfs.ext4 -q -m 0 -b 1024 -N 512 {0}", image.display());
    match helper.mount(place.join("disk"), &format!("{make} && mount -o loop {}", image.display())) {
        Ok(disk) => {
            for operation in context.operations().iter().filter(|operation| !context.quick || operation.name == "issue")
            {
                report(Trial { context, operation, mount: &disk }.full("ext4")?);
            }
        }
        Err(error) => println!("  not tried: a full ext4, which needs root and a loop device ({error})"),
    }
    Ok(())
}

/// What a small file system runs out of.
#[derive(Clone, Copy, Debug)]
enum Shortage {
    Files,
    Blocks,
}

struct Trial<'a> {
    context: &'a Context,
    operation: &'a Operation,
    mount: &'a Mount,
}

impl Trial<'_> {
    /// Runs the operation with no room at all, then with room for one file or block, then two, until it succeeds.
    fn full(&self, file_system: &str) -> Result<Row> {
        let operation = format!("{}: full {file_system}", self.operation.name);
        let mut row = Row { operation, points: 0, losses: Vec::new() };
        let step = if self.context.quick && self.operation.scene == Kind::Large { 16 } else { 1 };
        for shortage in [Shortage::Files, Shortage::Blocks] {
            let mut left = 0;
            loop {
                self.prepare()?;
                self.fill(shortage, left)?;
                let ending = self.run()?;
                self.empty()?;
                row.points += 1;
                let mut findings = self.look(&ending)?;
                if matches!(self.operation.effect, Effect::Ends(_)) && ending.how != How::Code(0) {
                    findings.push("a key can be ended even where there is no room".into());
                }
                row.losses.extend(findings.into_iter().map(|finding| format!("{shortage:?}: {left} left: {finding}")));
                if ending.how == How::Code(0) {
                    break;
                }
                left += step;
                if left > ENOUGH {
                    return Err(format!("{}: {shortage:?}: {ENOUGH} are not enough", row.operation));
                }
            }
        }
        Ok(row)
    }

    /// Runs the operation on a read-only file system.
    fn read_only(&self, helper: &mut Helper) -> Result<Row> {
        let mut row = Row { operation: format!("{}: read-only", self.operation.name), points: 1, losses: Vec::new() };
        self.prepare()?;
        helper.set_read_only(self.mount, true)?;
        let ending = self.run()?;
        if ending.how == How::Code(0) {
            row.losses.push("it ended with 0".into());
        }
        for key in &self.context.scenes.of(self.operation.scene).held {
            let got = self.context.otp.run(&self.mount.folder.join("trial"), &["get", "--key-file", &key.file], "")?;
            row.points += 1;
            if String::from_utf8_lossy(&got.stdout) != key.opens.unwrap_or("") {
                row.losses.push(format!("{} opened {:?}", key.file, String::from_utf8_lossy(&got.stdout)));
            }
        }
        helper.set_read_only(self.mount, false)?;
        row.losses.extend(self.look(&ending)?);
        Ok(row)
    }

    fn prepare(&self) -> Result<()> {
        self.empty()?;
        self.context.scenes.of(self.operation.scene).copy_to(&self.mount.folder.join("trial"))
    }

    fn run(&self) -> Result<Ending> {
        let scene = self.context.scenes.of(self.operation.scene);
        let mut command = self.operation.command(&self.context.otp, scene, &self.mount.folder.join("trial"));
        let output = run_with_input(&mut command, self.operation.input)?;
        Ok(Ending::of(output))
    }

    /// Fills the file system up to `left` files or blocks.
    fn fill(&self, shortage: Shortage, left: usize) -> Result<()> {
        let folder = self.mount.folder.join("filler");
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        fs::create_dir(&folder).map_err(failed)?;
        match shortage {
            Shortage::Files => {
                let mut count = 0_usize;
                while File::create_new(folder.join(count.to_string())).is_ok() {
                    count += 1;
                }
                for number in count.saturating_sub(left)..count {
                    fs::remove_file(folder.join(number.to_string())).map_err(failed)?;
                }
            }
            Shortage::Blocks => {
                let block = block_len(&folder)?;
                let mut full = File::create_new(folder.join("blocks")).map_err(failed)?;
                let mut count = 0;
                // Synced, since some file systems allocate late.
                while full.write_all(&vec![1; block]).and_then(|()| full.sync_all()).is_ok() {
                    count += 1;
                }
                full.set_len((count - count.min(left)) as u64 * block as u64).map_err(failed)?;
                full.sync_all().map_err(failed)?;
            }
        }
        Ok(())
    }

    fn empty(&self) -> Result<()> {
        remove(&self.mount.folder.join("filler"))
    }

    fn look(&self, ending: &Ending) -> Result<Vec<String>> {
        let mut findings = Vec::new();
        let writes_key_files = self.operation.arguments.contains(&MADE);
        let mut expected = vec![0, exit_code(Code::StoreUnavailable)];
        expected.extend(writes_key_files.then_some(exit_code(Code::Other)));
        expected.extend(self.operation.uses_entropy().then_some(exit_code(Code::RandomnessFailed)));
        // A ring is not a store; and what the database has is in doubt until the rotation is resumed.
        let with_ring = [exit_code(Code::Other), exit_code(Code::InDoubt)];
        expected.extend(with_ring.into_iter().filter(|_| self.operation.scene.has_ring()));
        match ending.how {
            How::Code(code) if expected.contains(&code) => {}
            other => findings.push(format!("it ended with {other:?}: {}", String::from_utf8_lossy(&ending.stderr))),
        }
        let Context { otp, scenes, .. } = self.context;
        let check = Check {
            otp,
            scene: scenes.of(self.operation.scene),
            operation: self.operation,
            folder: &self.mount.folder.join("trial"),
            ending,
            leave: Leave { orphans: false, silence: false, empty_file: false },
            findings,
        };
        check.run()
    }
}

/// The smallest unit that the file system allocates, in bytes.
fn block_len(folder: &Path) -> Result<usize> {
    use std::os::unix::fs::MetadataExt;
    let block = fs::metadata(folder).map_err(|error| format!("{}: {error}", folder.display()))?.blksize();
    usize::try_from(block).map_err(|error| error.to_string())
}
