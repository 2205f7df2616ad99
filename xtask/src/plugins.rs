//! `cargo xtask plugins [PART...]`: the Python plugins in the programs that load them, too heavy for every run.
//!
//! The keyring backend is light: `cargo xtask python` tests it.

use xtask::Result;
use xtask::sh::{root, run};

use crate::python::install;
use crate::venv::{fresh, pip_install, program_of};

/// One program, in its own environment.
struct Part {
    name: &'static str,
    /// Its packages, pinned to the tested versions.
    packages: &'static [&'static str],
    /// The script that tests it, beside this file.
    script: &'static str,
}

const PARTS: [Part; 3] = [
    Part { name: "ansible", packages: &["ansible-core==2.19.*"], script: "trial_ansible.py" },
    Part { name: "airflow", packages: &["apache-airflow==3.3.*"], script: "trial_airflow.py" },
    Part { name: "airflow2", packages: &["apache-airflow==2.10.5"], script: "trial_airflow.py" },
];

/// Runs the named parts, or all.
pub(crate) fn plugins(names: &[String]) -> Result<()> {
    if let Some(name) = names.iter().find(|name| PARTS.iter().all(|part| part.name != **name)) {
        return Err(format!("there is no part {name}; there are: {}", PARTS.map(|part| part.name).join(", ")));
    }
    for part in PARTS.iter().filter(|part| names.is_empty() || names.iter().any(|name| name == part.name)) {
        let venv = fresh(&format!("plugins-{}-venv", part.name))?;
        run(pip_install(&venv).args(part.packages))?;
        run(&mut install(&venv))?;
        let folder = otp_test_tools::folder();
        let script = root().join("xtask/src/plugins").join(part.script);
        let mut trial = program_of(&venv, "python");
        for name in ["OTP_AUDIT", "OTP_KEY", "OTP_KEY_FILE", "OTP_RING", "OTP_STORE"] {
            trial.env_remove(name);
        }
        run(trial.arg(script).current_dir(folder.path()))?;
    }
    Ok(())
}
