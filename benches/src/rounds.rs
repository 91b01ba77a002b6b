//! Time, as ratios that noise does not favour: all jobs in every round, each round starting with another one, medians.

use std::time::{Duration, Instant};

/// A job takes about this long in a round, or one pass where that is longer.
const SHARE: Duration = Duration::from_millis(4);

/// Something to time; a pass does it once for each of its messages.
#[allow(missing_debug_implementations, reason = "holds a closure")]
pub struct Job<'a> {
    /// Which messages, whose work, what is done.
    pub name: [&'static str; 3],
    /// Messages in a pass.
    pub messages: usize,
    /// Bytes in a pass.
    pub bytes: usize,
    /// Makes a pass.
    pub pass: Box<dyn FnMut() + 'a>,
}

/// What a job took.
#[derive(Debug, Clone, Copy)]
pub struct Took {
    /// Nanoseconds of a pass, the median over the rounds.
    pub pass: f64,
    /// How far the quarters of the rounds lie apart, over the median.
    pub spread: f64,
}

/// Times all jobs in so many rounds.
pub fn run(jobs: &mut [Job<'_>], rounds: usize) -> Vec<Took> {
    let passes: Vec<u32> = jobs.iter_mut().map(calibrate).collect();
    let mut times = vec![Vec::with_capacity(rounds); jobs.len()];
    for round in 0..rounds {
        let start = round * jobs.len() / rounds;
        for at in (start..jobs.len()).chain(0..start) {
            times[at].push(time(&mut jobs[at], passes[at]));
        }
    }
    times.iter_mut().map(|times| summed_up(times)).collect()
}

/// How many passes make up the share of a round.
fn calibrate(job: &mut Job<'_>) -> u32 {
    (job.pass)();
    let began = Instant::now();
    (job.pass)();
    let one = began.elapsed().as_nanos().max(1);
    u32::try_from(SHARE.as_nanos() / one).unwrap_or(u32::MAX).max(1)
}

/// Nanoseconds of a pass. The one before brings the messages into the caches and is not timed.
fn time(job: &mut Job<'_>, passes: u32) -> f64 {
    (job.pass)();
    let began = Instant::now();
    for _ in 0..passes {
        (job.pass)();
    }
    began.elapsed().as_secs_f64() * 1e9 / f64::from(passes)
}

fn summed_up(times: &mut [f64]) -> Took {
    times.sort_by(f64::total_cmp);
    let quarter = times.len() / 4;
    let pass = times[times.len() / 2];
    Took { pass, spread: (times[times.len() - 1 - quarter] - times[quarter]) / pass }
}

/// The median of some times.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
