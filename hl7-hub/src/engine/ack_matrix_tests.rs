//! Which acknowledgments each combination of MSH-15 and MSH-16 gets, through all that a message goes through.

use super::reception_tests::{codes, good, moment, reception};
use crate::store::{Accepted, MessageId};

const CONDITIONS: [&str; 4] = ["AL", "NE", "SU", "ER"];

/// Rows are MSH-15, columns MSH-16, both in the order of `CONDITIONS`; acknowledgments in the order in which they are sent.
type Table = [[&'static str; 4]; 4];

const GOOD: Table = [
    ["CA AA", "CA", "CA AA", "CA"],
    ["AA", "", "AA", ""],
    ["CA AA", "CA", "CA AA", "CA"],
    ["AA", "", "AA", ""],
];
/// It is stored, so that the accept acknowledgment is positive; its content is wrong.
const WRONG: Table = [
    ["CA AE", "CA", "CA", "CA AE"],
    ["AE", "", "", "AE"],
    ["CA AE", "CA", "CA", "CA AE"],
    ["AE", "", "", "AE"],
];
/// Its version is not supported: behind a CR nothing is left to be said.
const REJECTED: Table = [
    ["CR", "CR", "CR", "CR"],
    ["AR", "", "", "AR"],
    ["AR", "", "", "AR"],
    ["CR", "CR", "CR", "CR"],
];

fn answered(ack: &str, message: &str) -> String {
    let source = format!("check = \"reject\"\nack = {{ {ack} }}");
    let (_, exchange) = reception(&source).receive(message.as_bytes(), "10.0.0.1", &moment());
    let stored = Ok(Accepted::New { id: MessageId(1), reused_control_id: false });
    codes(&exchange.answer(&stored)).join(" ")
}

fn asking(message: &str, accept: &str, application: &str) -> String {
    message.replacen("|P|2.4\r", &format!("|P|2.4|||{accept}|{application}\r"), 1)
}

#[test]
fn statement_4_all_combinations_of_what_a_message_asks_for() {
    let wrong = good().replace("OBR|1|||GLU", "OBR|1");
    for (accept, row) in CONDITIONS.iter().zip(0..) {
        for (application, column) in CONDITIONS.iter().zip(0..) {
            let message = asking(&good(), accept, application);
            // Whether the party is set to this or asks for nothing itself, the message decides.
            for mode in [
                "mode = \"original\"",
                "mode = \"enhanced\", accept = \"NE\", application = \"NE\"",
            ] {
                let of = |message: &str| answered(mode, message);
                let place = format!("{accept}/{application} {mode}");
                assert_eq!(of(&message), GOOD[row][column], "{place}");
                let message = asking(&wrong, accept, application);
                assert_eq!(of(&message), WRONG[row][column], "{place}");
                let message = message.replacen("|P|2.4", "|P|7.7", 1);
                assert_eq!(of(&message), REJECTED[row][column], "{place}");
            }
        }
    }
}

/// H5: whoever asks for an acknowledgment gets it; in any other disagreement the message decides.
#[test]
fn statement_4_the_party_against_the_message() {
    // Party, message, whether a good and a wrong message get an application acknowledgment.
    for (party, message, of_good, of_wrong) in [
        ("AL", "", "AA", "AE"),
        ("NE", "", "", ""),
        ("SU", "", "AA", ""),
        ("ER", "", "", "AE"),
        ("AL", "NE", "AA", "AE"),
        ("SU", "NE", "AA", ""),
        ("ER", "NE", "", "AE"),
        ("NE", "AL", "AA", "AE"),
        ("NE", "SU", "AA", ""),
        ("NE", "ER", "", "AE"),
        ("AL", "SU", "AA", ""),
        ("AL", "ER", "", "AE"),
        ("SU", "ER", "", "AE"),
        ("ER", "SU", "AA", ""),
        ("SU", "AL", "AA", "AE"),
        ("NE", "NE", "", ""),
    ] {
        let wrong = good().replace("OBR|1|||GLU", "OBR|1");
        let application =
            format!("mode = \"enhanced\", accept = \"NE\", application = \"{party}\"");
        let asked = |text: &str| asking(text, "", message);
        assert_eq!(answered(&application, &asked(&good())), of_good, "{party} {message}");
        assert_eq!(answered(&application, &asked(&wrong)), of_wrong, "{party} {message}");
        // The same for MSH-15, where both kinds of message are stored.
        let accept = format!("mode = \"enhanced\", accept = \"{party}\", application = \"NE\"");
        let asked = asking(&good(), message, "");
        assert_eq!(answered(&accept, &asked), of_good.replace("AA", "CA"), "{party} {message}");
    }
    // The tutorial: the party asks for both, the message says nothing.
    let both = "mode = \"enhanced\", accept = \"AL\", application = \"AL\"";
    assert_eq!(answered(both, &good()), "CA AA");
}
