//! What a derive writes: the traits of the runtime, each method one expression or one match.
//!
//! The volume of this code decides how long a version takes to compile (it is expanded some nine hundred times in each),
//! so it names types as seldom as it can and leaves everything else to `hl7-core`.

mod composite;
mod enums;
mod extract;
mod group;
mod new;
mod segment;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Field, Path, Type};

use crate::ctxt::Ctxt;
use crate::model::{Element, enum_variants};

/// `derive(Segment)`.
pub(crate) fn segment(input: &DeriveInput) -> syn::Result<TokenStream> {
    collected(|ctxt| segment::expand(ctxt, input))
}

/// `derive(Datatype)`.
pub(crate) fn datatype(input: &DeriveInput) -> syn::Result<TokenStream> {
    collected(|ctxt| match enum_variants(input) {
        Some(variants) => enums::varies(ctxt, input, variants),
        None => composite::expand(ctxt, input),
    })
}

/// `derive(Group)`.
pub(crate) fn group(input: &DeriveInput) -> syn::Result<TokenStream> {
    collected(|ctxt| match enum_variants(input) {
        Some(variants) => enums::choice(ctxt, input, variants),
        None => group::group(ctxt, input),
    })
}

/// `derive(Message)`.
pub(crate) fn message(input: &DeriveInput) -> syn::Result<TokenStream> {
    collected(|ctxt| group::message(ctxt, input))
}

/// `derive(FromHl7)`.
pub(crate) fn from_hl7(input: &DeriveInput) -> syn::Result<TokenStream> {
    collected(|ctxt| extract::expand(ctxt, input))
}

/// The expansion, or all mistakes. A type whose mistakes left nothing to expand gives `None`.
fn collected(expand: impl FnOnce(&Ctxt) -> Option<TokenStream>) -> syn::Result<TokenStream> {
    let ctxt = Ctxt::new();
    let expansion = expand(&ctxt);
    ctxt.check()?;
    Ok(expansion.unwrap_or_default())
}

/// The one block that holds an expansion, and checks something when it is compiled; `__hl7` is the only name it brings into
/// scope.
fn block(root: &Path, body: &TokenStream, check: &TokenStream) -> TokenStream {
    quote! {
        const _: () = {
            use #root::__private as __hl7;
            #body
            #check
        };
    }
}

/// `impl Item` for what the runtime knows how to handle as one.
fn item(ident: &Ident, form: &str) -> TokenStream {
    let form = format_ident!("{form}");
    quote! {
        #[automatically_derived]
        impl __hl7::Item for #ident {
            type Form = __hl7::#form;
        }
    }
}

/// `impl Empty`: every field by the trait that its type has.
fn empty<'a>(
    ident: &Ident,
    fields: impl Iterator<Item = (&'a Ident, &'a Type)>,
    by: &TokenStream,
    extra: &Field,
) -> TokenStream {
    let fields = fields.map(|(name, ty)| {
        let empty = quote_spanned!(at(ty)=> __hl7::#by::EMPTY);
        quote!(#name: #empty,)
    });
    let (extra_name, extra_type) = (&extra.ident, &extra.ty);
    let none = quote_spanned!(at(extra_type)=> __hl7::Extra::NONE);
    quote! {
        #[automatically_derived]
        impl __hl7::Empty for #ident {
            const EMPTY: Self = Self { #(#fields)* #extra_name: #none };
            const SHARED: &'static Self = &<Self as __hl7::Empty>::EMPTY;
        }
    }
}

/// `impl Node`: the slots of a segment or composite.
fn node(ident: &Ident, list: &[Element<'_>], extra: &Field) -> TokenStream {
    let (extra, extra_mut) = extras(extra);
    let (list, open) = match list.split_last() {
        Some((last, before)) if last.open => (before, Some(last)),
        _ => (list, None),
    };
    let fields = list.iter().map(|element| (element.ident, element.ty));
    let (count, other_slot) = open_field(list.len(), open);
    let shown = fields.clone().enumerate().map(|(index, (name, ty))| {
        let index = Literal::usize_unsuffixed(index);
        quote_spanned!(at(ty)=> __hl7::Field::show(&self.#name, #index, to);)
    });
    let slots_mut =
        arms(fields, |name, at| quote_spanned!(at=> __hl7::Field::slot_mut(&mut self.#name)));
    quote! {
        #[automatically_derived]
        impl __hl7::Node for #ident {
            fn visit<'a>(&'a self, to: &mut dyn __hl7::Visitor<'a>) -> usize {
                #(#shown)*
                #count
            }
            fn slot_mut(&mut self, index: usize) -> __hl7::SlotMut<'_> {
                match index { #slots_mut #other_slot }
            }
            fn extra(&self) -> &__hl7::Extra {
                #extra
            }
            fn extra_mut(&mut self) -> &mut __hl7::Extra {
                #extra_mut
            }
        }
    }
}

/// How many slots there are, where those of an open field, of which the struct has a list, follow `count` others, and the
/// last arm of `slot_mut`.
fn open_field(count: usize, open: Option<&Element<'_>>) -> (TokenStream, TokenStream) {
    let count = Literal::usize_unsuffixed(count);
    let Some(Element { ident, ty, .. }) = open else {
        return (quote!(#count), quote!(_ => __hl7::SlotMut::Absent));
    };
    (
        quote_spanned!(at(ty)=> __hl7::visit_open(&self.#ident, #count, to)),
        quote_spanned!(at(ty)=> _ => __hl7::open_slot_mut(&mut self.#ident, index - #count)),
    )
}

/// The extra field, to be read and to be changed.
fn extras(field: &Field) -> (TokenStream, TokenStream) {
    let (name, at) = (&field.ident, at(&field.ty));
    (quote_spanned!(at=> &self.#name), quote_spanned!(at=> &mut self.#name))
}

/// `0 => ..., 1 => ...,`
fn arms<'a>(
    fields: impl Iterator<Item = (&'a Ident, &'a Type)>,
    arm: impl Fn(&Ident, Span) -> TokenStream,
) -> TokenStream {
    let arms = fields.enumerate().map(|(index, (name, ty))| {
        let (index, arm) = (Literal::usize_unsuffixed(index), arm(name, at(ty)));
        quote!(#index => #arm,)
    });
    arms.collect()
}

/// Shown at a type, so that a type of the wrong kind is pointed at; names are found as everywhere in the expansion.
fn at(ty: &Type) -> Span {
    Span::call_site().located_at(ty.span())
}

/// `impl Debug` by a function of the runtime, which shows no values.
fn debug(ident: &Ident, call: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::core::fmt::Debug for #ident {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #call
            }
        }
    }
}

/// `impl Clone` and `impl PartialEq` by functions of the runtime.
fn same(ident: &Ident, clone: &TokenStream, same: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::core::clone::Clone for #ident {
            #[inline]
            fn clone(&self) -> Self {
                #clone
            }
        }
        #[automatically_derived]
        impl ::core::cmp::PartialEq for #ident {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                #same
            }
        }
    }
}

/// [`same`] for a struct, by what the runtime calls it.
fn same_struct(ident: &Ident, what: &str) -> TokenStream {
    let (clone, equal) = (format_ident!("clone_{what}"), format_ident!("same_{what}"));
    same(ident, &quote!(__hl7::#clone(self)), &quote!(__hl7::#equal(self, other)))
}

/// [`same`] for an enum, by its variants' names.
fn same_enum(ident: &Ident, names: &[&Ident], equal: &TokenStream) -> TokenStream {
    let clone = quote! {
        match self { #(Self::#names(part) => Self::#names(::core::clone::Clone::clone(part)),)* }
    };
    same(ident, &clone, equal)
}

/// A struct and its descriptor must have the same rows: the engine finds one by the number of the other.
fn same_rows(
    ident: &Ident,
    desc: &Path,
    rows: &TokenStream,
    count: usize,
    what: &str,
) -> TokenStream {
    let message = other_rows(ident, desc, count, what);
    let span = Span::call_site().located_at(desc.span());
    quote_spanned!(span=> __hl7::same_rows(#rows, #count, #message);)
}

fn other_rows(ident: &Ident, desc: &Path, count: usize, what: &str) -> String {
    let desc = spelled(desc);
    format!(
        "`{ident}` and its descriptor `{desc}` must have the same number of {what}; `{ident}` has {count}"
    )
}

/// A path as it was written.
pub(crate) fn spelled(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}
