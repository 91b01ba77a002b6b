//! Responses to queries: QAK, and what stands around it.

use crate::er7::Delimiters;
use crate::header::{Header, leaf, text_of, write_segment};
use crate::tree::{Tree, TreeSegment};

use super::build::{AckSettings, Stamp, write_header, write_msa};
use super::err::{Fault, Shape, minor, write_faults};
use super::mode::AckCode;

/// A code of table 0208, QAK-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryStatus {
    /// `OK`: data found.
    Found,
    /// `NF`: no data found.
    NotFound,
    /// `AE`: the query is wrong.
    Error,
    /// `AR`: the query is refused.
    Rejected,
}

impl QueryStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Found, Self::NotFound, Self::Error, Self::Rejected];

    /// The code as sent.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Found => "OK",
            Self::NotFound => "NF",
            Self::Error => "AE",
            Self::Rejected => "AR",
        }
    }

    /// The status for a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }
}

/// The segment QAK. Texts are without escapes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct QueryAck {
    /// QAK-1: the tag of the query.
    pub tag: String,
    /// QAK-2; `None` where it is empty or no code of table 0208.
    pub status: Option<QueryStatus>,
    /// QAK-3 from 2.4 on, as it stands in the query.
    pub name: Vec<u8>,
    /// QAK-4 from 2.4 on: how many there are in all.
    pub hits: Option<u64>,
    /// QAK-5: how many of them are here.
    pub this_payload: Option<u64>,
    /// QAK-6: how many are left.
    pub remaining: Option<u64>,
}

impl std::fmt::Debug for QueryAck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { status, hits, this_payload, remaining, .. } = self;
        write!(f, "QueryAck({status:?}, {hits:?} hits, {this_payload:?} here, {remaining:?} left)")
    }
}

impl QueryAck {
    /// Reads QAK of a response; `None` where it has none.
    #[must_use]
    pub fn of(response: &Tree) -> Option<Self> {
        let qak = response.segments().find(|segment| segment.id() == Some("QAK"))?;
        let raw = |seq| qak.field(seq).map_or(&b""[..], |field| field.raw());
        let text = |seq| text_of(raw(seq), response.delimiters());
        let number = |seq| text(seq).trim().parse().ok();
        Some(Self {
            tag: text(1).into_owned(),
            status: QueryStatus::of_code(text(2).trim()),
            name: raw(3).to_vec(),
            hits: number(4),
            this_payload: number(5),
            remaining: number(6),
        })
    }

    /// An answer to a query: its tag (QPD-2, or QRD-4) and name (QPD-1).
    #[must_use]
    pub fn to(query: &Tree, status: QueryStatus) -> Self {
        let of = |id, seq: usize| {
            let segment = query.segments().find(|segment| segment.id() == Some(id))?;
            segment.field(seq).map(|field| field.raw())
        };
        let tag = of("QPD", 2).or_else(|| of("QRD", 4)).unwrap_or_default();
        Self {
            tag: text_of(tag, query.delimiters()).into_owned(),
            status: Some(status),
            name: of("QPD", 1).unwrap_or_default().to_vec(),
            ..Self::default()
        }
    }

    fn write(&self, out: &mut Vec<u8>, minor: Option<u32>, delimiters: &Delimiters) {
        let count =
            |number: Option<u64>| number.map_or(Vec::new(), |number| number.to_string().into());
        let status = self.status.map_or("", QueryStatus::code);
        let mut fields = vec![leaf(&self.tag, delimiters), status.into()];
        if minor.is_none_or(|minor| minor >= 4) {
            fields.extend([
                self.name.clone(),
                count(self.hits),
                count(self.this_payload),
                count(self.remaining),
            ]);
        }
        write_segment(out, b"QAK", &fields, delimiters.field);
    }
}

/// What a response says.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "holds patient data")]
pub struct Response<'a> {
    /// MSH-9: `RSP^K11^RSP_K11` under the recommended delimiters, `DSR^Q01` for an old query.
    pub message_type: &'a str,
    /// MSA-1.
    pub code: AckCode,
    /// QAK; before 2.3 there is none.
    pub query_ack: QueryAck,
    /// What is wrong with the query.
    pub faults: &'a [Fault],
    /// The segments with the data, each under the delimiters of the query and without a line end.
    pub rows: &'a [&'a [u8]],
    /// DSC-1: where the next response goes on.
    pub continuation: Option<&'a str>,
}

/// The segments of a query that its response repeats.
fn is_echoed(segment: &TreeSegment<'_>) -> bool {
    matches!(segment.id(), Some("QPD" | "QRD" | "QRF"))
}

/// Builds a response: MSH, MSA, ERR, QAK, the query's own QPD (or QRD and QRF) byte for byte, rows, DSC. `None` where the
/// query has no header.
#[must_use]
pub fn respond(
    query: &Tree,
    response: &Response<'_>,
    stamp: Stamp<'_>,
    settings: &AckSettings,
) -> Option<Vec<u8>> {
    let header = Header::of_tree(query)?;
    let delimiters = header.reply_delimiters();
    let version = header.component(12, 1);
    let mut message_type = response.message_type.as_bytes().to_vec();
    for byte in &mut message_type {
        if *byte == b'^' {
            *byte = delimiters.component;
        }
    }
    let mut out = Vec::new();
    write_header(&mut out, &header, response.code, &message_type, stamp, settings);
    write_msa(&mut out, &header, response.code, settings);
    let shape = Shape::of_version(version);
    let help_desk = settings.help_desk.as_deref();
    write_faults(&mut out, response.faults, shape, help_desk, &header.reply_notation());
    let minor = minor(version);
    if minor.is_none_or(|minor| minor >= 3) {
        response.query_ack.write(&mut out, minor, &delimiters);
    }
    let echoed = query.segments().filter(is_echoed).map(|segment| segment.raw());
    for line in echoed.chain(response.rows.iter().copied()) {
        out.extend_from_slice(line);
        out.push(b'\r');
    }
    if let Some(pointer) = response.continuation {
        let style: &[u8] = if minor.is_none_or(|minor| minor >= 4) { b"I" } else { b"" };
        let fields = [leaf(pointer, &delimiters), style.to_vec()];
        write_segment(&mut out, b"DSC", &fields, delimiters.field);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const QBP: &str = "MSH|^~\\&|REG|H|MPI|H|1||QBP^Q22^QBP_Q21|9|P|2.5\rQPD|Q22^Find^HL7|T&1|@PID.5^X\rRCP|I|2\r";
    const STAMP: Stamp<'static> = Stamp { control_id: "R1", time: "2026" };

    fn build(query: &str, response: &Response<'_>) -> String {
        let query = Tree::parse(query).expect("a query");
        let built = respond(&query, response, STAMP, &AckSettings::default()).expect("a header");
        String::from_utf8(built).expect("text")
    }

    #[test]
    fn a_response_with_rows_and_more_to_come() {
        let query = Tree::parse(QBP).expect("a query");
        let query_ack = QueryAck {
            hits: Some(5),
            this_payload: Some(2),
            remaining: Some(3),
            ..QueryAck::to(&query, QueryStatus::Found)
        };
        let response = Response {
            message_type: "RSP^K22^RSP_K21",
            code: AckCode::Aa,
            query_ack: query_ack.clone(),
            faults: &[],
            rows: &[b"PID|1||4711", b"PID|2||4712"],
            continuation: Some("page 2"),
        };
        let built = build(QBP, &response);
        assert_eq!(
            built,
            "MSH|^~\\&|MPI|H|REG|H|2026||RSP^K22^RSP_K21|R1|P|2.5\rMSA|AA|9\r\
             QAK|T\\T\\1|OK|Q22^Find^HL7|5|2|3\rQPD|Q22^Find^HL7|T&1|@PID.5^X\r\
             PID|1||4711\rPID|2||4712\rDSC|page 2|I\r"
        );
        let read = QueryAck::of(&Tree::parse(built).expect("a message")).expect("QAK");
        assert_eq!(read, query_ack);
    }

    #[test]
    fn an_old_query_and_a_wrong_one() {
        let old = "MSH|^~\\&|A||B||1||QRY^Q01|MSG00001|P|2.2\rQRD|1|R|I|Q7\rQRF|X\r";
        let query = Tree::parse(old).expect("a query");
        let mut response = Response {
            message_type: "DSR^Q01",
            code: AckCode::Aa,
            query_ack: QueryAck::to(&query, QueryStatus::NotFound),
            faults: &[],
            rows: &[],
            continuation: None,
        };
        assert_eq!(
            build(old, &response),
            "MSH|^~\\&|B||A||2026||DSR^Q01|R1|P|2.2\rMSA|AA|MSG00001\rQRD|1|R|I|Q7\rQRF|X\r"
        );
        let newer = old.replace("|2.2", "|2.3.1");
        let faults = [Fault::at("QRD", 8, super::super::ErrorCode::RequiredField)];
        response = Response {
            code: AckCode::Ae,
            query_ack: QueryAck::to(&query, QueryStatus::Error),
            faults: &faults,
            ..response
        };
        assert_eq!(
            build(&newer, &response),
            "MSH|^~\\&|B||A||2026||DSR^Q01|R1|P|2.3.1\rMSA|AE|MSG00001\r\
             ERR|QRD^1^8^101&Required field missing&HL70357\rQAK|Q7|AE\rQRD|1|R|I|Q7\rQRF|X\r"
        );
    }

    #[test]
    fn a_response_without_qak() {
        let read = |text: &str| QueryAck::of(&Tree::parse(text).expect("a message"));
        assert_eq!(read("MSH|^~\\&\rMSA|AA|1\r"), None);
        assert_eq!(read("MSH|^~\\&\rQAK\r"), Some(QueryAck::default()));
        let odd = read("MSH|^~\\&\rQAK|a|ZZ||many|1\r").expect("QAK");
        assert_eq!((odd.status, odd.hits, odd.this_payload), (None, None, Some(1)));
    }
}
