//! `src/lib.rs` and `src/version.rs`: the modules and the version's descriptor.

use quote::quote;

use super::elements::{datatype_static, table_static};
use super::messages::structure_static;
use super::segments::segment_static;
use super::{File, ident, rust_file};
use crate::model::{DatatypeId, Version};

pub(super) fn files(version: &Version) -> Vec<File> {
    vec![lib(version), desc(version)]
}

fn lib(version: &Version) -> File {
    let datatypes = format!(" The datatypes of version {}.", version.id);
    let code = quote! {
        // Generated code and code by hand name the runtime alike.
        extern crate hl7_core as hl7_types;

        #[cfg(feature = "types")]
        #[rustfmt::skip]
        mod any_message;
        #[rustfmt::skip]
        #[doc = #datatypes]
        pub mod datatypes;
        #[rustfmt::skip]
        pub mod messages;
        #[rustfmt::skip]
        pub mod segments;
        #[rustfmt::skip]
        pub mod tables;
        #[rustfmt::skip]
        mod version;

        #[cfg(feature = "types")]
        pub use any_message::AnyMessage;
        pub use version::VERSION;
    };
    let doc = format!(
        "HL7 version {} as Rust types: segments, datatypes, tables and message structures.\n\n\
         Depend on `hl7-types` with the feature `{}`, not on this crate: the examples there start with a message.",
        version.id, version.module
    );
    rust_file("src/lib.rs", version, "messages.xml", "version", &doc, code)
}

fn desc(version: &Version) -> File {
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
    let code = quote! {
        use hl7_types::desc::{EventDesc, VersionDesc};
        const fn event(message: &'static str, trigger: &'static str, structure: &'static str) -> EventDesc {
            EventDesc { message, trigger, structure }
        }
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
        version,
        "messages.xml",
        "version",
        "The version as one descriptor.",
        code,
    )
}
