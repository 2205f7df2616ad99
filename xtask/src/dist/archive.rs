//! Archives whose bytes depend only on their contents: sorted names, one time, no owner.

use std::path::Path;

use xtask::Result;
use xtask::sh::{program, run};

use super::release::Release;

/// Writes a zip file of a folder: the file, the folder above it, its name, the time.
const ZIP: &str = "
import pathlib, sys, time, zipfile
out, above, name, when = sys.argv[1:]
above = pathlib.Path(above)
with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as archive:
    for path in sorted(path for path in (above / name).rglob('*') if path.is_file()):
        info = zipfile.ZipInfo(path.relative_to(above).as_posix(), time.gmtime(int(when))[:6])
        info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
        archive.writestr(info, path.read_bytes())
";

/// Makes `NAME.tar.gz` from the folder NAME, in another folder.
pub(super) fn tar(release: &Release, above: &Path, name: &str) -> Result<()> {
    let archive = release.folder().join(format!("{name}.tar.gz"));
    let mut tar = program("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX", "-I", "gzip -9n"]);
    run(tar.arg(format!("--mtime=@{}", release.time)).arg("-cf").arg(archive).arg("-C").arg(above).arg(name))
}

/// Makes `NAME.zip` from the folder NAME, in another folder.
pub(super) fn zip(release: &Release, above: &Path, name: &str) -> Result<()> {
    let archive = release.folder().join(format!("{name}.zip"));
    run(program("python3").args(["-c", ZIP]).arg(archive).arg(above).args([name, &release.time]))
}
