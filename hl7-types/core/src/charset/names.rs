//! Which character set a message declares, and which one it is in.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GB18030, GBK, REPLACEMENT, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE,
};

use super::{Base, Charset};
use crate::er7::{Class, Delimiters, Scan};
use crate::limits::Limits;

/// The field that declares it.
pub(crate) const FIELD: u32 = 18;
/// Most separators in front of it that may be halves of characters.
const MOST_HIDDEN: u32 = 16;

/// Names of table 0211 for encodings that go by other names elsewhere.
const TABLE_0211: &[(&str, &str)] = &[
    ("8859/1", "windows-1252"),
    ("8859/2", "ISO-8859-2"),
    ("8859/3", "ISO-8859-3"),
    ("8859/4", "ISO-8859-4"),
    ("8859/5", "ISO-8859-5"),
    ("8859/6", "ISO-8859-6"),
    ("8859/7", "ISO-8859-7"),
    ("8859/8", "ISO-8859-8"),
    ("8859/9", "windows-1254"),
    ("8859/15", "ISO-8859-15"),
    ("GB 18030-2000", "gb18030"),
    ("KS X 1001", "EUC-KR"),
    ("BIG-5", "Big5"),
];

/// Whether the second byte of a character may be one that separates.
pub(super) fn has_low_trails(encoding: &'static Encoding) -> bool {
    [GB18030, GBK, BIG5, SHIFT_JIS, EUC_KR].contains(&encoding)
}

impl Charset {
    /// The character set with a name of table 0211 (`8859/1`, `UNICODE UTF-8`, `ISO IR87`), or one that is used
    /// instead (`UTF-8`, `ISO-8859-1`, `windows-1252`). `None` for a name that says nothing to us, `CNS 11643-1992` among
    /// them.
    ///
    /// ISO 8859-1 and -9 are read as the character sets of Windows that contain them, as browsers do: what
    /// senders put where ISO has control characters are quotation marks.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_uppercase();
        let of = |base| Some(Self { base, switches: false, japanese: false });
        match name.as_str() {
            "ASCII" | "US-ASCII" | "ISO IR6" => return of(Base::Ascii),
            "UTF8" | "UNICODE" | "UTF-16" | "UTF-32" => return of(Base::Utf8),
            // One byte for a syllable of half width; the wide characters follow as ISO IR87.
            "ISO IR13" | "ISO IR14" => {
                return Some(Self { base: Base::Of(SHIFT_JIS), switches: true, japanese: false });
            }
            "ISO IR87" | "ISO IR159" => {
                return Some(Self { base: Base::Ascii, switches: true, japanese: true });
            }
            _ => {}
        }
        // A message whose separators are ASCII is in no other form of Unicode.
        if name.starts_with("UNICODE UTF") {
            return of(Base::Utf8);
        }
        let of_table = TABLE_0211.iter().find(|(known, _)| *known == name).map(|(_, label)| *label);
        let spelled = || {
            name.trim_start_matches("ISO")
                .trim_start_matches(['-', '_', ' '])
                .replace(['-', '_'], "/")
        };
        let of_iso =
            || TABLE_0211.iter().find(|(known, _)| *known == spelled()).map(|(_, label)| *label);
        let label = of_table.or_else(of_iso).unwrap_or(&name);
        match Encoding::for_label(label.as_bytes())? {
            encoding if encoding == UTF_8 => of(Base::Utf8),
            encoding if [UTF_16LE, UTF_16BE, REPLACEMENT].contains(&encoding) => None,
            encoding if !encoding.is_ascii_compatible() => {
                Some(Self { base: Base::Ascii, switches: true, japanese: true })
            }
            encoding => of(Base::Of(encoding)),
        }
    }

    /// Its name in table 0211, or the one that is used where the table has none.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.base {
            Base::Utf8 => "UNICODE UTF-8",
            Base::Ascii if self.japanese => "ISO IR87",
            Base::Ascii => "ASCII",
            Base::Of(encoding) if self.switches && encoding == SHIFT_JIS => "ISO IR14",
            Base::Of(encoding) => TABLE_0211
                .iter()
                .find(|(_, label)| *label == encoding.name())
                .map_or(encoding.name(), |(name, _)| name),
        }
    }

    /// What the repetitions of MSH-18 declare together: the first is for what does not switch, the others are switched to.
    /// `None` where the first is a name that says nothing to us, or there is none.
    pub(crate) fn declared<'n>(mut names: impl Iterator<Item = &'n str>) -> Option<Self> {
        let first = names.next().map(str::trim).unwrap_or("");
        let mut charset = if first.is_empty() { None } else { Some(Self::named(first)?) };
        for name in names.filter(|name| !name.trim().is_empty()) {
            // Without a first one, ASCII is it.
            let charset = charset.get_or_insert(Self::ASCII);
            let other = Self::named(name);
            let wide = other.is_none_or(|other| match other.base {
                Base::Of(encoding) => !encoding.is_single_byte(),
                _ => other.switches,
            });
            let switches = wide && !charset.is_utf8();
            charset.switches |= switches;
            charset.japanese |= switches && other.is_some_and(|other| other.japanese);
        }
        charset
    }
}

/// What MSH-18 of an indexed message declares.
pub(crate) fn declared(bytes: &[u8], scan: &Scan) -> Option<Charset> {
    declared_in(bytes, scan, FIELD)
}

/// What a field of the header declares.
fn declared_in(bytes: &[u8], scan: &Scan, seq: u32) -> Option<Charset> {
    let mut rest = Some(scan.field(bytes, 0, seq).filter(|field| !field.is_empty())?);
    let names = std::iter::from_fn(|| {
        let (name, behind) = rest?.split(Class::Repetition);
        rest = behind;
        let name = name.split(Class::Subcomponent).0;
        Some(std::str::from_utf8(&bytes[name.range()]).unwrap_or(""))
    });
    Charset::declared(names)
}

/// What a message declares, where separators that are halves of characters stand in front of MSH-18, so that it seems to be a
/// later field: the name of a character set under which that field is MSH-18.
fn declared_behind_hidden(bytes: &[u8], scan: &Scan) -> Option<Charset> {
    let line = bytes.get(scan.segments.first()?.range())?;
    if line.is_ascii() && memchr::memchr(0x1b, line).is_none() {
        return None;
    }
    (FIELD + 1..=FIELD + MOST_HIDDEN).find_map(|seq| {
        let named = declared_in(bytes, scan, seq).filter(|named| named.hides_separators())?;
        let alone = Scan::of_charset(line, named, &Limits::DEFAULT).ok()?;
        (declared(line, &alone) == Some(named)).then_some(named)
    })
}

/// What an indexed message is in: what it declares, unless its bytes say that this is not so.
pub(crate) fn of_message(bytes: &[u8], scan: &Scan) -> Charset {
    let declared = declared_behind_hidden(bytes, scan).or_else(|| declared(bytes, scan));
    let declared = declared.unwrap_or(Charset::UTF_8);
    if declared.is_utf8() || bytes.is_ascii() {
        return declared;
    }
    // Text of one byte a character is hardly ever valid UTF-8 by chance; pairs of bytes are, in a short text.
    let wide = |text: &str| text.chars().any(|character| character >= '\u{800}');
    let pairs = matches!(declared.base, Base::Of(encoding) if !encoding.is_single_byte());
    match std::str::from_utf8(bytes) {
        Ok(text) if !pairs || wide(text) => Charset::UTF_8,
        _ => declared,
    }
}

impl Charset {
    /// Whether a message in it has to be converted to be read: not where all of it is plain ASCII.
    pub(crate) fn converts(self, bytes: &[u8], delimiters: &Delimiters) -> bool {
        let switches = || {
            let sequence = |letter| memchr::memmem::find(bytes, &[delimiters.escape?, letter]);
            memchr::memchr(0x1b, bytes).is_some()
                || sequence(b'M').or_else(|| sequence(b'C')).is_some()
        };
        !self.is_utf8() && (!bytes.is_ascii() || self.switches && switches())
    }
}
