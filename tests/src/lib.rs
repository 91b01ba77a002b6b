//! Tests that need several crates: see `tests/`.
