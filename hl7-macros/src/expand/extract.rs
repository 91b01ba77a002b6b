//! `derive(FromHl7)`: how each field is taken, and the checks that the compiler runs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::DeriveInput;

use super::{at, block};
use crate::attr::{Attrs, EXTRACT};
use crate::ctxt::Ctxt;
use crate::model::{Checked, Container, Read, Taken, named_fields, read_fields};
use crate::types::plain;

pub(super) fn expand(ctxt: &Ctxt, input: &DeriveInput) -> Option<TokenStream> {
    if !input.generics.params.is_empty() {
        ctxt.error(
            &input.generics,
            "a struct that is taken from messages cannot be generic; write one for each case",
        );
    }
    let attrs = Attrs::read(ctxt, &input.attrs, &EXTRACT);
    let container = Container { ident: &input.ident, vis: &input.vis, attrs };
    let against = against(ctxt, &container);
    let fields = read_fields(ctxt, named_fields(ctxt, input, "FromHl7")?);
    let (version, against) = against?;

    let ident = container.ident;
    let named = fields.iter().enumerate().map(|(index, field)| named(index, field, &against));
    let values = fields.iter().enumerate().map(|(index, field)| {
        let (name, value) = (field.ident, take(index, field));
        quote!(#name: #value,)
    });
    let body = quote! {
        #(#named)*
        #[automatically_derived]
        impl __hl7::FromHl7 for #ident {
            fn version() -> ::core::option::Option<&'static __hl7::VersionDesc> {
                #version
            }
            fn from_scope(
                scope: &__hl7::Scope<'_>,
            ) -> ::core::result::Result<Self, __hl7::ExtractError> {
                ::core::result::Result::Ok(Self { #(#values)* })
            }
        }
    };
    Some(block(&container.root(), &body, &TokenStream::new()))
}

/// What paths and groups are checked against, as expressions.
struct Against {
    /// The version.
    version: TokenStream,
    /// Where there is one, the structure of the message.
    structure: Option<TokenStream>,
}

/// The version at run time, and what the checks use.
fn against(ctxt: &Ctxt, container: &Container<'_>) -> Option<(TokenStream, Against)> {
    let attrs = &container.attrs;
    let structure = attrs.path("message").map(|message| quote!(__hl7::structure_of::<#message>()));
    let (stated, version) = match (attrs.path("version"), &structure) {
        (Some(version), _) => (quote!(::core::option::Option::Some(&#version)), quote!(&#version)),
        (None, Some(structure)) => {
            (quote!(#structure.version), quote!(__hl7::version_of(#structure)))
        }
        (None, None) => {
            if !attrs.meant("version") && !attrs.meant("message") {
                let ident = container.ident;
                let message = format!(
                    "`{ident}` has no `version` to check its paths against; add `#[hl7(version = hl7_types::v2_5_1::VERSION)]`"
                );
                ctxt.error(ident, message);
            }
            return None;
        }
    };
    Some((stated, Against { version, structure }))
}

/// The value of a field.
fn take(index: usize, field: &Taken<'_>) -> TokenStream {
    let (name, place) = (plain(field.ident), place(index));
    let method = match field.read {
        Read::Value(_) => "value",
        Read::Values(_) => "values",
        Read::Segment(_) => "segments",
        Read::Group(_) => "groups",
        Read::Raw => return quote_spanned!(at(field.ty)=> scope.raw(#name)?),
    };
    let at = at(field.ty);
    let method = Ident::new(method, at);
    quote_spanned!(at=> scope.#method(&#place, #name)?)
}

/// The static that holds what a field names.
fn place(index: usize) -> Ident {
    format_ident!("__PLACE_{index}")
}

/// What a field names, checked by the compiler, which shows a mistake where it stands. In a static it may look at message
/// structures; in a constant it may not.
fn named(index: usize, field: &Taken<'_>, against: &Against) -> TokenStream {
    let (Read::Value(text) | Read::Values(text) | Read::Segment(text) | Read::Group(text)) =
        &field.read
    else {
        return TokenStream::new();
    };
    let (place, at) = (place(index), Span::call_site().located_at(text.span()));
    let Against { version, structure } = against;
    if let Read::Group(_) = field.read {
        let checked = match (&field.checked, structure) {
            (Checked::Nothing, _) => quote!(#text),
            (_, Some(structure)) => {
                quote_spanned!(at=> __hl7::checked_group_of(#structure, #text))
            }
            (_, None) => quote_spanned!(at=> __hl7::checked_group(#version, #text)),
        };
        return quote_spanned!(at=> static #place: &str = #checked;);
    }
    let direct = field.direct.then(|| quote!(.direct()));
    let pattern = quote_spanned!(at=> __hl7::Pattern::new(#text) #direct);
    let checked = match &field.checked {
        Checked::Nothing => pattern,
        Checked::Version => quote_spanned!(at=> __hl7::checked_path(#version, #pattern)),
        Checked::Site(site) => quote_spanned! {at=>
            __hl7::checked_path_in(<#site as __hl7::Segment>::DESC, #pattern)
        },
    };
    quote_spanned!(at=> static #place: __hl7::Pattern = #checked;)
}
