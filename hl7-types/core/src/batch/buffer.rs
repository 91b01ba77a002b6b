//! Bytes read ahead of what was handed out: a window over a stream that grows only as far as it must.

use std::io::{self, Read};

/// How much is read at a time.
const CHUNK: usize = 64 << 10;

/// The window.
pub(super) struct Buffer<R> {
    source: R,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
}

impl<R: Read> Buffer<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, bytes: Vec::new(), start: 0, end: 0, ended: false }
    }

    /// What was read and not taken yet.
    pub(super) fn window(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Whether the window reaches to the end of the stream.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Reads on until the window has `wanted` bytes or the stream ends.
    pub(super) fn fill(&mut self, wanted: usize) -> io::Result<()> {
        while !self.ended && self.end - self.start < wanted {
            self.read()?;
        }
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        self.make_room();
        match self.source.read(&mut self.bytes[self.end..]) {
            Ok(0) => self.ended = true,
            Ok(count) => self.end += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Moves the window to the front where that costs little for what it frees, else grows: each byte is moved a few times
    /// at most.
    fn make_room(&mut self) {
        if self.end < self.bytes.len() {
            return;
        }
        if self.start > 0 && self.start >= (self.end - self.start) / 2 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            return;
        }
        let more = CHUNK.max(self.bytes.len() / 2);
        self.bytes.reserve_exact(more);
        self.bytes.resize(self.bytes.len() + more, 0);
    }

    /// Takes bytes off the front of the window.
    pub(super) fn take(&mut self, length: usize) -> &[u8] {
        let from = self.start;
        self.start += length.min(self.end - from);
        &self.bytes[from..self.start]
    }
}
