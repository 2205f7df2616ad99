//! A file for each command: a function from arguments to a result.

mod add;
pub(crate) mod doctor;
mod get;
mod import;
mod info;
mod inspect;
mod issue;
mod list;
mod manual;
mod revoke;
mod rotate;
mod run;
mod verify;

use crate::Result;
use crate::args::{Command, Globals, ImportCommand, KeyCommand};
use crate::session::Session;

/// Does what a command says.
pub(crate) fn run(globals: &Globals, command: Command) -> Result<()> {
    // Before anything secret is read. The doctor looks at how things are without it.
    if !matches!(command, Command::Doctor(_)) {
        // What the system does not allow is what the doctor tells.
        let _ = otp_store_fs::sys::harden_process();
    }
    let session = Session::new(globals);
    match command {
        Command::Add(args) => add::run(&session, &args),
        Command::Get(args) => get::run(&session, &args),
        Command::Run(args) => run::run(&session, &args),
        Command::Issue(args) => issue::run(&session, &args),
        Command::Rotate(args) => rotate::run(&session, &args),
        Command::Revoke(args) => revoke::revoke(&session, &args),
        Command::Remove(args) => revoke::remove(&session, &args),
        Command::List(args) => list::run(&session, &args),
        Command::Info(args) => info::run(&session, &args),
        Command::Verify(args) => verify::run(&session, &args),
        Command::Doctor(args) => doctor::run(&session, &args),
        Command::Import(ImportCommand::Ancestor(args)) => import::ancestor(&session, &args),
        Command::Key(KeyCommand::Inspect(args)) => inspect::run(&args),
        Command::Completions(args) => manual::completions(&args),
        Command::Man(_) => manual::man(),
    }
}
