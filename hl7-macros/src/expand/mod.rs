//! What a derive writes: the traits of the runtime, each method one expression or one match.
//!
//! The volume of this code decides how long a version takes to compile (it is expanded some nine hundred times in each),
//! so it names types as seldom as it can and leaves everything else to `hl7-core`.

mod composite;
mod enums;
mod group;
mod new;
mod segment;

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{DeriveInput, Field, Path, Type};

use crate::ctxt::Ctxt;
use crate::model::enum_variants;

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

/// The expansion, or all mistakes. A type whose mistakes left nothing to expand gives `None`.
fn collected(expand: impl FnOnce(&Ctxt) -> Option<TokenStream>) -> syn::Result<TokenStream> {
    let ctxt = Ctxt::new();
    let expansion = expand(&ctxt);
    ctxt.check()?;
    Ok(expansion.unwrap_or_default())
}

/// The one block that holds an expansion; `__hl7` is the only name it brings into scope.
fn block(root: &Path, body: &TokenStream) -> TokenStream {
    quote! {
        const _: () = {
            use #root::__private as __hl7;
            #body
        };
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
        // At the type, so that a type that is no field is shown there.
        let empty = quote_spanned!(ty.span()=> __hl7::#by::EMPTY);
        quote!(#name: #empty,)
    });
    let (extra_name, extra_type) = (&extra.ident, &extra.ty);
    let none = quote_spanned!(extra_type.span()=> __hl7::Extra::NONE);
    quote! {
        #[automatically_derived]
        impl __hl7::Empty for #ident {
            const EMPTY: Self = Self { #(#fields)* #extra_name: #none };
            fn empty() -> &'static Self {
                static EMPTY: #ident = <#ident as __hl7::Empty>::EMPTY;
                &EMPTY
            }
        }
    }
}

/// `impl Node`: the slots of a segment or composite.
fn node<'a>(
    ident: &Ident,
    fields: impl Iterator<Item = &'a Ident> + Clone,
    extra: &Field,
) -> TokenStream {
    let extra = &extra.ident;
    let slots = arms(fields.clone(), |name| quote!(__hl7::Field::slot(&self.#name)));
    let slots_mut = arms(fields.clone(), |name| quote!(__hl7::Field::slot_mut(&mut self.#name)));
    let count = fields.count();
    quote! {
        #[automatically_derived]
        impl __hl7::Node for #ident {
            fn slot_count(&self) -> usize {
                #count
            }
            #[inline]
            fn slot(&self, index: usize) -> __hl7::Slot<'_> {
                match index { #slots _ => __hl7::Slot::Absent }
            }
            #[inline]
            fn slot_mut(&mut self, index: usize) -> __hl7::SlotMut<'_> {
                match index { #slots_mut _ => __hl7::SlotMut::Absent }
            }
            fn extra(&self) -> &__hl7::Extra {
                &self.#extra
            }
            fn extra_mut(&mut self) -> &mut __hl7::Extra {
                &mut self.#extra
            }
        }
    }
}

/// `0 => ..., 1 => ...,`
fn arms<'a, T: ToTokens>(
    names: impl Iterator<Item = &'a Ident>,
    arm: impl Fn(&Ident) -> T,
) -> TokenStream {
    let arms = names.enumerate().map(|(at, name)| {
        let (at, arm) = (proc_macro2::Literal::usize_unsuffixed(at), arm(name));
        quote!(#at => #arm,)
    });
    arms.collect()
}

/// `impl Debug` by a function of the runtime, which shows no values.
fn debug(ident: &Ident, call: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::core::fmt::Debug for #ident {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                #call
            }
        }
    }
}

/// A struct and its descriptor must have the same rows: the engine finds one by the number of the other.
fn same_rows(ident: &Ident, desc: &Path, rows: &TokenStream, count: usize, what: &str) -> TokenStream {
    let message = format!(
        "`{ident}` has {count} {what}, its descriptor `{}` has another number of them",
        spelled(desc)
    );
    let span = desc.span();
    quote_spanned!(span=> const _: () = ::core::assert!(#rows == #count, #message);)
}

/// A path as it was written.
pub(crate) fn spelled(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}
