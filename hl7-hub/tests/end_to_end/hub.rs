//! A hub in a process of its own.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use hl7_hub::store::{Reader, SqliteReader, Status};
use tempfile::TempDir;

use crate::{CANARY, PATIENCE, eventually};

/// The hub; a bench may compare with another build.
fn binary() -> PathBuf {
    std::env::var_os("HUB_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_hl7-hub").into()).into()
}

/// A folder with a configuration, and the hub that runs over it, if one does.
pub(crate) struct Hub {
    folder: TempDir,
    log: &'static str,
    running: Option<Running>,
}

struct Running {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Hub {
    /// A configuration, and a hub that runs over it. In the configuration sources listen on port 0.
    pub(crate) fn start(config: &str) -> Self {
        Self::start_logging(config, "debug")
    }

    pub(crate) fn start_logging(config: &str, log: &'static str) -> Self {
        let mut hub = Self::configure(config);
        hub.log = log;
        hub.restart();
        hub
    }

    pub(crate) fn configure(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("hub.toml"), config).expect("the configuration");
        Self { folder, log: "debug", running: None }
    }

    /// Starts the hub, ending the one that runs, and waits until its sources listen.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let mut child = self
            .command(&["run", "hub.toml", "--log", self.log])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the hub starts");
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let (lines, stderr) = (Arc::clone(&log), child.stderr.take().expect("a pipe"));
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().expect("the log").push(line);
            }
        });
        self.running = Some(Running { child, log, reader: Some(reader) });
        eventually("the hub starts", || self.logged(" started ") || self.logged("\"started\""));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// Starts another command, with its standard output to be read.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the command starts")
    }

    /// Runs another command of the hub over the same configuration.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the command runs")
    }

    /// The process that runs.
    #[allow(dead_code, reason = "the bench looks at its memory")]
    pub(crate) fn id(&self) -> u32 {
        self.running.as_ref().expect("it runs").child.id()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The files that a destination wrote, in order.
    pub(crate) fn files(&self, folder: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.path().join(folder)).into_iter().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "hl7"));
        files.sort();
        files
    }

    /// Looks at the store.
    pub(crate) fn reader(&self) -> SqliteReader {
        SqliteReader::open(&self.path().join("data")).expect("the store")
    }

    pub(crate) fn status(&self) -> Status {
        self.reader().status().expect("the store is read")
    }

    /// Messages that no destination waits for any more.
    pub(crate) fn is_drained(&self) -> bool {
        self.status().destinations.iter().all(|destination| destination.queued == 0)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let running = self.running.as_ref().expect("it runs");
        running.log.lock().expect("the log").clone()
    }

    pub(crate) fn logged(&self, text: &str) -> bool {
        self.lines().iter().any(|line| line.contains(text))
    }

    /// Where each source listens.
    pub(crate) fn address(&self, source: &str) -> String {
        let listening = self.lines().into_iter().filter(|line| line.contains("listening"));
        let of_line = |line: String| {
            let value = |key: &str| {
                let behind = line.split(&format!("{key}=")).nth(1)?;
                Some(behind.split_whitespace().next()?.trim_matches('"').to_owned())
            };
            Some((value("source")?, value("address")?))
        };
        let addresses: HashMap<_, _> = listening.filter_map(of_line).collect();
        addresses.get(source).cloned().unwrap_or_else(|| panic!("{source} does not listen"))
    }

    /// Writes another configuration, has the hub read it, and waits until it says what came of that: whether it took it.
    pub(crate) fn reload(&self, config: &str) -> bool {
        let count = |text| self.lines().iter().filter(|line| line.contains(text)).count();
        let (taken, refused) = (
            "goes on with the configuration as it stands in its file now",
            "goes on with the configuration that it has",
        );
        let before = (count(taken), count(refused));
        self.begin_reload(config);
        eventually("the configuration is read", || (count(taken), count(refused)) != before);
        count(refused) == before.1
    }

    /// As `reload`, without waiting.
    pub(crate) fn begin_reload(&self, config: &str) {
        std::fs::write(self.path().join("hub.toml"), config).expect("the configuration");
        self.signal("-HUP");
    }

    fn signal(&self, signal: &str) {
        let running = self.running.as_ref().expect("it runs");
        let id = running.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().expect("a signal");
        assert!(sent.success());
    }

    /// As by a loss of power, but for what the system has not written yet.
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.child.kill();
            running.end();
        }
    }

    /// Asks the hub to stop and waits until it has.
    pub(crate) fn stop(&mut self) -> ExitStatus {
        self.signal("-TERM");
        let mut running = self.running.take().expect("it runs");
        let began = Instant::now();
        while running.child.try_wait().expect("a state").is_none() {
            assert!(began.elapsed() < PATIENCE, "it does not stop");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        running.end()
    }
}

impl Running {
    fn end(&mut self) -> ExitStatus {
        let status = self.child.wait().expect("it ends");
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        // I13, in every test.
        for line in self.log.lock().expect("the log").iter() {
            assert!(std::thread::panicking() || !line.contains(CANARY), "patient data: {line}");
        }
        status
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(running) = &self.running
        {
            // The last lines say most about why a test failed.
            let log = running.log.lock().map(|lines| lines.clone()).unwrap_or_default();
            let last = log.len().saturating_sub(30);
            #[allow(clippy::print_stderr, reason = "a failed test explains itself")]
            log[last..].iter().for_each(|line| eprintln!("{line}"));
        }
        self.kill();
    }
}
