//! [`Preset`]: how a client takes a login, so that no wrapper has to know.
//!
//! A preset is data, in one table: the variables, files and arguments that the client takes, each a template. Fields
//! that an account lacks can be set, such as the driver of ODBC; optional ones are left out.

mod odbc;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;

use otp_core::Fields;
use otp_sys::LockedBuf;

use crate::error::{Error, Result};
use crate::template::{Encoder, Template, Unencodable};

/// How a client takes a login.
#[derive(Debug)]
pub struct Preset {
    name: &'static str,
    about: &'static str,
    items: &'static [Item],
    unset: &'static [&'static str],
    programs: &'static [&'static str],
}

/// One thing that a client takes.
#[derive(Debug)]
enum Item {
    Variable(&'static str, &'static [Piece]),
    /// An option, followed by its value.
    Argument(&'static str, &'static [Piece]),
    File(FileAs, &'static [Piece]),
}

/// A piece of a text.
#[derive(Debug)]
enum Piece {
    /// A template whose fields have to be there.
    Must(&'static str),
    /// A template, or another text if a field is missing.
    May(&'static str, &'static str),
    /// A line that includes a file of options, where it exists.
    Include(&'static str),
    /// Drivers of ODBC that read no login from the file.
    NoDriver(&'static [&'static str]),
    /// Pieces for drivers of ODBC that have one of these in their name, or none of them.
    Driver { has: bool, names: &'static [&'static str], pieces: &'static [Piece] },
}

/// How a client learns the path of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAs {
    /// From a variable.
    Variable(&'static str),
    /// From an option, which comes before all other arguments.
    FirstArgument {
        /// The option.
        option: &'static str,
        /// Whether the path belongs to the same argument.
        is_joined: bool,
    },
}

/// What a preset hands to a command: names that are public, and values in locked memory.
#[derive(Debug)]
pub struct Login {
    /// Variables of the environment.
    pub variables: Vec<(&'static str, LockedBuf)>,
    /// Options with a value each, none of which is a password.
    pub arguments: Vec<(&'static str, LockedBuf)>,
    /// Files.
    pub files: Vec<(FileAs, LockedBuf)>,
}

/// Something that a preset sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sets {
    /// A variable, which processes of the same user and root can read.
    Variable(&'static str),
    /// A file in memory, which they can read as long as the command runs. Its path is in this variable.
    FileInVariable(&'static str),
    /// The same, with its path in this option.
    FileInOption(&'static str),
    /// An option, which every user of the machine can read.
    Option(&'static str),
}

/// Why a preset can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresetFault {
    /// It needs a file in memory, and this is Windows.
    NotOnWindows,
    /// The command is not one of the programs that take its arguments.
    OtherProgram,
    /// It has no such setting.
    NoSetting {
        /// What was to be set.
        key: String,
    },
    /// A password was to be set on the command line.
    Secret,
    /// This driver of ODBC reads no login from a file.
    Driver,
    /// A field is neither in the account nor set.
    Missing {
        /// Its name.
        field: String,
    },
}

impl fmt::Display for PresetFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOnWindows => f.write_str("it needs a file in memory, which Windows does not have"),
            Self::OtherProgram => f.write_str("the command is not a program that takes its arguments"),
            Self::NoSetting { key } => write!(f, "it has no setting {key:?}"),
            Self::Secret => f.write_str("a password does not belong in a command line"),
            Self::Driver => f.write_str("this driver reads no login from a file"),
            Self::Missing { field } => write!(f, "it needs {field:?}, which the account does not have"),
        }
    }
}

impl Preset {
    /// Every preset.
    #[must_use]
    pub fn all() -> &'static [Self] {
        table::ALL
    }

    /// The preset of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|preset| preset.name == name)
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Which clients it is for, and what to know about it.
    #[must_use]
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// What it sets.
    pub fn sets(&self) -> impl Iterator<Item = Sets> {
        self.items.iter().map(|item| match item {
            Item::Variable(name, _) => Sets::Variable(name),
            Item::Argument(option, _) => Sets::Option(option),
            Item::File(FileAs::Variable(name), _) => Sets::FileInVariable(name),
            Item::File(FileAs::FirstArgument { option, .. }, _) => Sets::FileInOption(option),
        })
    }

    /// The variables that the client would use instead, and which are therefore removed.
    #[must_use]
    pub fn unset(&self) -> &'static [&'static str] {
        self.unset
    }

    /// The programs that it is for; none if it is for any program.
    #[must_use]
    pub fn programs(&self) -> &'static [&'static str] {
        self.programs
    }

    /// Whether it works without files in memory, and so on Windows too.
    #[must_use]
    pub fn is_without_files(&self) -> bool {
        !self.items.iter().any(|item| matches!(item, Item::File(..)))
    }

    /// The fields that it reads and that can be set instead: all but the password.
    #[must_use]
    pub fn settings(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        for text in self.items.iter().flat_map(Item::pieces).flat_map(Piece::templates) {
            // A test reads every template of the table.
            let template = Template::parse(text).ok();
            for (name, _) in template.iter().flat_map(Template::placeholders) {
                if name != "password" && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Checks that it can be used for a command with these settings, before anything is opened.
    ///
    /// # Errors
    ///
    /// [`Error::Preset`]
    pub fn check(&self, program: &Path, settings: &[(&str, &str)]) -> Result<()> {
        let wrong = |fault| Err(Error::Preset { preset: self.name, fault });
        if cfg!(windows) && !self.is_without_files() {
            return wrong(PresetFault::NotOnWindows);
        }
        let name = if cfg!(windows) { program.file_stem() } else { program.file_name() };
        let is_known = |name: &str| self.programs.contains(&name);
        if !self.programs.is_empty() && !name.and_then(|name| name.to_str()).is_some_and(is_known) {
            return wrong(PresetFault::OtherProgram);
        }
        for (key, _) in settings {
            if *key == "password" {
                return wrong(PresetFault::Secret);
            }
            if !self.settings().contains(key) {
                return wrong(PresetFault::NoSetting { key: (*key).to_owned() });
            }
        }
        Ok(())
    }

    /// Puts an account's fields into what the client takes. A setting takes the place of a field.
    ///
    /// # Errors
    ///
    /// [`Error::NoField`] for username and password, [`Error::Preset`] for another field that is missing;
    /// [`Error::Unencodable`].
    pub fn login(&self, fields: &Fields<'_>, settings: &[(&str, &str)]) -> Result<Login> {
        let value = |name: &str| {
            let set = settings.iter().rev().find(|(key, _)| *key == name);
            set.map(|(_, text)| text.as_bytes()).or_else(|| fields.get(name))
        };
        let mut login = Login { variables: Vec::new(), arguments: Vec::new(), files: Vec::new() };
        for item in self.items {
            let text = self.text(item.pieces(), &value)?;
            let template = Template::parse(&text)?;
            for (name, encoder) in template.placeholders() {
                let checked = value(name).map_or(Ok(()), |value| item.check(value, encoder));
                checked.map_err(|cause| Error::Unencodable { field: name.to_owned(), encoder, cause })?;
            }
            if text.is_empty() {
                continue;
            }
            let rendered = template.render_with(&value)?;
            match item {
                Item::Variable(name, _) => login.variables.push((name, rendered)),
                Item::Argument(option, _) => login.arguments.push((option, rendered)),
                Item::File(place, _) => login.files.push((*place, rendered)),
            }
        }
        Ok(login)
    }

    /// Every account can have a login; anything else can be set.
    fn missing(&self, field: &str) -> Error {
        match field {
            "username" | "password" => Error::NoField { field: field.to_owned() },
            _ => Error::Preset { preset: self.name, fault: PresetFault::Missing { field: field.to_owned() } },
        }
    }

    /// The template that the pieces make up.
    fn text<'v>(&self, pieces: &[Piece], value: &dyn Fn(&str) -> Option<&'v [u8]>) -> Result<String> {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Must(template) => {
                    let missing = Template::parse(template)?.placeholders().find(|(name, _)| value(name).is_none());
                    if let Some((name, _)) = missing {
                        return Err(self.missing(name));
                    }
                    text.push_str(template);
                }
                Piece::May(template, otherwise) => {
                    let all = Template::parse(template)?.placeholders().all(|(name, _)| value(name).is_some());
                    text.push_str(if all { template } else { otherwise });
                }
                Piece::Include(path) if Path::new(path).exists() => text.push_str(&format!("!include {path}\n")),
                Piece::NoDriver(names) if is_driver(names, value) => {
                    return Err(Error::Preset { preset: self.name, fault: PresetFault::Driver });
                }
                Piece::Driver { has, names, pieces } if is_driver(names, value) == *has => {
                    text.push_str(&self.text(pieces, value)?);
                }
                Piece::Include(_) | Piece::NoDriver(_) | Piece::Driver { .. } => {}
            }
        }
        Ok(text)
    }
}

/// Whether the name of the driver has one of these in it.
fn is_driver<'v>(names: &[&str], value: &dyn Fn(&str) -> Option<&'v [u8]>) -> bool {
    let driver = value("driver").map(<[u8]>::to_ascii_lowercase).unwrap_or_default();
    names.iter().any(|name| driver.windows(name.len()).any(|part| part == name.as_bytes()))
}

impl Item {
    fn pieces(&self) -> &'static [Piece] {
        match self {
            Self::Variable(_, pieces) | Self::Argument(_, pieces) | Self::File(_, pieces) => pieces,
        }
    }

    /// Refuses a value that can't stand here, even encoded.
    fn check(&self, value: &[u8], encoder: Encoder) -> Result<(), Unencodable> {
        match self {
            Self::File(FileAs::Variable("ODBCINI"), _) => return odbc::check(value, encoder),
            Self::Variable(..) | Self::Argument(..) if value.contains(&0) => return Err(Unencodable::Byte(0)),
            Self::Variable(..) | Self::Argument(..) if cfg!(windows) => {
                str::from_utf8(value).map_err(|_| Unencodable::NotText)?;
            }
            _ => {}
        }
        Ok(())
    }
}

impl Piece {
    fn templates(&self) -> Vec<&'static str> {
        match self {
            Self::Must(template) | Self::May(template, _) => vec![template],
            Self::Driver { pieces, .. } => pieces.iter().flat_map(Self::templates).collect(),
            Self::Include(_) | Self::NoDriver(_) => Vec::new(),
        }
    }
}
