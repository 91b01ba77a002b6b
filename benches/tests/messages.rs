//! The messages are what the tables say they are: of one kind, without errors, of about the size that is named.

use hl7_benches::batch;
use hl7_benches::corpus::Corpus;
use hl7_benches::kinds::KINDS;
use hl7_types::{DecodeOptions, Path, Rules, Severity, Tree, v2_5_1};

#[test]
fn every_message_conforms() {
    for kind in KINDS {
        let corpus = Corpus::first(kind, if kind.name == "oru-1mb" { 1 } else { 100 });
        for rules in [Rules::STRUCTURE, Rules::ALL] {
            let options = DecodeOptions { rules, ..DecodeOptions::default() };
            for message in &corpus.messages {
                let decoded = hl7_types::decode_with(message, &options).expect("a message");
                let text = String::from_utf8_lossy(message);
                for finding in &decoded.findings {
                    let all = rules == Rules::ALL;
                    let shown = text.get(..3_000).unwrap_or(&text).replace('\r', "\n");
                    assert!(
                        all && finding.severity != Severity::Error,
                        "{}: {finding}\n{shown}",
                        kind.name
                    );
                }
                assert_eq!(decoded.message.encode(), *message, "{}", kind.name);
            }
        }
    }
}

#[test]
fn every_message_has_the_ten_values() {
    for kind in KINDS {
        for message in Corpus::first(kind, 20).messages.into_iter().take(20) {
            let tree = Tree::parse(message).expect("a message");
            assert!(tree.structure(&v2_5_1::VERSION).is_some(), "{}", kind.name);
            for path in kind.paths {
                let parsed: Path = path.parse().expect("a path");
                assert!(
                    tree.get(&parsed).is_some_and(|text| !text.is_empty()),
                    "{} {path}",
                    kind.name
                );
            }
        }
    }
}

#[test]
fn messages_are_the_same_on_every_machine_and_differ_from_each_other() {
    for kind in KINDS.iter().filter(|kind| kind.name != "oru-1mb") {
        let corpus = Corpus::of(kind);
        assert_eq!(corpus.messages[..10], Corpus::first(kind, 10).messages, "{}", kind.name);
        let mut sorted = corpus.messages.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(sorted.len(), corpus.messages.len(), "{}", kind.name);
    }
}

#[test]
fn a_batch_has_the_messages_that_were_put_in() {
    let file = batch::file(100).expect("a batch");
    assert_eq!(batch::count_messages(&file), 100);
}

#[cfg(feature = "peers")]
#[test]
fn peers_read_the_same_values() {
    for kind in KINDS {
        let corpus = Corpus::first(kind, 3);
        for message in &corpus.messages {
            let tree = Tree::parse(&message[..]).expect("a message");
            let ours = kind.paths.map(|path| {
                let path: Path = path.parse().expect("a path");
                tree.get(&path).expect("a value").into_owned()
            });
            let text = std::str::from_utf8(message).expect("text");
            for reader in hl7_benches::peers::readers(&corpus) {
                assert_eq!((reader.read)(text), ours, "{} {}", kind.name, reader.of);
            }
        }
    }
}
