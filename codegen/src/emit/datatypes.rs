//! `src/datatypes.rs` and one file a datatype: its descriptor and its struct.

use proc_macro2::TokenStream;
use quote::quote;

use super::elements::{Element, datatype_static};
use super::{File, Package, doc, ident, number, reexport, rust_file, with_leaves, with_types};
use crate::model::{Component, Datatype, DatatypeId, DatatypeKind, Format, Version};

pub(super) fn files(package: &Package<'_>) -> Vec<File> {
    let version = package.version;
    let mut files = vec![index(package)];
    for (at, datatype) in (0..).zip(&version.datatypes) {
        let name = datatype_static(version, DatatypeId(at));
        let code = match &datatype.kind {
            DatatypeKind::Primitive(format) => primitive(datatype, &name, *format),
            DatatypeKind::Composite(components) => composite(version, datatype, &name, components),
            DatatypeKind::Varies => varies(version, datatype, &name),
        };
        let path = format!("src/datatypes/{}.rs", datatype.module);
        let doc = format!("{}.", doc::titled(&datatype.id, &datatype.name));
        files.push(rust_file(&path, package, "datatypes.xml", "datatypes", &doc, code));
    }
    files
}

/// The module list.
fn index(package: &Package<'_>) -> File {
    let version = package.version;
    let modules = version.datatypes.iter().map(|datatype| ident(&datatype.module));
    let uses = (0..).zip(&version.datatypes).map(|(at, datatype)| {
        let (module, name) = (ident(&datatype.module), datatype_static(version, DatatypeId(at)));
        let ty = ident(&datatype.rust_type);
        let is_leaf = matches!(datatype.kind, DatatypeKind::Primitive(_));
        let condition = if is_leaf { with_leaves() } else { with_types() };
        reexport(&module, &name, &ty, &condition)
    });
    let code = quote! {
        #(mod #modules;)*
        #(#uses)*
    };
    let doc = format!("The datatypes of version {}.", version.id);
    rust_file("src/datatypes.rs", package, "datatypes.xml", "datatypes", &doc, code)
}

fn descriptor(datatype: &Datatype, name: &proc_macro2::Ident, kind: &TokenStream) -> TokenStream {
    let (id, full) = (&datatype.id, &datatype.name);
    let max_len = number(datatype.max_len.unwrap_or(0));
    let doc = format!(" {}.", doc::titled(id, full));
    quote! {
        #[doc = #doc]
        pub static #name: DatatypeDesc =
            DatatypeDesc::new(#id, #full, #kind, #max_len);
    }
}

fn primitive(datatype: &Datatype, name: &proc_macro2::Ident, format: Format) -> TokenStream {
    let (variant, runtime) = match format {
        Format::String => ("String", "St"),
        Format::Text => ("Text", "Tx"),
        Format::Formatted => ("Formatted", "Ft"),
        Format::Sequence => ("Sequence", "Si"),
        Format::Number => ("Number", "Nm"),
        Format::Id => ("Id", "Id"),
        Format::Coded => ("Coded", "Is"),
        Format::Date => ("Date", "Dt"),
        Format::Time => ("Time", "Tm"),
        Format::Datetime => ("DateTime", "Dtm"),
        Format::Timing => ("Timing", "Gts"),
        Format::Telephone => ("Telephone", "Tn"),
        Format::StringNumber => ("StringNumber", "Snm"),
        Format::CompositeUnknown => ("CompositeUnknown", "Cm"),
    };
    let variant = ident(variant);
    let desc = descriptor(datatype, name, &quote!(DatatypeKind::Primitive(Format::#variant)));
    let (ty, runtime_type) = (ident(&datatype.rust_type), ident(runtime));
    let rename = if datatype.rust_type == runtime { TokenStream::new() } else { quote!(as #ty) };
    let condition = with_leaves();
    quote! {
        use hl7_types::desc::{DatatypeDesc, DatatypeKind, Format};
        #condition
        pub use hl7_types::primitives::#runtime_type #rename;
        #desc
    }
}

fn composite(
    version: &Version,
    datatype: &Datatype,
    name: &proc_macro2::Ident,
    components: &[Component],
) -> TokenStream {
    let elements: Vec<_> =
        components.iter().map(|component| Element::of_component(&datatype.id, component)).collect();
    let descriptors = elements.iter().map(|element| element.descriptor(version));
    let desc = descriptor(datatype, name, &quote!(DatatypeKind::Composite(&[#(#descriptors),*])));
    let declarations = elements.iter().map(|element| element.declaration(version, '.'));
    let (ty, id) = (ident(&datatype.rust_type), &datatype.id);
    let doc = format!(" {}.", doc::titled(id, &datatype.name));
    let usage = elements_use_usage(components).then(|| quote!(, Usage));
    quote! {
        use hl7_types::desc::{DatatypeDesc, DatatypeKind, ElementDesc #usage};
        #desc
        #[doc = #doc]
        #[cfg(feature = "types")]
        #[derive(hl7_macros::Datatype)]
        #[hl7(id = #id, desc = #name)]
        pub struct #ty {
            #(#declarations,)*
            #[doc = " What the message carried beyond these components."]
            #[hl7(extra)]
            pub extra: hl7_types::Extra,
        }
    }
}

fn elements_use_usage(components: &[Component]) -> bool {
    components.iter().any(|component| {
        component.usage != crate::model::Usage::Optional && component.datatype.is_some()
    })
}

/// The enum over the other datatypes.
fn varies(version: &Version, datatype: &Datatype, name: &proc_macro2::Ident) -> TokenStream {
    let desc = descriptor(datatype, name, &quote!(DatatypeKind::Varies));
    let variants =
        version.datatypes.iter().filter(|other| !matches!(other.kind, DatatypeKind::Varies)).map(
            |other| {
                let (id, ty) = (&other.id, ident(&other.rust_type));
                let doc = format!(" {}.", doc::titled(id, &other.name));
                let payload = match other.kind {
                    DatatypeKind::Composite(_) => quote!(hl7_types::Part<crate::datatypes::#ty>),
                    _ => quote!(crate::datatypes::#ty),
                };
                quote! {
                    #[doc = #doc]
                    #[hl7(id = #id)]
                    #ty(#payload)
                }
            },
        );
    let ty = ident(&datatype.rust_type);
    quote! {
        use hl7_types::desc::{DatatypeDesc, DatatypeKind};
        #desc
        #[doc = " A value whose datatype the message names (OBX-5 by OBX-2, RDT-1 by RDF-2)."]
        #[cfg(feature = "types")]
        #[derive(hl7_macros::Datatype)]
        #[hl7(desc = #name)]
        pub enum #ty {
            #[doc = " The datatype is not known; the value is kept as it came."]
            #[hl7(raw)]
            Raw(hl7_types::primitives::Raw),
            #(#variants,)*
        }
    }
}
