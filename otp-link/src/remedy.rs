//! The commands that fix permissions, on each system, for hints.

use std::path::Path;

use crate::shell::shell_word;

/// Which command fixes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Nobody but the owner can read or write a file.
    MakePrivate,
    /// Nobody but the owner can write to a file or directory.
    RemoveWriteAccess,
    /// It belongs to the user of this number; on Windows, to administrators.
    Give(u32),
    /// It shows whom something belongs to, and who may use it.
    ShowAccess,
}

impl Remedy {
    /// The command line, for a shell.
    #[must_use]
    pub fn command(self, path: &Path) -> String {
        let word = shell_word(path);
        #[cfg(unix)]
        return match self {
            Self::MakePrivate => format!("chmod 600 {word}"),
            Self::RemoveWriteAccess => format!("chmod go-w {word}"),
            Self::Give(user) => format!("sudo chown {user} {word}"),
            Self::ShowAccess => format!("ls -ld {word}"),
        };
        #[cfg(windows)]
        return match self {
            // Two commands, since the shells have no common way to write two on a line: the first removes everything
            // that was granted here, the second everything that is inherited.
            Self::MakePrivate | Self::RemoveWriteAccess => {
                format!(
                    "icacls {word} /reset; and then: icacls {word} /inheritance:r /grant:r {}",
                    grants(path.is_dir())
                )
            }
            Self::Give(_) => format!("takeown /f {word}"),
            Self::ShowAccess => format!("icacls {word}"),
        };
    }
}

/// Full access for this user, the system and its administrators, whose names differ between languages.
#[cfg(windows)]
fn grants(is_directory: bool) -> String {
    let inherit = if is_directory { "(OI)(CI)" } else { "" };
    let user = otp_sys::user_sid().unwrap_or_else(|_| "S-1-3-4".to_owned());
    [user.as_str(), "S-1-5-18", "S-1-5-32-544"].map(|sid| format!("\"*{sid}:{inherit}F\"")).join(" ")
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[test]
    fn the_commands_name_the_user_and_what_a_directory_hands_on() {
        let user = otp_sys::user_sid().unwrap();
        let file = Remedy::MakePrivate.command(Path::new(r"C:\no such\n.key"));
        let (first, second) = file.split_once("; and then: ").unwrap();
        assert_eq!(first, r#"icacls "C:\no such\n.key" /reset"#);
        let grants = format!(r#""*{user}:F" "*S-1-5-18:F" "*S-1-5-32-544:F""#);
        assert_eq!(second, format!(r#"icacls "C:\no such\n.key" /inheritance:r /grant:r {grants}"#));
        let folder = otp_test_tools::folder();
        let line = Remedy::RemoveWriteAccess.command(folder.path());
        assert!(line.ends_with(r#""*S-1-5-32-544:(OI)(CI)F""#), "{line}");
    }
}
