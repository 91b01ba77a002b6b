//! `derive(Group)` on a struct, and `derive(Message)`.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Field};

use super::{arms, block, debug, empty, extras, item, new, same_rows, same_struct};
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
    let (statics, check, desc) = match container.desc() {
        Some(desc) => {
            let rows = quote!(#desc.members.len());
            let check = same_rows(ident, desc, &rows, members.list.len(), "members");
            (TokenStream::new(), check, quote!(#desc))
        }
        None => (descriptor(&name, &members.list), TokenStream::new(), quote!(__DESC)),
    };
    let common = common(ident, &members.list, extra);
    let item = item(ident, "OfGroup");
    let new = new::of_members(&container, &name, &members.list);
    let body = quote! {
        #statics
        #common
        #[automatically_derived]
        impl __hl7::Group for #ident {
            const DESC: &'static __hl7::GroupDesc = &#desc;
        }
        #item
        #new
    };
    Some(block(&container.root(), &body, &check))
}

pub(super) fn message(ctxt: &Ctxt, input: &DeriveInput) -> Option<TokenStream> {
    let container = Container::read(ctxt, input, &MESSAGE);
    let id = container.required(ctxt, "id", "ADT_A01", NAME_ID, is_name_id);
    container.forbid_beside_desc(ctxt, &container.attrs, &["version"]);
    let fields = named_fields(ctxt, input, "Message")?;
    let members = Members::read(ctxt, &container, fields);
    let extra = members.extra?;

    let ident = container.ident;
    let (statics, check, desc) = match container.desc() {
        Some(desc) => {
            let rows = quote!(#desc.root.members.len());
            let check = same_rows(ident, desc, &rows, members.list.len(), "members");
            // A static: constants may not look at a structure, which holds what is made of it at first use.
            (TokenStream::new(), quote!(static __ROWS: () = #check), quote!(&#desc))
        }
        None => {
            let version = match container.attrs.path("version") {
                Some(version) => quote!(::core::option::Option::Some(&#version)),
                None => quote!(::core::option::Option::None),
            };
            let desc = quote!({
                static DESC: __hl7::StructureDesc = __hl7::StructureDesc::new(#id, #version, &__DESC);
                &DESC
            });
            (descriptor(&id, &members.list), TokenStream::new(), desc)
        }
    };
    let common = common(ident, &members.list, extra);
    let new = new::of_members(&container, &id, &members.list);
    let body = quote! {
        #statics
        #common
        #[automatically_derived]
        impl __hl7::Message for #ident {
            const DESC: &'static __hl7::StructureDesc = #desc;
        }
        #[automatically_derived]
        impl __hl7::GroupNode for #ident {
            fn desc(&self) -> &'static __hl7::GroupDesc {
                <Self as __hl7::Message>::DESC.root
            }
        }
        #new
    };
    Some(block(&container.root(), &body, &check))
}

/// What groups and messages share.
fn common(ident: &Ident, list: &[Member<'_>], extra: &Field) -> TokenStream {
    let fields = list.iter().map(|member| (member.ident, member.ty));
    let empty = empty(ident, fields.clone(), &quote!(MemberType), extra);
    let debug = debug(ident, &quote!(__hl7::debug_group(self, f)));
    let same = same_struct(ident, "group");
    let members = arms(fields.clone(), |name, at| quote_spanned!(at=> &self.#name));
    let members_mut = arms(fields, |name, at| quote_spanned!(at=> &mut self.#name));
    let (extra, extra_mut) = extras(extra);
    quote! {
        #empty
        #[automatically_derived]
        impl __hl7::Members for #ident {
            fn part(
                &self,
                index: usize,
            ) -> ::core::result::Result<&dyn __hl7::Member, &__hl7::Extra> {
                ::core::result::Result::Ok(match index {
                    #members
                    _ => return ::core::result::Result::Err(#extra),
                })
            }
            fn part_mut(
                &mut self,
                index: usize,
            ) -> ::core::result::Result<&mut dyn __hl7::Member, &mut __hl7::Extra> {
                ::core::result::Result::Ok(match index {
                    #members_mut
                    _ => return ::core::result::Result::Err(#extra_mut),
                })
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
