//! [`Wine`]: a separate Windows for one run, in a temporary folder.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use otp_test_tools::{TempDir, folder};
use xtask::Result;
use xtask::sh::{answers, program, root, run};

/// Where Debian puts the loader and the server, neither of which is on the `PATH`.
const LOADERS: [&str; 3] = ["/usr/lib/wine/wine64", "wine64", "wine"];
const SERVERS: [&str; 2] = ["/usr/lib/wine/wineserver64", "wineserver"];
/// Gives every process the same memory layout. With a random one, about one in five thousand does not start, because
/// something else lies where Wine maps the page that Windows shares with all processes.
const SAME_LAYOUT: [&str; 2] = ["setarch", "-R"];
pub(super) const COMPILER: &str = "x86_64-w64-mingw32-gcc";

/// A Wine prefix. Dropping it ends all that still runs in it, and removes it.
pub(crate) struct Wine {
    folder: TempDir,
    /// The words that start a program.
    loader: Vec<&'static str>,
    server: &'static str,
    /// A folder of programs, as a Unix path.
    path: Option<PathBuf>,
}

impl Wine {
    /// Makes a prefix with what Rust programs need.
    pub(crate) fn start() -> Result<Self> {
        let missing = "this needs Wine and a compiler; on Debian: apt-get install wine wine64 gcc-mingw-w64-x86-64";
        if !answers(program(COMPILER).arg("--version")) {
            return Err(missing.into());
        }
        let first = |of: &[&'static str]| of.iter().copied().find(|name| answers(program(name).arg("--version")));
        let (loader, server) = first(&LOADERS).zip(first(&SERVERS)).ok_or(missing)?;
        let [setarch, option] = SAME_LAYOUT;
        // A container may forbid this.
        let is_allowed = answers(program(setarch).args([option, "true"]));
        let loader = SAME_LAYOUT.into_iter().filter(|_| is_allowed).chain([loader]).collect();
        let wine = Self { folder: folder(), loader, server, path: None };
        // It complains about the missing 32-bit half, which nothing here needs.
        run(wine.command(Path::new("wineboot")).arg("-i").stderr(Stdio::null()))?;
        wine.add_random_source()?;
        Ok(wine)
    }

    /// Builds the DLL that Rust programs get randomness from, where every program finds it.
    fn add_random_source(&self) -> Result<()> {
        let library = self.prefix().join("drive_c/windows/system32/bcryptprimitives.dll");
        let source = root().join("xtask/src/windows/bcryptprimitives.c");
        run(program(COMPILER).args(["-shared", "-Wall", "-Werror", "-o"]).arg(library).arg(source).arg("-ladvapi32"))
    }

    fn prefix(&self) -> PathBuf {
        self.folder.path().join("prefix")
    }

    /// Lets programs in the prefix find those in a folder.
    pub(super) fn add_to_path(&mut self, folder: PathBuf) {
        self.path = Some(folder);
    }

    /// A program of Windows.
    pub(crate) fn command(&self, windows_program: &Path) -> Command {
        let mut command = program(self.loader[0]);
        self.inside(command.args(&self.loader[1..]).arg(windows_program));
        command
    }

    /// Lets a command, such as cargo, run what it builds for Windows.
    pub(super) fn run_for<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        self.inside(command.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", self.loader.join(" ")))
    }

    fn inside<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("WINEARCH", "win64")
            .env("WINEPREFIX", self.prefix())
            .env("WINEDEBUG", "-all")
            .env_remove("DISPLAY");
        command.envs(self.path.as_ref().map(|path| ("WINEPATH", as_windows(path))))
    }
}

/// An absolute path in Windows' notation: there, the top of this system's tree is a drive.
pub(super) fn as_windows(path: &Path) -> String {
    format!("Z:{}", path.display().to_string().replace('/', r"\"))
}

impl Drop for Wine {
    fn drop(&mut self) {
        // It writes to the folder until it ends.
        let mut server = program(self.server);
        let _ = self.inside(server.arg("-k")).status();
        let _ = self.inside(program(self.server).arg("-w")).status();
    }
}
