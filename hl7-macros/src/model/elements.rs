//! The fields of a segment or the components of a composite.

use proc_macro2::Ident;
use quote::format_ident;
use syn::punctuated::Punctuated;
use syn::{Field, LitStr, Path, Token, Type};

use super::{Container, ExtraField};
use crate::attr::{Attrs, Place, nearest};
use crate::ctxt::Ctxt;
use crate::types::{inside, plain, title};

/// Facts that a descriptor holds, so that they cannot be stated beside one.
const FACTS: [&str; 9] =
    ["name", "min", "max", "len", "min_len", "conf_len", "item", "table", "varies_by"];

/// How a field is used, as the variant of `Usage` spells it.
pub(crate) type Usage = &'static str;

/// The codes of the standard, the word for each, and the variant of `Usage`.
const USAGES: [(&str, &str, Usage); 9] = [
    ("R", "required", "R"),
    ("RE", "", "Re"),
    ("O", "optional", "O"),
    ("C", "conditional", "C"),
    ("C(R/X)", "", "CrX"),
    ("C(RE/X)", "", "CreX"),
    ("B", "backward", "B"),
    ("X", "", "X"),
    ("W", "withdrawn", "W"),
];

/// A field or component.
pub(crate) struct Element<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) seq: u32,
    pub(crate) usage: Usage,
    pub(crate) name: String,
    pub(crate) min: u16,
    /// `None` where the type says it.
    pub(crate) max: Option<u16>,
    pub(crate) len: Option<u32>,
    pub(crate) min_len: Option<u32>,
    pub(crate) conf_len: Option<(u32, bool)>,
    pub(crate) item: Option<u32>,
    pub(crate) table: Option<Path>,
    pub(crate) varies_by: Option<u16>,
    pub(crate) open: bool,
}

/// All fields or components in order, and the one for everything else.
pub(crate) struct Elements<'a> {
    pub(crate) list: Vec<Element<'a>>,
    pub(crate) extra: Option<&'a Field>,
}

impl<'a> Elements<'a> {
    pub(crate) fn read(
        ctxt: &Ctxt,
        container: &Container<'_>,
        fields: &'a Punctuated<Field, Token![,]>,
        place: &Place,
        what: &'static str,
    ) -> Self {
        let mut extra = ExtraField::new(what);
        let mut read = Vec::new();
        for field in fields {
            let attrs = Attrs::read(ctxt, &field.attrs, place);
            container.forbid_beside_desc(ctxt, &attrs, &FACTS);
            if !extra.takes(ctxt, field, &attrs)
                && let Some(ident) = &field.ident
            {
                read.push((element(ctxt, ident, &field.ty, &attrs), attrs));
            }
        }
        let extra = extra.finish(ctxt, container.ident);
        check_positions(ctxt, &mut read);
        for (element, attrs) in &read {
            check_references(ctxt, element, attrs, read.len());
        }
        Self { list: read.into_iter().map(|(element, _)| element).collect(), extra }
    }
}

fn element<'a>(ctxt: &Ctxt, ident: &'a Ident, ty: &'a Type, attrs: &Attrs) -> Element<'a> {
    let usage = attrs.text("usage").map_or("O", |text| usage(ctxt, text));
    let (min, max) = super::members::bounds(ctxt, attrs);
    Element {
        ident,
        ty,
        seq: 0,
        usage,
        name: attrs.text("name").map_or_else(|| title(ident), LitStr::value),
        min: min.unwrap_or(u16::from(usage == "R")),
        max,
        len: attrs.number(ctxt, "len", u32::MAX),
        min_len: attrs.number(ctxt, "min_len", u32::MAX),
        conf_len: attrs.text("conf_len").and_then(|text| conformance_length(ctxt, text)),
        item: attrs.number(ctxt, "item", u32::MAX),
        table: attrs.path("table").cloned(),
        varies_by: attrs.number(ctxt, "varies_by", u16::MAX.into()).map(|seq| seq as u16),
        open: attrs.flag("open"),
    }
}

fn usage(ctxt: &Ctxt, text: &LitStr) -> Usage {
    let given = text.value();
    if let Some((_, _, variant)) = USAGES.iter().find(|(code, ..)| *code == given) {
        return variant;
    }
    let meant = USAGES.iter().find(|(code, word, _)| {
        code.eq_ignore_ascii_case(given.trim())
            || !word.is_empty() && nearest(&given.to_lowercase(), [*word]).is_some()
    });
    let codes = USAGES.map(|(code, ..)| code).join(", ");
    let help = match meant {
        Some((code, ..)) => format!("did you mean \"{code}\"?"),
        None => format!("it is one of {codes}"),
    };
    ctxt.error(text, format!("\"{given}\" is no usage: {help}"));
    "O"
}

/// `20#` (may be truncated) or `20=` (may not).
fn conformance_length(ctxt: &Ctxt, text: &LitStr) -> Option<(u32, bool)> {
    let given = text.value();
    let parsed = given
        .strip_suffix('#')
        .map(|digits| (digits, true))
        .or(given.strip_suffix('=').map(|digits| (digits, false)))
        .and_then(|(digits, truncatable)| Some((digits.parse().ok()?, truncatable)));
    if parsed.is_none() {
        let message = format!(
            "\"{given}\" is no conformance length: write \"20#\" where the value may be truncated, \"20=\" where it may not"
        );
        ctxt.error(text, message);
    }
    parsed
}

/// Positions count from one without gaps: the position is what goes over the wire.
fn check_positions(ctxt: &Ctxt, read: &mut [(Element<'_>, Attrs)]) {
    let mut next = 1;
    for at in 0..read.len() {
        let (element, attrs) = &read[at];
        let seq = attrs.number(ctxt, "seq", u16::MAX.into());
        let ident = element.ident;
        if let (Some(seq), Some(key)) = (seq, attrs.int("seq")) {
            let taken = read[..at].iter().find(|(other, _)| other.seq == seq);
            if let Some((other, _)) = taken {
                let message = format!(
                    "position {seq} is taken by `{}`; expected `seq = {next}`",
                    other.ident
                );
                ctxt.error(key, message);
            } else if seq == 0 {
                ctxt.error(key, format!("positions count from one; expected `seq = {next}`"));
            } else if seq > next {
                let missing = format_ident!("reserved_{next}");
                let message = format!(
                    "position {next} is missing before {seq}; add the field, or keep its place with\n    \
                     #[hl7(seq = {next}, usage = \"W\")]\n    pub {missing}: Raw,"
                );
                ctxt.error(key, message);
            } else if seq < next {
                let message = format!(
                    "position {seq} stands behind {}; declare the fields in order",
                    next - 1
                );
                ctxt.error(key, message);
            }
            next = next.max(seq + 1);
            read[at].0.seq = seq;
            continue;
        }
        if !attrs.meant("seq") {
            let message = format!("`{}` has no position; add `#[hl7(seq = {next})]`", plain(ident));
            ctxt.error(ident, message);
        }
        read[at].0.seq = next;
        next += 1;
    }
}

/// What one field says about others.
fn check_references(ctxt: &Ctxt, element: &Element<'_>, attrs: &Attrs, count: usize) {
    if let (Some(seq), Some(key)) = (element.varies_by, attrs.int("varies_by")) {
        if u32::from(seq) == element.seq {
            ctxt.error(
                key,
                "a field cannot name its own datatype; give the position of the field that does",
            );
        } else if seq == 0 || usize::from(seq) > count {
            let message = format!(
                "`varies_by = {seq}` points nowhere; give the position of the field that names the datatype, from 1 to {count}"
            );
            ctxt.error(key, message);
        }
    }
    if let Some(key) = attrs.key("open").filter(|_| element.seq as usize != count) {
        let message = format!(
            "only the last field can be open, `{}` is number {} of {count}",
            element.ident, element.seq
        );
        ctxt.error(key, message);
    }
    if element.open && inside("Vec", element.ty).is_none() {
        ctxt.error(element.ty, "an open field stands for several; use `Vec<...>`");
    }
}
