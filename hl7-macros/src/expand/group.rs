//! `derive(Group)` on a struct, and `derive(Message)`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Field};

use super::{arms, at, block, debug, empty, extras, new, same_rows, same_struct};
use crate::attr::{GROUP, MESSAGE};
use crate::ctxt::Ctxt;
use crate::model::{Container, Member, Members, NAME_ID, is_name_id, is_text, named_fields};
use crate::types::plain;

pub(super) fn group(ctxt: &Ctxt, input: &DeriveInput) -> Option<TokenStream> {
    let container = Container::read(ctxt, input, &GROUP);
    let name = container.group_name(ctxt, "PROCEDURE");
    let fields = named_fields(ctxt, input, "Group")?;
    let members = Members::read(ctxt, &container, fields);
    let extra = members.extra?;

    let ident = container.ident;
    let (statics, desc) = match container.desc() {
        Some(desc) => {
            let rows = quote!(#desc.members.len());
            (same_rows(ident, desc, &rows, members.list.len(), "members"), quote!(#desc))
        }
        None => (descriptor(&name, &members.list), quote!(__DESC)),
    };
    let common = common(ident, &quote!(&#desc), &members.list, extra);
    let new = new::of_members(&container, &name, &members.list);
    let body = quote! {
        #statics
        #common
        #[automatically_derived]
        impl __hl7::Item for #ident {
            const KIND: __hl7::MemberKind = __hl7::MemberKind::Group(&#desc);
            fn element(&self) -> __hl7::Element<'_> {
                __hl7::Element::Group(self)
            }
            fn element_mut(&mut self) -> __hl7::ElementMut<'_> {
                __hl7::ElementMut::Group(self)
            }
        }
        #new
    };
    Some(block(&container.root(), &body))
}

pub(super) fn message(ctxt: &Ctxt, input: &DeriveInput) -> Option<TokenStream> {
    let container = Container::read(ctxt, input, &MESSAGE);
    let id = container.required(ctxt, "id", "ADT_A01", NAME_ID, is_name_id);
    container.forbid_beside_desc(ctxt, &container.attrs, &["version"]);
    let fields = named_fields(ctxt, input, "Message")?;
    let members = Members::read(ctxt, &container, fields);
    let extra = members.extra?;

    let ident = container.ident;
    let (statics, desc) = match container.desc() {
        Some(desc) => (TokenStream::new(), quote!(&#desc)),
        None => {
            let version = match container.attrs.path("version") {
                Some(version) => quote!(::core::option::Option::Some(&#version)),
                None => quote!(::core::option::Option::None),
            };
            let desc = quote!({
                static DESC: __hl7::StructureDesc = __hl7::StructureDesc::new(#id, #version, &__DESC);
                &DESC
            });
            (descriptor(&id, &members.list), desc)
        }
    };
    let root = quote!(<Self as __hl7::Message>::DESC.root);
    let common = common(ident, &root, &members.list, extra);
    let new = new::of_members(&container, &id, &members.list);
    let inherent = inherent(ident);
    let body = quote! {
        #statics
        #common
        #[automatically_derived]
        impl __hl7::Message for #ident {
            const DESC: &'static __hl7::StructureDesc = #desc;
        }
        #inherent
        #new
    };
    Some(block(&container.root(), &body))
}

/// The methods of the trait `Message` as the message's own, so that nobody has to import the trait.
fn inherent(ident: &Ident) -> TokenStream {
    quote! {
        #[automatically_derived]
        #[allow(dead_code, reason = "not every message is used in every way")]
        impl #ident {
            /// Reads a message as this structure, whatever MSH-9 and MSH-12 say.
            ///
            /// # Errors
            /// Only when the bytes are no HL7 message. Every other deviation is a finding.
            #[inline]
            pub fn decode(bytes: &[u8]) -> ::core::result::Result<__hl7::Decoded<Self>, __hl7::DecodeError> {
                <Self as __hl7::Message>::decode(bytes)
            }

            /// Reads a message with limits, rules and site definitions of the caller's.
            ///
            /// # Errors
            /// When the bytes are no HL7 message, or over a limit.
            #[inline]
            pub fn decode_with(
                bytes: &[u8],
                options: &__hl7::DecodeOptions,
            ) -> ::core::result::Result<__hl7::Decoded<Self>, __hl7::DecodeError> {
                <Self as __hl7::Message>::decode_with(bytes, options)
            }

            /// Writes the message. What was decoded and not changed comes out byte for byte.
            #[inline]
            #[must_use]
            pub fn encode(&self) -> ::std::vec::Vec<u8> {
                __hl7::encode_group(self)
            }

            /// Checks the message against all rules.
            ///
            /// # Errors
            /// When its MSH-1 and MSH-2 declare no usable delimiters.
            #[inline]
            pub fn check(&self) -> ::core::result::Result<__hl7::Findings, __hl7::DecodeError> {
                <Self as __hl7::Message>::check(self)
            }

            /// What a path names: the text of a leaf, or the ER7 of a piece with parts. `None` where there is nothing.
            #[inline]
            #[must_use]
            pub fn get(&self, path: &__hl7::Path) -> ::core::option::Option<::std::borrow::Cow<'_, str>> {
                __hl7::get_in_group(self, path)
            }

            /// Sets the leaf that a path names; a path that stops above a leaf names the first leaf below it.
            ///
            /// # Errors
            /// When the message has no such segment, or the standard defines nothing at the path.
            #[inline]
            pub fn set(&mut self, path: &__hl7::Path, text: &str) -> ::core::result::Result<(), __hl7::SetError> {
                __hl7::set_in(::core::result::Result::Ok(self), path, text)
            }
        }
    }
}

/// What groups and messages share.
fn common(ident: &Ident, desc: &TokenStream, list: &[Member<'_>], extra: &Field) -> TokenStream {
    let fields = list.iter().map(|member| (member.ident, member.ty));
    let empty = empty(ident, fields, &quote!(MemberType), extra);
    let debug = debug(ident, &quote!(__hl7::debug_group(self, f)));
    let same = same_struct(ident, "group");
    // The last member also answers for an index behind it: the engine never asks, and nothing can panic.
    let (last, before) = list.split_last().map_or((None, list), |(last, rest)| (Some(last), rest));
    let (last, last_at) =
        last.map_or((None, Span::call_site()), |member| (Some(member.ident), at(member.ty)));
    let (last, last_mut) =
        (quote_spanned!(last_at=> &self.#last), quote_spanned!(last_at=> &mut self.#last));
    let before = before.iter().map(|member| (member.ident, member.ty));
    let members = arms(before.clone(), |name, at| quote_spanned!(at=> &self.#name));
    let members_mut = arms(before, |name, at| quote_spanned!(at=> &mut self.#name));
    let (extra, extra_mut) = extras(extra);
    quote! {
        #empty
        #[automatically_derived]
        impl __hl7::GroupNode for #ident {
            fn desc(&self) -> &'static __hl7::GroupDesc {
                #desc
            }
            fn member(&self, index: usize) -> &dyn __hl7::Member {
                match index { #members _ => #last }
            }
            fn member_mut(&mut self, index: usize) -> &mut dyn __hl7::Member {
                match index { #members_mut _ => #last_mut }
            }
            fn extra(&self) -> &__hl7::Extra {
                #extra
            }
            fn extra_mut(&mut self) -> &mut __hl7::Extra {
                #extra_mut
            }
        }
        #debug
        #same
    }
}

fn descriptor(name: &str, list: &[Member<'_>]) -> TokenStream {
    let members = list.iter().map(|member| {
        let (ident, ty) = (plain(member.ident), member.ty);
        let (min, max) = (member.min, member.max);
        quote!(__hl7::MemberDesc::new(#ident, #min, #max, <#ty as __hl7::MemberType>::KIND))
    });
    quote! {
        static __DESC: __hl7::GroupDesc =
            __hl7::GroupDesc { name: #name, members: &[#(#members),*] };
    }
}

impl Container<'_> {
    /// The name of a group; where there is a descriptor it may be left out.
    pub(super) fn group_name(&self, ctxt: &Ctxt, example: &str) -> String {
        if self.desc().is_some() && !self.attrs.meant("name") {
            return plain(self.ident);
        }
        self.required(ctxt, "name", example, "give the name that the standard has", is_text)
    }
}
