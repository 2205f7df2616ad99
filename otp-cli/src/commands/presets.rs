//! `otp presets`: the clients that `otp run --preset` knows.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use clap::Args;
use otp_link::Preset;
use otp_link::preset::Sets;
use serde::Serialize;

use crate::error::Result;
use crate::{json, terminal};

/// List the clients that otp run --preset knows
#[derive(Args)]
#[command(after_help = "Example: otp presets --json\n\n\
    A preset sets variables, options, and files in memory whose path a variable or an option has. Processes of the same \
    user and root can read variables and files; files are gone with the command. Every user of the machine can read \
    options, so none has a password. The settings are fields of the account, or come from --set KEY=TEXT.")]
pub(crate) struct PresetsArgs {
    /// Print an array of objects
    #[arg(long)]
    pub(crate) json: bool,
}

/// A preset as `--json` prints it.
#[derive(Serialize)]
struct Shown {
    name: &'static str,
    about: &'static str,
    variables: Vec<&'static str>,
    files: Vec<&'static str>,
    options: Vec<&'static str>,
    unset: &'static [&'static str],
    programs: &'static [&'static str],
    settings: Vec<&'static str>,
    /// What the password is in, and so who can read it.
    password: &'static str,
    windows: bool,
}

pub(crate) fn run(args: &PresetsArgs) -> Result<()> {
    let all: Vec<Shown> = Preset::all().iter().map(Shown::of).collect();
    if args.json {
        return json::print(&all);
    }
    let mut text = String::new();
    for preset in &all {
        text.push_str(&format!("{}: {}\n", preset.name, preset.about));
        for (what, names) in [
            ("variables", &preset.variables[..]),
            ("files", &preset.files),
            ("options", &preset.options),
            ("removed", preset.unset),
            ("programs", preset.programs),
            ("settings", &preset.settings),
        ] {
            if !names.is_empty() {
                text.push_str(&format!("  {what:<9}  {}\n", names.join(", ")));
            }
        }
        let readers = match preset.password {
            "file" => "in a file: this user's processes and root, until the command ends",
            _ => "in a variable: this user's processes and root, and all that the command starts",
        };
        text.push_str(&format!("  password   {readers}\n"));
    }
    terminal::write_stdout(text.as_bytes())
}

impl Shown {
    fn of(preset: &'static Preset) -> Self {
        let (mut variables, mut files, mut options) = (Vec::new(), Vec::new(), Vec::new());
        for set in preset.sets() {
            match set {
                Sets::Variable(name) => variables.push(name),
                Sets::FileInVariable(name) => files.push(name),
                Sets::FileInOption(option) => files.push(option.trim_end_matches('=')),
                Sets::Option(option) => options.push(option),
                _ => {}
            }
        }
        Self {
            name: preset.name(),
            about: preset.about(),
            variables,
            files,
            options,
            unset: preset.unset(),
            programs: preset.programs(),
            settings: preset.settings(),
            password: if preset.is_without_files() { "variable" } else { "file" },
            windows: preset.is_without_files(),
        }
    }
}
