//! Bytes of a piece that came with earlier reads.

/// Memory kept between pieces; what a longer one needed is given back.
const KEPT: usize = 2 << 20;

/// A buffer that grows by doubling, but never past a bound.
#[derive(Clone)]
pub(crate) struct Held {
    bytes: Vec<u8>,
    bound: usize,
    /// Whether the piece was handed out.
    is_spent: bool,
}

impl Held {
    pub(crate) fn new(bound: usize) -> Self {
        Self { bytes: Vec::new(), bound, is_spent: false }
    }

    pub(crate) fn len(&self) -> usize {
        if self.is_spent { 0 } else { self.bytes.len() }
    }

    /// Forgets a piece that was handed out.
    pub(crate) fn release(&mut self) {
        if self.is_spent {
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
            self.is_spent = false;
        }
    }

    /// Adds bytes to the piece, of which no more than the first `worth` are of use.
    pub(crate) fn add(&mut self, bytes: &[u8], worth: usize) {
        if self.bytes.len() > worth {
            self.bytes.truncate(worth);
            self.bytes.shrink_to(worth);
        }
        let more = bytes.len().min(worth - self.bytes.len());
        self.grow(more);
        self.bytes.extend_from_slice(&bytes[..more]);
    }

    /// The whole piece, whose last bytes these are. Where no read before had a part of it, nothing is copied.
    pub(crate) fn join<'a>(&'a mut self, bytes: &'a [u8], worth: usize) -> &'a [u8] {
        if self.bytes.is_empty() {
            return &bytes[..bytes.len().min(worth)];
        }
        self.add(bytes, worth);
        self.is_spent = true;
        &self.bytes
    }

    fn grow(&mut self, more: usize) {
        let needed = self.bytes.len() + more;
        if needed > self.bytes.capacity() {
            let wanted = (self.bytes.capacity() * 2).min(self.bound).max(needed);
            self.bytes.reserve_exact(wanted - self.bytes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, KEPT};

    #[test]
    fn grows_by_doubling_and_not_past_the_bound() {
        let mut held = Held::new(1000);
        let mut sizes = Vec::new();
        for _ in 0..1000 {
            held.add(b"x", usize::MAX);
            sizes.push(held.bytes.capacity());
        }
        sizes.dedup();
        assert!(sizes.len() < 12 && sizes.iter().all(|&size| size <= 1000), "{sizes:?}");
    }

    #[test]
    fn keeps_what_is_worth_keeping() {
        let mut held = Held::new(1000);
        held.add(&[b'x'; 600], usize::MAX);
        held.add(b"yz", 10);
        assert_eq!(held.join(b"more", 10), [b'x'; 10]);
        assert!(held.bytes.capacity() < 600);
    }

    #[test]
    fn gives_memory_back() {
        let mut held = Held::new(KEPT * 4);
        held.add(&vec![b'x'; KEPT * 3], usize::MAX);
        assert_eq!(held.join(b"y", usize::MAX).len(), KEPT * 3 + 1);
        held.release();
        assert_eq!(held.len(), 0);
        assert!(held.bytes.capacity() <= KEPT);
    }
}
