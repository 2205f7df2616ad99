//! A model of rings, keys with pages, and rotations that change the database, and a checker that visits all of its states.
//!
//! Read [`rule`] first: it lists the rules that the design rests on. Then read [`rotate`], [`publish`], [`revoke`] and
//! [`issue`], where each step of the protocol is one transition; then [`invariants`]. A [`scenario`] says who runs what
//! and what may go wrong; [`scenarios`] lists them all, and [`trials`] says for each rule which of them breaks without
//! it.
//!
//! Numbers in comments are those in [`rule`], and those in [`invariants`] if they begin with a T. `docs/testing.md`
//! says what is not modelled.
#![forbid(unsafe_code)]
#![expect(missing_docs, reason = "steps and fields are named after what the protocol calls them")]

pub mod checker;
pub mod database;
pub mod environment;
pub mod history;
pub mod invariants;
pub mod issue;
pub mod publish;
pub mod reader;
pub mod recover;
pub mod report;
pub mod revoke;
pub mod ring;
pub mod rotate;
pub mod rule;
pub mod run;
pub mod scenario;
pub mod scenarios;
pub mod store;
pub mod successor;
pub mod trials;
pub mod world;
