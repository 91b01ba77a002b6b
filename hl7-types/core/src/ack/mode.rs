//! Which acknowledgments are owed: one function from what the party is configured to, what the message asks for in MSH-15
//! and MSH-16, and how processing went.

use std::fmt;

use crate::header::Header;
use crate::tree::Tree;

/// A code of table 0008, MSA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckCode {
    /// `AA`: processed.
    Aa,
    /// `AE`: the content or structure is wrong; mend it before sending again.
    Ae,
    /// `AR`: MSH-9, MSH-11 or MSH-12 is not acceptable, or a trouble that has nothing to do with the message.
    Ar,
    /// `CA`: stored safely.
    Ca,
    /// `CE`: not stored.
    Ce,
    /// `CR`: not stored, because MSH-9, MSH-11 or MSH-12 is not acceptable.
    Cr,
}

impl AckCode {
    /// All codes.
    pub const ALL: [Self; 6] = [Self::Aa, Self::Ae, Self::Ar, Self::Ca, Self::Ce, Self::Cr];

    /// The code as sent.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Aa => "AA",
            Self::Ae => "AE",
            Self::Ar => "AR",
            Self::Ca => "CA",
            Self::Ce => "CE",
            Self::Cr => "CR",
        }
    }

    /// The code for a text.
    #[must_use]
    pub fn of_code(code: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code().as_bytes() == code)
    }

    /// Whether it says that the message was taken: `AA` or `CA`.
    #[must_use]
    pub fn is_positive(self) -> bool {
        matches!(self, Self::Aa | Self::Ca)
    }

    /// Whether it is about storing (`CA`, `CE`, `CR`), not about processing.
    #[must_use]
    pub fn is_accept_level(self) -> bool {
        matches!(self, Self::Ca | Self::Ce | Self::Cr)
    }
}

impl fmt::Display for AckCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// When an acknowledgment is wanted: a code of table 0155, MSH-15 and MSH-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// `AL`: always.
    Always,
    /// `NE`: never.
    Never,
    /// `SU`: on success only.
    Success,
    /// `ER`: on error or reject only.
    Error,
}

impl Condition {
    /// All conditions.
    pub const ALL: [Self; 4] = [Self::Always, Self::Never, Self::Success, Self::Error];

    /// The code as sent.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Always => "AL",
            Self::Never => "NE",
            Self::Success => "SU",
            Self::Error => "ER",
        }
    }

    /// The condition for a code; `None` where there is no code of the table.
    #[must_use]
    pub fn of_code(code: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code().as_bytes() == code)
    }

    fn holds(self, code: AckCode) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Success => code.is_positive(),
            Self::Error => !code.is_positive(),
        }
    }
}

/// How a party is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AckMode {
    /// Never, whatever its messages ask for.
    None,
    /// By an application acknowledgment; a message that fills MSH-15 or MSH-16 gets what it asks for.
    Original,
    /// By accept and application acknowledgments. Where the message asks for something else, an acknowledgment that
    /// either of the two wants is sent; where both want it in different cases, the message decides.
    Enhanced {
        /// The party's own MSH-15.
        accept: Condition,
        /// The party's own MSH-16.
        application: Condition,
    },
    /// As by the original mode, whatever the message asks for; the application's own acknowledgment follows later as a
    /// message of its own.
    Deferred,
    /// By one of two fixed texts.
    Static,
    /// Its MSH-3 names no known party: silence, or an AR where the message fills neither MSH-15 nor MSH-16.
    Unknown {
        /// Whether to send the AR.
        reject: bool,
    },
}

/// What a message asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// MSH-15; `None` where it is empty or no code of table 0155.
    pub accept: Option<Condition>,
    /// MSH-16, likewise.
    pub application: Option<Condition>,
}

impl Asked {
    /// Reads MSH-15 and MSH-16.
    #[must_use]
    pub fn by(header: &Header<'_>) -> Self {
        let condition = |seq| Condition::of_code(header.field(seq).trim_ascii());
        Self { accept: condition(15), application: condition(16) }
    }

    /// Whether the message fills neither: it wants to be acknowledged by the original mode.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.accept.is_none() && self.application.is_none()
    }
}

/// What a message is to acknowledging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A message that starts an exchange.
    Message,
    /// An application acknowledgment or another response (it has an MSA). It is answered by an accept acknowledgment
    /// if it asks for one, by nothing else.
    Response,
    /// An accept acknowledgment. It is never answered.
    AcceptAck,
}

impl Kind {
    /// Reads it off a message: from its MSA, or, where it has none, from MSH-9.
    #[must_use]
    pub fn of(tree: &Tree) -> Self {
        let header = Header::of_tree(tree);
        let is_ack = header.is_some_and(|header| is_ack_type(&header));
        let Some(msa) = tree.segments().find(|segment| segment.id() == Some("MSA")) else {
            return if is_ack { Self::Response } else { Self::Message };
        };
        let code = msa.field(1).and_then(|code| AckCode::of_code(code.raw().trim_ascii()));
        match code {
            Some(code) if code.is_accept_level() => Self::AcceptAck,
            _ => Self::Response,
        }
    }

    /// Reads it off a header alone.
    #[must_use]
    pub fn of_header(header: &Header<'_>) -> Self {
        if is_ack_type(header) { Self::Response } else { Self::Message }
    }
}

/// Whether MSH-9 names a general or delayed acknowledgment.
fn is_ack_type(header: &Header<'_>) -> bool {
    matches!(header.component(9, 1).trim_ascii(), b"ACK" | b"MCF")
}

/// How a message fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Stored and processed.
    Accepted,
    /// Stored; its content or structure is wrong.
    Error,
    /// Stored; refused by the application for a reason that has nothing to do with the content.
    Refused,
    /// Not stored, because MSH-9, MSH-11 or MSH-12 is not acceptable or the header cannot be read.
    Rejected,
    /// Not stored for another reason.
    NotStored,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 5] =
        [Self::Accepted, Self::Error, Self::Refused, Self::Rejected, Self::NotStored];

    /// What an accept acknowledgment says.
    #[must_use]
    pub fn accept_code(self) -> AckCode {
        match self {
            Self::Accepted | Self::Error | Self::Refused => AckCode::Ca,
            Self::Rejected => AckCode::Cr,
            Self::NotStored => AckCode::Ce,
        }
    }

    /// What an application acknowledgment says.
    #[must_use]
    pub fn application_code(self) -> AckCode {
        match self {
            Self::Accepted => AckCode::Aa,
            Self::Error => AckCode::Ae,
            Self::Refused | Self::Rejected | Self::NotStored => AckCode::Ar,
        }
    }
}

/// The acknowledgments that a message is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owed {
    /// Acknowledgments in the order in which they are sent; neither is silence.
    Acks {
        /// `CA`, `CE` or `CR`.
        accept: Option<AckCode>,
        /// `AA`, `AE` or `AR`.
        application: Option<AckCode>,
    },
    /// The party's fixed text: for success, or for failure.
    Text {
        /// Whether for success.
        success: bool,
    },
}

impl Owed {
    /// No answer.
    pub const NOTHING: Self = Self::Acks { accept: None, application: None };

    /// The codes in the order in which they are sent.
    pub fn codes(&self) -> impl Iterator<Item = AckCode> + use<> {
        let (accept, application) = match *self {
            Self::Acks { accept, application } => (accept, application),
            Self::Text { .. } => (None, None),
        };
        accept.into_iter().chain(application)
    }
}

/// Which acknowledgments a message is owed.
///
/// A message that was not stored gets no application acknowledgment behind its `CR` or `CE`: nothing will process it. If
/// the accept acknowledgment is not wanted, the application acknowledgment says `AR` instead.
#[must_use]
pub fn owed(mode: AckMode, asked: Asked, kind: Kind, outcome: Outcome) -> Owed {
    let original = (Condition::Never, Condition::Always);
    match kind {
        Kind::Message => {}
        Kind::Response if !matches!(mode, AckMode::None | AckMode::Unknown { .. }) => {
            return acks(asked.accept.unwrap_or(Condition::Never), Condition::Never, outcome);
        }
        Kind::Response | Kind::AcceptAck => return Owed::NOTHING,
    }
    let (accept, application) = match mode {
        AckMode::None => return Owed::NOTHING,
        AckMode::Static => return Owed::Text { success: outcome == Outcome::Accepted },
        AckMode::Unknown { reject } if reject && asked.is_nothing() => {
            return Owed::Acks { accept: None, application: Some(AckCode::Ar) };
        }
        AckMode::Unknown { .. } => return Owed::NOTHING,
        AckMode::Deferred => original,
        AckMode::Original if asked.is_nothing() => original,
        AckMode::Original => (
            asked.accept.unwrap_or(Condition::Never),
            asked.application.unwrap_or(Condition::Never),
        ),
        AckMode::Enhanced { accept, application } => {
            (either(accept, asked.accept), either(application, asked.application))
        }
    };
    acks(accept, application, outcome)
}

/// The party against the message: whoever asks for an acknowledgment gets it; if both ask, the message says when.
fn either(party: Condition, message: Option<Condition>) -> Condition {
    match message {
        None | Some(Condition::Never) => party,
        Some(message) => message,
    }
}

fn acks(accept: Condition, application: Condition, outcome: Outcome) -> Owed {
    let wanted = |condition: Condition, code| Some(code).filter(|&code| condition.holds(code));
    let accept = wanted(accept, outcome.accept_code());
    let application = wanted(application, outcome.application_code());
    let ends = accept.is_some_and(|code| !code.is_positive());
    Owed::Acks { accept, application: application.filter(|_| !ends) }
}
