//! `#[hl7(...)]`: the keys, what each takes, and where each is allowed.
//!
//! One table a place. Everything that can be wrong with a key by itself (unknown, twice, the wrong kind of value) is
//! found here, from the table; what the values mean together is checked by the readers in `model`.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Lit, LitInt, LitStr, Path, Token};

use crate::ctxt::Ctxt;

/// What a key takes.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// Nothing: `extra`.
    Flag,
    /// A string: `id = "ZPV"`.
    Text,
    /// A number: `seq = 3`.
    Number,
    /// A number or `"*"`.
    NumberOrMany,
    /// A path: `table = tables::TABLE_0001`.
    Path,
}

impl Form {
    fn takes(self, given: &Given) -> bool {
        match (self, given) {
            (Form::Flag, Given::Flag)
            | (Form::Text, Given::Lit(Lit::Str(_)))
            | (Form::Number | Form::NumberOrMany, Given::Lit(Lit::Int(_)))
            | (Form::Path, Given::Path(_)) => true,
            (Form::NumberOrMany, Given::Lit(Lit::Str(text))) => text.value() == "*",
            _ => false,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Form::Flag => "no value",
            Form::Text => "a string",
            Form::Number => "a number",
            Form::NumberOrMany => "a number or \"*\"",
            Form::Path => "a path, without quotes",
        }
    }
}

/// A key of the attribute.
pub(crate) struct Key {
    name: &'static str,
    form: Form,
    example: &'static str,
}

const fn key(name: &'static str, form: Form, example: &'static str) -> Key {
    Key { name, form, example }
}

const CRATE: Key = key("crate", Form::Path, "crate = hl7_core");
const NO_NEW: Key = key("no_new", Form::Flag, "no_new");
const EXTRA: Key = key("extra", Form::Flag, "extra");

/// Where an attribute stands.
pub(crate) struct Place {
    /// As the messages say it: `a segment`.
    pub(crate) what: &'static str,
    keys: &'static [Key],
}

/// On a segment struct.
pub(crate) static SEGMENT: Place = Place {
    what: "a segment struct",
    keys: &[
        key("id", Form::Text, r#"id = "ZPV""#),
        key("name", Form::Text, r#"name = "Visit Details""#),
        key("desc", Form::Path, "desc = crate::segments::PID"),
        CRATE,
        NO_NEW,
    ],
};

/// On a composite struct.
pub(crate) static DATATYPE: Place = Place {
    what: "a datatype struct",
    keys: &[
        key("id", Form::Text, r#"id = "CX""#),
        key("name", Form::Text, r#"name = "Extended Composite ID""#),
        key("desc", Form::Path, "desc = crate::datatypes::CX"),
        CRATE,
    ],
};

/// On an enum of datatypes.
pub(crate) static VARIES: Place = Place {
    what: "an enum of datatypes",
    keys: &[key("desc", Form::Path, "desc = crate::datatypes::VARIES"), CRATE],
};

/// On a group struct.
pub(crate) static GROUP: Place = Place {
    what: "a group struct",
    keys: &[
        key("name", Form::Text, r#"name = "PROCEDURE""#),
        key("desc", Form::Path, "desc = PROCEDURE_MEMBERS"),
        CRATE,
        NO_NEW,
    ],
};

/// On a choice enum.
pub(crate) static CHOICE: Place = Place {
    what: "a choice enum",
    keys: &[
        key("name", Form::Text, r#"name = "ORDER_CHOICE""#),
        key("desc", Form::Path, "desc = ORDER_CHOICE_MEMBERS"),
        CRATE,
    ],
};

/// On a message struct.
pub(crate) static MESSAGE: Place = Place {
    what: "a message struct",
    keys: &[
        key("id", Form::Text, r#"id = "ADT_A01""#),
        key("desc", Form::Path, "desc = ADT_A01"),
        key("version", Form::Path, "version = hl7_types::v2_5_1::VERSION"),
        CRATE,
        NO_NEW,
    ],
};

const SEQ: Key = key("seq", Form::Number, "seq = 3");
const USAGE: Key = key("usage", Form::Text, r#"usage = "R""#);
const NAME: Key = key("name", Form::Text, r#"name = "Patient Class""#);
const MIN: Key = key("min", Form::Number, "min = 1");
const MAX: Key = key("max", Form::NumberOrMany, r#"max = 5` or `max = "*""#);
const LEN: Key = key("len", Form::Number, "len = 250");
const MIN_LEN: Key = key("min_len", Form::Number, "min_len = 1");
const CONF_LEN: Key = key("conf_len", Form::Text, r##"conf_len = "20#"` or `conf_len = "20=""##);
const ITEM: Key = key("item", Form::Number, "item = 106");
const TABLE: Key = key("table", Form::Path, "table = tables::TABLE_0001");
const VARIES_BY: Key = key("varies_by", Form::Number, "varies_by = 2");
const OPEN: Key = key("open", Form::Flag, "open");

/// On a field of a segment.
pub(crate) static FIELD: Place = Place {
    what: "a field",
    keys: &[
        SEQ, USAGE, NAME, MIN, MAX, LEN, MIN_LEN, CONF_LEN, ITEM, TABLE, VARIES_BY, OPEN, EXTRA,
    ],
};

/// On a component of a composite.
pub(crate) static COMPONENT: Place =
    Place { what: "a component", keys: &[SEQ, USAGE, NAME, LEN, MIN_LEN, CONF_LEN, TABLE, EXTRA] };

/// On a member of a group or message.
pub(crate) static MEMBER: Place = Place { what: "a member", keys: &[MIN, MAX, EXTRA] };

/// On a variant of an enum of datatypes.
pub(crate) static VARIANT: Place = Place {
    what: "a variant",
    keys: &[key("id", Form::Text, r#"id = "CE""#), key("raw", Form::Flag, "raw")],
};

/// On a struct that is taken from messages.
pub(crate) static EXTRACT: Place = Place {
    what: "a struct that is taken from messages",
    keys: &[
        key("version", Form::Path, "version = hl7_types::v2_5_1::VERSION"),
        key("message", Form::Path, "message = hl7_types::v2_5_1::messages::OruR01"),
        CRATE,
    ],
};

/// The key of a literal without one, and of a field that names a path.
pub(crate) const PATH: &str = "path";

/// On a field of such a struct.
pub(crate) static EXTRACT_FIELD: Place = Place {
    what: "a field that is taken from messages",
    keys: &[
        key(PATH, Form::Text, r#""PID-3.1""#),
        key("group", Form::Text, r#"group = "PATIENT_RESULT.ORDER_OBSERVATION""#),
        key("segment", Form::Text, r#"segment = "NTE""#),
        key("raw", Form::Flag, "raw"),
        key("direct", Form::Flag, "direct"),
        key("site", Form::Path, "site = Zpv"),
        key("unchecked", Form::Flag, "unchecked"),
    ],
};

/// On a variant of a choice: nothing.
pub(crate) static ALTERNATIVE: Place = Place { what: "an alternative", keys: &[] };

static PLACES: [&Place; 12] = [
    &SEGMENT,
    &DATATYPE,
    &VARIES,
    &GROUP,
    &CHOICE,
    &MESSAGE,
    &FIELD,
    &COMPONENT,
    &MEMBER,
    &VARIANT,
    &EXTRACT,
    &EXTRACT_FIELD,
];

/// The value of a key.
enum Given {
    Flag,
    Lit(Lit),
    Path(Path),
}

/// `key` or `key = value`; a string alone is a path.
struct Entry {
    key: Ident,
    given: Given,
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            let path: LitStr = input.parse()?;
            let key = Ident::new(PATH, path.span());
            return Ok(Self { key, given: Given::Lit(Lit::Str(path)) });
        }
        let key = input.call(Ident::parse_any)?;
        if input.parse::<Option<Token![=]>>()?.is_none() {
            return Ok(Self { key, given: Given::Flag });
        }
        let given = match input.peek(Lit) {
            true => Given::Lit(input.parse()?),
            false => Given::Path(input.call(Path::parse_mod_style).map_err(|error| {
                syn::Error::new(
                    error.span(),
                    format!("expected a literal or a path after `{key} =`"),
                )
            })?),
        };
        Ok(Self { key, given })
    }
}

impl ToTokens for Entry {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.given {
            Given::Flag => self.key.to_tokens(tokens),
            Given::Lit(lit) => lit.to_tokens(tokens),
            Given::Path(path) => path.to_tokens(tokens),
        }
    }
}

/// The attributes of one type, field or variant, each key checked by itself.
pub(crate) struct Attrs {
    entries: Vec<Entry>,
    /// Keys that were meant but are wrong, and were reported: that they are missing is no second mistake.
    meant: Vec<String>,
    /// An attribute could not be read at all, so nobody knows what was meant.
    unreadable: bool,
    /// Something was reported.
    mistaken: bool,
}

impl Attrs {
    /// Reads the `#[hl7(...)]` attributes among `attributes`.
    pub(crate) fn read(ctxt: &Ctxt, attributes: &[Attribute], place: &Place) -> Self {
        let mut attrs =
            Self { entries: Vec::new(), meant: Vec::new(), unreadable: false, mistaken: false };
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("hl7")) {
            let parsed =
                attribute.parse_args_with(Punctuated::<Entry, Token![,]>::parse_terminated);
            match parsed {
                Err(error) => {
                    ctxt.push(error);
                    (attrs.unreadable, attrs.mistaken) = (true, true);
                }
                Ok(entries) => {
                    entries.into_iter().for_each(|entry| attrs.take(ctxt, entry, place));
                }
            }
        }
        attrs
    }

    /// Takes a key that is known here, new, and has the right kind of value; says so when it is not.
    fn take(&mut self, ctxt: &Ctxt, entry: Entry, place: &Place) {
        let name = entry.key.to_string();
        let Some(key) = place.keys.iter().find(|key| key.name == name) else {
            let near = nearest(&name, place.keys.iter().map(|key| key.name));
            ctxt.error(&entry.key, unknown(&name, near, place));
            self.mistaken = true;
            self.meant.extend(near.map(str::to_owned));
            return;
        };
        if self.find(&name).is_some() {
            ctxt.error(&entry.key, format!("`{name}` is given twice; keep one"));
        } else if key.form.takes(&entry.given) {
            self.entries.push(entry);
        } else {
            let (form, example) = (key.form.name(), key.example);
            ctxt.error(entry, format!("`{name}` takes {form}; write `{example}`"));
            self.mistaken = true;
            self.meant.push(name);
        }
    }

    /// Whether something was wrong with a key by itself.
    pub(crate) fn mistaken(&self) -> bool {
        self.mistaken
    }

    fn find(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// Whether a key was given, right or wrong, as far as one can tell.
    pub(crate) fn meant(&self, key: &str) -> bool {
        self.unreadable || self.flag(key) || self.was_wrong(key)
    }

    /// Whether a key was given and is wrong.
    pub(crate) fn was_wrong(&self, key: &str) -> bool {
        self.meant.iter().any(|meant| meant == key)
    }

    /// The key as written, for messages about it.
    pub(crate) fn key(&self, key: &str) -> Option<&Ident> {
        self.find(key).map(|entry| &entry.key)
    }

    /// All keys as written.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Ident> {
        self.entries.iter().map(|entry| &entry.key)
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    pub(crate) fn text(&self, key: &str) -> Option<&LitStr> {
        match &self.find(key)?.given {
            Given::Lit(Lit::Str(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn int(&self, key: &str) -> Option<&LitInt> {
        match &self.find(key)?.given {
            Given::Lit(Lit::Int(int)) => Some(int),
            _ => None,
        }
    }

    pub(crate) fn path(&self, key: &str) -> Option<&Path> {
        match &self.find(key)?.given {
            Given::Path(path) => Some(path),
            _ => None,
        }
    }

    /// A number that must fit; says so when it does not.
    pub(crate) fn number(&self, ctxt: &Ctxt, key: &str, largest: u32) -> Option<u32> {
        let int = self.int(key)?;
        let number = int.base10_parse::<u32>().ok().filter(|number| *number <= largest);
        if number.is_none() || !int.suffix().is_empty() {
            ctxt.error(
                int,
                format!("`{key}` takes a number from 0 to {largest}, without a suffix"),
            );
        }
        number
    }
}

fn unknown(name: &str, near: Option<&str>, place: &Place) -> String {
    let what = place.what;
    if let Some(near) = near {
        return format!("unknown key `{name}` on {what}; did you mean `{near}`?");
    }
    let elsewhere = PLACES.iter().find(|other| other.keys.iter().any(|key| key.name == name));
    let known = match place.keys {
        [] => "it takes no keys".to_owned(),
        keys => {
            let names: Vec<_> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
            format!("known are {}", names.join(", "))
        }
    };
    match elsewhere {
        Some(other) => format!("`{name}` belongs on {}, not on {what}; {known}", other.what),
        None => format!("unknown key `{name}` on {what}; {known}"),
    }
}

/// The name that was probably meant: at most two letters changed, added, lost or swapped, and fewer than half.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|other| (distance(name.as_bytes(), other.as_bytes()), other))
        .filter(|(distance, other)| *distance <= 2 && distance * 2 <= other.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// Optimal string alignment: edits, where swapping two neighbours is one.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let first_row: Vec<usize> = (0..=b.len()).collect();
    let mut rows = vec![first_row];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_found() {
        let known = ["seq", "usage", "name", "min", "max", "len", "min_len", "conf_len"];
        assert_eq!(nearest("uasge", known), Some("usage"));
        assert_eq!(nearest("sq", known), Some("seq"));
        assert_eq!(nearest("minlen", known), Some("min_len"));
        assert_eq!(nearest("cardinality", known), None);
        assert_eq!(nearest("x", known), None);
    }
}
