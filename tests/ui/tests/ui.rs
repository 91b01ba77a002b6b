//! What must not compile, and what the compiler says about it; and what a user writes by hand, compiled and run.
//!
//! The `.stderr` files are pinned to the toolchain of `rust-toolchain.toml`. After a change of a message run
//! `TRYBUILD=overwrite cargo test -p hl7-tests-ui` and read the difference as a user would.

#[path = "../pass/composite.rs"]
mod composite;
#[path = "../pass/extract.rs"]
mod extract;
#[path = "../pass/message.rs"]
mod message;
#[path = "../pass/segment.rs"]
mod segment;
#[path = "../pass/varies.rs"]
mod varies;

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("fail/*.rs");
}
