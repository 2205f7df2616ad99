//! `cargo xtask dist [PART...]`: everything in a release, built from one commit and tried out as its users will use it.
//!
//! `docs/releasing.md` says what each part is for. The results and checksums go to `dist` below the target folder.

mod archive;
mod c_library;
mod crates;
mod deb;
mod documents;
mod installed;
mod packagers;
mod programs;
mod python;
mod release;
mod reproducible;
mod rpm;
mod sbom;
mod source;
mod sums;
mod trial;
mod windows;

use std::path::PathBuf;

use xtask::{Result, cargo};

use self::release::{Kind, Release};

/// One part of a release.
struct Part {
    name: &'static str,
    /// Whether CI makes it.
    in_ci: bool,
    make: fn(&Release) -> Result<()>,
}

const PARTS: [Part; 9] = [
    Part { name: "source", in_ci: true, make: source::make },
    Part { name: "crates", in_ci: false, make: crates::make },
    Part { name: "programs", in_ci: false, make: programs::make },
    Part { name: "deb", in_ci: true, make: deb::make },
    Part { name: "rpm", in_ci: false, make: rpm::make },
    Part { name: "c", in_ci: false, make: c_library::make },
    Part { name: "python", in_ci: false, make: python::make },
    Part { name: "windows", in_ci: false, make: windows::make },
    Part { name: "sbom", in_ci: false, make: sbom::make },
];

/// Checks that make nothing; they run only if named.
const CHECKS: [Part; 2] = [
    Part { name: "reproducible", in_ci: false, make: reproducible::check },
    Part { name: "suite", in_ci: false, make: source::check_suite },
];

/// Makes the named parts, or all of them. With `--quick`, programs are built without optimisation, and without names,
/// only CI's parts are made.
pub(crate) fn dist(arguments: &[String]) -> Result<()> {
    let (options, names): (Vec<&String>, Vec<&String>) = arguments.iter().partition(|name| *name == "--quick");
    let kind = if options.is_empty() { Kind::Full } else { Kind::Quick };
    let known = || PARTS.iter().chain(&CHECKS);
    if let Some(name) = names.iter().find(|name| known().all(|part| part.name != **name)) {
        let parts = known().map(|part| part.name).collect::<Vec<_>>().join(", ");
        return Err(format!("there is no part {name}; there are: {parts}"));
    }
    let release = Release::of_this_tree(kind)?;
    let is_wanted = |part: &&Part| names.iter().any(|name| *name == part.name);
    match (names.is_empty(), kind) {
        (false, _) => known().filter(is_wanted).try_for_each(|part| (part.make)(&release)),
        (true, Kind::Full) => PARTS.iter().try_for_each(|part| (part.make)(&release)),
        (true, Kind::Quick) => PARTS.iter().filter(|part| part.in_ci).try_for_each(|part| (part.make)(&release)),
    }?;
    sums::write(&release)
}

/// Builds the static program for Linux on this processor, and returns its path.
pub(crate) fn program() -> Result<PathBuf> {
    Ok(programs::build(&Release::of_this_tree(Kind::Full)?, programs::host()?)?.otp)
}

/// The same, with the names of its functions.
pub(crate) fn program_with_names() -> Result<PathBuf> {
    let mut command = programs::command(programs::host()?)?;
    command.args(["-p", "otp-cli"]).env("CARGO_PROFILE_DIST_STRIP", "none");
    cargo::build(Release::of_this_tree(Kind::Full)?.reproducible(&mut command)?)?.program("otp")
}
