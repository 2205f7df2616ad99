//! Writes the vectors to standard output: `cargo run --example vectors > otp-core/tests/vectors/vectors.txt`.
#![allow(clippy::unwrap_used, reason = "what can't be made is a defect of this program")]

#[path = "../tests/vectors/generate.rs"]
mod generate;
#[path = "../tests/support/mod.rs"]
mod support;

fn main() {
    print!("{}", generate::file());
}
