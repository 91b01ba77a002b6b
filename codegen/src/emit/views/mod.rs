//! `src/views.rs` and below: typed positions in a message, in the modules and under the names that the structs have.

mod datatypes;
mod messages;
mod segments;

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{File, Package, rust_file};

pub(super) fn files(package: &Package<'_>) -> Vec<File> {
    let code = quote! {
        mod any_message;
        pub mod datatypes;
        pub mod messages;
        pub mod segments;
        pub use any_message::AnyMessage;
    };
    let doc = format!(
        "Views of messages of version {}: typed reading without structs, see `hl7_types::view`.",
        package.version.id
    );
    let mut files =
        vec![rust_file("src/views.rs", package, "messages.xml", "views/mod", &doc, code)];
    files.extend(datatypes::files(package));
    files.extend(segments::files(package));
    files.extend(messages::files(package));
    files
}

/// The struct of a view around what it is a position of, and what makes it one.
fn view(
    doc: &str,
    ty: &Ident,
    of: &str,
    made: &TokenStream,
    accessors: &[TokenStream],
) -> TokenStream {
    let of = super::ident(of);
    let accessors = (!accessors.is_empty()).then(|| quote!(impl<'m> #ty<'m> { #(#accessors)* }));
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug)]
        #[must_use]
        pub struct #ty<'m>(pub view::#of<'m>);
        #made
        #accessors
    }
}

/// A list of modules with what each has.
fn list(modules: &[Ident], types: &[Ident]) -> TokenStream {
    quote! {
        #(mod #modules;)*
        #(pub use self::#modules::#types;)*
    }
}
