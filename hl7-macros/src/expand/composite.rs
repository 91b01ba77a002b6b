//! `derive(Datatype)` on a struct, and the descriptor of a field or component.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::DeriveInput;
use syn::spanned::Spanned;

use super::{at, block, debug, empty, node, other_rows, same_struct};
use crate::attr::{COMPONENT, DATATYPE};
use crate::ctxt::Ctxt;
use crate::model::{Container, Element, Elements, NAME_ID, is_name_id, named_fields};
use crate::types::{plain, title};

pub(super) fn expand(ctxt: &Ctxt, input: &DeriveInput) -> Option<TokenStream> {
    let container = Container::read(ctxt, input, &DATATYPE);
    let id = container.required(ctxt, "id", "CX", NAME_ID, is_name_id);
    container.forbid_beside_desc(ctxt, &container.attrs, &["name"]);
    let fields = named_fields(ctxt, input, "Datatype")?;
    let elements = Elements::read(ctxt, &container, fields, &COMPONENT, "component");
    let extra = elements.extra?;

    let ident = container.ident;
    let list = &elements.list;
    let (check, desc) = match container.desc() {
        Some(desc) => {
            let count = list.len();
            let message = other_rows(ident, desc, count, "components");
            let span = Span::call_site().located_at(desc.span());
            let check = quote_spanned! {span=>
                match #desc.kind {
                    __hl7::DatatypeKind::Composite(rows) => __hl7::same_rows(rows.len(), #count, #message),
                    _ => ::core::panic!(#message),
                }
            };
            (check, quote!(&#desc))
        }
        None => {
            let name =
                container.attrs.text("name").map_or_else(|| title(ident), |name| name.value());
            let components = list.iter().map(|element| descriptor(element, false));
            (
                TokenStream::new(),
                quote!({
                    static DESC: __hl7::DatatypeDesc = __hl7::DatatypeDesc::new(#id, #name, __hl7::DatatypeKind::Composite(&[#(#components),*]), 0);
                    &DESC
                }),
            )
        }
    };
    let empty =
        empty(ident, list.iter().map(|element| (element.ident, element.ty)), &quote!(Field), extra);
    let node = node(ident, list, extra);
    let debug = debug(ident, &quote!(__hl7::debug_node(#id, self, f)));
    let same = same_struct(ident, "node");
    let show = show(list, &extra.ident);
    let body = quote! {
        #empty
        #node
        #[automatically_derived]
        impl __hl7::Field for #ident {
            const EMPTY: Self = <Self as __hl7::Empty>::EMPTY;
            const DATATYPE: &'static __hl7::DatatypeDesc = #desc;
            #[inline]
            fn slot(&self) -> __hl7::Slot<'_> {
                __hl7::Slot::Node(self)
            }
            #show
            #[inline]
            fn slot_mut(&mut self) -> __hl7::SlotMut<'_> {
                __hl7::SlotMut::Node(self)
            }
        }
        #[automatically_derived]
        impl ::core::default::Default for #ident {
            #[inline]
            fn default() -> Self {
                <Self as __hl7::Empty>::EMPTY
            }
        }
        #[automatically_derived]
        impl ::core::convert::From<&str> for #ident {
            #[inline]
            fn from(text: &str) -> Self {
                let mut new = <Self as __hl7::Empty>::EMPTY;
                __hl7::set_first_leaf(&mut new, text);
                new
            }
        }
        #debug
        #same
    };
    Some(block(&container.root(), &body, &check))
}

/// So many components make a composite small: it often stands in another without a pointer, and empty.
const SMALL: usize = 5;

/// How a composite is shown. Whether a small one is blank is told faster than looked for.
fn show(list: &[Element<'_>], extra: &Option<Ident>) -> TokenStream {
    if list.len() > SMALL {
        return quote! {
            #[inline]
            fn show<'a>(&'a self, index: usize, to: &mut dyn __hl7::Visitor<'a>) {
                to.node(index, self);
            }
        };
    }
    let names = list.iter().map(|element| element.ident);
    quote! {
        fn show<'a>(&'a self, index: usize, to: &mut dyn __hl7::Visitor<'a>) {
            if !__hl7::Field::is_blank(self) {
                to.node(index, self);
            }
        }
        fn is_blank(&self) -> bool {
            #(__hl7::Field::is_blank(&self.#names) &&)* self.#extra.is_empty()
        }
    }
}

/// The descriptor of a field (which may repeat) or component (which may not).
pub(super) fn descriptor(element: &Element<'_>, repeats: bool) -> TokenStream {
    let (name, ident, ty) = (&element.name, plain(element.ident), element.ty);
    let mut out = match element.usage {
        "W" => quote!(__hl7::ElementDesc::withdrawn(#name, #ident)),
        _ => quote!(__hl7::ElementDesc::new(#name, #ident, <#ty as __hl7::Field>::DATATYPE)),
    };
    if !matches!(element.usage, "O" | "W") {
        let usage = Ident::new(element.usage, Span::call_site());
        out.extend(quote!(.usage(__hl7::Usage::#usage)));
    }
    if repeats && element.usage != "W" {
        let min = element.min;
        let max = match element.max {
            Some(max) => quote!(#max),
            // Its list is one of fields, not of repetitions.
            None if element.open => quote!(1),
            None => quote!(<#ty as __hl7::Field>::MAX),
        };
        out.extend(quote!(.repeats(#min, #max)));
    }
    out.extend(element.len.map(|len| quote!(.len(#len))));
    out.extend(element.min_len.map(|len| quote!(.min_len(#len))));
    out.extend(element.conf_len.map(|(len, cut)| quote!(.conf_len(#len, #cut))));
    out.extend(match &element.table {
        Some(table) => quote!(.table(&#table)),
        None => quote!(.maybe_table(<#ty as __hl7::Field>::TABLE)),
    });
    out.extend(element.item.map(|item| quote!(.item(#item))));
    out.extend(element.varies_by.map(|seq| quote!(.varies_by(#seq))));
    out.extend(element.open.then(|| quote!(.open())));
    out
}

/// A field that is said to repeat must have a type that does.
pub(super) fn check_max(id: &str, element: &Element<'_>) -> Option<TokenStream> {
    let (max, ty) = (element.max.filter(|max| *max > 1 && !element.open)?, element.ty);
    let message = format!("{id}-{} repeats, its type holds one value; use `Vec<...>`", element.seq);
    Some(quote_spanned! {at(ty)=>
        const _: () = ::core::assert!(#max <= <#ty as __hl7::Field>::MAX, #message);
    })
}
