//! The segment that a finding is about, cut to the width of the terminal around the piece in question.

use std::ops::Range;

use hl7_types::Charset;

use crate::text::{char_width, push_printable, redacted, width};

/// Marks that something is left out.
const CUT: &str = "…";

/// A line of text and what to underline in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Snippet {
    pub(super) text: String,
    /// Where the underline starts.
    pub(super) column: usize,
    pub(super) underline: String,
}

/// One character.
struct Cell {
    /// First byte in the segment.
    at: usize,
    character: char,
    /// How many columns it takes.
    width: usize,
}

/// Cuts a segment around a piece; both ranges count bytes of the message. Characters behind the first `shown` bytes are
/// hidden.
pub(super) fn cut(
    (segment, charset): (&[u8], Charset),
    place: Range<usize>,
    piece: Range<usize>,
    columns: usize,
    shown: usize,
) -> Snippet {
    let inside = |at: usize| at.clamp(place.start, place.end) - place.start;
    if segment.iter().all(|byte| (0x20..0x7f).contains(byte))
        && let Ok(text) = std::str::from_utf8(segment)
    {
        return plain(text, inside(piece.start)..inside(piece.end), columns, shown);
    }
    let cells = cells(segment, charset);
    let first = cells.partition_point(|cell| cell.at < inside(piece.start));
    let behind = cells.partition_point(|cell| cell.at < inside(piece.end)).max(first);
    let seen = window(&cells, first..behind, columns);
    let mut text = String::new();
    if seen.start > 0 {
        text.push_str(CUT);
    }
    let mut column = 0;
    let mut marks = 0;
    for (index, cell) in cells.iter().enumerate().take(seen.end).skip(seen.start) {
        if index == first {
            column = width(&text);
        }
        if (first..behind).contains(&index) {
            marks += cell.width;
        }
        push_printable(
            &mut text,
            if cell.at < shown { cell.character } else { redacted(cell.character) },
        );
    }
    if first >= seen.end {
        column = width(&text);
    }
    if seen.end < cells.len() {
        text.push_str(CUT);
    }
    Snippet { text, column, underline: "^".repeat(marks.max(1)) }
}

/// As [`cut`], of a segment with a byte a character and a column: most are like that, and then nothing is to be counted.
fn plain(segment: &str, piece: Range<usize>, columns: usize, shown: usize) -> Snippet {
    let piece = piece.start..piece.end.max(piece.start);
    let seen = plain_window(segment.len(), &piece, columns);
    let mut text = String::with_capacity(seen.len() + 2 * CUT.len());
    if seen.start > 0 {
        text.push_str(CUT);
    }
    let column = width(&text) + piece.start.min(seen.end) - seen.start;
    let open = shown.clamp(seen.start, seen.end);
    text.push_str(&segment[seen.start..open]);
    text.extend(segment[open..seen.end].chars().map(redacted));
    if seen.end < segment.len() {
        text.push_str(CUT);
    }
    let marks = piece.end.min(seen.end).saturating_sub(piece.start);
    Snippet { text, column, underline: "^".repeat(marks.max(1)) }
}

/// As [`window`], where every character takes a column.
fn plain_window(length: usize, piece: &Range<usize>, columns: usize) -> Range<usize> {
    if length <= columns {
        return 0..length;
    }
    let room = columns.saturating_sub(2 * width(CUT));
    let marked = piece.len().min(room);
    let left = room - marked;
    let (before, behind) = (piece.start, length - piece.start - marked);
    // The odd one goes in front, and what one side does not need goes to the other.
    let before = before.min(left.div_ceil(2).max(left.saturating_sub(behind)));
    let behind = behind.min(left - before);
    piece.start - before..piece.start + marked + behind
}

/// The characters of a segment.
fn cells(segment: &[u8], charset: Charset) -> Vec<Cell> {
    let mut at = 0;
    let cell = |(character, length): (char, usize)| {
        let cell = Cell { at, character, width: char_width(character) };
        at += length;
        cell
    };
    charset.characters(segment).into_iter().map(cell).collect()
}

/// Which cells fit: the piece or its beginning, and as much around it as there is room for.
fn window(cells: &[Cell], piece: Range<usize>, columns: usize) -> Range<usize> {
    let total: usize = cells.iter().map(|cell| cell.width).sum();
    if total <= columns {
        return 0..cells.len();
    }
    let mut left = columns.saturating_sub(2 * width(CUT));
    let mut shown = piece.start..piece.start;
    let mut take = |cell: Option<&Cell>| {
        let fits = cell.is_some_and(|cell| cell.width <= left);
        if fits {
            left -= cell.map_or(0, |cell| cell.width);
        }
        fits
    };
    while shown.end < piece.end && take(cells.get(shown.end)) {
        shown.end += 1;
    }
    loop {
        let before = shown.start > 0 && take(cells.get(shown.start - 1));
        shown.start -= usize::from(before);
        let behind =
            shown.end < cells.len() && shown.end >= piece.end && take(cells.get(shown.end));
        shown.end += usize::from(behind);
        if !before && !behind {
            return shown;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Charset, cut};

    const ALL: usize = usize::MAX;

    #[track_caller]
    fn check(segment: &[u8], piece: &[u8], columns: usize, shown: usize, expected: &str) {
        let at = segment.windows(piece.len()).position(|part| part == piece).unwrap_or_default();
        let place = 100..100 + segment.len();
        let cut =
            cut((segment, Charset::UTF_8), place, 100 + at..100 + at + piece.len(), columns, shown);
        let shown = format!("{}\n{}{}", cut.text, " ".repeat(cut.column), cut.underline);
        assert_eq!(shown, expected);
    }

    #[test]
    fn short_segments_stand_whole() {
        check(b"PID|1||4711^^^H", b"4711", 40, ALL, "PID|1||4711^^^H\n       ^^^^");
        check(b"PID|1||4711^^^H", b"4711", 40, 3, "PID|9||9999^^^x\n       ^^^^");
    }

    #[test]
    fn long_segments_are_cut_around_the_piece() {
        check(
            b"PID|1||aaaaaaaaaaaaaaaaaaa|4711|bbbbbbbbbbbbbbb",
            b"4711",
            16,
            ALL,
            "…aaaa|4711|bbbb…\n      ^^^^",
        );
        check(
            b"PID|1||4711|bbbbbbbbbbbbbbbbbbbbbbb",
            b"4711",
            16,
            ALL,
            "…D|1||4711|bbbb…\n      ^^^^",
        );
        check(
            b"PID|1||aaaaaaaaaaaaaaaaaaaaaaaaaaa|4711",
            b"4711",
            16,
            ALL,
            "…aaaaaaaaa|4711\n           ^^^^",
        );
        check(
            b"PID|1||aaaaaaaaaaaaaaaaaaaaaaaaaaa",
            b"aaaaaaaaaaaaaaaaaaaaaaaaaaa",
            12,
            ALL,
            "…aaaaaaaaaa…\n ^^^^^^^^^^",
        );
    }

    #[test]
    fn what_is_far_away_changes_nothing() {
        for (start, end) in [(0, 0), (0, 3), (30, 34), (60, 95), (99, 100), (100, 100)] {
            for columns in [4, 20, 99, 100, 101, 300] {
                let plain = vec![b'a'; 100];
                // A character that is not ASCII, far from the piece or in it, and as wide.
                let mut other = plain.clone();
                other[50] = 0xe9;
                let whole = cut((&other, Charset::UTF_8), 0..100, start..end, columns, ALL);
                let near = cut((&plain, Charset::UTF_8), 0..100, start..end, columns, ALL);
                assert_eq!(near.text, whole.text.replace('é', "a"), "{start} {end} {columns}");
                assert_eq!((near.column, near.underline), (whole.column, whole.underline));
            }
        }
    }

    #[test]
    fn columns_are_those_of_the_terminal() {
        check("PID|山田|x".as_bytes(), b"x", 40, ALL, "PID|山田|x\n         ^");
        check(b"PID|M\xfcller|x", b"x", 40, ALL, "PID|Müller|x\n           ^");
        check(b"PID|\x1b[1m|x", b"x", 40, ALL, "PID|\\x1b[1m|x\n            ^");
    }

    #[test]
    fn characters_are_those_of_the_message() {
        let japanese = Charset::named("ISO IR87").expect("a name");
        let cut = cut((b"PID|\x1b$B;3ED\x1b(B|x", japanese), 0..16, 15..16, 40, ALL);
        assert_eq!((cut.text.as_str(), cut.column), ("PID|山田|x", 9));
    }

    #[test]
    fn nothing_has_a_mark_too() {
        let at_end = cut((b"PID|1|", Charset::UTF_8), 0..6, 6..6, 40, ALL);
        assert_eq!((at_end.column, at_end.underline.as_str()), (6, "^"));
    }
}
