//! Times as people write and read them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub(super) use hl7_hub::json::time as shown;

/// A time such as `2026-02-11T14:01:14Z`, or the start of a day in universal time, to milliseconds since 1970.
pub(super) fn parse(text: &str) -> Result<i64, String> {
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    let time = text.parse::<Timestamp>().ok().or_else(|| Some(day()?.timestamp()));
    time.map(Timestamp::as_millisecond).ok_or_else(|| {
        "expected a time such as 2026-02-11T14:01:14Z, or a day such as 2026-02-11".into()
    })
}

#[cfg(test)]
mod tests {
    use super::{parse, shown};

    #[test]
    fn times_and_days() {
        assert_eq!(parse("1970-01-02"), Ok(86_400_000));
        assert_eq!(parse("1970-01-01T01:00:00+01:00"), Ok(0));
        assert!(parse("yesterday").is_err());
        assert_eq!(shown(86_400_001), "1970-01-02T00:00:00.001Z");
    }
}
