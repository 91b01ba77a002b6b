//! Tests of what the compiler says: see `tests/`.
