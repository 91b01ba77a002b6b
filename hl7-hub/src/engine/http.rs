//! What an answer over HTTP says about what was sent.

use std::time::Duration;

use hl7_core::Tree;

use super::ending::{Lost, Sent};
use super::reply::msa;
use crate::Payload;

/// As much is kept of an answer that is cut.
const KEPT: usize = 64 << 10;

/// An answer over HTTP.
#[derive(Debug)]
pub struct HttpAnswer {
    /// Its status.
    pub status: u16,
    /// How long it asks to wait, by `Retry-After`.
    pub after: Option<Duration>,
    /// What came of its body.
    pub body: Payload,
    /// Whether that is all of it: what is too long is cut.
    pub is_whole: bool,
}

impl HttpAnswer {
    /// What it means: an acknowledgment in it counts, but none that says yes where the status says no. Of one that is cut,
    /// a no is kept; a yes is as good as the status.
    #[must_use]
    pub fn meaning(self) -> Sent {
        let is_success = (200..300).contains(&self.status);
        match (is_success, acknowledges(self.body.bytes())) {
            (_, Some(false)) => Sent::Replied(self.kept()),
            (true, Some(true)) if self.is_whole => Sent::Replied(self.body),
            (true, Some(true) | None) => Sent::Taken,
            (false, Some(true) | None) => {
                Sent::Lost(Lost::Status { status: self.status, after: self.after })
            }
        }
    }

    /// What is kept of its body.
    fn kept(self) -> Payload {
        match self.body.bytes().get(..KEPT).filter(|_| !self.is_whole) {
            Some(start) => start.into(),
            None => self.body,
        }
    }
}

/// Whether a body is an acknowledgment, and one that says yes.
fn acknowledges(body: &[u8]) -> Option<bool> {
    let tree = Tree::parse(body.trim_ascii_start()).ok()?;
    let code = msa(&tree)?.field(1).filter(|code| !code.is_empty())?;
    Some(matches!(code.raw(), b"AA" | b"CA"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_answers_mean() {
        let ack = |code: &str| format!("MSH|^~\\&|A\rMSA|{code}|1\r");
        let status = |status| format!("{:?}", Sent::Lost(Lost::Status { status, after: None }));
        for (code, body, is_whole, expected) in [
            (200, String::new(), true, "Taken".to_owned()),
            (204, String::new(), true, "Taken".to_owned()),
            (200, "<html>fine</html>".to_owned(), true, "Taken".to_owned()),
            (200, ack("AE"), true, "Replied".to_owned()),
            (200, ack("AA"), true, "Replied".to_owned()),
            (200, ack("AE"), false, "Replied".to_owned()),
            (200, ack("AA"), false, "Taken".to_owned()),
            (500, ack("AE"), true, "Replied".to_owned()),
            (500, ack("AA"), true, status(500)),
            (302, String::new(), true, status(302)),
            (404, "gone".to_owned(), false, status(404)),
        ] {
            let body = body.into_bytes().into();
            let answer = HttpAnswer { status: code, after: None, body, is_whole };
            let told = format!("{answer:?}");
            let found = format!("{:?}", answer.meaning());
            assert!(found.starts_with(&expected), "{told}: {found}");
        }
        // Of one that is cut its start is kept.
        let body: Payload = (ack("AE") + &"x".repeat(KEPT)).into_bytes().into();
        let answer = HttpAnswer { status: 200, after: None, body: body.clone(), is_whole: false };
        let Sent::Replied(kept) = answer.meaning() else { panic!("it is no") };
        assert_eq!(kept.bytes(), &body.bytes()[..KEPT]);
    }
}
