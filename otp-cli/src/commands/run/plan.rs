//! [`Plan`]: which value goes where, as the command line says; and [`Values`], once the account is open.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use otp_core::Fields;
use otp_link::preset::{FileAs, Sets};
use otp_link::{LockedBuf, Preset, Template};

use super::RunArgs;
use crate::channel::{BYTES, ENVIRONMENT};
use crate::error::{Error, Result};
use crate::{format, values};

/// Which value goes where.
pub(super) struct Plan<'a> {
    variables: Vec<(&'a str, Template<'a>)>,
    /// Number 0 is standard input.
    descriptors: Vec<(i32, Template<'a>)>,
    /// By the variable that gets the file's path.
    files: Vec<(&'a str, Template<'a>)>,
    preset: Option<Chosen<'a>>,
}

/// A preset, and its settings.
type Chosen<'a> = (&'static Preset, Vec<(&'a str, &'a str)>);

/// How the command learns the path of a file.
pub(super) enum PathIn<'a> {
    Variable(&'a str),
    /// An option before all other arguments, and whether the path is part of the same argument.
    Option(&'static str, bool),
}

/// What the command is handed, in locked memory.
pub(super) struct Values<'a> {
    variables: Vec<(&'a str, LockedBuf)>,
    pub(super) descriptors: Vec<(i32, LockedBuf)>,
    pub(super) files: Vec<(PathIn<'a>, LockedBuf)>,
    /// Options of a preset, which come before the command's own arguments.
    arguments: Vec<(&'static str, LockedBuf)>,
    unset: &'static [&'static str],
}

impl<'a> Plan<'a> {
    /// Parses `VAR=VALUE` and `N=VALUE`, before anything is opened.
    pub(super) fn parse(args: &'a RunArgs) -> Result<Self> {
        let mut plan = Self {
            variables: args.env.iter().map(|pair| named(pair, "--env")).collect::<Result<_>>()?,
            descriptors: Vec::new(),
            files: args.file.iter().map(|pair| named(pair, "--file")).collect::<Result<_>>()?,
            preset: preset(args)?,
        };
        if let Some(value) = &args.stdin {
            plan.descriptors.push((0, Template::of_value(value)?));
        }
        if cfg!(windows) && !args.fd.is_empty() {
            return Err(Error::usage_with(
                "Windows hands no numbered descriptors to a command",
                "use --stdin or --file",
            ));
        }
        for pair in &args.fd {
            let (number, value) = split(pair, "--fd", "N=VALUE")?;
            let number: i32 = number.parse().unwrap_or(-1);
            // Systems do not allow higher numbers.
            if !(3..=1023).contains(&number) || plan.descriptors.iter().any(|(other, _)| *other == number) {
                return Err(Error::usage_with(
                    "--fd takes N=VALUE with N from 3 to 1023, each once",
                    "for 0, use --stdin",
                ));
            }
            plan.descriptors.push((number, Template::of_value(value)?));
        }
        let mut names: Vec<_> = plan.variables.iter().chain(&plan.files).map(|(name, _)| name).collect();
        // Windows treats `Path` and `PATH` as one variable.
        let same = |one: &str, other: &str| if cfg!(windows) { one.eq_ignore_ascii_case(other) } else { one == other };
        names.sort_unstable_by_key(|name| (name.to_ascii_uppercase(), *name));
        if let Some(twice) = names.windows(2).find_map(|pair| same(pair[0], pair[1]).then_some(pair[0])) {
            return Err(Error::usage(format!("the variable {twice} is given twice")));
        }
        if let Some((preset, _)) = &plan.preset {
            let sets = preset.sets().filter_map(|set| match set {
                Sets::Variable(name) | Sets::FileInVariable(name) => Some(name),
                _ => None,
            });
            let taken: Vec<&str> = sets.chain(preset.unset().iter().copied()).collect();
            if let Some(both) = names.iter().find(|name| taken.iter().any(|taken| same(taken, name))) {
                return Err(Error::usage(format!(
                    "the preset {} has its own way with the variable {both}",
                    preset.name()
                )));
            }
            return Ok(plan);
        }
        if plan.variables.is_empty() && plan.descriptors.is_empty() && plan.files.is_empty() {
            plan.variables = otp_link::LOGIN_VARIABLES.map(|(name, field)| (name, Template::of_field(field))).into();
        }
        Ok(plan)
    }

    /// Reads the values from an open account.
    pub(super) fn values(self, fields: &Fields<'_>) -> Result<Values<'a>> {
        let bytes = |template: &Template<'_>| format::value(fields, template, &BYTES);
        let mut values = Values {
            variables: Vec::new(),
            descriptors: Vec::new(),
            files: Vec::new(),
            arguments: Vec::new(),
            unset: &[],
        };
        if let Some((preset, settings)) = &self.preset {
            let login = preset.login(fields, settings)?;
            values.unset = preset.unset();
            values.variables = login.variables;
            values.arguments = login.arguments;
            values.files.extend(login.files.into_iter().map(|(place, value)| (PathIn::from(place), value)));
        }
        for (name, template) in &self.variables {
            values.variables.push((name, format::value(fields, template, &ENVIRONMENT)?));
        }
        for (number, template) in &self.descriptors {
            values.descriptors.push((*number, bytes(template)?));
        }
        for (name, template) in &self.files {
            values.files.push((PathIn::Variable(name), bytes(template)?));
        }
        Ok(values)
    }
}

impl Values<'_> {
    /// Sets the command's environment.
    pub(super) fn set_variables(&self, command: &mut Command) -> Result<()> {
        for name in self.unset {
            command.env_remove(name);
        }
        for (name, value) in &self.variables {
            command.env(name, values::to_os(value.as_ref())?);
        }
        Ok(())
    }

    /// Tells the command where its files are, and gives it its arguments.
    pub(super) fn set_arguments(&self, paths: &[PathBuf], own: &[OsString], command: &mut Command) -> Result<()> {
        for ((place, _), path) in self.files.iter().zip(paths) {
            match place {
                PathIn::Variable(name) => {
                    command.env(name, path);
                }
                PathIn::Option(option, true) => {
                    let mut argument = OsString::from(option);
                    argument.push(path);
                    command.arg(argument);
                }
                PathIn::Option(option, false) => {
                    command.arg(option).arg(path);
                }
            }
        }
        for (option, value) in &self.arguments {
            command.arg(option).arg(values::to_os(value.as_ref())?);
        }
        command.args(own);
        Ok(())
    }
}

impl From<FileAs> for PathIn<'_> {
    fn from(place: FileAs) -> Self {
        match place {
            FileAs::Variable(name) => Self::Variable(name),
            FileAs::FirstArgument { option, is_joined } => Self::Option(option, is_joined),
        }
    }
}

/// The preset that was chosen, and its settings.
fn preset(args: &RunArgs) -> Result<Option<Chosen<'_>>> {
    // The command line's definition has refused any other name.
    let Some(preset) = args.preset.as_deref().and_then(Preset::from_name) else { return Ok(None) };
    let settings = args.set.iter().map(|pair| {
        let pair = pair.split_once('=').filter(|(key, text)| !key.is_empty() && !text.is_empty());
        pair.ok_or_else(|| Error::usage("--set takes KEY=TEXT"))
    });
    let settings = settings.collect::<Result<Vec<_>>>()?;
    preset.check(args.command.first().map_or("".as_ref(), AsRef::as_ref), &settings)?;
    Ok(Some((preset, settings)))
}

fn named<'p>(pair: &'p str, option: &str) -> Result<(&'p str, Template<'p>)> {
    let (name, value) = split(pair, option, "VAR=VALUE")?;
    Ok((name, Template::of_value(value)?))
}

fn split<'p>(pair: &'p str, option: &str, form: &str) -> Result<(&'p str, &'p str)> {
    match pair.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() && !name.contains('\0') => Ok((name, value)),
        // Don't repeat the input: a secret may have been typed in the place of a field's name.
        _ => Err(Error::usage(format!("{option} takes {form}, with the name of a field or a template"))),
    }
}
