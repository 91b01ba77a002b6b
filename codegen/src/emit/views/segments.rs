//! `src/views/segments.rs` and one file a segment.

use quote::quote;

use super::super::elements::Element;
use super::super::{File, Package, doc, ident, rust_file};
use super::{list, view};

const EMITTER: &str = "views/segments";

pub(super) fn files(package: &Package<'_>) -> Vec<File> {
    let version = package.version;
    let modules: Vec<_> = version.segments.iter().map(|segment| ident(&segment.module)).collect();
    let types: Vec<_> = version.segments.iter().map(|segment| ident(&segment.rust_type)).collect();
    let doc = format!("Views of the segments of version {}.", version.id);
    let code = list(&modules, &types);
    let mut files =
        vec![rust_file("src/views/segments.rs", package, "segments.xml", EMITTER, &doc, code)];
    for segment in &version.segments {
        let ty = ident(&segment.rust_type);
        let accessors: Vec<_> = segment
            .fields
            .iter()
            .map(|field| Element::of_field(&segment.id, field).accessor(version, '-'))
            .collect();
        let title = doc::titled(&segment.id, &segment.name);
        let doc = format!(" {title}{}.", if segment.withdrawn { " (withdrawn)" } else { "" });
        let made = quote!(hl7_types::segment_view!(#ty););
        let view = view(&doc, &ty, "Segment", &made, &accessors);
        let code = quote! {
            use hl7_types::view;
            #view
        };
        let path = format!("src/views/segments/{}.rs", segment.module);
        let doc = format!("{title}.");
        files.push(rust_file(&path, package, "segments.xml", EMITTER, &doc, code));
    }
    files
}
