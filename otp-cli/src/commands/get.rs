//! `otp get`: opens an account and prints what is in it.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::path::PathBuf;

use clap::Args;
use otp_link::Template;

use crate::channel::BYTES;
use crate::error::{Error, Result};
use crate::format::{self, Format};
use crate::github;
use crate::options::{Globals, SourceArgs};
use crate::terminal;

/// Open an account and print what is in it
#[derive(Args)]
#[command(after_help = "Example: otp get --key-file nightly.key\n\n\
    text   username and password, a line each; an error if the account lacks one\n\
    json   one object of all fields; a value that is not UTF-8 is {\"base64\": \"...\"}\n\
    env    OTP_USERNAME=..., a line for each field, as docker's --env-file reads it\n\
    shell  export OTP_USERNAME='...', a line for each field, for eval in sh, bash, dash\n\
    powershell  $env:OTP_USERNAME = '...', a line for each field, for Invoke-Expression\n    \
    fish   set -gx OTP_USERNAME '...', a line for each field, for source\n    \
    dotenv  OTP_USERNAME='...', a line for each field; what readers take differently is refused\n    \
    github-actions  into the file $GITHUB_ENV for later steps; masks go to standard output\n\n\
    --template 'postgresql://{username|url}:{password|url}@{host}/' prints fields in the form that a client reads; \
    otp run --help has the encoders. Nothing is added, not even a newline.")]
pub(crate) struct GetArgs {
    /// Make sure that the key is for this account
    pub(crate) account: Option<String>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Print the bytes of this field alone, with no newline added
    #[arg(long, value_name = "NAME", conflicts_with = "format")]
    pub(crate) field: Option<String>,
    /// Print in this format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
    /// Print TEMPLATE with the fields in it: {NAME} or {NAME|ENCODER} stands for one
    #[arg(long, value_name = "TEMPLATE", conflicts_with_all = ["field", "format", "template_file"])]
    pub(crate) template: Option<String>,
    /// Print the template in the file PATH
    #[arg(long, value_name = "PATH", conflicts_with_all = ["field", "format"])]
    pub(crate) template_file: Option<PathBuf>,
}

pub(crate) fn run(globals: &Globals, args: &GetArgs) -> Result<()> {
    let text = template_text(args)?;
    let template = text.as_deref().map(Template::parse).transpose()?;
    let account = args.source.open(globals, args.account.as_deref())?;
    if let Some(template) = template {
        return terminal::write_stdout(format::value(&account.fields(), &template, &BYTES)?.as_ref());
    }
    match (&args.field, args.format) {
        (Some(name), _) => terminal::write_stdout(format::field(&account.fields(), name)?),
        (None, Format::GithubActions) => {
            let export = github::Export::new(&account.fields())?;
            // The masks first: a later step may print what is in the file.
            terminal::write_stdout(&format::account(&account.fields(), args.format)?)?;
            export.append()
        }
        (None, format) => terminal::write_stdout(&format::account(&account.fields(), format)?),
    }
}

/// The template, from its option or its file.
fn template_text(args: &GetArgs) -> Result<Option<String>> {
    let Some(path) = &args.template_file else { return Ok(args.template.clone()) };
    let bytes = std::fs::read(path).map_err(|source| otp_link::Error::FileNotRead { path: path.clone(), source })?;
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|_| Error::usage(format!("the template {} is not UTF-8", path.display())))
}
