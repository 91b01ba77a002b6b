use std::path::Path;
use std::time::Duration;

use hl7_core::ack::{AckMode, Condition, Decision};
use hl7_core::batch::WhichAcks;

use tracing::Level;

use super::{
    BatchAcks, BatchOut, Batches, Check, Commits, Config, Delivered, EXAMPLE, Keep, Link, Log,
    LogFormat, Port, StoreFailure,
};

#[track_caller]
fn parse(text: &str) -> Config {
    Config::parse(text, Path::new("/etc/hub")).unwrap_or_else(|errors| panic!("{errors}"))
}

#[track_caller]
fn check_errors(text: &str, expected: &[&str]) {
    let errors = Config::parse(text, Path::new(".")).expect_err("there are mistakes");
    let found: Vec<_> = errors.list().iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_example_is_right() {
    let config = parse(EXAMPLE);
    assert_eq!((config.sources.len(), config.destinations.len(), config.routes.len()), (1, 1, 3));
    assert_eq!(config.data, Path::new("/etc/hub/data"));
}

#[test]
fn an_http_destination_is_read_and_its_secrets_are_not_shown() {
    let config = parse(
        "[source.a]\nmllp = { listen = \"a:1\" }\n[destination.web]\n\
         http = { url = \"http://web/hl7?site=1\", headers = { X-Site = \"north\" }, \
         headers_from_env = { Authorization = \"PATH\" }, timeout = \"5s\", content_type = \"text/plain\" }",
    );
    let Port::Http(http) = &config.destinations[0].port else { panic!("another port") };
    assert_eq!((http.address.as_str(), http.path.as_str()), ("web:80", "/hl7?site=1"));
    assert_eq!(http.timeout, Duration::from_secs(5));
    let header = |name: &str| http.headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!((header("host"), header("x-site")), (Some("web"), Some("north")));
    assert_eq!(header("content-type"), Some("text/plain"));
    let path = std::env::var("PATH").expect("a path");
    assert_eq!(header("authorization"), Some(path.as_str()));
    assert!(!format!("{config:?}").contains(&path));
}

/// Every line of the example that is commented out is right too; so no key is misspelt there.
#[test]
fn the_example_is_right_with_everything_in_it() {
    let mut text = String::new();
    for line in EXAMPLE.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let is_setting = bare.split_once('=').is_some_and(|(key, _)| {
            key.trim().bytes().all(|byte| byte.is_ascii_lowercase() || b"_.".contains(&byte))
        });
        let sections = ["[destination", "[tls", "[alert"];
        let is_section = sections.iter().any(|start| bare.starts_with(start));
        let is_wanted = (is_setting || is_section)
            && !bare.starts_with("policy")
            && !bare.starts_with("http.headers_from_env")
            && !bare.starts_with("wait_for")
            && !bare.starts_with("no_trailer");
        text.push_str(if is_wanted { bare } else { line });
        text.push('\n');
    }
    let folder = tempfile::tempdir().expect("a folder");
    let own = rcgen::generate_simple_self_signed(["hub.hosp".to_owned()]).expect("a certificate");
    for (name, content) in [
        ("hub.pem", own.cert.pem()),
        ("ca.pem", own.cert.pem()),
        ("hub.key", own.signing_key.serialize_pem()),
    ] {
        std::fs::write(folder.path().join(name), content).expect("a file");
    }
    let config = Config::parse(&text, folder.path()).unwrap_or_else(|errors| panic!("{errors}"));
    let source = &config.sources[0];
    assert_eq!((source.senders.len(), source.allow.len()), (1, 1));
    assert_eq!(source.acks.application_to.as_deref(), Some("archive"));
    assert_eq!(source.tls.as_ref().map(|tls| tls.name.as_str()), Some("main"));
    assert_eq!((config.destinations.len(), config.alerts.len()), (4, 3));
}

#[test]
fn what_is_said_is_what_is_set() {
    let config = parse(
        r#"
        [hub]
        store_limit = "1GiB"
        buffer_limit = "1MiB"
        [source.a]
        mllp = { connect = "adt:2575", connect_retry = "5s", end = 0x03, frame_limit = "1MiB", idle_timeout = "1m" }
        ack = { mode = "enhanced", application = "ER", when = "delivered", wait_for = "lab", answer = "response", wait = "5s" }
        check = "reject"
        dedupe = "off"
        on_store_failure = "nak"
        acks_of = "lab"
        [destination.lab]
        mllp = { connect = "lab:1", commits = "only" }
        replies = "biztalk"
        window = 4
        lanes = { n = 3, key = "PID-3.1" }
        on_refusal = "hold"
        app_ack_timeout = "10m"
        on_app_ack_timeout = "retry"
        accepted_codes = ["AE", "ZZ"]
        retry = { first = "2s", attempts = 3, lost_attempts = 4 }
        set = { "MSH-5" = "LAB" }
        "#,
    );
    assert_eq!(config.store_limit, Some(1 << 30));
    assert_eq!(config.buffer_limit, 1 << 20);
    let source = &config.sources[0];
    let retry = Duration::from_secs(5);
    let dial = Link::Dial { address: "adt:2575".into(), retry, secured: None };
    assert_eq!(source.link, dial);
    assert_eq!(source.framed.decoder.framing.suffix(), [0x03, 0x0d]);
    assert_eq!(source.framed.decoder.limit, 1 << 20);
    assert_eq!(source.timers.idle, Some(Duration::from_secs(60)));
    let enhanced = AckMode::Enhanced { accept: Condition::Always, application: Condition::Error };
    assert_eq!(source.acks.mode, enhanced);
    let by = vec!["lab".to_owned()];
    let delivered = Delivered { by, response: true, limit: Duration::from_secs(5) };
    assert_eq!(source.acks.delivered, Some(delivered));
    assert_eq!((source.check, source.dedupe), (Check::Reject, None));
    assert_eq!(source.on_store_failure, StoreFailure::Nak);
    let lab = &config.destinations[0];
    assert!(
        matches!(&lab.port, Port::Mllp(mllp) if mllp.address == "lab:1" && mllp.commits == Commits::Only)
    );
    assert_eq!((lab.backoff.attempts, lab.lost_attempts, lab.window), (3, Some(4), 4));
    assert_eq!(lab.lanes.layout(), "3 by PID-3.1");
    assert!(lab.hold && lab.application_retry);
    assert_eq!(lab.application, Some(Duration::from_secs(600)));
    assert_eq!(config.sources[0].acks_of, ["lab"]);
    assert_eq!(lab.replies.reject, Decision::Reject);
    assert_eq!(lab.replies.codes.len(), 2);
}

#[test]
fn what_one_destination_says_of_an_address_holds_for_all_that_have_it() {
    let config = parse(
        "[source.s]\nmllp.listen = \"s:1\"\n[destination.a]\nmllp = { connect = \"x:1\", max_connections = 2 }\n\
         [destination.b]\nmllp.connect = \"x:1\"\n[destination.c]\nmllp.connect = \"y:1\"\n",
    );
    let most = config.destinations.iter().map(|destination| match &destination.port {
        Port::Mllp(mllp) => mllp.max_connections,
        Port::Http(_) | Port::File(_) => None,
    });
    assert_eq!(most.collect::<Vec<_>>(), [Some(2), Some(2), None]);
}

#[test]
fn how_it_is_operated_is_what_is_set() {
    let bare = parse("[source.a]\nmllp = { listen = \"a:1\" }\n");
    assert_eq!(bare.api, None);
    let every = Duration::from_secs(3_600);
    assert_eq!(bare.keep, Keep { content: None, metadata: None, audit: None, every });
    assert_eq!(bare.log, Log { format: LogFormat::Text, level: Level::INFO, file: None });
    let config = parse(
        r#"
        [api]
        listen = "10.0.0.1:80"
        allow_remote = true
        token_file = "secret"
        open_metrics = true
        [log]
        format = "json"
        level = "debug"
        file = "log/hub.log"
        [keep]
        content = "10d"
        audit = "off"
        every = "5m"
        [source.a]
        mllp = { listen = "a:1" }
        "#,
    );
    let api = config.api.expect("there is one");
    assert_eq!((api.listen.to_string().as_str(), api.open_metrics), ("10.0.0.1:80", true));
    assert_eq!(api.token_file.as_deref(), Some(Path::new("/etc/hub/secret")));
    let file = Some("/etc/hub/log/hub.log".into());
    assert_eq!(config.log, Log { format: LogFormat::Json, level: Level::DEBUG, file });
    let content = Some(Duration::from_secs(10 * 86_400));
    let every = Duration::from_secs(300);
    assert_eq!(config.keep, Keep { content, metadata: None, audit: None, every });
}

#[test]
fn what_is_said_of_batches() {
    let of = |more: &str| {
        let config = parse(&format!("[source.a]\nmllp.listen = \"a:1\"\n{more}"));
        (config.sources[0].batches, config.sources[0].acks.batch)
    };
    let (all, negative) = (BatchAcks::Batch(WhichAcks::All), BatchAcks::Batch(WhichAcks::Negative));
    let whole = |set_aside| Batches::Whole { set_aside };
    assert_eq!(of(""), (Batches::Off, BatchAcks::Each));
    assert_eq!(of("batches = \"split\""), (Batches::Split, BatchAcks::Each));
    assert_eq!(of("batches = \"whole\""), (whole(false), all));
    assert_eq!(
        of("batches = \"whole\"\nset_aside = true\nack.batch = \"negative\""),
        (whole(true), negative)
    );
    assert_eq!(of("batches = \"whole\"\nack.batch = \"each\""), (whole(false), BatchAcks::Each));
}

#[test]
fn what_is_said_of_batches_that_are_made() {
    let of = |port: &str| {
        let config = parse(&format!(
            "[hub]\nname = \"north\"\n[source.a]\nmllp.listen = \"a:1\"\n[destination.d]\n{port}"
        ));
        config.destinations[0].batch.clone()
    };
    assert_eq!(of("file.folder = \"d\""), None);
    let plain = of("file = { folder = \"d\", batch = {} }").expect("a batch");
    assert_eq!((plain.count, plain.every, plain.size), (50_000, None, 16 << 20));
    assert_eq!(
        (plain.name.as_str(), plain.sender.as_str(), plain.receiver.as_str()),
        ("", "north", "d")
    );
    let batch = "batch = { count = 5, every = \"1h\", size = \"1MiB\", name = \"day\", sender = \"A^B\", receiver = \"C\" }";
    let expected = BatchOut {
        count: 5,
        every: Some(Duration::from_secs(3_600)),
        size: 1 << 20,
        name: "day".into(),
        sender: "A^B".into(),
        receiver: "C".into(),
    };
    for port in [
        format!("file = {{ folder = \"d\", {batch} }}"),
        format!("mllp = {{ connect = \"b:1\", {batch} }}"),
    ] {
        assert_eq!(of(&port), Some(expected.clone()));
    }
}

#[test]
fn every_mistake_is_said_with_its_place() {
    check_errors(
        "[hub]\nnaem = \"x\"\n\n[source.a]\nmllp = { listen = \"2575\", frame_timeout = \"5\" }\n\
         chek = \"warn\"\n\n[destination.b]\nfile = { folder = 1 }\n[[route]]\nfrom = \"c\"\n\
         when = 'MSH-9 = 1'\nto = [\"bb\"]\n",
        &[
            "line 2, column 1: hub: there is no key `naem` here; did you mean `name`?",
            "line 5, column 19: source.a.mllp.listen: `2575` is no address; write host:port, as in \
             127.0.0.1:2575",
            "line 5, column 43: source.a.mllp.frame_timeout: `5` is no duration; write 250ms, 30s, \
             5m, 2h or 7d",
            "line 6, column 1: source.a: there is no key `chek` here; did you mean `check`?",
            "line 9, column 19: destination.b.file.folder: found a value of type integer, expected \
             a text",
            "line 11, column 8: there is no source `c`",
            "line 12, column 15: route[1].when: `=` has no meaning here",
            "line 13, column 7: there is no destination `bb`; did you mean `b`?",
        ],
    );
}

#[test]
fn what_is_no_toml_is_said_with_its_place() {
    let errors = Config::parse("[hub\nname = 1\n", Path::new(".")).expect_err("no TOML");
    assert_eq!(errors.list()[0].line, 1);
    assert!(errors.list()[0].reason.starts_with("this is no TOML: "));
    // All of them; but of what is never closed where it goes wrong first, and that.
    check_errors(
        "[source.a]\nallow = yes\ndedupe = yes\n",
        &[
            "line 2, column 9: this is no TOML: string values must be quoted, expected literal string",
            "line 3, column 10: this is no TOML: string values must be quoted, expected literal string",
        ],
    );
    check_errors(
        "[source.a]\nallow = [\"10.0.0.0/8\"\ndedupe = \"1d\"\n[source.b]\nidle = 1\n",
        &[
            "line 3, column 1: this is no TOML: missing comma between array elements, expected `,`",
            "line 5, column 9: this is no TOML: unclosed array, expected `]`",
        ],
    );
    for text in ["a = yes\nb = [1\n c = no\n", "a=[\n\"x\"\nb=\nc=[1\n", "x=[[[["] {
        let errors = Config::parse(text, Path::new(".")).expect_err("no TOML");
        assert!(errors.list().len() <= 2, "{errors}");
    }
}

#[test]
fn what_does_not_go_together_is_said() {
    for (text, reason) in [
        ("", "there is no source"),
        ("[source.a]\n", "either `listen` or `connect`"),
        ("[source.a]\nmllp = { listen = \"a:1\", connect = \"a:1\" }", "only one of"),
        ("[source.a]\nmllp = { listen = \"a:1\", start = 0x1c }", "the same byte"),
        ("[source.a]\nack = { mode = \"static\" }", "needs `success` and `failure`"),
        ("[source.a]\nack = { mode = \"orignal\" }", "did you mean `original`?"),
        ("[source.a]\nset_aside = true", "only a batch that stays whole"),
        ("[source.a]\nbatches = \"splitt\"", "did you mean `split`?"),
        ("[source.a]\nallow = \"10.0.0.0/99\"", "no address range"),
        ("[source.a]\nallow = []", "source.a.allow: the list is empty"),
        ("[source.a]\nsenders = []", "source.a.senders: the list is empty"),
        ("[source.a]\nack = { when = \"delivered\" }", "needs `wait_for`"),
        ("[source.a]\nack = { wait_for = \"x\" }", "means nothing without"),
        (
            "[source.a]\nack = { when = \"delivered\", answer = \"response\", wait_for = [\"a\", \"b\"] }",
            "from one destination only",
        ),
        (
            "[source.a]\nmllp = { listen = \"a:1\" }\nack = { when = \"delivered\", wait_for = \"x\" }",
            "no destination `x`",
        ),
        (
            "[source.a]\nmllp = { listen = \"a:1\" }\nack = { when = \"delivered\", wait_for = \"x\" }\n\
             [destination.x.file]\nfolder = \"x\"\nbatch.count = 2",
            "line 3, column 40: source.a.ack.wait_for: nobody can be kept waiting for this",
        ),
        ("[source.a]\npolicy = \"none.toml\"", "cannot be read"),
        (
            "[source.a]\nack = { application_to = \"x\" }\nmllp = { listen = \"a:1\" }",
            "no destination `x`",
        ),
        ("[source.a]\nack = { set = { \"MSH-10\" = \"x\" } }", "MSH-10 cannot be overridden"),
        ("[source.a]\nack = { set = { \"PID-3\" = \"x\" } }", "no field of the header"),
        (
            "[destination.\"a, b\"]\nfile = { folder = \"a\" }",
            "line 1, column 14: destination.a, b: a name has letters",
        ),
        ("[source.\"a\\nb\"]", "source.a\\nb: a name has letters"),
        ("[alert.\"\"]", "a name has letters"),
        ("[destination.a]\n", "either `mllp`, `file` or `http`"),
        ("[destination.a]\nhttp = { }", "`url` is missing"),
        ("[destination.a]\nhttp = { url = \"ftp://a\" }", "neither http nor https"),
        ("[destination.a]\nhttp = { url = \"https://a\" }", "https needs `tls`"),
        ("[destination.a]\nhttp = { url = \"http://u:p@a/\" }", "a password has no place in a URL"),
        (
            "[destination.a]\nhttp = { url = \"http://a\", headers_from_env = { A = \"NONE_SUCH\" } }",
            "the environment has no `NONE_SUCH`",
        ),
        (
            "[destination.a]\nhttp = { url = \"http://a\", headers = { Content-Length = \"1\" } }",
            "line 2, column 40: destination.a.http.headers.Content-Length: this header belongs to the",
        ),
        ("[destination.a]\nfile = { folder = \"a\" }\nbackup = \"a\"", "cannot be its own backup"),
        ("[destination.a]\nfile = { folder = \"a\" }\nbackup = \"b\"", "no destination `b`"),
        ("[destination.a]\nlanes = { n = 2 }", "several lanes need a `key`"),
        ("[destination.a]\nlanes = { n = 2, key = \"PID3\" }", "is no path"),
        ("[destination.a]\non_refusal = \"hold\"\nbackup = \"b\"", "not both"),
        ("[source.a]\nmllp = { listen = \"a:1\" }\nacks_of = \"x\"", "no destination `x`"),
        ("[destination.a]\nretry = { first = \"10m\" }", "`most` is shorter than `first`"),
        ("[destination.a]\nretry = { jitter = 2.0 }", "a number from 0 to 1"),
        ("[destination.a]\nmllp = {}", "`connect` is missing"),
        (
            "[destination.a]\nfile = { folder = \"a\", batch = { name = \"../a\" } }",
            "a name of letters",
        ),
        (
            "[destination.a]\nfile = { folder = \"a\", batch = { counts = 1 } }",
            "did you mean `count`?",
        ),
        ("[destination.a]\nfile = { folder = \"a\", batch = { count = 0 } }", "from 1 to 50000"),
        (
            "[destination.a]\nfile.folder = \"a\"\ntext = \"{PID-3\"",
            "line 3, column 9: destination.a.text: this brace is not",
        ),
        (
            "[destination.a]\nfile.folder = \"a\"\ntext = \"x\"\nset = { \"MSH-3\" = \"x\" }",
            "a text has no header",
        ),
        ("[destination.a]\nfile = { folder = \"a\", extension = \"a/b\" }", "cannot end the name"),
        (
            "[destination.a]\nfile = { folder = \"a\", batch = {} }\ntext = \"x\"",
            "cannot be in a batch",
        ),
        ("[source.a]\nack = { application_to = \"x\", by_routes = true }", "leave out one of"),
        ("[destination.a]\nfile = {}", "`folder` is missing"),
        ("[[route]]\n", "needs a destination"),
        ("[[route]]\ndefault = true\nwhen = \"exists PID\"\nto = \"a\"", "cannot have `when` too"),
        (
            "[source]\na.mllp.listen = \"x:1\"\nb.mllp.listen = \"x:1\"",
            "line 3, column 17: source.b.mllp.listen: source `a` listens on x:1 already",
        ),
        ("source = 1", "expected a table of tables"),
        ("[source]\na = 1", "expected a table"),
        ("[hub]\nshutdown = \"off\"", "this time cannot be off"),
        ("[api]\n", "`listen` is missing"),
        ("[api]\nlisten = \"localhost\"", "`localhost` is no address"),
        ("[api]\nlisten = \"0.0.0.0:2580\"", "`allow_remote = true` if that is meant"),
        ("[alert.x]\n", "alert.x: an alert has one of oldest, queued, dead, silent"),
        ("[alert.x]\nqueued = { destination = \"a\", over = 1 }", "there is no destination `a`"),
        ("[alert.x]\nsilent = { source = \"a\", over = \"1m\" }", "there is no source `a`"),
        ("[alert.x]\ndead = { destination = \"a\" }", "`over` is missing"),
        ("[alert.x]\noldest = { over = \"1m\" }", "`destination` is missing"),
        ("[alert.x]\noldest = { destination = \"a\", over = 5 }", "expected a text"),
        ("[log]\nformat = \"xml\"", "expected one of text, json"),
        ("[log]\nlevel = \"wran\"", "did you mean `warn`?"),
        ("[keep]\ncontent = \"2d\"\nmetadata = \"1d\"", "keep.metadata: shorter than `content`"),
        ("[keep]\nmetadata = \"2d\"", "keep.metadata: shorter than `content`"),
        (
            "[keep]\ncontent = \"9d\"\nmetadata = \"9d\"\naudit = \"8d\"",
            "keep.audit: shorter than `metadata`",
        ),
        (
            "[keep]\ncontent = \"6d\"\n[source.a]\nmllp = { listen = \"a:1\" }",
            "keep.content: shorter than `dedupe` of source a",
        ),
    ] {
        let errors = Config::parse(text, Path::new(".")).expect_err(text).to_string();
        assert!(errors.contains(reason), "{text}: {errors}");
    }
}

#[test]
fn what_differs_between_two_configurations_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("partner.toml");
    std::fs::write(&policy, "").expect("a file");
    let read =
        |text: &str| Config::parse(text, folder.path()).unwrap_or_else(|errors| panic!("{errors}"));
    let text = "[source.a]\nmllp.listen = \"a:1\"\npolicy = \"partner.toml\"\n[source.b]\nmllp.listen = \"a:2\"\n\
                [destination.x]\nfile.folder = \"x\"\n[[route]]\nto = \"x\"\n";
    let old = read(text);
    let changes = |text: &str| old.changes(&read(text)).to_string();
    assert_eq!(changes(text), "nothing changed");
    // Layout, order and notation of tables are no change.
    let same = "[[route]]\nto = \"x\"\n\n[destination.x.file]\nfolder = \"x\" # here\n[source]\nb.mllp.listen = \"a:2\"\n\
                a = { policy = \"partner.toml\", mllp = { listen = \"a:1\" } }\n";
    assert_eq!(changes(same), "nothing changed");
    assert_eq!(
        changes(&text.replace("source.b", "source.c").replace("to = \"x\"", "to = [\"x\"]")),
        "added: source.c; changed: route; removed: source.b"
    );
    assert_eq!(
        changes(&format!("[hub]\ndata = \"there\"\n{text}")),
        "added: hub; not before the next start: hub.data"
    );
    std::fs::write(&policy, "version = \"2.5\"\n").expect("a file");
    assert_eq!(changes(text), "changed: source.a", "what a file says counts");
}

#[test]
fn what_is_wrong_with_certificates_is_said_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let [ours, theirs] =
        [(); 2].map(|()| rcgen::generate_simple_self_signed(["a.hosp".to_owned()]));
    let (ours, theirs) = (ours.expect("a certificate"), theirs.expect("a certificate"));
    for (name, content) in [
        ("a.pem", ours.cert.pem()),
        ("a.key", ours.signing_key.serialize_pem()),
        ("b.key", theirs.signing_key.serialize_pem()),
        ("none.pem", "hello\n".to_owned()),
        ("broken.pem", ours.cert.pem().replace("MII", "M#I")),
        (
            "rubbish.pem",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
        ),
    ] {
        std::fs::write(folder.path().join(name), content).expect("a file");
    }
    let used = "[source.s]\nmllp = { listen = \"a:1\", tls = \"t\" }\n";
    let identity = "cert = \"a.pem\"\nkey = \"a.key\"\n";
    let parse =
        |tls: &str, used: &str| Config::parse(&format!("[tls.t]\n{tls}{used}"), folder.path());
    assert!(parse(identity, used).is_ok());
    for (tls, used, place, reason) in [
        ("cert = \"no.pem\"\nkey = \"a.key\"\n", used, (2, 8), "cannot be read"),
        ("key = \"a.key\"\ncert = \"none.pem\"\n", used, (3, 8), "there is no certificate in it"),
        ("cert = \"broken.pem\"\nkey = \"a.key\"\n", used, (2, 8), "one that cannot be read"),
        ("cert = \"rubbish.pem\"\nkey = \"a.key\"\n", used, (2, 8), "one that cannot be read"),
        ("cert = \"a.pem\"\nkey = \"a.pem\"\n", used, (3, 7), "there is no private key in it"),
        ("cert = \"a.pem\"\nkey = \"b.key\"\n", used, (3, 7), "does not belong to the certificate"),
        ("cert = \"a.pem\"\n", used, (1, 6), "one of them is missing"),
        ("ca = \"none.pem\"\n", "", (2, 6), "there is no certificate in it"),
        ("client_auth = \"required\"\n", "", (1, 6), "needs `ca`"),
        ("client_auth = \"maybe\"\n", "", (2, 15), "expected one of off, optional, required"),
        ("ca = \"a.pem\"\n", used, (4, 32), "needs `cert` and `key` in [tls.t]"),
        (
            "cert = \"a.pem\"\nkey = \"a.key\"\nca = \"a.pem\"\nnames = \"x\"\n",
            used,
            (7, 32),
            "nobody is asked",
        ),
        (
            identity,
            "[source.s]\nmllp = { connect = \"a:1\", tls = \"t\" }\n",
            (5, 33),
            "needs `ca`",
        ),
        (
            identity,
            "[source.s]\nmllp = { listen = \"a:1\", tls = \"u\" }\n",
            (5, 32),
            "no section `[tls.u]`",
        ),
        (
            "ca = \"a.pem\"\n",
            "[source.s]\nmllp = { connect = \"a:1\", tls = \"t\", server_name = \"a b\" }\n",
            (4, 52),
            "no name that a certificate can be for",
        ),
        (
            "",
            "[source.s]\nmllp = { connect = \"a:1\", server_name = \"a\" }\n",
            (3, 41),
            "means nothing without `tls`",
        ),
    ] {
        let errors = parse(tls, used).expect_err(reason);
        let found = errors.list().iter().find(|error| error.reason.contains(reason));
        let found = found.unwrap_or_else(|| panic!("{reason}: {errors}"));
        assert_eq!((found.line, found.column), place, "{errors}");
        // Whatever is wrong with a key, none of it is shown.
        assert!(!errors.to_string().contains("PRIVATE"), "{errors}");
    }
}
