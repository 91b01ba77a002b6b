//! Durations and sizes as people write them.

use std::time::Duration;

const DURATIONS: [(&str, u64); 6] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("y", 365 * 86_400_000),
];
const SIZES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// `250ms`, `30s`, `5m`, `2h`, `7d`, `6y`; `off` is none. A year has 365 days.
pub(super) fn duration(text: &str) -> Result<Option<Duration>, String> {
    if text == "off" {
        return Ok(None);
    }
    match scaled(text, &DURATIONS) {
        Some(0) => Err("a duration of nothing; write `off` if it is not wanted".to_owned()),
        Some(milliseconds) => Ok(Some(Duration::from_millis(milliseconds))),
        None => Err(format!("`{text}` is no duration; write 250ms, 30s, 5m, 2h or 7d")),
    }
}

/// `512KiB`, `16MiB`, `2GiB`.
pub(super) fn size(text: &str) -> Result<u64, String> {
    scaled(text, &SIZES)
        .filter(|&bytes| bytes > 0)
        .ok_or_else(|| format!("`{text}` is no size; write 4096B, 512KiB, 16MiB or 2GiB"))
}

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, scale) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    // A limit far above whatever makes sense, and far below where sums of times overflow.
    number.parse::<u64>().ok()?.checked_mul(*scale).filter(|&scaled| scaled < 1 << 48)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes() {
        for (text, expected) in [
            ("250ms", 250),
            ("30s", 30_000),
            ("5m", 300_000),
            ("2 h", 7_200_000),
            ("7d", 604_800_000),
            ("6y", 6 * 365 * 86_400_000),
        ] {
            assert_eq!(duration(text), Ok(Some(Duration::from_millis(expected))));
        }
        assert_eq!(duration("off"), Ok(None));
        for text in ["", "5", "s", "-1s", "1.5s", "0s", "99999999999999999999s", "999999999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!((size("16MiB"), size("4096B")), (Ok(16 << 20), Ok(4096)));
        assert!(size("16MB").is_err() && size("0B").is_err());
    }
}
