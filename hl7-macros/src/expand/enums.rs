//! `derive(Datatype)` on an enum (a varying datatype) and `derive(Group)` on an enum (a choice).

use proc_macro2::{Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Token, Variant};

use super::{at, block, debug, item, same_enum, same_rows};
use crate::attr::{CHOICE, VARIES};
use crate::ctxt::Ctxt;
use crate::model::{Container, Variants, read_alternatives};
use crate::types::snake;

pub(super) fn varies(
    ctxt: &Ctxt,
    input: &DeriveInput,
    variants: &Punctuated<Variant, Token![,]>,
) -> Option<TokenStream> {
    let container = Container::read(ctxt, input, &VARIES);
    let Variants { typed, raw } = Variants::read(ctxt, &container, variants);
    let (raw, raw_type) = raw?;

    let ident = container.ident;
    let desc = match container.desc() {
        Some(desc) => quote!(&#desc),
        None => quote!({
            static DESC: __hl7::DatatypeDesc = __hl7::DatatypeDesc::new(
                "varies",
                "Variable Datatype",
                __hl7::DatatypeKind::Varies,
                0,
            );
            &DESC
        }),
    };
    let names: Vec<_> = typed.iter().map(|variant| variant.ident).collect();
    let (select, selected): (TokenStream, TokenStream) = typed
        .iter()
        .map(|variant| {
            let (id, name, ty) = (&variant.id, variant.ident, variant.ty);
            let empty = quote_spanned!(at(ty)=> __hl7::Field::EMPTY);
            (
                quote!(#id => Self::#name(#empty),),
                quote!(Self::#name(_) => <#ty as __hl7::Field>::DATATYPE,),
            )
        })
        .unzip();
    let raw_empty = quote_spanned!(at(raw_type)=> __hl7::Field::EMPTY);
    let debug = debug(ident, &quote!(__hl7::debug_varies(self, f)));
    let all: Vec<_> = names.iter().copied().chain([raw]).collect();
    let same = same_enum(ident, &all, &quote!(__hl7::same_varies(self, other)));
    let body = quote! {
        #[automatically_derived]
        impl __hl7::Empty for #ident {
            const EMPTY: Self = Self::#raw(#raw_empty);
            const SHARED: &'static Self = &<Self as __hl7::Empty>::EMPTY;
        }
        #[automatically_derived]
        impl __hl7::Field for #ident {
            const EMPTY: Self = <Self as __hl7::Empty>::EMPTY;
            const DATATYPE: &'static __hl7::DatatypeDesc = #desc;
            #[inline]
            fn slot(&self) -> __hl7::Slot<'_> {
                __hl7::Slot::Varies(self)
            }
            #[inline]
            fn show<'a>(&'a self, index: usize, to: &mut dyn __hl7::Visitor<'a>) {
                to.varies(index, self);
            }
            #[inline]
            fn slot_mut(&mut self) -> __hl7::SlotMut<'_> {
                __hl7::SlotMut::Varies(self)
            }
        }
        #[automatically_derived]
        impl __hl7::Varies for #ident {
            fn select(
                &mut self,
                datatype: &str,
            ) -> ::core::option::Option<&'static __hl7::DatatypeDesc> {
                *self = match datatype {
                    #select
                    _ => <Self as __hl7::Empty>::EMPTY,
                };
                self.selected()
            }
            fn selected(&self) -> ::core::option::Option<&'static __hl7::DatatypeDesc> {
                ::core::option::Option::Some(match self {
                    #selected
                    Self::#raw(_) => return ::core::option::Option::None,
                })
            }
            fn inner(&self) -> __hl7::Slot<'_> {
                match self {
                    #(Self::#names(value) => __hl7::Field::slot(value),)*
                    Self::#raw(value) => __hl7::Field::slot(value),
                }
            }
            fn inner_mut(&mut self) -> __hl7::SlotMut<'_> {
                match self {
                    #(Self::#names(value) => __hl7::Field::slot_mut(value),)*
                    Self::#raw(value) => __hl7::Field::slot_mut(value),
                }
            }
        }
        #[automatically_derived]
        impl ::core::default::Default for #ident {
            #[inline]
            fn default() -> Self {
                <Self as __hl7::Empty>::EMPTY
            }
        }
        #debug
        #same
    };
    Some(block(&container.root(), &body, &TokenStream::new()))
}

pub(super) fn choice(
    ctxt: &Ctxt,
    input: &DeriveInput,
    variants: &Punctuated<Variant, Token![,]>,
) -> Option<TokenStream> {
    let container = Container::read(ctxt, input, &CHOICE);
    let name = container.group_name(ctxt, "ORDER_CHOICE");
    let list = read_alternatives(ctxt, &container, variants);
    let first = list.first()?;

    let ident = container.ident;
    let (statics, check, desc) = match container.desc() {
        Some(desc) => {
            let rows = quote!(#desc.members.len());
            let check = same_rows(ident, desc, &rows, list.len(), "alternatives");
            (TokenStream::new(), check, quote!(#desc))
        }
        None => {
            let members = list.iter().map(|alternative| {
                let (field, ty) = (snake(alternative.ident), alternative.ty);
                quote!(__hl7::MemberDesc::new(#field, 1, 1, <#ty as __hl7::MemberType>::KIND))
            });
            let statics = quote! {
                static __DESC: __hl7::GroupDesc =
                    __hl7::GroupDesc { name: #name, members: &[#(#members),*] };
            };
            (statics, TokenStream::new(), quote!(__DESC))
        }
    };
    let names: Vec<_> = list.iter().map(|alternative| alternative.ident).collect();
    let numbers: Vec<_> = (0..names.len()).map(Literal::usize_unsuffixed).collect();
    let (other_names, other_numbers) = (&names[1..], &numbers[1..]);
    let empty = |ty: &syn::Type| quote_spanned!(at(ty)=> __hl7::MemberType::EMPTY);
    let other_empty = list[1..].iter().map(|alternative| empty(alternative.ty));
    let (first_name, first_empty) = (first.ident, empty(first.ty));
    let debug = debug(ident, &quote!(__hl7::debug_element(__hl7::Choice::element(self), f)));
    let equal = quote! {
        __hl7::Choice::variant(self) == __hl7::Choice::variant(other)
            && __hl7::same_element(__hl7::Choice::element(self), __hl7::Choice::element(other))
    };
    let same = same_enum(ident, &names, &equal);
    let item = item(ident, "OfChoice");
    let body = quote! {
        #statics
        #[automatically_derived]
        impl __hl7::Empty for #ident {
            const EMPTY: Self = Self::#first_name(#first_empty);
            const SHARED: &'static Self = &<Self as __hl7::Empty>::EMPTY;
        }
        #[automatically_derived]
        impl __hl7::Choice for #ident {
            const DESC: &'static __hl7::GroupDesc = &#desc;
            fn of_variant(variant: usize) -> Self {
                match variant {
                    #(#other_numbers => Self::#other_names(#other_empty),)*
                    _ => <Self as __hl7::Empty>::EMPTY,
                }
            }
            fn variant(&self) -> usize {
                match self { #(Self::#names(_) => #numbers,)* }
            }
            fn element(&self) -> __hl7::Element<'_> {
                match self { #(Self::#names(part) => __hl7::element(&**part),)* }
            }
            fn element_mut(&mut self) -> __hl7::ElementMut<'_> {
                match self { #(Self::#names(part) => __hl7::element_mut(&mut **part),)* }
            }
        }
        #item
        #debug
        #same
    };
    Some(block(&container.root(), &body, &check))
}
