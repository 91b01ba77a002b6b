//! Which acknowledgments come back, and in what character set.

use hl7_hub::store::Reader;

use crate::hub::Hub;
use crate::receiver::Receiver;
use crate::sender::Sender;
use crate::{adt, eventually, field};

const CONDITIONS: [&str; 4] = ["AL", "NE", "SU", "ER"];

/// Rows are MSH-15, columns MSH-16, both in the order of `CONDITIONS`.
const GOOD: [[&str; 4]; 4] = [
    ["CA AA", "CA", "CA AA", "CA"],
    ["AA", "", "AA", ""],
    ["CA AA", "CA", "CA AA", "CA"],
    ["AA", "", "AA", ""],
];
const WRONG: [[&str; 4]; 4] = [
    ["CA AE", "CA", "CA", "CA AE"],
    ["AE", "", "", "AE"],
    ["CA AE", "CA", "CA", "CA AE"],
    ["AE", "", "", "AE"],
];

#[test]
fn statement_4_all_combinations_over_one_connection() {
    let hub = Hub::start(
        r#"
        [source.adt]
        mllp = { listen = "127.0.0.1:0" }
        check = "reject"
        [destination.archive]
        file = { folder = "archive" }
        [[route]]
        to = "archive"
        "#,
    );
    let mut sender = Sender::connect(&hub.address("adt"));
    for (row, accept) in CONDITIONS.iter().enumerate() {
        for (column, application) in CONDITIONS.iter().enumerate() {
            for (name, table) in [("G", GOOD), ("W", WRONG)] {
                let id = format!("{name}{row}{column}");
                let asked = format!("|P|2.5.1|||{accept}|{application}\r");
                let mut message = adt(&id).replacen("|P|2.5.1\r", &asked, 1);
                if name == "W" {
                    message = message.replace("EVN||20260211\r", "");
                }
                sender.raw(format!("\u{b}{message}\u{1c}\r").as_bytes()).expect("it is sent");
                for code in table[row][column].split_whitespace() {
                    let reply = sender.reply().expect("the connection holds").expect("a reply");
                    // One too many would be taken for the next message's, and have its control id.
                    let found = (field(&reply, "MSA", 1), field(&reply, "MSA", 2));
                    assert_eq!(found, (code.to_owned(), id.clone()), "{accept}/{application}");
                }
            }
        }
    }
    assert_eq!(sender.code(&adt("LAST")), "AA");
    eventually("all that is right is delivered", || hub.files("archive").len() == 17);
}

/// Control id, MSH-18, name as it is sent, the name, MSH-6 as the destination wants it.
type Case = (&'static str, &'static str, &'static [u8], &'static str, &'static [u8]);

/// A message in a character set, with a name in it.
fn named(id: &str, charset: &str, name: &[u8]) -> Vec<u8> {
    let head = format!(
        "MSH|^~\\&|ADT1|HARBOUR|HUB|HARBOUR|20260211||ADT^A01^ADT_A01|{id}|P|2.5.1||||||{charset}\r\
         EVN||20260211\rPID|1||77^^^H^MR||"
    );
    [head.as_bytes(), name, b"^X\rPV1|1|I\r"].concat()
}

#[test]
fn statement_22_names_survive_in_the_character_set_of_their_message() {
    let lab = Receiver::start();
    let hub = Hub::start(&format!(
        r#"
        [source.adt]
        mllp = {{ listen = "127.0.0.1:0" }}
        ack = {{ set = {{ "MSH-4" = "KÖLN" }} }}
        [destination.lab]
        mllp = {{ connect = "{}" }}
        set = {{ "MSH-6" = "KÖLN" }}
        [destination.yamada]
        file = {{ folder = "yamada" }}
        [destination.notes]
        file = {{ folder = "notes" }}
        text = "{{PID-5.1}}"
        [[route]]
        to = ["lab", "notes"]
        [[route]]
        when = 'PID-5.1 in ["MÜLLER", "山田ポ"]'
        to = ["yamada"]
        "#,
        lab.address()
    ));
    // In the last one, the second half of a character is what separates fields elsewhere.
    let japanese = b"\x8e\x52\x93\x63\x83|";
    let cases: [Case; 4] = [
        ("U1", "UNICODE UTF-8", "MÜLLER".as_bytes(), "MÜLLER", "KÖLN".as_bytes()),
        ("L1", "8859/1", b"M\xdcLLER", "MÜLLER", b"K\xd6LN"),
        ("J1", "SHIFT_JIS", japanese, "山田ポ", b"K\\XC396\\LN"),
        ("N1", "", "MÜLLER".as_bytes(), "MÜLLER", "KÖLN".as_bytes()),
    ];
    let mut sender = Sender::connect(&hub.address("adt"));
    for (id, charset, name, _, facility) in cases {
        let message = named(id, charset, name);
        sender.raw(&[b"\x0b", &message[..], b"\x1c\r"].concat()).expect("it is sent");
        let reply = sender.reply().expect("the connection holds").expect("a reply");
        assert_eq!((field(&reply, "MSA", 1), field(&reply, "MSA", 2)), ("AA".into(), id.into()));
        assert_eq!(field(&reply, "MSH", 18), charset);
        let place = [b"MSH|^~\\&|HUB|", facility, b"|"].concat();
        assert!(reply.starts_with(&place), "{}", String::from_utf8_lossy(&reply));
    }
    eventually("all is delivered", || hub.is_drained());
    for (number, (id, charset, name, text, facility)) in cases.into_iter().enumerate() {
        let sent = named(id, charset, name);
        let place = sent.windows(9).position(|window| window == b"|HARBOUR|").expect("MSH-4");
        let place = place
            + 1
            + sent[place + 1..].windows(9).position(|w| w == b"|HARBOUR|").expect("MSH-6");
        let expected = [&sent[..=place], facility, &sent[place + 8..]].concat();
        assert_eq!(lab.messages()[number], expected, "{charset}");
        // What a route asks and a text says is text, whatever it was sent in.
        assert_eq!(std::fs::read(&hub.files("yamada")[number]).expect("a file"), sent);
        let note = hub.path().join("notes").join(format!("{:012}.txt", 3 * number + 2));
        assert_eq!(std::fs::read_to_string(note).expect("a file"), text);
    }
    assert_eq!(hub.reader().verify().expect("it is read").faults, [""; 0]);
}

#[test]
fn a_peer_that_sends_no_control_ids_is_said_once() {
    let hub = Hub::start(
        "[source.adt]\nmllp.listen = \"127.0.0.1:0\"\n[destination.out]\nfile.folder = \"out\"\n\
         [[route]]\nto = \"out\"",
    );
    for _ in 0..2 {
        let mut sender = Sender::connect(&hub.address("adt"));
        // The same twice: nothing tells that it is.
        assert_eq!([sender.code(&adt("")), sender.code(&adt(""))], ["AA", "AA"]);
    }
    eventually("all are delivered", || hub.files("out").len() == 4);
    let lines = hub.lines();
    let said = lines.iter().filter(|line| line.contains("without a control id"));
    assert_eq!(said.count(), 1);
}
