//! The figures: printed as they come, and as a page.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use crate::backlog::Backlog;
use crate::load::Load;

/// What is printed, and written where that is asked for.
#[derive(Default)]
pub(crate) struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        println!("{line}");
        let _ = writeln!(self.0, "{line}");
    }

    /// A table of loads, each measured as its line is due.
    pub(crate) fn loads(&mut self, loads: impl IntoIterator<Item = Load>) {
        self.line(
            "| connections | acknowledged a second | p50, ms | p99, ms | longest, ms | \
             deliveries behind | end to end a second |",
        );
        self.line("|---|---|---|---|---|---|---|");
        for load in loads {
            self.line(&format!(
                "| {} | {:.0} | {:.2} | {:.2} | {:.1} | {} | {:.0} |",
                load.connections,
                load.accepted_rate(),
                load.wait(0.5),
                load.wait(0.99),
                load.wait(1.0),
                load.behind,
                load.end_to_end_rate(),
            ));
        }
    }

    pub(crate) fn backlog(&mut self, found: Backlog) {
        let Backlog { messages, empty, full, restarted, restart, looks, disk } = found;
        self.line(&format!("\n| with {messages} messages queued | |\n|---|---|"));
        self.line(&format!("| memory of the hub with 1000 of them, MiB | {empty:.1} |"));
        self.line(&format!("| memory with all of them, MiB | {full:.1} |"));
        self.line(&format!("| memory after a restart over them, MiB | {restarted:.1} |"));
        self.line(&format!("| restart, s | {:.2} |", restart.as_secs_f64()));
        self.line(&format!("| data folder, MiB | {disk:.0} |"));
        for (what, time) in looks {
            self.line(&format!("| {what}, ms | {:.2} |", time.as_secs_f64() * 1e3));
        }
    }

    /// Writes `docs/hub-performance.md`.
    pub(crate) fn write(&self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/hub-performance.md");
        let page = format!(
            "# How fast the hub is\n\n\
             Written by `cargo bench -p hl7-hub --bench throughput -- --write`; not edited by hand.\n\n\
             Everything runs on one machine over loopback: the senders, the hub and its destinations share its processors.\n\
             Messages are of one kilobyte. Each acknowledgment is behind a synced commit (SQLite, WAL, `synchronous=FULL`);\n\
             senders send the next message when the last is acknowledged; two destinations get every message and answer at\n\
             once; each attempt is recorded before its first byte and settled behind its answer.\n\n{}\n\n{}",
            machine(),
            self.0
        );
        std::fs::write(&path, page).expect("the page is written");
        println!("\nwritten to {}", path.display());
    }
}

/// What it was measured on.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let of_key = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = of_key(&cpus, "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = of_key(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let load = read("/proc/loadavg");
    let load = load.split_whitespace().next().unwrap_or("?");
    let first = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let system = first("uname", &["-sr"]).unwrap_or_default();
    let rustc = first("rustc", &["--version"]).unwrap_or_default();
    let folder = std::env::temp_dir();
    let disk =
        first("stat", &["-f", "-c", "%T", &folder.display().to_string()]).unwrap_or_default();
    format!(
        "Measured on {cores} cores of {model}, {memory} of memory, {system}, a data folder on {disk}, {rustc};\n\
         load of the machine behind the measurement: {load}."
    )
}
