//! Paths as people write them: `PID-5[2].1.1`, `OBX[3]-5`, `MSH-9`.

use std::fmt;
use std::str::FromStr;

/// The position of a segment, field, repetition, component or subcomponent in a message.
///
/// All numbers count from one. A repetition that is not given is the first; a component that is not given is the whole
/// field.
///
/// ```
/// use hl7_core::Path;
///
/// let path: Path = "PID-5[2].1.1".parse()?;
/// assert_eq!((path.segment(), path.field, path.repetition), ("PID", 5, 2));
/// assert_eq!(path.to_string(), "PID-5[2].1.1");
/// # Ok::<(), hl7_core::PathError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    pub(crate) segment: [u8; 3],
    /// Which of the segments with this id, in the order of the message.
    pub occurrence: u32,
    /// Field, zero for the whole segment.
    pub field: u32,
    /// Repetition, zero where it was not given.
    pub repetition: u32,
    /// Component, zero for the whole repetition.
    pub component: u32,
    /// Subcomponent, zero for the whole component.
    pub subcomponent: u32,
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a path: {expected}; write a segment, then -field, [repetition], .component, .subcomponent, as in PID-5[2].1.1 or OBX[3]-5"
)]
pub struct PathError {
    text: String,
    expected: &'static str,
}

impl Path {
    /// The first segment with an id.
    ///
    /// # Errors
    /// When `id` is not an upper-case letter followed by two upper-case letters or digits.
    pub fn of_segment(id: &str) -> Result<Self, PathError> {
        id.parse::<Self>().and_then(|path| {
            if path.field == 0 && path.occurrence == 1 && id.len() == 3 {
                Ok(path)
            } else {
                Err(PathError { text: id.to_owned(), expected: "expected a segment id alone" })
            }
        })
    }

    /// A path from an id that was checked before; anything else than an id becomes `???`.
    pub(crate) fn at(id: &[u8], occurrence: u32) -> Self {
        let segment = match id {
            [a, b, c] if is_id([*a, *b, *c]) => [*a, *b, *c],
            _ => *b"???",
        };
        Self { segment, occurrence, field: 0, repetition: 0, component: 0, subcomponent: 0 }
    }

    /// The segment id.
    #[must_use]
    pub fn segment(&self) -> &str {
        std::str::from_utf8(&self.segment).unwrap_or("???")
    }

    /// The same segment, another field.
    #[must_use]
    pub fn with_field(self, field: u32) -> Self {
        Self { field, repetition: 0, component: 0, subcomponent: 0, ..self }
    }

    /// The same field, another repetition.
    #[must_use]
    pub fn with_repetition(self, repetition: u32) -> Self {
        Self { repetition, ..self }
    }

    /// The same repetition, another component.
    #[must_use]
    pub fn with_component(self, component: u32) -> Self {
        Self { component, subcomponent: 0, ..self }
    }

    /// The same component, another subcomponent.
    #[must_use]
    pub fn with_subcomponent(self, subcomponent: u32) -> Self {
        Self { subcomponent, ..self }
    }
}

fn is_id(id: [u8; 3]) -> bool {
    id[0].is_ascii_uppercase()
        && id[1..].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Reads a path piece by piece.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn number(&mut self) -> Result<u32, &'static str> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        match number.parse() {
            Ok(0) => Err("positions count from 1"),
            Ok(number) => Ok(number),
            Err(_) if digits == 0 => Err("expected a number"),
            Err(_) => Err("the number is too large"),
        }
    }

    fn after(&mut self, mark: char) -> Option<Result<u32, &'static str>> {
        self.rest = self.rest.strip_prefix(mark)?;
        Some(self.number())
    }

    fn bracketed(&mut self) -> Option<Result<u32, &'static str>> {
        let number = self.after('[')?;
        Some(number.and_then(|number| {
            self.rest = self.rest.strip_prefix(']').ok_or("a `[` is not closed")?;
            Ok(number)
        }))
    }
}

fn read(text: &str) -> Result<Path, &'static str> {
    let (id, rest) = text.split_at_checked(3).ok_or("it is shorter than a segment id")?;
    let segment = id.as_bytes().try_into().map_err(|_| "it is shorter than a segment id")?;
    if !is_id(segment) {
        return Err(
            "it does not start with a segment id (an upper-case letter, two upper-case letters or digits)",
        );
    }
    let mut reader = Reader { rest };
    let occurrence = reader.bracketed().transpose()?.unwrap_or(1);
    let mut path = Path { occurrence, ..Path::at(id.as_bytes(), 1) };
    if let Some(field) = reader.after('-').transpose()? {
        path.field = field;
        path.repetition = reader.bracketed().transpose()?.unwrap_or(0);
        path.component = reader.after('.').transpose()?.unwrap_or(0);
        if path.component > 0 {
            path.subcomponent = reader.after('.').transpose()?.unwrap_or(0);
        }
    }
    if reader.rest.is_empty() { Ok(path) } else { Err("there is text left after the position") }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        read(text).map_err(|expected| PathError { text: text.to_owned(), expected })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.segment())?;
        if self.occurrence > 1 {
            write!(f, "[{}]", self.occurrence)?;
        }
        if self.field > 0 {
            write!(f, "-{}", self.field)?;
        }
        if self.repetition > 1 {
            write!(f, "[{}]", self.repetition)?;
        }
        if self.component > 0 {
            write!(f, ".{}", self.component)?;
        }
        if self.subcomponent > 0 {
            write!(f, ".{}", self.subcomponent)?;
        }
        Ok(())
    }
}
