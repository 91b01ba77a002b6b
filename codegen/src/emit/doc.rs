//! Names of the standard in documentation: they are plain text, rustdoc reads Markdown.

/// A name as Markdown that shows exactly its characters: no tag, link, emphasis or entity in it.
pub(super) fn text(plain: &str) -> String {
    let plain: String =
        plain.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    let words: Vec<String> = plain.trim().split(' ').map(word).collect();
    words.join(" ")
}

fn word(plain: &str) -> String {
    if plain.starts_with("http://") || plain.starts_with("https://") {
        let plain = plain.replace('<', "%3C").replace('>', "%3E");
        return format!("<{plain}>");
    }
    let signs: Vec<char> = plain.chars().collect();
    let mut out = String::with_capacity(plain.len());
    for (at, &sign) in signs.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| signs.get(at)).copied();
        let after = signs.get(at + 1).copied();
        let is_word = |sign: Option<char>| sign.is_some_and(char::is_alphanumeric);
        let escape = match sign {
            '\\' | '*' | '`' | '[' | '<' | '~' => true,
            // Inside a word it does not begin emphasis: `ADT_A01`.
            '_' => !(is_word(before) && is_word(after)),
            // It begins an entity only right before its name: `&lt;`.
            '&' => after == Some('#') || is_word(after),
            _ => false,
        };
        if escape {
            out.push('\\');
        }
        out.push(sign);
    }
    out
}

/// A code as Markdown that shows exactly its characters.
pub(super) fn code(plain: &str) -> String {
    let plain: String =
        plain.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    if plain.contains('`') { format!("`` {plain} ``") } else { format!("`{plain}`") }
}

/// `CX: Extended Composite ID`, or the id alone where no name is known; without a full stop.
pub(super) fn titled(id: &str, name: &str) -> String {
    let (id, name) = (text(id), text(name));
    if name.is_empty() { id } else { format!("{id}: {}", name.trim_end_matches('.')) }
}

#[cfg(test)]
mod tests {
    use super::{code, text, titled};

    #[test]
    fn names_show_what_they_are() {
        for (plain, want) in [
            ("Patient Identifier List", "Patient Identifier List"),
            ("every <integer> days", r"every \<integer> days"),
            ("see [PID] and ADT_A01", r"see \[PID] and ADT_A01"),
            ("*bold* _soft_ `code`", r"\*bold\* \_soft\_ \`code\`"),
            (r"AT&T \ &lt; R & D", r"AT\&T \\ \&lt; R & D"),
            ("line\nend\t", "line end"),
            ("by https://hl7.org/x now", "by <https://hl7.org/x> now"),
            (r#"Who's "*/" {}"#, r#"Who's "\*/" {}"#),
        ] {
            assert_eq!(text(plain), want);
        }
    }

    #[test]
    fn codes_and_titles() {
        assert_eq!(code("<"), "`<`");
        assert_eq!(code("a`b"), "`` a`b ``");
        assert_eq!(titled("CX", "Extended"), "CX: Extended");
        assert_eq!(titled("0001", ""), "0001");
        assert_eq!(titled("ZZZ", "and so on."), "ZZZ: and so on");
    }
}
