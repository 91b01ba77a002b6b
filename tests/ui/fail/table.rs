//! An enum that `table!` makes a table's type has a variant for each code, listed in their order.

use hl7_types::desc::{Code, TableDesc, TableKind};

static LETTERS: TableDesc = TableDesc {
    id: "9001",
    name: "Letters",
    kind: TableKind::User,
    codes: &[Code::new("A", "First"), Code::new("B", "Second"), Code::new("C", "Third")],
    patterns: &[],
};

#[derive(Clone, Copy, PartialEq)]
enum Turned {
    A,
    B,
    C,
}

hl7_types::table!(Turned, LETTERS, C, B, A);

#[derive(Clone, Copy, PartialEq)]
enum Numbered {
    A = 1,
    B = 2,
    C = 3,
}

hl7_types::table!(Numbered, LETTERS, A, B, C);

#[derive(Clone, Copy, PartialEq)]
enum Short {
    A,
    B,
}

hl7_types::table!(Short, LETTERS, A, B);

#[derive(Clone, Copy, PartialEq)]
enum Unlisted {
    A,
    B,
    C,
    D,
}

hl7_types::table!(Unlisted, LETTERS, A, B, C);

fn main() {}
