//! Invented values.

use std::cell::Cell;

use crate::desc::{DatatypeKind, ElementDesc, Format, TableDesc};

/// Chooses among values: with a seed of zero the first each time, with another by numbers that follow from it.
pub(super) struct Choice {
    seed: u64,
    drawn: Cell<u64>,
}

impl Choice {
    pub(super) fn of(seed: u64) -> Self {
        Self { seed, drawn: Cell::new(0) }
    }

    /// One of several; `None` of none.
    fn one_of<T>(&self, mut from: impl Iterator<Item = T> + Clone) -> Option<T> {
        if self.seed == 0 {
            return from.next();
        }
        let count = from.clone().count().max(1) as u64;
        from.nth(usize::try_from(self.draw() % count).unwrap_or(0))
    }

    /// The next number (splitmix64).
    fn draw(&self) -> u64 {
        self.drawn.set(self.drawn.get().wrapping_add(1));
        let step = self.drawn.get().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = self.seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(step);
        let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A value of a format between two lengths, a code of the table where there is one.
    pub(super) fn primitive(
        &self,
        format: Format,
        table: Option<&TableDesc>,
        least: usize,
        most: usize,
    ) -> String {
        let is_text = matches!(
            format,
            Format::String | Format::Text | Format::Formatted | Format::Id | Format::Coded
        );
        if let Some(table) = table.filter(|table| is_text && !table.codes.is_empty()) {
            let plain = |code: &&str| {
                !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
            };
            let fitting =
                table.codes.iter().map(|code| code.code).filter(|code| code.len() <= most);
            return self.one_of(fitting.filter(plain)).unwrap_or_default().to_owned();
        }
        let fits = |text: &&str| (least..=most).contains(&text.len());
        let fitting = candidates(format).iter().copied().filter(fits);
        match self.one_of(fitting) {
            Some(text) => text.to_owned(),
            // Only of text and numbers can there be as much as one likes.
            None if least <= most
                && (is_text || matches!(format, Format::Number | Format::Sequence)) =>
            {
                candidates(format).first().map_or_else(String::new, |one| one.repeat(least))
            }
            None => String::new(),
        }
    }
}

/// Values of a format, the usual one first.
fn candidates(format: Format) -> &'static [&'static str] {
    match format {
        Format::Sequence => &["1", "2", "3", "17"],
        Format::Number => &["1", "0", "37", "98.6", "1250"],
        Format::Date => &["20260211", "19610615", "202602", "2026"],
        Format::Time => &["140114", "0830", "14"],
        Format::DateTime => &["20260211140114", "202602111401", "20260211", "2026"],
        Format::StringNumber => &["5550100", "15550100"],
        Format::Telephone => &["(555)555-0100", "555-0100", "555-0100X12"],
        _ => &["A", "B", "HARBOUR", "NORTH", "EVERYMAN", "4711"],
    }
}

/// The primitive that the text of a composite is read into where nothing separates.
pub(super) fn first_primitive(
    components: &'static [ElementDesc],
) -> Option<(Format, Option<&'static TableDesc>)> {
    let mut first = components.first()?;
    for _ in 0..8 {
        match first.datatype?.kind {
            DatatypeKind::Primitive(format) => return Some((format, first.table)),
            DatatypeKind::Composite(components) => first = components.first()?,
            DatatypeKind::Varies => return None,
        }
    }
    None
}
