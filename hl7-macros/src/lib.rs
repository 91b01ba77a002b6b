//! Placeholder docs.

mod attr;
mod ctxt;
mod expand;
mod model;
mod types;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

fn expanded(
    input: &DeriveInput,
    expand: fn(&DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    expand(input).unwrap_or_else(|mistakes| mistakes.to_compile_error()).into()
}

/// Makes a struct a segment. See the [crate page](crate).
#[proc_macro_derive(Segment, attributes(hl7))]
pub fn derive_segment(input: TokenStream) -> TokenStream {
    expanded(&parse_macro_input!(input as DeriveInput), expand::segment)
}

/// Makes a struct a composite datatype, or an enum a varying one. See the [crate page](crate).
#[proc_macro_derive(Datatype, attributes(hl7))]
pub fn derive_datatype(input: TokenStream) -> TokenStream {
    expanded(&parse_macro_input!(input as DeriveInput), expand::datatype)
}

/// Makes a struct a group of a message, or an enum a choice. See the [crate page](crate).
#[proc_macro_derive(Group, attributes(hl7))]
pub fn derive_group(input: TokenStream) -> TokenStream {
    expanded(&parse_macro_input!(input as DeriveInput), expand::group)
}

/// Makes a struct a message. See the [crate page](crate).
#[proc_macro_derive(Message, attributes(hl7))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    expanded(&parse_macro_input!(input as DeriveInput), expand::message)
}
