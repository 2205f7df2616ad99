//! `otp completions` and `otp man`: both generated from the command line's definition.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use clap::{Args, Command};

use crate::error::{Error, Result};
use crate::terminal;

/// Print completions for a shell
#[derive(Args)]
#[command(after_help = "Example: otp completions bash > /etc/bash_completion.d/otp")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Print the man page
#[derive(Args)]
#[command(after_help = "Example: otp man > otp.1 && man ./otp.1")]
pub(crate) struct ManArgs {}

pub(crate) fn completions(mut whole: Command, args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut whole, "otp", &mut script);
    terminal::write_stdout(&script)
}

/// One page: the program, then each command as a section of its own.
pub(crate) fn man(mut command: Command) -> Result<()> {
    let failed = || Error::io("the man page can't be made");
    command.build();
    let mut page = Vec::new();
    let program = clap_mangen::Man::new(command.clone());
    program.render(&mut page).map_err(failed())?;
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        section(sub, &mut page).map_err(failed())?;
        for below in sub.get_subcommands().filter(|below| below.get_name() != "help") {
            section(below, &mut page).map_err(failed())?;
        }
    }
    terminal::write_stdout(&page)
}

fn section(command: &Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    let title = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_uppercase();
    page.extend_from_slice(format!(".SH \"{title}\"\n").as_bytes());
    let man = clap_mangen::Man::new(command.clone());
    let mut body = Vec::new();
    man.render_description_section(&mut body)?;
    man.render_synopsis_section(&mut body)?;
    man.render_options_section(&mut body)?;
    man.render_extra_section(&mut body)?;
    // The sections within a command's page go one level down.
    let body = String::from_utf8_lossy(&body).replace(".SH ", ".SS ");
    page.extend_from_slice(body.as_bytes());
    Ok(())
}
