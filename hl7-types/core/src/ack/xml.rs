//! The text of one element in the XML encoding, without a parser: enough to read MSA of a reply.

/// The longest entity, with its semicolon: `#x10FFFF;`.
const LONGEST: usize = 9;

/// The text of the first element with a local name; a name with `_` behind it counts too (BizTalk's
/// `MSA.1_AcknowledgementCode`). `None` where there is no such element; elements inside of it end its text.
pub(super) fn first(xml: &[u8], name: &str) -> Option<String> {
    let mut rest = xml;
    loop {
        rest = &rest[memchr::memchr(b'<', rest)? + 1..];
        if let Some(comment) = rest.strip_prefix(b"!--") {
            rest = &comment[memchr::memmem::find(comment, b"-->")? + 3..];
            continue;
        }
        let end = memchr::memchr(b'>', rest)?;
        let (tag, behind) = (&rest[..end], &rest[end + 1..]);
        rest = behind;
        if !names(tag, name.as_bytes()) {
            continue;
        }
        if tag.ends_with(b"/") {
            return Some(String::new());
        }
        let text = &behind[..memchr::memchr(b'<', behind)?];
        return Some(without_entities(&String::from_utf8_lossy(text)).trim().to_owned());
    }
}

/// Whether a start tag has a local name.
fn names(tag: &[u8], name: &[u8]) -> bool {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'/';
    let length = tag.iter().position(ends).unwrap_or(tag.len());
    let local = tag[..length].rsplit(|&byte| byte == b':').next().unwrap_or_default();
    local.strip_prefix(name).is_some_and(|rest| rest.first().is_none_or(|&byte| byte == b'_'))
}

/// Text with the entities of XML replaced; others stay.
fn without_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        let end = behind.bytes().take(LONGEST).position(|byte| byte == b';');
        let entity = end.and_then(|end| Some((entity(&behind[..end])?, &behind[end + 1..])));
        match entity {
            Some((character, after)) => {
                out.push(character);
                rest = after;
            }
            None => {
                out.push('&');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first;

    #[track_caller]
    fn check(xml: &str, expected: Option<&str>) {
        assert_eq!(first(xml.as_bytes(), "MSA.1").as_deref(), expected, "{xml}");
    }

    #[test]
    fn the_first_element_of_a_name() {
        check("<ACK><MSA><MSA.1>AA</MSA.1></MSA></ACK>", Some("AA"));
        check("<a:MSA.1 xmlns:a='x'>\n AA </a:MSA.1>", Some("AA"));
        check("<MSA.1_AcknowledgementCode>AE</MSA.1_AcknowledgementCode>", Some("AE"));
        check("<!-- <MSA.1>AA</MSA.1> --><MSA.1>AR</MSA.1>", Some("AR"));
        check("<MSA.10>AA</MSA.10>", None);
        check("<MSA.1/>", Some(""));
        check("<MSA.1>&#65;&#x41;&lt;&amp;&unknown;&</MSA.1>", Some("AA<&&unknown;&"));
        for broken in ["", "<", "<MSA.1", "<MSA.1>", "<MSA.1>AA", "<!--", "MSA.1"] {
            check(broken, None);
        }
    }
}
