//! Builds acknowledgments: a header turned round, the MSA, and an ERR for each fault.

use crate::er7::Delimiters;
use crate::header::{Header, leaf, leaf_in, write_segment};
use crate::tree::Tree;

use super::err::{Fault, Shape, minor, write_faults};
use super::mode::{AckCode, Asked, Condition};
use super::overrides::HeaderOverrides;

/// What an acknowledgment says in MSH-9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AckType {
    /// `ACK^A01^ACK` from 2.4 on, `ACK` before.
    #[default]
    ByVersion,
    /// `ACK`.
    Code,
    /// `ACK^A01`.
    Event,
    /// `ACK^A01^ACK`.
    Structure,
}

/// Where the SFT segments of the message go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SoftwareEcho {
    /// Behind MSH, where the structure of ACK has them.
    #[default]
    AfterHeader,
    /// Behind MSA, as BizTalk does.
    AfterMsa,
    /// Nowhere.
    None,
}

/// What makes an acknowledgment unlike others; the caller has the clock and the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp<'a> {
    /// MSH-10, the acknowledgment's own control id.
    pub control_id: &'a str,
    /// MSH-7, when it is made, as HL7 writes it.
    pub time: &'a str,
}

/// How acknowledgments for a party look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AckSettings {
    /// MSH-9.
    pub ack_type: AckType,
    /// Fields of MSH.
    pub overrides: HeaderOverrides,
    /// MSH-15 of application acknowledgments: whether they are to be acknowledged themselves. Set, or in the answer to a
    /// message that fills MSH-15 or MSH-16, MSH-16 says `NE`.
    pub ask_accept: Option<Condition>,
    /// SFT segments, which application acknowledgments carry.
    pub software: SoftwareEcho,
    /// MSA-3 up to 2.6.
    pub text: Option<String>,
    /// ERR-12: whom to call.
    pub help_desk: Option<String>,
    /// MSA-4, on links that count their messages: what [`Received::answer`](super::Received::answer) says.
    pub expected_sequence: Option<i64>,
    /// MSA-5 `D` in 2.1 and 2.2: the application's own acknowledgment follows.
    pub deferred: bool,
    /// Most faults that are reported.
    pub most_faults: usize,
}

impl Default for AckSettings {
    fn default() -> Self {
        Self {
            ack_type: AckType::default(),
            overrides: HeaderOverrides::default(),
            ask_accept: None,
            software: SoftwareEcho::default(),
            text: None,
            help_desk: None,
            expected_sequence: None,
            deferred: false,
            most_faults: 100,
        }
    }
}

/// A message as far as its acknowledgment needs it.
#[allow(missing_debug_implementations, reason = "a view of patient data")]
pub struct Inbound<'a> {
    header: Header<'a>,
    software: Vec<&'a [u8]>,
}

impl<'a> Inbound<'a> {
    /// A message that was indexed.
    #[must_use]
    pub fn of_tree(tree: &'a Tree) -> Option<Self> {
        let header = Header::of_tree(tree)?;
        let software = tree.segments().filter(|segment| segment.id() == Some("SFT"));
        Some(Self { header, software: software.map(|segment| segment.raw()).collect() })
    }

    /// What can be found of a message that cannot be read. `None` where there is no header: nobody can be answered.
    #[must_use]
    pub fn of_broken(bytes: &'a [u8]) -> Option<Self> {
        let header = Header::of(bytes).filter(|header| header.id() == "MSH")?;
        Some(Self { header, software: Vec::new() })
    }

    /// Its header.
    #[must_use]
    pub fn header(&self) -> &Header<'a> {
        &self.header
    }
}

/// Builds one acknowledgment.
///
/// Applications and facilities change places; MSH-11, 12, 18 and 21 follow the message, and so do the delimiters,
/// completed where it declares fewer than four. MSA-2 is MSH-10 byte for byte. Parts of the header that are missing
/// stay empty: the answer is the best that the message allows.
#[must_use]
pub fn acknowledge(
    inbound: &Inbound<'_>,
    code: AckCode,
    faults: &[Fault],
    stamp: Stamp<'_>,
    settings: &AckSettings,
) -> Vec<u8> {
    let header = &inbound.header;
    let delimiters = header.reply_delimiters();
    let ack_type = ack_type(settings.ack_type, header, &delimiters);
    let mut out = Vec::with_capacity(256);
    write_header(&mut out, header, code, &ack_type, stamp, settings);
    let software = |out: &mut Vec<u8>, place| {
        if settings.software == place && !code.is_accept_level() {
            for line in &inbound.software {
                out.extend_from_slice(line);
                out.push(b'\r');
            }
        }
    };
    software(&mut out, SoftwareEcho::AfterHeader);
    write_msa(&mut out, header, code, settings);
    software(&mut out, SoftwareEcho::AfterMsa);
    let faults = &faults[..faults.len().min(settings.most_faults)];
    let shape = Shape::of_version(header.component(12, 1));
    write_faults(&mut out, faults, shape, settings.help_desk.as_deref(), &header.reply_notation());
    out
}

/// MSH of an answer.
pub(super) fn write_header(
    out: &mut Vec<u8>,
    header: &Header<'_>,
    code: AckCode,
    message_type: &[u8],
    stamp: Stamp<'_>,
    settings: &AckSettings,
) {
    let delimiters = header.reply_delimiters();
    let own = [
        (2, delimiters.encoding_characters()),
        (7, leaf(stamp.time, &delimiters)),
        (9, message_type.to_vec()),
        (10, leaf(stamp.control_id, &delimiters)),
    ];
    let taken = [(3, 5), (4, 6), (5, 3), (6, 4), (11, 11), (12, 12), (18, 18), (21, 21)];
    let mut fields = vec![Vec::new(); 20];
    for (seq, value) in own {
        fields[seq - 2] = value;
    }
    for (seq, from) in taken {
        fields[seq - 2] = header.field(from).to_vec();
    }
    if !code.is_accept_level() {
        let enhanced = settings.ask_accept.is_some() || !Asked::by(header).is_nothing();
        let asks = [settings.ask_accept, enhanced.then_some(Condition::Never)];
        for (seq, condition) in (15..).zip(asks) {
            fields[seq - 2] = condition.map_or("", Condition::code).as_bytes().to_vec();
        }
    }
    settings.overrides.apply_to(&mut fields, &header.reply_notation());
    write_segment(out, b"MSH", &fields, delimiters.field);
}

/// MSA of an answer.
pub(super) fn write_msa(
    out: &mut Vec<u8>,
    header: &Header<'_>,
    code: AckCode,
    settings: &AckSettings,
) {
    let delimiters = header.reply_delimiters();
    let minor = minor(header.component(12, 1));
    let text = settings.text.as_deref().filter(|_| minor.is_some_and(|minor| minor < 7));
    let delayed = settings.deferred && minor.is_some_and(|minor| minor < 3);
    let fields = [
        code.code().into(),
        header.field(10).to_vec(),
        text.map_or(Vec::new(), |text| leaf_in(text, &header.reply_notation())),
        settings.expected_sequence.map_or(Vec::new(), |number| number.to_string().into()),
        if delayed { b"D".to_vec() } else { Vec::new() },
    ];
    write_segment(out, b"MSA", &fields, delimiters.field);
}

/// MSH-9 of an acknowledgment.
fn ack_type(wanted: AckType, header: &Header<'_>, delimiters: &Delimiters) -> Vec<u8> {
    let event = header.component(9, 2);
    let is_new = || minor(header.component(12, 1)).is_none_or(|minor| minor >= 4);
    let parts: &[&[u8]] = match wanted {
        AckType::Code => &[b"ACK"],
        AckType::ByVersion if !is_new() => &[b"ACK"],
        _ if event.is_empty() => &[b"ACK"],
        AckType::Event => &[b"ACK", event],
        AckType::ByVersion | AckType::Structure => &[b"ACK", event, b"ACK"],
    };
    parts.join(&delimiters.component)
}
