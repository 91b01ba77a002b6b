//! Runs the built command in a folder of its own over messages that the tests write there.

#![allow(dead_code, reason = "each test binary uses its part of this")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An admission with a null, repetitions, an escape, a site-defined segment and a group.
pub(crate) const ADT: &str = "\
MSH|^~\\&|REG|HARBOUR|EHR|HARBOUR|20260211140114||ADT^A01^ADT_A01|42|P|2.5.1\r\
EVN||20260211140114\r\
PID|1||4711^^^HARBOUR^MR~998^^^STATE&2.16.1&ISO^SS||EVERYMAN^ADAM^B~JONES^A||19610615|M||2106-3|1 QUAY ST^\"\"^PORT\r\
PV1|1|I|W^3^1\r\
OBX|1|FT|1^NOTE||first line\\.br\\R\\T\\D, second line||||||F\r\
ZBD|3|^x\r\
PR1|1||47.09\r\
ROL|1|AD|AT|77^SURGEON\r\
PR1|2||51.23\r";

/// Two orders with results; line feeds as line ends.
pub(crate) const ORU: &str = "\
MSH|^~\\&|LAB|HARBOUR|EHR|HARBOUR|20260211150000||ORU^R01^ORU_R01|43|P|2.5.1
PID|1||4711^^^HARBOUR^MR||EVERYMAN^ADAM
OBR|1|||GLU^Glucose^LN
OBX|1|NM|GLU^Glucose^LN||98|mg/dl|70-105|N|||F
NTE|1||fasting
OBR|2|||NA^Sodium^LN
OBX|1|NM|NA^Sodium^LN||140|mmol/l||N|||F
OBX|2|ST|CMT^Comment^LN||~second||||||F
";

/// An admission with much to complain about.
pub(crate) const FAULTY: &str = "\
MSH|^~\\&|REG|HARBOUR|EHR|HARBOUR|20260211140114||ADT^A01^ADT_A01|44|P|2.5.1\r\
EVN||2026021114011\r\
PID|1||4711^^^HARBOUR^MR^HARBOUR-MAIN-CAMPUS-REGISTRATION-DESK^20260101^20261231||M\u{fc}LLER^EVA||1961-06-15|FEM||||||||||||||||||||||||||||||||||extra\r\
OBX|1||1^NOTE||text||||||F\r\
this is no segment\r\
PV2|1\r\
PV1|1|I\r\
ZBD|3\r";

/// What a run gave.
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: i32,
}

impl Run {
    /// All of it, for a snapshot.
    pub(crate) fn all(&self) -> String {
        let Self { stdout, stderr, status } = self;
        format!("{stdout}--- standard error\n{stderr}--- exit status {status}\n")
    }
}

/// A folder for one test, empty at first.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A folder named after the running test.
    pub(crate) fn new() -> Self {
        let thread = std::thread::current();
        let name = thread.name().expect("the name of the test").replace(':', "_");
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME")).join(name);
        if path.exists() {
            fs::remove_dir_all(&path).expect("the folder of the last run goes");
        }
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn with(self, file: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
        self
    }

    /// Where a file of the folder is.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hl7"));
        command.args(args).current_dir(&self.0).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, b"")
    }

    pub(crate) fn run_with(&self, args: &[&str], input: &[u8]) -> Run {
        let mut child = self.command(args).spawn().expect("the command starts");
        let written = child.stdin.take().expect("an input").write_all(input);
        // A command that reads no input may be gone already.
        let _ = written;
        let output = child.wait_with_output().expect("the command ends");
        Run {
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
            status: output.status.code().expect("an exit status"),
        }
    }
}
