//! The variants of an enum of datatypes, and the alternatives of a choice.

use proc_macro2::Ident;
use syn::punctuated::Punctuated;
use syn::{Fields, Token, Type, Variant};

use super::{Container, NAME_ID, is_name_id, wrong_form};
use crate::attr::{ALTERNATIVE, Attrs, VARIANT};
use crate::ctxt::Ctxt;
use crate::types::inside;

/// A datatype that a varying field may have.
pub(crate) struct Typed<'a> {
    pub(crate) id: String,
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
}

/// The variants of an enum of datatypes: the typed ones, and the raw one.
pub(crate) struct Variants<'a> {
    pub(crate) typed: Vec<Typed<'a>>,
    pub(crate) raw: Option<(&'a Ident, &'a Type)>,
}

impl<'a> Variants<'a> {
    pub(crate) fn read(
        ctxt: &Ctxt,
        container: &Container<'_>,
        variants: &'a Punctuated<Variant, Token![,]>,
    ) -> Self {
        let mut typed = Vec::<Typed<'a>>::new();
        let mut raw = None;
        for variant in variants {
            let attrs = Attrs::read(ctxt, &variant.attrs, &VARIANT);
            let ident = &variant.ident;
            let Some(ty) = payload(ctxt, variant, "Ce(Part<Ce>)") else { continue };
            if let Some(key) = attrs.key("raw") {
                if let Some(first) = raw.replace((ident, ty)).map(|(first, _)| first) {
                    ctxt.error(key, format!("`{first}` is the raw variant already; keep one"));
                }
                if let Some(id) = attrs.text("id") {
                    ctxt.error(id, "`id` cannot stand beside `raw`, which is for datatypes that no variant has");
                }
                continue;
            }
            if inside("Box", ty).is_some() {
                ctxt.error(ty, "a boxed datatype is spelled `Part<T>` here: it takes no memory while it is empty");
            }
            let Some(id) = attrs.text("id") else {
                if !attrs.meant("id") {
                    let message = format!(
                        "`{ident}` names no datatype; add `#[hl7(id = \"CE\")]`, or `#[hl7(raw)]` for the variant that takes all others"
                    );
                    ctxt.error(ident, message);
                }
                continue;
            };
            if !is_name_id(&id.value()) {
                wrong_form(ctxt, id, "id", NAME_ID);
            } else if let Some(first) = typed.iter().find(|other| other.id == id.value()) {
                ctxt.error(
                    id,
                    format!("datatype {} has the variant `{}` already", first.id, first.ident),
                );
            }
            typed.push(Typed { id: id.value(), ident, ty });
        }
        if raw.is_none() {
            let ident = container.ident;
            let message = format!(
                "`{ident}` has no variant for other datatypes, whose values would be lost; add\n    \
                 #[hl7(raw)]\n    Raw(hl7_types::primitives::Raw),"
            );
            ctxt.error(ident, message);
        }
        Self { typed, raw }
    }
}

/// An alternative of a choice.
pub(crate) struct Alternative<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
}

/// The alternatives of a choice.
pub(crate) fn read_alternatives<'a>(
    ctxt: &Ctxt,
    container: &Container<'_>,
    variants: &'a Punctuated<Variant, Token![,]>,
) -> Vec<Alternative<'a>> {
    if variants.is_empty() {
        ctxt.error(container.ident, format!("`{}` has no alternatives", container.ident));
    }
    let mut list = Vec::new();
    for variant in variants {
        Attrs::read(ctxt, &variant.attrs, &ALTERNATIVE);
        let ident = &variant.ident;
        let Some(ty) = payload(ctxt, variant, "Obr(Part<Obr>)") else { continue };
        if inside("Part", ty).is_none() {
            ctxt.error(ty, format!("an alternative holds a `Part<T>`; write `{ident}(Part<...>)`"));
        }
        list.push(Alternative { ident, ty });
    }
    list
}

/// The type in a variant with exactly one unnamed field.
fn payload<'a>(ctxt: &Ctxt, variant: &'a Variant, example: &str) -> Option<&'a Type> {
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            fields.unnamed.first().map(|field| &field.ty)
        }
        _ => {
            let message =
                format!("`{}` must hold one type; write it as `{example}`", variant.ident);
            ctxt.error(&variant.ident, message);
            None
        }
    }
}
