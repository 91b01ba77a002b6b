//! `derive(Segment)`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use super::{block, composite, debug, empty, item, new, node, same_rows, same_struct};
use crate::attr::{FIELD, SEGMENT};
use crate::ctxt::Ctxt;
use crate::model::{Container, Elements, SEGMENT_ID, is_segment_id, named_fields};
use crate::types::title;

pub(super) fn expand(ctxt: &Ctxt, input: &DeriveInput) -> Option<TokenStream> {
    let container = Container::read(ctxt, input, &SEGMENT);
    let id = container.required(ctxt, "id", "ZPV", SEGMENT_ID, is_segment_id);
    container.forbid_beside_desc(ctxt, &container.attrs, &["name"]);
    let fields = named_fields(ctxt, input, "Segment")?;
    let elements = Elements::read(ctxt, &container, fields, &FIELD, "field");
    let extra = elements.extra?;

    let ident = container.ident;
    let list = &elements.list;
    let (check, desc) = match container.desc() {
        Some(desc) => {
            let rows = quote!(#desc.fields.len());
            (same_rows(ident, desc, &rows, list.len(), "fields"), quote!(&#desc))
        }
        None => {
            let name =
                container.attrs.text("name").map_or_else(|| title(ident), |name| name.value());
            let fields = list.iter().map(|element| composite::descriptor(element, true));
            let check =
                list.iter().filter_map(|element| composite::check_max(&id, element)).collect();
            (
                check,
                quote!({
                    static DESC: __hl7::SegmentDesc =
                        __hl7::SegmentDesc::new(#id, #name, &[#(#fields),*]);
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
    let new = new::of_segment(&container, &id, list);
    let item = item(ident, "OfSegment");
    let body = quote! {
        #empty
        #node
        #[automatically_derived]
        impl __hl7::Segment for #ident {
            const DESC: &'static __hl7::SegmentDesc = #desc;
        }
        #item
        #debug
        #same
        #new
    };
    Some(block(&container.root(), &body, &check))
}
