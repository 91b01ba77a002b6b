//! `src/lib.rs` and `src/version.rs`: the modules and the version's descriptor.

use quote::quote;

use super::elements::{datatype_static, table_static};
use super::messages::structure_static;
use super::segments::segment_static;
use super::{File, Package, ident, rust_file};
use crate::model::DatatypeId;

pub(super) fn files(package: &Package<'_>) -> Vec<File> {
    vec![lib(package), desc(package)]
}

fn lib(package: &Package<'_>) -> File {
    let version = package.version;
    let code = quote! {
        // Generated code and code by hand name the runtime alike.
        extern crate hl7_core as hl7_types;

        #[cfg(feature = "types")]
        #[rustfmt::skip]
        mod any_message;
        #[rustfmt::skip]
        pub mod datatypes;
        #[rustfmt::skip]
        pub mod messages;
        #[rustfmt::skip]
        pub mod segments;
        #[rustfmt::skip]
        pub mod tables;
        #[rustfmt::skip]
        mod version;
        #[cfg(feature = "views")]
        #[rustfmt::skip]
        pub mod views;

        #[cfg(feature = "types")]
        pub use any_message::AnyMessage;
        pub use version::VERSION;
    };
    let (id, module) = (&version.id, &version.module);
    let mut doc = format!(
        "HL7 version {id} as Rust types: segments, datatypes, tables and message structures."
    );
    if package.publish {
        doc.push_str(&format!(
            "\n\nDepend on `hl7-types` with the feature `{module}`, not on this crate: the examples there start with a message."
        ));
    }
    rust_file("src/lib.rs", package, "messages.xml", "version", &doc, code)
}

fn desc(package: &Package<'_>) -> File {
    let version = package.version;
    let id = &version.id;
    let segments = version.segments.iter().map(segment_static);
    let datatypes =
        (0..).zip(&version.datatypes).map(|(at, _)| datatype_static(version, DatatypeId(at)));
    let tables = version.tables.iter().map(|table| table_static(&table.id));
    let structures = version.structures.iter().map(|structure| {
        let (module, name) = (ident(&structure.module), structure_static(structure));
        quote!(&crate::messages::#module::#name)
    });
    let events = version.events.iter().map(|event| {
        let (message, trigger) = (&event.message, event.trigger.as_deref().unwrap_or_default());
        let structure = &version[event.structure].id;
        quote!(event(#message, #trigger, #structure))
    });
    let doc = format!(" Everything that version {id} defines.");
    let import = (!version.events.is_empty()).then(|| quote!(EventDesc,));
    let constructor = (!version.events.is_empty()).then(|| {
        quote! {
            const fn event(message: &'static str, trigger: &'static str, structure: &'static str) -> EventDesc {
                EventDesc { message, trigger, structure }
            }
        }
    });
    let code = quote! {
        use hl7_types::desc::{#import VersionDesc};
        #constructor
        #[doc = #doc]
        pub static VERSION: VersionDesc = VersionDesc {
            id: #id,
            segments: &[#(&crate::segments::#segments),*],
            datatypes: &[#(&crate::datatypes::#datatypes),*],
            tables: &[#(&crate::tables::#tables),*],
            structures: &[#(#structures),*],
            events: &[#(#events),*],
        };
    };
    rust_file(
        "src/version.rs",
        package,
        "messages.xml",
        "version",
        "The version as one descriptor.",
        code,
    )
}
