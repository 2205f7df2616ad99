//! `otp-remote`: reaches stores in object storage and on web servers, for `otp` and the libraries.
//!
//! They start it; people never do. Requests arrive on its standard input and answers go to its standard output, in the
//! format of the crate `otp-remote-protocol`. No key or secret ever enters this process: what a store holds is public.
//!
//! | file | what it does |
//! | --- | --- |
//! | `serve.rs` | the life of the process: messages in, messages out |
//! | `session.rs` | one store: each request's verb and its time limit |
//! | `bucket.rs` | the verbs on object storage |
//! | `probe.rs` | whether a server keeps its promises |
//! | `place.rs`, `engine/` | from a URL and the environment to a client |
//! | `transport.rs`, `refusal.rs`, `notice.rs` | how requests travel, and what answers mean |
#![forbid(unsafe_code)]

mod bucket;
mod engine;
mod error;
mod notice;
mod place;
mod probe;
mod refusal;
mod serve;
mod session;
mod transport;

fn main() -> std::process::ExitCode {
    serve::serve()
}
