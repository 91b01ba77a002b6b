//! The fields of a struct that is taken from messages. What a path or group means is left to the runtime.

use proc_macro2::Ident;
use syn::punctuated::Punctuated;
use syn::{Field, LitStr, Path, Token, Type};

use super::is_segment_id;
use crate::attr::{Attrs, EXTRACT_FIELD, PATH};
use crate::ctxt::Ctxt;
use crate::types::inside;

/// A field, and what it takes.
pub(crate) struct Taken<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) read: Read,
    pub(crate) checked: Checked,
    /// Not from the groups within.
    pub(crate) direct: bool,
}

/// What a field takes.
pub(crate) enum Read {
    /// What a path names.
    Value(LitStr),
    /// Each of what a path with `*` names.
    Values(LitStr),
    /// A chain of groups.
    Group(LitStr),
    /// The segments with an id.
    Segment(LitStr),
    /// All of it.
    Raw,
}

/// What a path is checked against.
pub(crate) enum Checked {
    Version,
    /// A segment struct.
    Site(Path),
    Nothing,
}

/// The keys of which a field has exactly one.
const SOURCES: [&str; 4] = [PATH, "group", "segment", "raw"];

/// All fields in order.
pub(crate) fn read_fields<'a>(
    ctxt: &Ctxt,
    fields: &'a Punctuated<Field, Token![,]>,
) -> Vec<Taken<'a>> {
    fields.iter().filter_map(|field| read_field(ctxt, field)).collect()
}

fn read_field<'a>(ctxt: &Ctxt, field: &'a Field) -> Option<Taken<'a>> {
    let ident = field.ident.as_ref()?;
    let attrs = Attrs::read(ctxt, &field.attrs, &EXTRACT_FIELD);
    let sources: Vec<_> = SOURCES.into_iter().filter_map(|source| attrs.key(source)).collect();
    match &sources[..] {
        [] if attrs.mistaken() => return None,
        [] => {
            let message = format!(
                "`{ident}` does not say what it takes; add `#[hl7(\"PID-3.1\")]`, `#[hl7(group = \"ORDER\")]`, `#[hl7(segment = \"NTE\")]` or `#[hl7(raw)]`"
            );
            ctxt.error(ident, message);
            return None;
        }
        [_] => {}
        [_, second, ..] => {
            let message =
                format!("`{ident}` takes one thing: a path, a `group`, a `segment` or `raw`");
            ctxt.error(second, message);
            return None;
        }
    }
    let read = if let Some(path) = attrs.text(PATH) {
        value(ctxt, ident, &field.ty, path)
    } else if let Some(group) = attrs.text("group") {
        check_group(ctxt, group);
        Read::Group(group.clone())
    } else if let Some(segment) = attrs.text("segment") {
        if !is_segment_id(&segment.value()) {
            super::wrong_form(ctxt, segment, "segment", super::SEGMENT_ID);
        }
        Read::Segment(segment.clone())
    } else {
        Read::Raw
    };
    check_beside(ctxt, &attrs, &read);
    let checked = match attrs.path("site") {
        Some(site) => Checked::Site(site.clone()),
        None if attrs.flag("unchecked") => Checked::Nothing,
        None => Checked::Version,
    };
    Some(Taken { ident, ty: &field.ty, read, checked, direct: attrs.flag("direct") })
}

/// A path names one value or, with `*`, each of several; the type must say the same.
fn value(ctxt: &Ctxt, ident: &Ident, ty: &Type, path: &LitStr) -> Read {
    let text = path.value();
    match (text.contains('*'), inside("Vec", ty).is_some()) {
        (true, false) => {
            let message = format!(
                "`{text}` names each of several, and `{ident}` holds one; make it a `Vec<_>`"
            );
            ctxt.error(ty, message);
        }
        (false, true) => {
            let message = format!(
                "`{text}` names one value, and `{ident}` holds several; write `[*]` behind the segment or the field, as in \"OBX[*]-5\" or \"PID-3[*].1\""
            );
            ctxt.error(path, message);
        }
        _ => {}
    }
    if text.contains('*') { Read::Values(path.clone()) } else { Read::Value(path.clone()) }
}

fn check_group(ctxt: &Ctxt, group: &LitStr) {
    if group.value().split('.').any(|name| name.trim().is_empty() || name.trim() != name) {
        super::wrong_form(
            ctxt,
            group,
            "group",
            "a name or several with dots between, such as \"ORDER\"",
        );
    }
}

/// Keys that say nothing about what a field takes.
fn check_beside(ctxt: &Ctxt, attrs: &Attrs, read: &Read) {
    let (what, needless): (_, &[&str]) = match read {
        Read::Value(_) | Read::Values(_) | Read::Segment(_) => ("", &[]),
        Read::Group(_) => ("`group`", &["direct", "site"]),
        Read::Raw => ("`raw`", &["direct", "site", "unchecked"]),
    };
    for key in attrs.keys().filter(|key| needless.iter().any(|needless| key == needless)) {
        ctxt.error(key, format!("`{key}` says nothing beside {what}; remove it"));
    }
    if let (Some(_), Some(unchecked)) = (attrs.key("site"), attrs.key("unchecked")) {
        ctxt.error(unchecked, "`site` checks the path; keep one of `site` and `unchecked`");
    }
}
