//! Senders that do not wait for acknowledgments.

use hl7_hub::store::{Query, Reader};

use crate::certificates::Authority;
use crate::hub::Hub;
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::{adt, eventually, field};

fn framed(message: &str) -> Vec<u8> {
    format!("\u{b}{message}\u{1c}\r").into_bytes()
}

/// I5: what was sent ahead is acknowledged and delivered in the order in which it came.
#[test]
fn i5_what_is_sent_ahead_is_acknowledged_and_delivered_in_order() {
    const MESSAGES: usize = 300;
    let lab = Receiver::start();
    let hub = Hub::start_logging(
        &format!(
            "[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\" }}\n\
             [destination.lab]\nmllp = {{ connect = \"{}\" }}\n[[route]]\nto = \"lab\"\n",
            lab.address()
        ),
        "info",
    );
    let ids: Vec<_> = (0..MESSAGES).map(|number| format!("M{number}")).collect();
    let mut sender = Sender::connect(&hub.address("adt"));
    sender
        .raw(&ids.iter().flat_map(|id| framed(&adt(id))).collect::<Vec<_>>())
        .expect("it is sent");
    for id in &ids {
        let reply = sender.reply().expect("the connection holds").expect("a reply");
        assert_eq!((field(&reply, "MSA", 1), &field(&reply, "MSA", 2)), ("AA".into(), id));
    }
    eventually("all is delivered", || lab.messages().len() == MESSAGES);
    assert_eq!(lab.control_ids(), ids);
}

/// Batches among messages that are sent ahead, over TLS: each has a commit of its own, and everything is answered and delivered
/// in the order in which it came.
#[test]
fn batches_among_what_is_sent_ahead_keep_their_place() {
    let (lab, authority) = (Receiver::start(), Authority::new());
    let mut hub = Hub::configure(&format!(
        "[tls.main]\ncert = \"hub.pem\"\nkey = \"hub.key\"\n\
         [source.adt]\nmllp = {{ listen = \"127.0.0.1:0\", tls = \"main\" }}\nbatches = \"split\"\n\
         [destination.lab]\nmllp = {{ connect = \"{}\" }}\n[[route]]\nto = \"lab\"\n",
        lab.address()
    ));
    authority.issue(&["hub.hosp"]).write(hub.path(), "hub");
    hub.restart();
    let client = authority.client(None);
    let mut sender =
        Sender::secured(&hub.address("adt"), client, "hub.hosp").expect("a connection");
    let batch = |number: usize| {
        let inside: String = (0..3).map(|part| adt(&format!("B{number}-{part}"))).collect();
        format!("BHS|^~\\&|ADT1\r{inside}BTS|3\r")
    };
    let (mut sent, mut ids) = (Vec::new(), Vec::new());
    for number in 0..20 {
        sent.extend(framed(&adt(&format!("M{number}"))));
        ids.push(format!("M{number}"));
        if number % 3 == 1 {
            sent.extend(framed(&batch(number)));
            ids.extend((0..3).map(|part| format!("B{number}-{part}")));
        }
    }
    sender.raw(&sent).expect("it is sent");
    for id in &ids {
        let reply = sender.reply().expect("the connection holds").expect("a reply");
        assert_eq!((field(&reply, "MSA", 1), &field(&reply, "MSA", 2)), ("AA".into(), id));
    }
    eventually("all is delivered", || hub.is_drained() && lab.messages().len() == ids.len());
    assert_eq!(lab.control_ids(), ids);
    assert!(hub.run(&["audit", "verify"]).status.success());
}

/// I1, I11: behind what closes the connection nothing is taken, so that what is sent again is not there twice, even where
/// duplicates are not looked for.
#[test]
fn i1_behind_what_closes_the_connection_nothing_is_taken() {
    let hub = Hub::start(
        "[source.adt]\ndedupe = \"off\"\nmllp = { listen = \"127.0.0.1:0\" }\n\
         [destination.a]\nfile = { folder = \"a\" }\n[[route]]\nto = \"a\"\n",
    );
    let mut sender = Sender::connect(&hub.address("adt"));
    let together = [framed(&adt("M1")), framed("no message"), framed(&adt("M2"))].concat();
    sender.raw(&together).expect("it is sent");
    let reply = sender.reply().expect("the connection holds").expect("a reply");
    assert_eq!(field(&reply, "MSA", 2), "M1");
    assert!(sender.is_closed());
    assert_eq!(Sender::connect(&hub.address("adt")).code(&adt("M2")), "AA");
    eventually("all is delivered", || hub.files("a").len() == 2);
    let all = Query { most: 10, ..Query::default() };
    assert_eq!(hub.reader().search(&all).expect("it is read").len(), 3);
}

/// I1: where one of those that were sent ahead does not fit, those before it are acknowledged, and those behind it are
/// neither stored nor acknowledged: they do not overtake it.
#[test]
fn i1_where_one_does_not_fit_none_behind_it_overtakes() {
    let hub = Hub::start(
        "[hub]\nstore_limit = \"400KiB\"\n[source.adt]\nmllp = { listen = \"127.0.0.1:0\" }\n\
         [destination.a]\nfile = { folder = \"a\" }\n[[route]]\nto = \"a\"\n",
    );
    let mut sender = Sender::connect(&hub.address("adt"));
    let large = format!("{}NTE|1||{}\r", adt("LARGE"), "x".repeat(600_000));
    // The end of the large one and what is behind it come in one read.
    let frame = framed(&large);
    let (start, end) = frame.split_at(frame.len() - 20);
    sender.raw(&[&framed(&adt("M1")), start].concat()).expect("it is sent");
    let reply = sender.reply().expect("the connection holds").expect("a reply");
    assert_eq!(field(&reply, "MSA", 2), "M1");
    sender.raw(&[end, &framed(&adt("M2")), &framed(&adt("M3"))].concat()).expect("it is sent");
    assert!(sender.is_closed());
    let all = Query { most: 10, ..Query::default() };
    let stored = hub.reader().search(&all).expect("it is read");
    let ids: Vec<_> = stored.iter().map(|message| message.facts.control_id.as_str()).collect();
    assert_eq!(ids, ["M1"]);
}
