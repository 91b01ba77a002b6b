//! TLS, on both sides.

use std::sync::Arc;
use std::time::Instant;

use rustls::ClientConfig;

use crate::certificates::Authority;
use crate::hub::Hub;
use crate::sender::Sender;
use crate::{PATIENCE, adt, eventually, field};

/// A source that is secured in some way, and a folder for what comes.
fn config(tls: &str) -> String {
    format!(
        "[tls.main]\n{tls}\n[source.adt]\nmllp = {{ listen = \"127.0.0.1:0\", tls = \"main\" }}\n\
         [destination.archive]\nfile = {{ folder = \"archive\" }}\n\
         [[route]]\nfrom = \"adt\"\nto = [\"archive\"]\n"
    )
}

/// A hub whose certificate is for `hub.hosp`, by an authority.
fn hub(authority: &Authority, tls: &str) -> Hub {
    let own = "cert = \"hub.pem\"\nkey = \"hub.key\"\n";
    let mut hub = Hub::configure(&config(&format!("{own}{tls}")));
    authority.issue(&["hub.hosp"]).write(hub.path(), "hub");
    std::fs::write(hub.path().join("ca.pem"), authority.pem()).expect("a file");
    hub.restart();
    hub
}

/// What a message is answered over a connection that is made for it; nothing, where there is none.
fn answer(hub: &Hub, client: Arc<ClientConfig>, id: &str) -> Option<String> {
    let mut sender = Sender::secured(&hub.address("adt"), client, "hub.hosp").ok()?;
    let reply = sender.try_send(&adt(id)).ok()??;
    Some(field(&reply, "MSA", 1))
}

#[test]
fn who_does_not_trust_the_hub_does_not_send() {
    let (ours, other) = (Authority::new(), Authority::new());
    let hub = hub(&ours, "");
    assert_eq!(answer(&hub, other.client(None), "M1"), None);
    assert_eq!(answer(&hub, ours.client(None), "M2").as_deref(), Some("AA"));
    eventually("it is delivered", || hub.files("archive").len() == 1);
}

#[test]
fn mutual_tls_takes_only_whom_it_is_to_take() {
    let (ours, other) = (Authority::new(), Authority::new());
    let required = "ca = \"ca.pem\"\nclient_auth = \"required\"\n";
    let named = "ca = \"ca.pem\"\nclient_auth = \"required\"\nnames = [\"adt.hosp\", \"b.hosp\"]\n";
    let optional = "ca = \"ca.pem\"\nclient_auth = \"optional\"\n";
    let (adt, ris) = (ours.issue(&["x.hosp", "ADT.hosp"]), ours.issue(&["ris.hosp"]));
    let (old, common) = (ours.issue_expired(&["adt.hosp"]), ours.issue_common("adt.hosp"));
    let forged = other.issue(&["adt.hosp"]);
    let hub = hub(&ours, required);
    let own = "cert = \"hub.pem\"\nkey = \"hub.key\"\n";
    for (number, (tls, who, is_taken)) in [
        (required, Some(&adt), true),
        (required, Some(&ris), true),
        (required, None, false),
        (required, Some(&forged), false),
        (required, Some(&old), false),
        (named, Some(&adt), true),
        (named, Some(&common), true),
        (named, Some(&ris), false),
        (named, None, false),
        (named, Some(&forged), false),
        (optional, None, true),
        (optional, Some(&ris), true),
        (optional, Some(&forged), false),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(hub.reload(&config(&format!("{own}{tls}"))));
        let answered = answer(&hub, ours.client(who), &format!("M{number}"));
        assert_eq!(answered.is_some(), is_taken, "{number}: {tls}");
    }
    eventually("it is said", || {
        hub.logged("its certificate is for `ris.hosp`, expected one of adt.hosp, b.hosp")
    });
}

#[test]
fn who_speaks_no_tls_or_nothing_is_let_go() {
    let authority = Authority::new();
    let hub = hub(&authority, "");
    let address = hub.address("adt");
    let mut plain = Sender::connect(&address);
    let mut silent = Sender::connect(&address);
    let began = Instant::now();
    assert!(!matches!(plain.try_send(&adt("M1")), Ok(Some(_))));
    // It keeps nobody else waiting, and is let go when the time for a handshake is over.
    assert_eq!(answer(&hub, authority.client(None), "M2").as_deref(), Some("AA"));
    assert!(silent.is_closed() && began.elapsed() < PATIENCE);
    eventually("only the other is stored", || hub.files("archive").len() == 1);
}

/// A destination of the hub that is a source of the same hub, so that both ends are ours.
fn looped(hub: &Hub, own: &str, calling: &str, more: &str) -> String {
    let address = hub.address("adt");
    let plain = "[source.plain]\nmllp = { listen = \"127.0.0.1:0\" }\n[[route]]\nfrom = \"plain\"\nto = [\"out\"]\n";
    format!(
        "{}{plain}[tls.calling]\n{calling}\n[destination.out]\nretry.most = \"1s\"\n\
         mllp = {{ connect = \"{address}\", tls = \"calling\"{more} }}\n",
        config(own)
    )
}

#[test]
fn a_destination_gets_nothing_from_a_hub_that_does_not_trust_it() {
    let (ours, other) = (Authority::new(), Authority::new());
    let own = "cert = \"hub.pem\"\nkey = \"hub.key\"\nca = \"ca.pem\"\nclient_auth = \"required\"\nnames = [\"caller.hosp\"]\n";
    let hub = hub(&ours, "");
    std::fs::write(hub.path().join("other.pem"), other.pem()).expect("a file");
    ours.issue(&["caller.hosp"]).write(hub.path(), "caller");
    let caller = "cert = \"caller.pem\"\nkey = \"caller.key\"\nca = \"ca.pem\"\n";
    let name = ", server_name = \"hub.hosp\"";
    // Whom the hub must not send to, or who must not take it.
    let wrong_authority = looped(&hub, own, &caller.replace("ca.pem", "other.pem"), name);
    assert!(hub.reload(&wrong_authority));
    let mut sender = Sender::connect(&hub.address("plain"));
    assert_eq!(sender.code(&adt("M1")), "AA");
    // It has the same name, as anybody can give it one.
    eventually("the authority is another", || hub.logged("BadSignature"));
    assert!(hub.reload(&looped(&hub, own, caller, ", server_name = \"ris.hosp\"")));
    eventually("the name is another", || hub.logged("not valid for name \"ris.hosp\""));
    assert!(hub.reload(&looped(&hub, own, &format!("{caller}names = [\"ris.hosp\"]"), name)));
    eventually("the name is not agreed", || hub.logged("expected one of ris.hosp"));
    ours.issue_expired(&["hub.hosp"]).write(hub.path(), "hub");
    assert!(hub.reload(&looped(&hub, own, caller, name)));
    eventually("the certificate has ended", || hub.logged("certificate expired"));
    eventually("it is said", || hub.logged("the certificate has ended; peers refuse it"));
    assert_eq!(hub.files("archive").len(), 0);
    // Without a restart: files are read again as well.
    ours.issue(&["hub.hosp"]).write(hub.path(), "hub");
    assert!(hub.reload(&looped(&hub, own, caller, name)));
    eventually("it is delivered", || hub.files("archive").len() == 1);
    assert_eq!(sender.code(&adt("M2")), "AA");
    eventually("the next as well", || hub.files("archive").len() == 2);
}

#[test]
fn certificates_are_read_anew_while_connections_stay() {
    let (old, new) = (Authority::new(), Authority::new());
    let hub = hub(&old, "");
    let address = hub.address("adt");
    let mut stays = Sender::secured(&address, old.client(None), "hub.hosp").expect("a connection");
    assert_eq!(stays.code(&adt("M1")), "AA");
    new.issue(&["hub.hosp"]).write(hub.path(), "hub");
    assert!(hub.reload(&config("cert = \"hub.pem\"\nkey = \"hub.key\"\n")));
    eventually("it is said", || hub.logged("changed: tls.main"));
    assert_eq!(stays.code(&adt("M2")), "AA");
    assert_eq!(answer(&hub, old.client(None), "M3"), None);
    assert_eq!(answer(&hub, new.client(None), "M4").as_deref(), Some("AA"));
    // Half a renewal is a mistake: what runs goes on.
    old.issue(&["hub.hosp"]).write(hub.path(), "half");
    std::fs::copy(hub.path().join("half.pem"), hub.path().join("hub.pem")).expect("a file");
    assert!(!hub.reload(&config("cert = \"hub.pem\"\nkey = \"hub.key\"\n")));
    eventually("it is said", || hub.logged("does not belong to the certificate"));
    assert_eq!(answer(&hub, new.client(None), "M5").as_deref(), Some("AA"));
    // Whoever may not connect any more does not stay.
    new.issue(&["hub.hosp"]).write(hub.path(), "hub");
    let required =
        "cert = \"hub.pem\"\nkey = \"hub.key\"\nca = \"ca.pem\"\nclient_auth = \"required\"\n";
    assert!(hub.reload(&config(required)));
    assert!(stays.is_closed());
}
