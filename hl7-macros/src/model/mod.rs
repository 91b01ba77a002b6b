//! What a type says about itself, checked: the attributes on it and the shape it has.

mod elements;
mod extract;
mod members;
mod variants;

use proc_macro2::Ident;
use syn::punctuated::Punctuated;
use syn::{
    Data, DeriveInput, Field, Fields, LitStr, Path, Token, Variant, Visibility, parse_quote,
};

use crate::attr::{Attrs, Place};
use crate::ctxt::Ctxt;

pub(crate) use elements::{Element, Elements};
pub(crate) use extract::{Checked, Read, Taken, read_fields};
pub(crate) use members::{Cardinality, Member, Members};
pub(crate) use variants::{Variants, read_alternatives};

/// A type with its attributes.
pub(crate) struct Container<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) vis: &'a Visibility,
    pub(crate) attrs: Attrs,
}

impl<'a> Container<'a> {
    pub(crate) fn read(ctxt: &Ctxt, input: &'a DeriveInput, place: &Place) -> Self {
        if !input.generics.params.is_empty() {
            let message = format!(
                "{} cannot be generic: its descriptor is one static; write one type for each case",
                place.what
            );
            ctxt.error(&input.generics, message);
        }
        Self { ident: &input.ident, vis: &input.vis, attrs: Attrs::read(ctxt, &input.attrs, place) }
    }

    /// The crate that the expansion names.
    pub(crate) fn root(&self) -> Path {
        self.attrs.path("crate").cloned().unwrap_or_else(|| parse_quote!(::hl7_types))
    }

    pub(crate) fn desc(&self) -> Option<&Path> {
        self.attrs.path("desc")
    }

    pub(crate) fn has_new(&self) -> bool {
        !self.attrs.flag("no_new")
    }

    /// A fact that the descriptor states cannot be stated again.
    pub(crate) fn forbid_beside_desc(&self, ctxt: &Ctxt, attrs: &Attrs, facts: &[&str]) {
        let Some(desc) = self.desc() else { return };
        let desc = crate::expand::spelled(desc);
        for key in attrs.keys().filter(|key| facts.iter().any(|fact| key == fact)) {
            let message = format!("`{key}` is stated by the descriptor `{desc}`; remove it here");
            ctxt.error(key, message);
        }
    }

    /// The text of `key`, which must be there and have the form that `is_right` accepts.
    pub(crate) fn required(
        &self,
        ctxt: &Ctxt,
        key: &str,
        example: &str,
        form: &str,
        is_right: fn(&str) -> bool,
    ) -> String {
        match self.attrs.text(key) {
            Some(text) if is_right(&text.value()) => text.value(),
            Some(text) => {
                wrong_form(ctxt, text, key, form);
                String::new()
            }
            None if self.attrs.meant(key) => String::new(),
            None => {
                let ident = self.ident;
                let message =
                    format!("`{ident}` has no `{key}`; add `#[hl7({key} = \"{example}\")]`");
                ctxt.error(ident, message);
                String::new()
            }
        }
    }
}

pub(crate) fn wrong_form(ctxt: &Ctxt, text: &LitStr, key: &str, form: &str) {
    ctxt.error(text, format!("\"{}\" is no {key}: {form}", text.value()));
}

/// The fields of a struct with named fields; says what to do when the type has another shape.
pub(crate) fn named_fields<'a>(
    ctxt: &Ctxt,
    input: &'a DeriveInput,
    derive: &str,
) -> Option<&'a Punctuated<Field, Token![,]>> {
    let found = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => return Some(&fields.named),
            Fields::Unnamed(_) => "a tuple struct",
            Fields::Unit => "a struct without fields",
        },
        Data::Enum(_) => "an enum",
        Data::Union(_) => "a union",
    };
    let ident = &input.ident;
    let message = format!(
        "`{derive}` is derived for a struct with named fields, `{ident}` is {found}; write `struct {ident} {{ ... }}`"
    );
    ctxt.error(ident, message);
    None
}

/// The variants of an enum.
pub(crate) fn enum_variants(input: &DeriveInput) -> Option<&Punctuated<Variant, Token![,]>> {
    match &input.data {
        Data::Enum(data) => Some(&data.variants),
        _ => None,
    }
}

/// Finds the field marked `extra`; says so when there is none or more than one.
struct ExtraField<'a> {
    what: &'static str,
    found: Option<&'a Field>,
}

impl<'a> ExtraField<'a> {
    fn new(what: &'static str) -> Self {
        Self { what, found: None }
    }

    /// Whether the field is the extra one.
    fn takes(&mut self, ctxt: &Ctxt, field: &'a Field, attrs: &Attrs) -> bool {
        let Some(key) = attrs.key("extra") else {
            let wrong = attrs.was_wrong("extra");
            if wrong {
                self.found = self.found.or(Some(field));
            }
            return wrong;
        };
        if let Some(first) = self.found.and_then(|first| first.ident.as_ref()) {
            ctxt.error(key, format!("`{first}` is the extra field already; keep one"));
        }
        for other in attrs.keys().filter(|other| *other != "extra") {
            ctxt.error(
                other,
                format!("`{other}` cannot stand beside `extra`, which is no {}", self.what),
            );
        }
        self.found = Some(field);
        true
    }

    fn finish(self, ctxt: &Ctxt, container: &Ident) -> Option<&'a Field> {
        if self.found.is_none() {
            let message = format!(
                "`{container}` has no extra field, so what a message carries beyond its {}s would be lost; add\n    \
                 #[hl7(extra)]\n    pub extra: hl7_types::Extra,",
                self.what
            );
            ctxt.error(container, message);
        }
        self.found
    }
}

pub(crate) const SEGMENT_ID: &str =
    "three characters, an upper-case letter and two upper-case letters or digits, such as \"ZPV\"";
pub(crate) const NAME_ID: &str = "a letter, then letters, digits and underscores";

/// `PID`, `ZPV`, `IN1`.
pub(crate) fn is_segment_id(text: &str) -> bool {
    text.len() == 3
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// `CX`, `CM_ABS_RANGE`, `ADT_A01`, `MFN_Znn`.
pub(crate) fn is_name_id(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Any text but none.
pub(crate) fn is_text(text: &str) -> bool {
    !text.trim().is_empty()
}
