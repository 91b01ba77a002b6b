//! Numbers that look random and are the same on every machine.

/// A generator of them (xorshift).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// One that starts somewhere else for each seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Self(0x9E37_79B9_7F4A_7C15 ^ (seed << 17 | 1));
        for _ in 0..8 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below a bound, which is not zero.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or(0) % bound
    }

    /// A number of a range, its end included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// One of several.
    pub fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}
