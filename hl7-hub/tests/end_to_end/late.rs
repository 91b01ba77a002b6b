//! What is settled behind the reply: applications that answer later, refusals that hold a destination, lanes by a key.

use hl7_hub::store::{MessageState, Query, Reader};

use crate::hub::Hub;
use crate::receiver::{Reaction, Receiver};
use crate::sender::Sender;
use crate::{adt, eventually, field};

fn config(settings: &str, lab: &str, more: &str) -> String {
    format!(
        r#"
        [api]
        listen = "127.0.0.1:0"
        [source.adt]
        mllp = {{ listen = "127.0.0.1:0" }}
        [destination.lab]
        mllp = {{ connect = "{lab}", ack_timeout = "2s" }}
        retry = {{ first = "50ms", most = "200ms", attempts = 3 }}
        {settings}
        {more}
        "#
    )
}

const ROUTE: &str = "[[route]]\nfrom = \"adt\"\nto = \"lab\"";

/// A message that asks for both acknowledgments.
fn asking(id: &str) -> String {
    adt(id).replacen("|P|2.5.1\r", "|P|2.5.1|||AL|AL\r", 1)
}

/// How the attempts for a message to a destination ended.
fn outcomes(hub: &Hub, control_id: &str) -> Vec<String> {
    let query = Query { control_id: Some(control_id.to_owned()), most: 1, ..Query::default() };
    let found = hub.reader().search(&query).expect("it is read");
    let deliveries = hub.reader().deliveries(found[0].id).expect("it is read");
    let attempts = deliveries.into_iter().flat_map(|delivery| delivery.attempts);
    attempts.filter_map(|attempt| attempt.outcome).collect()
}

#[test]
fn statement_2_applications_answer_later_over_the_same_connection() {
    // A commit for each message; the answer to the first comes before the commit to the second, that to the second with
    // its commit, that to the third when nothing is under way.
    let lab = Receiver::reacting("127.0.0.1:0", |number, id| {
        Reaction::Codes(match number {
            2 => vec![("AA", "M1".to_owned()), ("CA", id.to_owned()), ("AE", id.to_owned())],
            3 => vec![("CA", id.to_owned())],
            4 => vec![("AA", "M3".to_owned()), ("AA", id.to_owned())],
            _ => vec![("CA", id.to_owned())],
        })
    });
    let mut hub = Hub::start(&config("app_ack_timeout = \"1m\"", lab.address(), ROUTE));
    let mut sender = Sender::connect(&hub.address("adt"));
    for id in ["M1", "M2", "M3"] {
        assert_eq!(sender.code(&asking(id)), "CA");
        assert_eq!(sender.next_code(), "AA", "the hub's own");
    }
    eventually("two are settled", || {
        let lab = &hub.status().destinations[0];
        (lab.done, lab.dead, lab.awaiting, lab.queued) == (1, 1, 1, 0)
    });
    let due = "CA, an application acknowledgment is due";
    assert_eq!(outcomes(&hub, "M1"), [due, "AA of the application"]);
    assert_eq!(outcomes(&hub, "M2"), [due, "AE of the application"]);
    assert_eq!(outcomes(&hub, "M3"), [due]);
    assert_eq!(sender.code(&asking("M4")), "CA");
    eventually("all are settled", || hub.status().destinations[0].done == 3);
    assert_eq!(hub.reader().verify().expect("it is read").faults, [""; 0]);
    assert!(hub.stop().success());
}

/// A batch that was made here is acknowledged by its application as a whole: at once, or later, by a batch that names it.
#[test]
fn an_application_acknowledges_a_batch_at_once_or_later() {
    for code in ["AA", "CA"] {
        let lab = Receiver::reacting("127.0.0.1:0", move |_, _| Reaction::Code(code));
        let more = format!(
            "[source.applications]\nmllp = {{ listen = \"127.0.0.1:0\" }}\n\
             batches = \"split\"\nacks_of = [\"lab\"]\n{ROUTE}\n"
        );
        let text = config("app_ack_timeout = \"1m\"", lab.address(), &more);
        let text = text.replacen("\"2s\" }", "\"2s\", batch = { count = 2 } }", 1);
        let hub = Hub::start(&text);
        let mut sender = Sender::connect(&hub.address("adt"));
        for id in ["M1", "M2"] {
            assert_eq!(sender.code(&asking(id)), "CA");
            assert_eq!(sender.next_code(), "AA", "the hub's own");
        }
        let stands = |awaiting, done| {
            let status = hub.status();
            let lab = &status.destinations[0];
            (lab.gathering, lab.queued, lab.awaiting, lab.done) == (0, 0, awaiting, done)
        };
        if code == "CA" {
            eventually("its application is waited for", || stands(1, 0));
            let batch_id = field(&lab.messages()[0], "FHS", 10);
            let acks = ["M1", "M2"]
                .map(|id| format!("MSH|^~\\&|LAB||||1||ACK^A01^ACK|L{id}|P|2.5.1\rMSA|AA|{id}\r"));
            let said = format!("FHS|^~\\&|lab||||||||F1|{batch_id}\r{}FTS|1\r", acks.concat());
            let mut application = Sender::connect(&hub.address("applications"));
            application.raw(&[b"\x0b", said.as_bytes(), b"\x1c\r"].concat()).expect("it is sent");
        }
        // The batch, and what is in it.
        eventually("it is delivered", || stands(0, 3));
        assert_eq!(lab.messages().len(), 1);
        assert_eq!(hub.reader().verify().expect("it is read").faults, [""; 0]);
    }
}

#[test]
fn an_application_that_does_not_answer_is_given_up() {
    let lab = Receiver::reacting("127.0.0.1:0", |_, _| Reaction::Code("CA"));
    let hub = Hub::start(&config("app_ack_timeout = \"100ms\"", lab.address(), ROUTE));
    assert_eq!(Sender::connect(&hub.address("adt")).code(&asking("M1")), "CA");
    eventually("it is given up", || hub.status().destinations[0].dead == 1);
    assert_eq!(outcomes(&hub, "M1")[1], "no application acknowledgment");
    assert_eq!(hub.status().messages, [(MessageState::Dead, 1)]);
}

#[test]
fn statement_06_the_application_s_own_acknowledgment_goes_to_the_original_sender() {
    let lab = Receiver::reacting("127.0.0.1:0", |_, _| Reaction::Code("CA"));
    let adt_acks = Receiver::start();
    let more = format!(
        "[destination.adt_acks]\nmllp = {{ connect = \"{}\" }}\n\
         [source.applications]\nmllp = {{ listen = \"127.0.0.1:0\" }}\nacks_of = [\"lab\"]\n\
         {ROUTE}\n[[route]]\nfrom = \"applications\"\n\
         when = 'MSH-9.1 == \"ACK\" and MSH-5.1 == \"ADT1\"'\nto = \"adt_acks\"\n",
        adt_acks.address()
    );
    let text = config("app_ack_timeout = \"1m\"", lab.address(), &more);
    let text = text.replacen("[destination.lab]", "ack.mode = \"deferred\"\n[destination.lab]", 1);
    let mut hub = Hub::start(&text);
    let mut sender = Sender::connect(&hub.address("adt"));
    // The engine's own answer first, at once.
    assert_eq!(sender.code(&adt("M1").replacen("|P|2.5.1\r", "|P|2.5.1||||AL\r", 1)), "AA");
    eventually("it waits for the application", || {
        hub.status().destinations.iter().any(|to| to.awaiting == 1)
    });
    let ack = "MSH|^~\\&|HUB|HARBOUR|ADT1|HARBOUR|2026||ACK^A01^ACK|L1|P|2.5.1\rMSA|AA|M1\r";
    let mut application = Sender::connect(&hub.address("applications"));
    application.raw(&[b"\x0b", ack.as_bytes(), b"\x1c\r"].concat()).expect("it is sent");
    eventually("it is passed on", || adt_acks.messages() == [ack.as_bytes()]);
    eventually("all is settled", || hub.status().messages == [(MessageState::Completed, 2)]);
    assert_eq!(outcomes(&hub, "M1")[1], "AA of the application");
    assert!(hub.stop().success());
}

#[test]
fn statement_32_a_refusal_stops_a_destination_until_somebody_resumes_it() {
    let lab = Receiver::reacting("127.0.0.1:0", |number, _| {
        Reaction::Code(if number == 2 { "AE" } else { "AA" })
    });
    let mut hub = Hub::start(&config("on_refusal = \"hold\"", lab.address(), ROUTE));
    let mut sender = Sender::connect(&hub.address("adt"));
    let ids: Vec<_> = (1..=5).map(|number| format!("M{number}")).collect();
    ids.iter().for_each(|id| assert_eq!(sender.code(&adt(id)), "AA"));
    eventually("it is held", || hub.status().destinations[0].held == 1);
    // Also over a restart.
    hub.restart();
    let mut sender = Sender::connect(&hub.address("adt"));
    assert_eq!(sender.code(&adt("M6")), "AA");
    assert_eq!(lab.control_ids(), ["M1", "M2"]);
    let resumed = hub.run(&["resume", "destination", "lab", "--why", "seen to"]);
    assert!(resumed.status.success(), "{resumed:?}");
    eventually("all is delivered", || hub.is_drained());
    assert_eq!(lab.control_ids(), ["M1", "M2", "M2", "M3", "M4", "M5", "M6"], "nothing overtook");
}

#[test]
fn messages_of_a_patient_keep_their_order_and_others_do_not_wait() {
    // A patient whose messages are not answered holds up his own.
    let lab = Receiver::reacting("127.0.0.1:0", |_, id| match id.starts_with("SLOW") {
        true => Reaction::Silence,
        false => Reaction::Code("AA"),
    });
    let lanes = "lanes = { n = 4, key = \"PID-3.1\" }\n";
    let hub = Hub::start(&config(lanes, lab.address(), ROUTE));
    let mut sender = Sender::connect(&hub.address("adt"));
    let of = |id: &str, patient: u32| {
        let pid = format!("\rPID|1||{patient}^");
        adt(id).replacen(&format!("\rPID|1||{}^", crate::CANARY), &pid, 1)
    };
    for number in 0..40_u32 {
        let id = if number == 0 { "SLOW".to_owned() } else { format!("M{number}") };
        assert_eq!(sender.code(&of(&id, number % 8)), "AA");
    }
    let queued = || hub.status().destinations[0].queued;
    eventually("those of other lanes are delivered", || {
        let took = lab.control_ids();
        (0..40)
            .filter(|number| number % 8 != 0)
            .filter(|number| took.contains(&format!("M{number}")))
            .count()
            >= 15
    });
    assert!(queued() >= 5, "those of the same patient wait");
    let took = lab.control_ids();
    assert!(!took.contains(&"M8".to_owned()), "it overtook");
    for patient in 1..8 {
        let of_patient: Vec<u32> = took
            .iter()
            .filter_map(|id| id.strip_prefix('M')?.parse().ok())
            .filter(|number| number % 8 == patient)
            .collect();
        assert!(of_patient.is_sorted(), "patient {patient}: {of_patient:?}");
    }
    assert_eq!(field(&lab.messages()[0], "MSH", 3), "ADT1");
}
