//! `new`: what is required is an argument, so that what lacks it does not compile.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{Cardinality, Container, Element, Member};
use crate::types::{argument, plain};

/// The constructor of a segment: an argument for each required field.
pub(super) fn of_segment(container: &Container<'_>, id: &str, list: &[Element<'_>]) -> TokenStream {
    if !container.has_new() {
        return TokenStream::new();
    }
    let header = matches!(id, "MSH" | "BHS" | "FHS");
    let mut arguments = TokenStream::new();
    let mut values = TokenStream::new();
    let mut named = Vec::new();
    for element in list {
        let name = element.ident;
        // The delimiters of a header are not data.
        if header && element.seq <= 2 {
            let raw = if element.seq == 1 { "|" } else { "^~\\&" };
            values
                .extend(quote!(#name: ::core::convert::From::from(__hl7::Value::from_raw(#raw)),));
        } else if element.usage == "R" {
            let (taken, made) = argument(element.ty, name);
            arguments.extend(quote!(#name: impl ::core::convert::Into<#taken>,));
            values.extend(quote!(#name: #made,));
            named.push(format!("{id}-{}", element.seq));
        }
    }
    let doc = match (&named[..], header) {
        ([], _) => format!(" An empty {id}: no field of it is required."),
        (named, false) => format!(" {id} with its required fields: {}.", named.join(", ")),
        (named, true) => format!(
            " {id} with its required fields, {}, and the recommended delimiters.",
            named.join(", ")
        ),
    };
    constructor(container, &doc, named.len(), &arguments, &values)
}

/// The constructor of a group or message: an argument for each required member.
pub(super) fn of_members(container: &Container<'_>, id: &str, list: &[Member<'_>]) -> TokenStream {
    if !container.has_new() {
        return TokenStream::new();
    }
    let mut arguments = TokenStream::new();
    let mut values = TokenStream::new();
    let mut named = Vec::new();
    for member in list.iter().filter(|member| member.is_required()) {
        let (name, item) = (member.ident, member.item);
        arguments.extend(quote!(#name: #item,));
        values.extend(match member.cardinality {
            Cardinality::Many => quote!(#name: ::std::vec::Vec::from([#name]),),
            _ => quote!(#name: ::core::convert::From::from(#name),),
        });
        named.push(format!("`{}`", plain(name)));
    }
    let doc = match &named[..] {
        [] => format!(" An empty {id}: no member of it is required."),
        named => format!(" {id} with its required members: {}.", named.join(", ")),
    };
    constructor(container, &doc, named.len(), &arguments, &values)
}

fn constructor(
    container: &Container<'_>,
    doc: &str,
    count: usize,
    arguments: &TokenStream,
    values: &TokenStream,
) -> TokenStream {
    let (ident, vis) = (container.ident, container.vis);
    let many = (count > 7).then(|| {
        quote! {
            #[allow(clippy::too_many_arguments, reason = "the standard requires that many")]
        }
    });
    quote! {
        impl #ident {
            #[doc = #doc]
            #many
            #[inline]
            #vis fn new(#arguments) -> Self {
                Self { #values ..<Self as __hl7::Empty>::EMPTY }
            }
        }
    }
}
