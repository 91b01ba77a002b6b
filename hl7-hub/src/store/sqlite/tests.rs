//! The contract, and what only this store can show: its file.

use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;

use super::{FILE, SqliteOptions, SqliteReader, SqliteStore, schema};
use crate::store::contract::{self, Bench, incoming};
use crate::store::{
    Accepted, Act, AttemptEnd, Clocks, Incoming, MessageId, MessageState, Order, Outgoing,
    PruneFrom, Reader, Requeued, Settlement, Store, StoreError,
};
use crate::store::{contract_gather, contract_later, contract_orders, contract_prune};

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn options(&self) -> SqliteOptions {
        SqliteOptions { folder: self.0.path().to_owned(), limit: None, now: 5_000 }
    }

    fn file(&self) -> PathBuf {
        self.0.path().join(FILE)
    }
}

impl Bench for Folder {
    type Store = SqliteStore;

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.options()).expect("the store opens")
    }
}

contract::suite! { contract_later; Folder::new();
    an_application_acknowledges_later_or_not_at_all
    an_application_is_asked_again_so_often
    what_is_held_waits_for_somebody
    lanes_share_what_all_wait_for
}

contract::suite! { contract; Folder::new();
    what_is_accepted_is_there_after_reopening
    a_duplicate_gets_the_stored_acknowledgment
    a_reused_control_id_is_accepted_and_marked
    deliveries_are_numbered_in_the_order_of_commits
    attempts_settle_deliveries_and_messages
    what_is_given_up_goes_to_the_backup
    settling_twice_changes_nothing
    the_next_attempt_begins_with_the_end_of_the_last
    a_step_is_one_commit_and_what_is_withdrawn_does_not_count
    what_cannot_be_done_costs_nobody_else
    an_interrupted_attempt_is_ambiguous
    messages_without_deliveries_are_found
    messages_come_together_in_their_order
    order_is_that_of_commits_whatever_the_clock_says
    a_batch_is_stored_with_its_messages
    what_is_set_aside_does_not_come_twice
}

contract::suite! { contract_gather; Folder::new();
    what_gathers_goes_with_its_batch
    what_is_to_go_now_is_remembered_until_it_has_gone
    i5_what_gathered_goes_behind_the_batches
    what_goes_alone_is_not_asked_for
    i5_no_batch_is_made_for_whoever_takes_none
    i5_nothing_overtakes_what_gathers
    i5_what_comes_between_two_layouts_goes_alone
}

contract::suite! { contract_orders; Folder::new();
    a_pause_outlives_a_restart
    the_head_of_a_queue_can_be_skipped
    statement_36_what_is_parked_waits_for_somebody
    statement_36_what_is_dead_is_resubmitted
    statement_36_an_edited_message_is_a_new_one
    statement_36_what_has_no_route_is_dismissed_or_sent
    what_is_in_a_batch_follows_it
}

contract::suite! { contract_prune; Folder::new();
    only_what_is_done_is_pruned
    the_audit_is_pruned_from_its_start
    many_messages_are_pruned_in_steps
}

/// A copy of the files as they are, without the store being closed: what a hub finds after it was killed.
fn as_if_killed(folder: &Folder) -> Folder {
    let copy = Folder::new();
    for name in [FILE.to_owned(), format!("{FILE}-wal")] {
        std::fs::copy(folder.0.path().join(&name), copy.0.path().join(&name)).expect("a copy");
    }
    copy
}

// I1
#[tokio::test]
async fn statement_9_what_was_answered_is_there_after_a_kill() {
    let folder = Folder::new();
    let store = folder.open();
    for number in 0..50 {
        store.accept(incoming(&number.to_string(), &["lab"])).await.expect("it is accepted");
        if number % 10 == 0 {
            let killed = as_if_killed(&folder);
            let found = killed.open().reader().pending("lab", None, 100).expect("it is read");
            assert_eq!(found.len(), number + 1);
        }
    }
    let lab = store.reader().pending("lab", None, 1).expect("it is read")[0].id;
    store.begin_attempt(lab, 1).await.expect("it is queued");
    let reopened = as_if_killed(&folder).open();
    assert_eq!(reopened.recovered(), 1);
}

#[tokio::test]
async fn a_full_store_answers_with_an_error_and_keeps_what_it_has() {
    let folder = Folder::new();
    drop(folder.open());
    let size = std::fs::metadata(folder.file()).expect("the file").len();
    let limited = SqliteOptions { limit: Some(size + 64 * 1024), ..folder.options() };
    let store = SqliteStore::open(&limited).expect("the store opens");
    let mut accepted = 0;
    let error = loop {
        // Three at once, so that whoever shares a commit with the one that does not fit is seen too.
        let name = |letter: &str| incoming(&format!("{accepted}{letter}"), &["lab"]);
        let (a, b, c) =
            tokio::join!(store.accept(name("a")), store.accept(name("b")), store.accept(name("c")));
        let results = [a, b, c];
        accepted += results.iter().filter(|result| result.is_ok()).count();
        if let Some(error) = results.into_iter().find_map(Result::err) {
            break error;
        }
        assert!(accepted < 10_000, "it is never full");
    };
    assert_eq!(error, StoreError::Full);
    drop(store);
    // What was answered with `Ok` is there, nothing else; with more room it goes on.
    let store = folder.open();
    assert_eq!(store.reader().pending("lab", None, 10_000).expect("it is read").len(), accepted);
    assert!(matches!(store.accept(incoming("x", &["lab"])).await, Ok(Accepted::New { .. })));
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

#[tokio::test]
async fn a_full_store_takes_messages_again_once_there_is_room() {
    let folder = Folder::new();
    let store = folder.open();
    let mut large = incoming("large", &["lab"]);
    large.payload = crate::Payload::from(vec![b'x'; 1 << 20]);
    drop(store);
    let size = std::fs::metadata(folder.file()).expect("the file").len();
    let limited = SqliteOptions { limit: Some(size + 256 * 1024), ..folder.options() };
    let store = SqliteStore::open(&limited).expect("the store opens");
    assert_eq!(store.accept(large.clone()).await, Err(StoreError::Full));
    // Of those that come together all are stored, or none is.
    let together = vec![incoming("before", &["lab"]), large.clone(), incoming("behind", &["lab"])];
    assert_eq!(store.accept_all(together.into()).await, Err(StoreError::Full));
    assert!(store.accept(incoming("small", &["lab"])).await.is_ok());
    assert_eq!(store.reader().pending("lab", None, 10).expect("it is read").len(), 1);
    // Room can be given while it is open.
    store.limit(None).await.expect("it is set");
    assert!(store.accept(large).await.is_ok());
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = Folder::new();
    let file = folder.0.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let options = SqliteOptions { folder: file.join("data"), ..folder.options() };
    let error = SqliteStore::open(&options).expect_err("a file is no folder");
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_an_error() {
    // Permissions do not bind whoever runs the tests as root, so the connection is one that refuses by itself.
    let folder = first_schema("");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let mut db = Connection::open_with_flags(folder.file(), flags).expect("it opens for reading");
    let error = schema::prepare(&mut db, None).expect_err("it cannot be written");
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
    drop(db);
    std::fs::remove_file(folder.file()).expect("it is removed");
    std::fs::create_dir(folder.file()).expect("a folder in its place");
    let error = SqliteStore::open(&folder.options()).expect_err("a folder is no database");
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
}

#[test]
fn two_hubs_do_not_share_a_folder() {
    let folder = Folder::new();
    let first = folder.open();
    assert_eq!(SqliteStore::open(&folder.options()).err(), Some(StoreError::InUse));
    drop(first);
    folder.open();
}

#[test]
fn a_database_that_does_not_sync_is_refused() {
    let db = Connection::open_in_memory().expect("a database");
    assert!(matches!(schema::check_durability(&db), Err(StoreError::NotDurable(_))));
    let folder = Folder::new();
    drop(folder.open());
    let db = Connection::open(folder.file()).expect("a database");
    db.pragma_update(None, "synchronous", "normal").expect("a setting");
    assert!(matches!(schema::check_durability(&db), Err(StoreError::NotDurable(_))));
    db.pragma_update(None, "synchronous", "full").expect("a setting");
    assert_eq!(schema::check_durability(&db), Ok(()));
}

#[test]
fn a_store_of_a_later_hub_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    let db = Connection::open(folder.file()).expect("a database");
    db.pragma_update(None, "user_version", 99).expect("a setting");
    drop(db);
    let error = SqliteStore::open(&folder.options()).expect_err("it is later");
    assert!(matches!(error, StoreError::TooNew { found: 99, .. }));
    let error = SqliteReader::open(folder.0.path()).expect_err("it is later");
    assert!(matches!(error, StoreError::TooNew { found: 99, .. }));
    let missing = SqliteReader::open(&folder.0.path().join("none")).expect_err("none is there");
    assert!(matches!(missing, StoreError::Missing(_)));
}

/// What is in the place of a store is left as it is, byte for byte, and named.
#[test]
fn what_is_not_a_store_is_not_made_one() {
    let database = |tables: &str| {
        let folder = Folder::new();
        let db = Connection::open(folder.file()).expect("a database");
        db.execute_batch(tables).expect("its tables");
        folder
    };
    let text = Folder::new();
    std::fs::write(text.file(), "no database at all, but long enough to be taken for one")
        .expect("a file");
    for folder in [
        text,
        database("CREATE TABLE photos (name TEXT)"),
        database("CREATE TABLE photos (name TEXT); PRAGMA user_version = 3"),
        database("CREATE TABLE photos (name TEXT); PRAGMA user_version = 5"),
        database("PRAGMA application_id = 252006674"),
    ] {
        let before = std::fs::read(folder.file()).expect("it is there");
        let refused = SqliteStore::open(&folder.options()).expect_err("it is not ours");
        let file = folder.file().display().to_string();
        let said = format!("{file} is not a store of a hub; name another data folder");
        assert!(refused.to_string().starts_with(&said), "{refused}");
        let refused = SqliteReader::open(folder.0.path()).expect_err("it is not ours");
        assert!(refused.to_string().starts_with(&said), "{refused}");
        assert_eq!(std::fs::read(folder.file()).expect("it is there"), before);
    }
}

/// Nobody looks at what a hub of this version has not brought up to date: it would not find what it looks for.
#[test]
fn an_older_store_is_not_looked_at_before_it_is_brought_up_to_date() {
    let folder = first_schema("");
    let error = SqliteReader::open(folder.0.path()).expect_err("it is older");
    assert_eq!(
        error.to_string(),
        "the store has schema version 1, this hub reads 5; start this hub once"
    );
    drop(folder.open());
    assert!(SqliteReader::open(folder.0.path()).is_ok());
}

/// A batch with more in it than there is room for leaves nothing of it behind.
#[tokio::test]
async fn statement_24_a_batch_is_stored_as_a_whole_or_not_at_all() {
    let folder = Folder::new();
    drop(folder.open());
    let size = std::fs::metadata(folder.file()).expect("the file").len();
    let limited = SqliteOptions { limit: Some(size + 128 * 1024), ..folder.options() };
    let store = SqliteStore::open(&limited).expect("the store opens");
    let ids: Vec<String> = (0..2_000).map(|number| number.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let outcome = store.accept_batch(contract::batch(&ids, &["lab"])).await;
    assert_eq!(outcome, Err(StoreError::Full));
    let status = store.reader().status().expect("it is read");
    assert_eq!((status.messages, status.destinations), (Vec::new(), Vec::new()));
    let few = store.accept_batch(contract::batch(&ids[..3], &["lab"])).await;
    assert_eq!(few.expect("there is room").messages.len(), 3);
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
}

/// A store of the first schema is brought up to date, with what is in it.
#[tokio::test]
async fn an_older_store_is_brought_up_to_date() {
    let folder = first_schema("");
    let store = folder.open();
    store.accept_batch(contract::batch(&["1"], &["lab"])).await.expect("it is accepted");
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
    let folder = first_schema(
        "INSERT INTO messages VALUES \
             (1, 1, 's', 'p', '1', 'ADT^A01', '', '', '', '', '2.5', '', 'accepted', 'queued', 3, x''); \
         INSERT INTO bodies VALUES (1, x'4d5348'); \
         INSERT INTO deliveries (message, destination, state) VALUES \
             (1, 'lab', 'done'), (1, 'lab', 'queued'), (1, 'lab', 'queued'), (1, 'ris', 'dead');",
    );
    let store = folder.open();
    let status = store.reader().status().expect("it is read");
    let counts = |at: usize| {
        let to = &status.destinations[at];
        (to.name.as_str(), to.queued, to.done, to.dead)
    };
    assert_eq!([counts(0), counts(1)], [("lab", 2, 1, 0), ("ris", 0, 0, 1)]);
    assert_eq!(status.messages, [(MessageState::Queued, 1)]);
    assert_eq!(store.reader().pending_in_lane("lab", 0, None, 9).expect("it is read").len(), 2);
}

/// A folder with a store of the first schema and some rows.
fn first_schema(rows: &str) -> Folder {
    let folder = Folder::new();
    let db = Connection::open(folder.file()).expect("a database");
    db.execute_batch(include_str!("v1.sql")).expect("the first schema");
    db.execute_batch(rows).expect("the rows");
    db.pragma_update(None, "user_version", 1).expect("a setting");
    folder
}

/// A store with something in every table.
async fn filled() -> Folder {
    let folder = Folder::new();
    let store = folder.open();
    for number in 0..3 {
        let mut message = incoming(&number.to_string(), &["lab", "archive"]);
        message.deliveries[1].outgoing = Some(crate::Payload::from(*b"MSH|changed"));
        store.accept(message).await.expect("it is accepted");
    }
    store.accept_batch(contract::batch(&["4"], &[])).await.expect("it is accepted");
    store.accept(contract_gather::gathering("6", "files")).await.expect("it is accepted");
    store.release(contract_gather::release(&store, "files")).await.expect("it is released");
    let lab = store.reader().pending("lab", None, 1).expect("it is read")[0].id;
    // A second attempt, so that a delivery stands where the last one left it.
    let archive = store.reader().pending("archive", None, 9).expect("it is read")[2].id;
    let attempt = store.begin_attempt(archive, 2_000).await.expect("it is queued");
    let settlement = Settlement::Retry { due: 9_000, ambiguous: true };
    let lost = AttemptEnd {
        attempt,
        at: 2_000,
        outcome: "timeout".into(),
        reply: None,
        settlement,
        sent: None,
        backup: None,
    };
    store.settle(lost, None).await.expect("it is settled");
    let attempt = store.begin_attempt(lab, 2_000).await.expect("it is queued");
    let end = AttemptEnd {
        attempt,
        at: 2_001,
        outcome: "AA".to_owned(),
        reply: Some(crate::Payload::from(*b"MSA|AA")),
        settlement: Settlement::Done,
        sent: None,
        backup: None,
    };
    store.settle(end, None).await.expect("it is settled");
    folder
}

#[tokio::test]
async fn statement_37_an_edited_byte_anywhere_is_found() {
    let edits = &[
        "UPDATE bodies SET body = CAST(replace(body, 'ORU', 'ORV') AS BLOB) WHERE message = 2",
        "UPDATE messages SET patient_id = '78' WHERE id = 2",
        "UPDATE messages SET peer = '127.0.0.2' WHERE id = 1",
        "UPDATE messages SET at = at + 1 WHERE id = 3",
        "UPDATE messages SET verdict = 'error' WHERE id = 3",
        "UPDATE messages SET digest = zeroblob(32) WHERE id = 3",
        "UPDATE replies SET body = x'00' WHERE message = 1",
        "UPDATE deliveries SET destination = 'elsewhere' WHERE id = 2",
        "UPDATE outgoing SET body = x'00' WHERE delivery = 2",
        "UPDATE attempts SET reply = x'00' WHERE id = 2",
        "UPDATE attempts SET outcome = 'AE' WHERE id = 2",
        "UPDATE deliveries SET state = 'done' WHERE id = 6",
        "UPDATE deliveries SET state = 'held' WHERE id = 4",
        "UPDATE deliveries SET state = 'awaiting' WHERE id = 4",
        "UPDATE deliveries SET state = 'sending' WHERE id = 4",
        "UPDATE deliveries SET state = 'gathering' WHERE id = 6",
        "UPDATE deliveries SET state = 'done' WHERE id = 4",
        "UPDATE audit SET detail = detail || ' ' WHERE id = 2",
        "UPDATE audit SET actor = 'nobody' WHERE id = 1",
        "UPDATE audit SET at = at + 1 WHERE id = 9",
        "UPDATE audit SET digest = zeroblob(32) WHERE id = 2",
        "UPDATE audit SET hash = zeroblob(32) WHERE id = 9",
        "UPDATE audit SET message = NULL WHERE id = 2",
        "DELETE FROM audit WHERE id = 2",
        "DELETE FROM audit WHERE id = 8",
        "DELETE FROM audit WHERE id = 9",
        "DELETE FROM bodies WHERE message = 1",
        "UPDATE messages SET state = 'completed' WHERE id = 2",
        "UPDATE deliveries SET state = 'dead' WHERE id = 1",
        "UPDATE deliveries SET state = 'done' WHERE id = 5",
        "DELETE FROM deliveries WHERE id = 6",
        "DELETE FROM replies WHERE message = 3",
        "DELETE FROM messages WHERE id = 3",
        "DELETE FROM attempts WHERE id = 2",
        "DELETE FROM audit WHERE id = 10",
        "UPDATE gathered SET batch = 4",
        "DELETE FROM gathered",
        "UPDATE deliveries SET state = 'done' WHERE id = 7",
        "UPDATE batch_members SET ordinal = 2",
        "DELETE FROM batch_members",
        "INSERT INTO batch_members VALUES (1, 4, 2)",
        "UPDATE messages SET state = 'completed' WHERE id = 4",
        "UPDATE message_counts SET count = count - 1 WHERE state = 'queued'",
        "DELETE FROM delivery_counts WHERE state = 'done'",
        "INSERT INTO messages SELECT 9, at, source, peer, control_id, message_type, \
             sending_application, sending_facility, receiving_application, receiving_facility, \
             version, patient_id, verdict, state, bytes, digest, parent, resolved FROM messages WHERE id = 1",
    ];
    let folder = filled().await;
    let clean = SqliteReader::open(folder.0.path()).and_then(|reader| reader.verify());
    let clean = clean.expect("it is read");
    assert_eq!((clean.lines, clean.messages, clean.attempts), (10, 7, 2));
    assert_eq!(clean.faults, [""; 0]);
    check_edits(&folder, edits);
}

/// What gathered and went alone stands where the line about that says.
#[tokio::test]
async fn statement_37_an_edit_of_what_went_alone_is_found() {
    let folder = Folder::new();
    let store = folder.open();
    store.accept(contract_gather::gathering("1", "files")).await.expect("it is accepted");
    contract_gather::is_to_gather(&store, "files", false).await.expect("it is noted");
    assert_eq!(store.disband("files".to_owned(), 2_000, 9).await, Ok(1));
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
    drop(store);
    check_edits(
        &folder,
        &[
            "UPDATE deliveries SET state = 'queued', changed = NULL WHERE id = 1",
            "UPDATE deliveries SET state = 'gathering', changed = NULL WHERE id = 1",
            "UPDATE deliveries SET state = 'gathering' WHERE id = 2",
            "UPDATE deliveries SET ordered = NULL WHERE id = 2",
            "DELETE FROM deliveries WHERE id = 2",
        ],
    );
}

/// Each edit, on a copy of its own, is found.
#[track_caller]
fn check_edits(folder: &Folder, edits: &[&str]) {
    for edit in edits {
        let copy = Folder::new();
        std::fs::copy(folder.file(), copy.file()).expect("a copy");
        let db = Connection::open(copy.file()).expect("a database");
        db.execute_batch("DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_cut;")
            .expect("an intruder");
        db.pragma_update(None, "foreign_keys", "off").expect("a setting");
        assert!(db.execute(edit, []).expect("an edit") > 0, "{edit}");
        drop(db);
        let found = SqliteReader::open(copy.0.path()).and_then(|reader| reader.verify());
        let found = found.expect("it is read");
        // A line cut from the end leaves a chain that is whole; what it was about gives it away.
        assert!(!found.faults.is_empty(), "{edit}");
    }
}

/// What people ordered and what was pruned is covered as well.
#[tokio::test]
async fn statement_37_an_edit_of_what_was_ordered_or_pruned_is_found() {
    let folder = filled().await;
    let store = folder.open();
    let (who, why) = ("ann".to_owned(), String::new());
    let edited = Box::new(Incoming { dedupe: None, ..incoming("2e", &["lab"]) });
    for act in [
        Act::Note { action: "viewed", message: Some(MessageId(1)), detail: String::new() },
        Act::Skip { destination: "archive".to_owned(), delivery: None },
        Act::Park(MessageId(2)),
        Act::Edit { parent: MessageId(2), edited },
        Act::Requeue {
            message: MessageId(1),
            deliveries: vec![Requeued {
                destination: "spare".to_owned(),
                outgoing: Outgoing::Anew(crate::Payload::from(*b"MSH|anew")),
            }],
        },
        Act::Skip { destination: "spare".to_owned(), delivery: None },
    ] {
        let (who, why) = (who.clone(), why.clone());
        store.order(Order { at: 3_000, who, why, act }).await.expect("it is done");
    }
    let clocks = Clocks { content: Some(5_000), ..Clocks::default() };
    let pruned = store.prune(4_000, clocks, PruneFrom::default()).await.expect("it is pruned");
    assert_eq!(pruned.contents, 3);
    assert_eq!(store.reader().verify().expect("it is read").faults, [""; 0]);
    drop(store);
    check_edits(
        &folder,
        &[
            "UPDATE deliveries SET state = 'queued' WHERE id = 2",
            "UPDATE deliveries SET state = 'queued', changed = NULL WHERE id = 2",
            "UPDATE deliveries SET state = 'done' WHERE id = 2",
            "UPDATE deliveries SET changed = 11 WHERE id = 2",
            "UPDATE deliveries SET changed = NULL WHERE id = 3",
            "UPDATE deliveries SET state = 'cancelled', changed = 12 WHERE id = 5",
            "UPDATE deliveries SET ordered = 14 WHERE id = 9",
            "UPDATE deliveries SET destination = 'elsewhere' WHERE id = 10",
            "UPDATE deliveries SET ordered = NULL WHERE id = 10",
            "DELETE FROM deliveries WHERE id = 9",
            "UPDATE messages SET parent = 1 WHERE id = 8",
            "UPDATE messages SET patient_id = '78' WHERE id = 8",
            "UPDATE messages SET patient_id = '78' WHERE id = 1",
            "UPDATE messages SET resolved = 11 WHERE id = 3",
            "UPDATE pruned SET digest = zeroblob(32) WHERE kind = 'body'",
            "UPDATE pruned SET digest = zeroblob(32) WHERE kind = 'outgoing' AND id = 2",
            "DELETE FROM pruned WHERE kind = 'attempt'",
            "INSERT INTO bodies VALUES (1, x'00')",
            "UPDATE audit SET detail = 'messages 1-3' WHERE action = 'pruned'",
            "UPDATE audit_start SET line = 2",
            "DELETE FROM messages WHERE id = 1",
        ],
    );
}

#[tokio::test]
async fn the_audit_is_only_added_to() {
    let folder = filled().await;
    let db = Connection::open(folder.file()).expect("a database");
    assert!(db.execute("UPDATE audit SET detail = ''", []).is_err());
    assert!(db.execute("DELETE FROM audit", []).is_err());
}
