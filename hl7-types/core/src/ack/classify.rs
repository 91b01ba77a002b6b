//! What a received reply does to the message that was sent: a table from what the reply is to accepted, retry or reject.

use crate::header::{Header, text_of};
use crate::tree::Tree;

use super::err::{Fault, read_faults};
use super::mode::{AckCode, Asked, Condition};
use super::xml;

/// What becomes of the message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// It was taken; it is done.
    Accepted,
    /// The same bytes may be sent again.
    Retry,
    /// Sending it again changes nothing: somebody must look at it.
    Reject,
}

/// What a reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyKind {
    /// An acknowledgment with a code of table 0008.
    Ack(AckCode),
    /// An acknowledgment with another code.
    SiteCode,
    /// An acknowledgment of another message: MSA-2 is not the MSH-10 that was sent.
    OtherMessage(AckCode),
    /// The fixed text for success, or for failure.
    Text {
        /// Whether for success.
        success: bool,
    },
    /// A message without an acknowledgment code, text that is no message, or XML without an MSA.
    NoAck,
    /// Nothing: the other side closed the connection or sent an empty frame.
    Blank,
}

/// A reply that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What it is.
    pub kind: ReplyKind,
    /// What it does to the message.
    pub decision: Decision,
    /// Whether MSA-2 is the MSH-10 that was sent; `None` where the reply has no MSA.
    pub correlated: Option<bool>,
    /// Whether the message was only stored so far: a `CA`, and MSH-16 of the message asks for an application
    /// acknowledgment, which comes later.
    pub application_ack_due: bool,
    /// What the reply says is wrong.
    pub faults: Vec<Fault>,
}

/// What each kind of reply does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyRules {
    /// `AE` and `CE`.
    pub error: Decision,
    /// `AR` and `CR`.
    pub reject: Decision,
    /// No acknowledgment at all.
    pub no_ack: Decision,
    /// Nothing.
    pub blank: Decision,
    /// A code that is not of table 0008.
    pub site_code: Decision,
    /// An acknowledgment of another message; `None` takes it for the answer all the same.
    pub other_message: Option<Decision>,
    /// The fixed text for success, for parties that send one.
    pub success_text: Option<Vec<u8>>,
    /// The fixed text for failure.
    pub failure_text: Option<Vec<u8>>,
    /// The fixed text for failure does this.
    pub failure: Decision,
    /// Codes that do something else, those of table 0008 and others; the last that is given for a code counts.
    pub codes: Vec<(String, Decision)>,
}

impl ReplyRules {
    /// What the standard's meaning of the codes suggests: `AE` will be the same next time, `AR` may be for a trouble that
    /// passes, and what is not clearly an answer is none.
    #[must_use]
    pub fn hl7() -> Self {
        Self {
            error: Decision::Reject,
            reject: Decision::Retry,
            no_ack: Decision::Retry,
            blank: Decision::Retry,
            site_code: Decision::Retry,
            other_message: Some(Decision::Retry),
            success_text: None,
            failure_text: None,
            failure: Decision::Reject,
            codes: Vec::new(),
        }
    }

    /// As BizTalk's accelerator does: errors are tried again, rejections and invalid replies are not, MSA-2 is not
    /// compared. XML without an MSA is no success here.
    #[must_use]
    pub fn biztalk() -> Self {
        Self {
            error: Decision::Retry,
            reject: Decision::Reject,
            no_ack: Decision::Reject,
            blank: Decision::Retry,
            site_code: Decision::Reject,
            other_message: None,
            ..Self::hl7()
        }
    }

    /// As Mirth Connect does: no negative answer is tried again, what is no answer is.
    #[must_use]
    pub fn mirth() -> Self {
        Self {
            error: Decision::Reject,
            reject: Decision::Reject,
            no_ack: Decision::Retry,
            site_code: Decision::Reject,
            other_message: Some(Decision::Reject),
            ..Self::hl7()
        }
    }

    /// The preset with a name: `hl7`, `biztalk` or `mirth`.
    #[must_use]
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "hl7" => Some(Self::hl7()),
            "biztalk" => Some(Self::biztalk()),
            "mirth" => Some(Self::mirth()),
            _ => None,
        }
    }

    /// Lets codes count as accepted: BizTalk's list of acceptable codes.
    #[must_use]
    pub fn accepting(mut self, codes: &[&str]) -> Self {
        self.codes.extend(codes.iter().map(|code| ((*code).to_owned(), Decision::Accepted)));
        self
    }

    fn of_code(&self, code: &str) -> Option<Decision> {
        self.codes.iter().rev().find(|(known, _)| known == code).map(|&(_, decision)| decision)
    }

    fn of_ack(&self, code: AckCode) -> Decision {
        self.of_code(code.code()).unwrap_or(match code {
            AckCode::Aa | AckCode::Ca => Decision::Accepted,
            AckCode::Ae | AckCode::Ce => self.error,
            AckCode::Ar | AckCode::Cr => self.reject,
        })
    }

    /// Decides what a reply does to the message whose header is `sent`.
    #[must_use]
    pub fn classify(&self, reply: &[u8], sent: &Header<'_>) -> Reply {
        let content = without_frame(reply);
        let bare = |kind, decision| Reply {
            kind,
            decision,
            correlated: None,
            application_ack_due: false,
            faults: Vec::new(),
        };
        if content.is_empty() {
            return bare(ReplyKind::Blank, self.blank);
        }
        let is = |text: &Option<Vec<u8>>| {
            text.as_deref().is_some_and(|text| text.trim_ascii() == content)
        };
        if is(&self.success_text) {
            return bare(ReplyKind::Text { success: true }, Decision::Accepted);
        }
        if is(&self.failure_text) {
            return bare(ReplyKind::Text { success: false }, self.failure);
        }
        let read =
            if content.starts_with(b"<") { of_xml(content, sent) } else { of_er7(reply, sent) };
        let Some(Msa { code, correlated, faults }) = read else {
            return bare(ReplyKind::NoAck, self.no_ack);
        };
        let (kind, decision) = self.decide(&code, correlated);
        let due = kind == ReplyKind::Ack(AckCode::Ca)
            && !matches!(Asked::by(sent).application, None | Some(Condition::Never));
        Reply { kind, decision, correlated: Some(correlated), application_ack_due: due, faults }
    }

    fn decide(&self, code: &str, correlated: bool) -> (ReplyKind, Decision) {
        let known = AckCode::of_code(code.as_bytes());
        match (known, self.other_message) {
            (Some(code), Some(decision)) if !correlated => {
                (ReplyKind::OtherMessage(code), decision)
            }
            (None, Some(decision)) if !correlated => (ReplyKind::SiteCode, decision),
            (Some(code), _) => (ReplyKind::Ack(code), self.of_ack(code)),
            (None, _) => (ReplyKind::SiteCode, self.of_code(code).unwrap_or(self.site_code)),
        }
    }
}

/// What MSA and ERR say.
struct Msa {
    code: String,
    correlated: bool,
    faults: Vec<Fault>,
}

/// Reads a reply in ER7; `None` where it has no acknowledgment code.
fn of_er7(reply: &[u8], sent: &Header<'_>) -> Option<Msa> {
    let tree = Tree::parse(reply).ok()?;
    let msa = tree.segments().find(|segment| segment.id() == Some("MSA"))?;
    let code = msa.field(1).filter(|code| !code.is_empty())?.text().trim().to_owned();
    let id = msa.field(2).map_or(&b""[..], |id| id.raw());
    // The same bytes, or the same text where the reply has delimiters of its own.
    let correlated = id == sent.field(10) || text_of(id, tree.delimiters()) == sent.text(10);
    Some(Msa { code, correlated, faults: read_faults(&tree) }).filter(|msa| !msa.code.is_empty())
}

/// Reads a reply in the XML encoding.
fn of_xml(reply: &[u8], sent: &Header<'_>) -> Option<Msa> {
    let code = xml::first(reply, "MSA.1").filter(|code| !code.is_empty())?;
    let id = xml::first(reply, "MSA.2").unwrap_or_default();
    let correlated = id == sent.text(10);
    Some(Msa { code, correlated, faults: Vec::new() })
}

/// A reply without the marks of an MLLP block and blanks around it.
fn without_frame(reply: &[u8]) -> &[u8] {
    let reply = reply.trim_ascii();
    let reply = reply.strip_prefix(b"\x0b").unwrap_or(reply);
    reply.strip_suffix(b"\x1c").unwrap_or(reply).trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &[u8] = b"MSH|^~\\&|A|B|C|D|1||ADT^A01|42|P|2.5.1|||AL|AL";

    fn reply(code: &str, id: &str) -> String {
        format!("MSH|^~\\&|C|D|A|B|1||ACK|1|P|2.5.1\rMSA|{code}|{id}\r")
    }

    /// Decisions of the presets `hl7`, `biztalk`, `mirth`: `+` accepted, `r` retry, `x` reject.
    #[track_caller]
    fn check(reply: &str, expected: &str) {
        let sent = Header::of(SENT).expect("a header");
        let found: String = ["hl7", "biztalk", "mirth"]
            .into_iter()
            .map(|name| {
                let rules = ReplyRules::preset(name).expect("a preset");
                match rules.classify(reply.as_bytes(), &sent).decision {
                    Decision::Accepted => '+',
                    Decision::Retry => 'r',
                    Decision::Reject => 'x',
                }
            })
            .collect();
        assert_eq!(found, expected, "{reply:?}");
    }

    // statement 30
    #[test]
    fn statement_30_codes_by_preset() {
        check(&reply("AA", "42"), "+++");
        check(&reply("CA", "42"), "+++");
        check(&reply("AE", "42"), "xrx");
        check(&reply("CE", "42"), "xrx");
        check(&reply("AR", "42"), "rxx");
        check(&reply("CR", "42"), "rxx");
        check(&reply("ZZ", "42"), "rxx");
    }

    // statement 31
    #[test]
    fn statement_31_an_ack_of_another_message_is_not_the_answer() {
        check(&reply("AA", "41"), "r+x");
        check(&reply("AA", ""), "r+x");
        check(&reply("AA", "42 "), "r+x");
        check(&reply("ZZ", "41"), "rxx");
        let sent = Header::of(SENT).expect("a header");
        let read = ReplyRules::hl7().classify(reply("AA", "41").as_bytes(), &sent);
        assert_eq!(read.kind, ReplyKind::OtherMessage(AckCode::Aa));
        assert_eq!(read.correlated, Some(false));
        // BizTalk does not compare; the reply says all the same that they differ.
        let read = ReplyRules::biztalk().classify(reply("AA", "41").as_bytes(), &sent);
        assert_eq!((read.kind, read.correlated), (ReplyKind::Ack(AckCode::Aa), Some(false)));
    }

    #[test]
    fn what_is_no_acknowledgment() {
        check("MSH|^~\\&|C|D|A|B|1||ADT^A01|1|P|2.5.1\rPID|1\r", "rxr");
        check(&reply("", "42"), "rxr");
        check("HTTP/1.1 200 OK", "rxr");
        check("\u{15}", "rxr");
        check("<html/>", "rxr");
        check("", "rrr");
        check("\u{b}\u{1c}\r", "rrr");
        check("\r\n", "rrr");
    }

    #[test]
    fn replies_in_frames_with_other_delimiters_and_in_xml() {
        check(&format!("\u{b}{}\u{1c}\r", reply("AA", "42")), "+++");
        check("MSH#*~!%#C\nMSA#AA#42\n", "+++");
        let xml = |code: &str, id: &str| {
            format!(
                "<?xml version=\"1.0\"?><ACK><MSA><MSA.1>{code}</MSA.1><MSA.2>{id}</MSA.2></MSA></ACK>"
            )
        };
        check(&xml("AA", "42"), "+++");
        check(&xml("AE", "42"), "xrx");
        check(&xml("AA", "41"), "r+x");
        check("<ACK><MSA/></ACK>", "rxr");
    }

    // statement 5
    #[test]
    fn statement_5_fixed_texts() {
        let sent = Header::of(SENT).expect("a header");
        let rules = ReplyRules {
            success_text: Some(b"OK\r\n".to_vec()),
            failure_text: Some(b"FAILED".to_vec()),
            ..ReplyRules::hl7()
        };
        for (reply, kind, decision) in [
            ("OK", ReplyKind::Text { success: true }, Decision::Accepted),
            ("\u{b}OK\r\u{1c}\r", ReplyKind::Text { success: true }, Decision::Accepted),
            ("FAILED\r", ReplyKind::Text { success: false }, Decision::Reject),
            ("OKAY", ReplyKind::NoAck, Decision::Retry),
        ] {
            let read = rules.classify(reply.as_bytes(), &sent);
            assert_eq!((read.kind, read.decision), (kind, decision), "{reply:?}");
        }
    }

    #[test]
    fn codes_can_be_given_another_meaning() {
        let sent = Header::of(SENT).expect("a header");
        let rules = ReplyRules::biztalk().accepting(&["AE", "OK"]);
        for (code, decision) in [
            ("AE", Decision::Accepted),
            ("OK", Decision::Accepted),
            ("CE", Decision::Retry),
            ("NO", Decision::Reject),
        ] {
            assert_eq!(rules.classify(reply(code, "42").as_bytes(), &sent).decision, decision);
        }
    }

    #[test]
    fn a_commit_leaves_the_application_acknowledgment_due() {
        let check = |asked: &str, code: &str, due: bool| {
            let sent = format!("MSH|^~\\&|A|B|C|D|1||ADT^A01|42|P|2.5.1|||{asked}");
            let sent = Header::of(sent.as_bytes()).expect("a header");
            let read = ReplyRules::hl7().classify(reply(code, "42").as_bytes(), &sent);
            assert_eq!(read.application_ack_due, due, "{asked} {code}");
        };
        check("AL|AL", "CA", true);
        check("AL|ER", "CA", true);
        check("AL|NE", "CA", false);
        check("AL", "CA", false);
        check("AL|AL", "AA", false);
        check("AL|AL", "CE", false);
    }

    #[test]
    fn escapes_in_control_ids_compare_as_text() {
        let sent = Header::of(b"MSH|^~\\&|A|B|C|D|1||ADT^A01|4\\T\\2|P|2.5.1").expect("a header");
        for (reply, correlated) in [
            ("MSH|^~\\&|C\rMSA|AA|4\\T\\2\r", true),
            ("MSH|^~\\%|C\rMSA|AA|4&2\r", true),
            ("MSH|^~\\&|C\rMSA|AA|4\\S\\2\r", false),
            ("<ACK><MSA><MSA.1>AA</MSA.1><MSA.2>4&amp;2</MSA.2></MSA></ACK>", true),
        ] {
            let read = ReplyRules::hl7().classify(reply.as_bytes(), &sent);
            assert_eq!(read.correlated, Some(correlated), "{reply}");
        }
    }
}
