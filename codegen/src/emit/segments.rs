//! `src/segments.rs` and one file a segment: its descriptor and its struct.

use proc_macro2::TokenStream;
use quote::quote;

use super::elements::Element;
use super::{File, Package, doc, ident, reexport, rust_file, with_types};
use crate::model::{Segment, Usage, Version};

pub(super) fn files(package: &Package<'_>) -> Vec<File> {
    let version = package.version;
    let mut files = vec![index(package)];
    for segment in &version.segments {
        let path = format!("src/segments/{}.rs", segment.module);
        let doc = format!("{}.", doc::titled(&segment.id, &segment.name));
        files.push(rust_file(
            &path,
            package,
            "segments.xml",
            "segments",
            &doc,
            code(version, segment),
        ));
    }
    files
}

/// The name of a segment's descriptor: its id.
pub(super) fn segment_static(segment: &Segment) -> proc_macro2::Ident {
    ident(&segment.id)
}

/// The module list.
fn index(package: &Package<'_>) -> File {
    let version = package.version;
    let modules = version.segments.iter().map(|segment| ident(&segment.module));
    let uses = version.segments.iter().map(|segment| {
        let (module, ty, name) =
            (ident(&segment.module), ident(&segment.rust_type), segment_static(segment));
        reexport(&module, &name, &ty, &with_types())
    });
    let code = quote! {
        #(mod #modules;)*
        #(#uses)*
    };
    let doc = format!("The segments of version {}.", version.id);
    rust_file("src/segments.rs", package, "segments.xml", "segments", &doc, code)
}

fn code(version: &Version, segment: &Segment) -> TokenStream {
    let elements: Vec<_> =
        segment.fields.iter().map(|field| Element::of_field(&segment.id, field)).collect();
    let descriptors = elements.iter().map(|element| element.descriptor(version));
    let declarations = elements.iter().map(|element| element.declaration(version, '-'));
    let (id, full, name) = (&segment.id, &segment.name, segment_static(segment));
    let ty = ident(&segment.rust_type);
    let doc = format!(
        " {}{}.",
        doc::titled(id, full),
        if segment.withdrawn { " (withdrawn)" } else { "" }
    );
    let stated = |usage: Usage| usage != Usage::Optional && usage != Usage::Withdrawn;
    let element = (!segment.fields.is_empty()).then(|| quote!(ElementDesc,));
    let usage = segment.fields.iter().any(|field| stated(field.usage)).then(|| quote!(, Usage));
    quote! {
        use hl7_types::desc::{#element SegmentDesc #usage};
        #[doc = #doc]
        pub static #name: SegmentDesc =
            SegmentDesc::new(#id, #full, &[#(#descriptors),*]);

        #[doc = #doc]
        #[cfg(feature = "types")]
        #[derive(hl7_macros::Segment)]
        #[hl7(id = #id, desc = #name)]
        pub struct #ty {
            #(#declarations,)*
            #[doc = " What the message carried beyond these fields."]
            #[hl7(extra)]
            pub extra: hl7_types::Extra,
        }
    }
}
