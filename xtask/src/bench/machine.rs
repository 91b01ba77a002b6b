//! Where and when a run was made.

use std::error::Error;
use std::fs;
use std::process::Command;
use std::thread;

/// A machine that works on something else beside the run gives figures of little worth.
const BUSY: f64 = 0.5;

/// One line about machine, compiler and day, and whether the machine was idle before.
pub(super) fn line(date: Option<String>) -> Result<String, Box<dyn Error>> {
    let said = |program: &str, argument: &str| -> Result<String, Box<dyn Error>> {
        let output = Command::new(program).arg(argument).output()?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    let date = date.map_or_else(|| said("date", "+%F"), Ok)?;
    let cores = thread::available_parallelism()?;
    let load = load();
    let busy = match load {
        Some(load) if load > BUSY => {
            format!(
                " **The machine was not idle (load {load:.1} before): take these figures as rough.**"
            )
        }
        _ => String::new(),
    };
    let rustc = said("rustc", "--version")?;
    Ok(format!("{date}, {}, {cores} cores, {rustc}, profile `release`.{busy}", processor()))
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or_else(|| std::env::consts::ARCH.into(), |(_, model)| model.trim().into())
}

/// Programs that ran in the minute before, on average.
fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}
