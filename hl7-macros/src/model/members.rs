//! The members of a group or message.

use proc_macro2::Ident;
use syn::punctuated::Punctuated;
use syn::{Field, Token, Type};

use super::{Container, ExtraField};
use crate::attr::{Attrs, MEMBER};
use crate::ctxt::Ctxt;
use crate::types::inside;

/// "No limit".
const MANY: u16 = u16::MAX;

/// What the Rust type says about how often a member stands.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Cardinality {
    /// `Part<T>`.
    One,
    /// `Option<Box<T>>`.
    Optional,
    /// `Vec<T>`.
    Many,
}

/// A member.
pub(crate) struct Member<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    /// The segment, group or choice in it.
    pub(crate) item: &'a Type,
    pub(crate) cardinality: Cardinality,
    pub(crate) min: u16,
    pub(crate) max: u16,
}

impl Member<'_> {
    /// Whether a message without it is incomplete.
    pub(crate) fn is_required(&self) -> bool {
        self.min > 0
    }
}

/// All members in order, and the field for everything else.
pub(crate) struct Members<'a> {
    pub(crate) list: Vec<Member<'a>>,
    pub(crate) extra: Option<&'a Field>,
}

impl<'a> Members<'a> {
    pub(crate) fn read(
        ctxt: &Ctxt,
        container: &Container<'_>,
        fields: &'a Punctuated<Field, Token![,]>,
    ) -> Self {
        let mut extra = ExtraField::new("member");
        let mut list = Vec::new();
        for field in fields {
            let attrs = Attrs::read(ctxt, &field.attrs, &MEMBER);
            container.forbid_beside_desc(ctxt, &attrs, &["max"]);
            if !extra.takes(ctxt, field, &attrs) {
                list.extend(member(ctxt, field, &attrs));
            }
        }
        if list.is_empty() && fields.len() <= 1 {
            ctxt.error(container.ident, format!("`{}` has no members", container.ident));
        }
        Self { list, extra: extra.finish(ctxt, container.ident) }
    }
}

fn member<'a>(ctxt: &Ctxt, field: &'a Field, attrs: &Attrs) -> Option<Member<'a>> {
    let ident = field.ident.as_ref()?;
    let ty = &field.ty;
    let shape = inside("Part", ty)
        .map(|item| (Cardinality::One, item))
        .or_else(|| inside("Vec", ty).map(|item| (Cardinality::Many, item)))
        .or_else(|| Some((Cardinality::Optional, inside("Box", inside("Option", ty)?)?)));
    let Some((cardinality, item)) = shape else {
        let message = format!(
            "the type of `{ident}` must say how often it stands: `Part<T>` once, `Option<Box<T>>` at most once, `Vec<T>` repeatedly"
        );
        ctxt.error(ty, message);
        return None;
    };
    let (min, max) = bounds(ctxt, attrs);
    match cardinality {
        Cardinality::Many => {}
        Cardinality::One | Cardinality::Optional => {
            let fits = u16::from(cardinality == Cardinality::One);
            if let Some(key) = attrs.key("min").filter(|_| min != Some(fits)) {
                let message = format!(
                    "the type of `{ident}` says `min = {fits}`; use `Part<T>` where it is required, `Option<Box<T>>` where it is optional"
                );
                ctxt.error(key, message);
            }
            if let Some(key) = attrs.key("max").filter(|_| max != Some(1)) {
                ctxt.error(key, format!("the type of `{ident}` holds one; use `Vec<T>`"));
            }
        }
    }
    let (type_min, type_max) = match cardinality {
        Cardinality::One => (1, 1),
        Cardinality::Optional => (0, 1),
        Cardinality::Many => (0, MANY),
    };
    let (min, max) = (min.unwrap_or(type_min), max.unwrap_or(type_max));
    Some(Member { ident, ty, item, cardinality, min, max })
}

/// `min` and `max`, where given.
pub(super) fn bounds(ctxt: &Ctxt, attrs: &Attrs) -> (Option<u16>, Option<u16>) {
    let largest = u32::from(MANY - 1);
    let min = attrs.number(ctxt, "min", largest).map(|min| min as u16);
    let max = match attrs.text("max") {
        Some(_) => Some(MANY),
        None => attrs.number(ctxt, "max", largest).map(|max| max as u16),
    };
    if let (Some(min), Some(max), Some(key)) = (min, max, attrs.int("max"))
        && min > max
    {
        ctxt.error(key, format!("`max = {max}` is below `min = {min}`"));
    }
    if let Some(key) = attrs.int("max").filter(|_| max == Some(0)) {
        ctxt.error(key, "`max = 0` leaves no place; use `usage = \"X\"`, or leave the member out");
    }
    (min, max)
}
