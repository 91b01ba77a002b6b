//! Several files at once; what is printed stays in the order of the files.
//!
//! Each worker takes every n-th run of files, checks it onto a page of its own and hands it over; the pages are taken from
//! the workers in turn. A worker waits when it is a few runs ahead, so that memory holds a few pages and not all of them.

use std::io;
use std::num::NonZero;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::Check;
use crate::console::{Console, Status};
use crate::input::Source;

/// Runs that a worker may be ahead.
const AHEAD: usize = 8;

/// The most files in a run: handing one over takes as long as checking a small file.
const RUN: usize = 16;

/// Runs that each worker gets at least, so that none is left with nothing to do.
const TURNS: usize = 4;

/// How many workers there are where nobody says it.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// Checks inputs, several at once.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn run(
    sources: &[Source],
    jobs: usize,
    check: &mut Check<'_>,
    console: &mut Console,
) -> io::Result<Status> {
    let mut status = Status::Clean;
    if jobs.min(sources.len()) <= 1 {
        for source in sources {
            status.worsen(source.read(console, check)?);
            console.file_done()?;
        }
        return Ok(status);
    }
    let length = (sources.len() / (jobs * TURNS)).clamp(1, RUN);
    let runs = sources.chunks(length);
    thread::scope(|scope| {
        let mut workers = Vec::with_capacity(jobs);
        for first in 0..jobs.min(runs.len()) {
            let (sender, receiver) = sync_channel(AHEAD);
            workers.push(receiver);
            let runs = runs.clone().skip(first).step_by(jobs);
            let (mut part, page) = (check.apart(), console.page());
            scope.spawn(move || {
                for run in runs {
                    let mut page = page.page();
                    let next = part.apart();
                    let read = read(run, &mut page, &mut part);
                    let done = std::mem::replace(&mut part, next);
                    // Nobody listens any more when the output is closed.
                    if sender.send((read, done, page)).is_err() {
                        break;
                    }
                }
            });
        }
        for (index, run) in runs.clone().enumerate() {
            let Ok((read, part, page)) = workers[index % workers.len()].recv() else { break };
            status.worsen(read?);
            check.join(part, page, console)?;
            for _ in run {
                console.file_done()?;
            }
        }
        Ok(status)
    })
}

/// Checks one file after the other.
fn read(files: &[Source], page: &mut Console, check: &mut Check<'_>) -> io::Result<Status> {
    let mut status = Status::Clean;
    for file in files {
        status.worsen(file.read(page, check)?);
    }
    Ok(status)
}
