//! Names that are nearly the same, compared while a program is compiled.

/// How near a name is to what was written.
#[derive(Clone, Copy)]
pub(crate) struct Near {
    /// Letters that differ.
    edits: usize,
    /// Whether something else is wrong with it.
    worse: bool,
    /// Letters at the start that are the same.
    shared: usize,
}

impl Near {
    /// `None` where the names have nothing to do with each other. Near is what differs in one place, by at most two letters
    /// and by fewer than half of them, or what goes on where the written one ends.
    pub(crate) const fn of(written: &[u8], known: &[u8]) -> Option<Self> {
        let shared = common(written, known, 0, false);
        let most = if written.len() < known.len() { written.len() } else { known.len() };
        let behind = common(written, known, most - shared, true);
        let (left, other) = (written.len() - shared - behind, known.len() - shared - behind);
        let swapped = left == 2
            && other == 2
            && written[shared] == known[shared + 1]
            && written[shared + 1] == known[shared];
        let edits = if swapped {
            1
        } else if left > other {
            left
        } else {
            other
        };
        let begun = written.len() >= 4 && left == 0 && shared == written.len();
        if begun || edits <= 2 && edits * 2 <= known.len() {
            Some(Self { edits, worse: false, shared })
        } else {
            None
        }
    }

    pub(crate) const fn or_worse(mut self, worse: bool) -> Self {
        self.worse = worse;
        self
    }

    pub(crate) const fn is_nearer(self, other: Self) -> bool {
        if self.edits != other.edits {
            self.edits < other.edits
        } else if self.worse != other.worse {
            other.worse
        } else {
            self.shared > other.shared
        }
    }
}

/// How many letters are the same from the start, or with `from_end` from the end and then at most `most`.
const fn common(a: &[u8], b: &[u8], most: usize, from_end: bool) -> usize {
    let mut count = 0;
    while count < a.len() && count < b.len() && (!from_end || count < most) {
        let (i, j) = match from_end {
            true => (a.len() - 1 - count, b.len() - 1 - count),
            false => (count, count),
        };
        if a[i] != b[j] {
            break;
        }
        count += 1;
    }
    count
}

/// Whether two names are the same.
pub(crate) const fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && common(a, b, 0, false) == a.len()
}
