//! `src/views/datatypes.rs` and one file a datatype that has parts, or varies.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::elements::Element;
use super::super::{File, Package, doc, ident, rust_file};
use super::{list, view};
use crate::model::{Component, Datatype, DatatypeKind, Version};

const EMITTER: &str = "views/datatypes";

pub(super) fn files(package: &Package<'_>) -> Vec<File> {
    let version = package.version;
    let (mut modules, mut types, mut files) = (Vec::new(), Vec::new(), Vec::new());
    for datatype in &version.datatypes {
        let code = match &datatype.kind {
            DatatypeKind::Primitive(_) => continue,
            DatatypeKind::Composite(components) => composite(version, datatype, components),
            DatatypeKind::Varies => varies(version, datatype),
        };
        modules.push(ident(&datatype.module));
        types.push(ident(&datatype.rust_type));
        let path = format!("src/views/datatypes/{}.rs", datatype.module);
        let doc = format!("{}.", doc::titled(&datatype.id, &datatype.name));
        files.push(rust_file(&path, package, "datatypes.xml", EMITTER, &doc, code));
    }
    let doc = format!("Views of the datatypes of version {} that have parts.", version.id);
    let code = list(&modules, &types);
    files.push(rust_file("src/views/datatypes.rs", package, "datatypes.xml", EMITTER, &doc, code));
    files
}

fn composite(version: &Version, datatype: &Datatype, components: &[Component]) -> TokenStream {
    let ty = ident(&datatype.rust_type);
    let accessors: Vec<_> = components
        .iter()
        .map(|component| Element::of_component(&datatype.id, component).accessor(version, '.'))
        .collect();
    let doc = format!(" {}.", doc::titled(&datatype.id, &datatype.name));
    let made = quote!(hl7_types::datatype_view!(#ty););
    let view = view(&doc, &ty, "Composite", &made, &accessors);
    quote! {
        use hl7_types::view;
        #view
    }
}

/// The enum over the other datatypes.
fn varies(version: &Version, datatype: &Datatype) -> TokenStream {
    let others = || {
        let others = version.datatypes.iter();
        others.filter(|other| !matches!(other.kind, DatatypeKind::Varies))
    };
    let variants = others().map(|other| {
        let (doc, name) = (doc::titled(&other.id, &other.name), ident(&other.rust_type));
        let doc = format!(" {doc}.");
        let payload = match other.kind {
            DatatypeKind::Composite(_) => quote!(crate::views::datatypes::#name<'m>),
            _ => quote!(view::Leaf<'m, crate::datatypes::#name>),
        };
        quote!(#[doc = #doc] #name(#payload))
    });
    let arms = others().map(|other| {
        let (id, name) = (&other.id, ident(&other.rust_type));
        quote!(#id => Self::#name(view::FromPart::of(part)))
    });
    let ty = ident(&datatype.rust_type);
    quote! {
        use hl7_types::view;

        #[doc = " A value whose datatype the message names (OBX-5 by OBX-2, RDT-1 by RDF-2)."]
        #[derive(Clone, Copy, Debug)]
        #[must_use]
        pub enum #ty<'m> {
            #[doc = " The datatype is not known; the value is kept as it came."]
            Raw(view::Leaf<'m, hl7_types::primitives::Raw>),
            #(#variants,)*
        }

        impl<'m> view::Varies<'m> for #ty<'m> {
            fn named(datatype: &str, part: view::Composite<'m>) -> Self {
                match datatype {
                    #(#arms,)*
                    _ => Self::Raw(view::FromPart::of(part)),
                }
            }
        }
    }
}
