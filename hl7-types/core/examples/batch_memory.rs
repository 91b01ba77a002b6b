//! Reads a file of batches and prints what it holds and, on Linux, how much memory that took:
//! `cargo run --release -p hl7-core --example batch_memory -- FILE`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::time::Instant;

use hl7_core::batch::{BatchReader, Content};

fn main() -> io::Result<()> {
    let Some(path) = std::env::args_os().nth(1) else {
        return writeln!(io::stderr(), "name a file");
    };
    let start = Instant::now();
    let mut reader = BatchReader::new(File::open(path)?);
    let (mut bytes, mut messages, mut longest, mut findings) = (0_u64, 0_u64, 0, 0);
    while let Some(piece) = reader.next_piece()? {
        bytes += piece.bytes.len() as u64;
        findings += piece.findings.len();
        if piece.content == Content::Message {
            messages += 1;
            longest = longest.max(piece.bytes.len());
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut out = io::stdout().lock();
    writeln!(out, "{bytes} bytes, {messages} messages, the longest {longest} bytes")?;
    writeln!(out, "{findings} findings about envelopes")?;
    writeln!(out, "{seconds:.1} s")?;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
