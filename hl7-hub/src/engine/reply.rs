//! What a reply says about what was sent: a message, or a batch of them.

use std::collections::HashMap;
use std::ops::Range;

use hl7_core::ack::{AckCode, Decision, Reply, ReplyKind, ReplyRules};
use hl7_core::{Header, Tree, TreeSegment};

use super::envelope::{Envelope, begins_batch};

/// A header for what has none, so that a reply to it can be read.
const NO_HEADER: &[u8] = b"MSH|^~\\&|";

/// Reads a reply. A batch is answered by one acknowledgment, for its first message or for itself, or by a batch of them, in
/// which those that are not there are positive.
pub(super) fn read_reply(rules: &ReplyRules, sent: &[u8], reply: &[u8]) -> Reply {
    if begins_batch(sent) || begins_batch(reply) {
        return Sent::of(sent).read(rules, reply);
    }
    classify(rules, sent, reply)
}

/// Reads what an application says later: each acknowledgment in it as one to what it names.
pub(super) fn read_application(rules: &ReplyRules, said: &[u8]) -> Reply {
    let envelope = Envelope::of(said);
    let read = |ack: &[u8]| classify(rules, &answered(ack).unwrap_or_default(), ack);
    match envelope.messages.is_empty() {
        _ if !envelope.is_batch() => read(said),
        // Only what went wrong is in it, and nothing did.
        true => accepted(Some(true)),
        false => joined(envelope.messages.iter().map(|range| read(&said[range.clone()]))),
    }
}

/// The control ids that whoever answers what was sent may name: that of a message; of a batch those of its headers and of its
/// messages, in this order.
#[must_use]
pub fn control_ids(sent: &[u8]) -> Vec<Vec<u8>> {
    let envelope = Envelope::of(sent);
    let id = |range: &Range<usize>, seq| {
        Header::of(&sent[range.clone()]).map(|header| header.field(seq).to_vec())
    };
    let headers = [&envelope.file, &envelope.batch].into_iter().flatten();
    let headers = headers.filter_map(|range| id(range, 11));
    let messages = envelope.messages.iter().filter_map(|range| id(range, 10));
    headers.chain(messages).filter(|id| !id.is_empty()).collect()
}

/// The codes of an acknowledgment, or of all that are in a batch, one that the standard does not know as `other`; of a text of
/// the site's own, `text`.
#[must_use]
pub fn codes(reply: &[u8]) -> Vec<&'static str> {
    let of_message = |bytes: &[u8]| {
        let tree = Tree::parse(bytes).ok()?;
        msa(&tree)?;
        Some(code(&tree).map_or("other", AckCode::code))
    };
    let codes: Vec<_> = match begins_batch(reply) {
        true => {
            let messages = Envelope::of(reply).messages;
            messages.into_iter().filter_map(|range| of_message(&reply[range])).collect()
        }
        false => of_message(reply).into_iter().collect(),
    };
    if codes.is_empty() { vec!["text"] } else { codes }
}

/// What an acknowledgment answers, as far as rules look at it: with its delimiters, and its MSA-2 as MSH-10.
fn answered(ack: &[u8]) -> Option<Vec<u8>> {
    let field = [Header::of(ack)?.delimiters().field];
    let start = ack.trim_ascii_start().get(..8)?;
    Some([start, &field.repeat(8), &answered_id(ack)?].concat())
}

fn classify(rules: &ReplyRules, sent: &[u8], reply: &[u8]) -> Reply {
    let header = Header::of(sent).or_else(|| Header::of(NO_HEADER));
    header.map_or_else(|| accepted(Some(false)), |header| rules.classify(reply, &header))
}

/// A batch that was sent.
struct Sent<'s> {
    bytes: &'s [u8],
    messages: HashMap<&'s [u8], Range<usize>>,
    first: Range<usize>,
    /// Control ids of the file and of the batch.
    own: Vec<&'s [u8]>,
}

impl<'s> Sent<'s> {
    fn of(bytes: &'s [u8]) -> Self {
        let envelope = Envelope::of(bytes);
        let id = |range: &Range<usize>, seq| {
            Header::of(&bytes[range.clone()]).map_or(&b""[..], |header| header.field(seq))
        };
        let mut messages = HashMap::new();
        for range in &envelope.messages {
            messages.entry(id(range, 10)).or_insert_with(|| range.clone());
        }
        let own =
            [&envelope.file, &envelope.batch].into_iter().flatten().map(|range| id(range, 11));
        let own = own.filter(|id| !id.is_empty()).collect();
        Self { bytes, messages, first: envelope.messages.first().cloned().unwrap_or_default(), own }
    }

    fn read(&self, rules: &ReplyRules, reply: &[u8]) -> Reply {
        let envelope = Envelope::of(reply);
        let acks: Vec<&[u8]> = match envelope.is_batch() {
            true => envelope.messages.iter().map(|range| &reply[range.clone()]).collect(),
            false => vec![reply],
        };
        if acks.is_empty() {
            return self.all_well(rules, envelope.header().map(|range| &reply[range.clone()]));
        }
        joined(acks.into_iter().map(|ack| self.read_one(rules, ack)))
    }

    fn read_one(&self, rules: &ReplyRules, ack: &[u8]) -> Reply {
        let id = answered_id(ack).unwrap_or_default();
        if self.own.contains(&id.as_slice()) {
            return classify(rules, &[NO_HEADER, b"|||||||", &id[..]].concat(), ack);
        }
        let message = self.messages.get(id.as_slice()).unwrap_or(&self.first);
        classify(rules, &self.bytes[message.clone()], ack)
    }

    /// A batch without acknowledgments in it: nothing went wrong, with what its header names, if it names anything.
    fn all_well(&self, rules: &ReplyRules, header: Option<&[u8]>) -> Reply {
        let names = header.and_then(Header::of).map_or(&b""[..], |header| header.field(12));
        let correlated = (!names.is_empty()).then(|| self.own.contains(&names));
        match rules.other_message {
            Some(decision) if correlated == Some(false) => Reply {
                kind: ReplyKind::OtherMessage(AckCode::Aa),
                decision,
                ..accepted(correlated)
            },
            _ => accepted(correlated),
        }
    }
}

fn accepted(correlated: Option<bool>) -> Reply {
    Reply {
        kind: ReplyKind::Ack(AckCode::Aa),
        decision: Decision::Accepted,
        correlated,
        application_ack_due: false,
        faults: Vec::new(),
    }
}

/// The segment of a message that says what it answers, and how.
pub(super) fn msa(tree: &Tree) -> Option<TreeSegment<'_>> {
    tree.segments().find(|segment| segment.id() == Some("MSA"))
}

/// MSA-1, where it is a code of the standard.
pub(super) fn code(tree: &Tree) -> Option<AckCode> {
    AckCode::of_code(msa(tree)?.field(1)?.raw())
}

/// MSA-2.
fn answered_id(ack: &[u8]) -> Option<Vec<u8>> {
    let tree = Tree::parse(ack).ok()?;
    Some(msa(&tree)?.field(2)?.raw().to_vec())
}

/// What several replies say together. One that answers something else says that nobody knows; a message that is refused
/// among others that were taken is for somebody to look at, as the others must not be sent again.
fn joined(replies: impl Iterator<Item = Reply>) -> Reply {
    let replies: Vec<Reply> = replies.collect();
    let is_strange = |reply: &&Reply| {
        matches!(reply.kind, ReplyKind::OtherMessage(_) | ReplyKind::NoAck | ReplyKind::Blank)
            && reply.decision != Decision::Accepted
    };
    let is_bad = |reply: &&Reply| reply.decision != Decision::Accepted;
    let is_due = replies.iter().any(|reply| reply.application_ack_due);
    let is_mixed = replies.iter().any(|reply| reply.decision != replies[0].decision);
    let telling = replies.iter().find(is_strange).or_else(|| replies.iter().find(is_bad));
    let Some(telling) = telling else {
        let first = replies.first().cloned().unwrap_or_else(|| accepted(None));
        return Reply { application_ack_due: is_due, ..first };
    };
    let decision =
        if is_mixed && !is_strange(&telling) { Decision::Reject } else { telling.decision };
    Reply { decision, ..telling.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "FHS|^~\\&|||||||||F1\rBHS|^~\\&|||||||||B1\r\
        MSH|^~\\&|A|||||||1\rPID|1\rMSH|^~\\&|A|||||||2\rPID|1\rBTS|2\rFTS|1\r";

    fn ack(code: &str, id: &str) -> String {
        format!("MSH|^~\\&|B|||||||x\rMSA|{code}|{id}\r")
    }

    #[track_caller]
    fn check(reply: &str, kind: ReplyKind, decision: Decision) {
        let found = read_reply(&ReplyRules::hl7(), SENT.as_bytes(), reply.as_bytes());
        assert_eq!((found.kind, found.decision), (kind, decision), "{reply}");
    }

    #[test]
    fn a_batch_is_answered_for_its_first_message_for_any_of_them_or_for_itself() {
        let taken = (ReplyKind::Ack(AckCode::Aa), Decision::Accepted);
        for id in ["1", "2", "B1", "F1"] {
            check(&ack("AA", id), taken.0, taken.1);
        }
        check(&ack("CA", "1"), ReplyKind::Ack(AckCode::Ca), Decision::Accepted);
        check(&ack("AE", "1"), ReplyKind::Ack(AckCode::Ae), Decision::Reject);
        check(&ack("AR", "F1"), ReplyKind::Ack(AckCode::Ar), Decision::Retry);
        check(&ack("AA", "9"), ReplyKind::OtherMessage(AckCode::Aa), Decision::Retry);
        check("hello", ReplyKind::NoAck, Decision::Retry);
        check("", ReplyKind::Blank, Decision::Retry);
    }

    #[test]
    fn a_batch_is_answered_by_a_batch() {
        let of = |acks: &[String]| format!("BHS|^~\\&\r{}BTS|{}\r", acks.concat(), acks.len());
        let taken = (ReplyKind::Ack(AckCode::Aa), Decision::Accepted);
        check(&of(&[ack("AA", "1"), ack("AA", "2")]), taken.0, taken.1);
        check(&[ack("AA", "1"), ack("AA", "2")].concat(), taken.0, taken.1);
        check(&of(&[ack("AR", "1"), ack("AR", "2")]), ReplyKind::Ack(AckCode::Ar), Decision::Retry);
        // What was taken must not be sent again.
        check(
            &of(&[ack("AA", "1"), ack("AR", "2")]),
            ReplyKind::Ack(AckCode::Ar),
            Decision::Reject,
        );
        check(
            &of(&[ack("AA", "1"), ack("AA", "9")]),
            ReplyKind::OtherMessage(AckCode::Aa),
            Decision::Retry,
        );
        // Only what went wrong is in it, and nothing did.
        check(&of(&[]), taken.0, taken.1);
        check("BHS|^~\\&||||||||||F1\rBTS|0\r", taken.0, taken.1);
        let other = "BHS|^~\\&||||||||||F9\rBTS|0\r";
        check(other, ReplyKind::OtherMessage(AckCode::Aa), Decision::Retry);
    }

    #[test]
    fn what_is_counted_of_a_reply() {
        for (reply, expected) in [
            (ack("AA", "1"), vec!["AA"]),
            (ack("XX", "1"), vec!["other"]),
            (format!("BHS|^~\\&\r{}{}BTS|2\r", ack("AA", "1"), ack("CE", "2")), vec!["AA", "CE"]),
            ("MSH|^~\\&|B|||||||x\rPID|1\r".to_owned(), vec!["text"]),
            ("thank you".to_owned(), vec!["text"]),
        ] {
            assert_eq!(codes(reply.as_bytes()), expected, "{reply}");
        }
    }

    #[test]
    fn a_message_may_be_answered_by_a_batch_of_one() {
        let reply = format!("BHS|^~\\&\r{}BTS|1\r", ack("AE", "1"));
        let found = read_reply(&ReplyRules::hl7(), b"MSH|^~\\&|A|||||||1\r", reply.as_bytes());
        assert_eq!(found.kind, ReplyKind::Ack(AckCode::Ae));
    }
}
