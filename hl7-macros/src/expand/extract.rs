//! `derive(FromHl7)`: how each field is taken, and the checks that the compiler runs.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{DeriveInput, LitStr, Path};

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
    let values = fields.iter().map(|field| {
        let (name, value) = (field.ident, take(field));
        quote!(#name: #value,)
    });
    let body = quote! {
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
    let checks = fields.iter().enumerate().map(|(index, field)| check(index, field, &against));
    Some(block(&container.root(), &body, &checks.collect()))
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
    let structure = attrs.path("message").map(|message| quote!(<#message as __hl7::Message>::DESC));
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
fn take(field: &Taken<'_>) -> TokenStream {
    let name = plain(field.ident);
    let at = at(field.ty);
    match &field.read {
        Read::Value(path) => {
            let pattern = pattern(path, field.direct);
            quote_spanned!(at=> scope.value(#pattern, #name)?)
        }
        Read::Values(path) => {
            let pattern = pattern(path, field.direct);
            quote_spanned!(at=> scope.values(#pattern, #name)?)
        }
        Read::Segment(id) => {
            let pattern = pattern(id, field.direct);
            quote_spanned!(at=> scope.segments(#pattern, #name)?)
        }
        Read::Group(chain) => quote_spanned!(at=> scope.groups(#chain, #name)?),
        Read::Raw => quote_spanned!(at=> scope.raw(#name)?),
    }
}

/// A path, read when it is compiled; a mistake in it is shown where it stands.
fn pattern(path: &LitStr, direct: bool) -> TokenStream {
    let direct = direct.then(|| quote!(.direct()));
    let at = Span::call_site().located_at(path.span());
    quote_spanned!(at=> const { &__hl7::Pattern::new(#path) #direct })
}

/// What the compiler runs for a field. A static may look at message structures, a constant may not.
fn check(index: usize, field: &Taken<'_>, against: &Against) -> TokenStream {
    let (literal, call) = match (&field.read, &field.checked) {
        (Read::Raw, _) | (_, Checked::Nothing) => return TokenStream::new(),
        (Read::Group(chain), _) => (chain, group(chain, against)),
        (Read::Value(path) | Read::Values(path) | Read::Segment(path), Checked::Version) => {
            let version = &against.version;
            (path, quote!(check_path(#version, &__hl7::Pattern::new(#path))))
        }
        (Read::Value(path) | Read::Values(path) | Read::Segment(path), Checked::Site(site)) => {
            (path, site_path(path, site))
        }
    };
    let name = format_ident!("_{index}");
    let at = Span::call_site().located_at(literal.span());
    quote_spanned!(at=> static #name: () = __hl7::#call;)
}

fn group(chain: &LitStr, against: &Against) -> TokenStream {
    match &against.structure {
        Some(structure) => quote!(check_group_of(#structure, #chain)),
        None => {
            let version = &against.version;
            quote!(check_group(#version, #chain))
        }
    }
}

fn site_path(path: &LitStr, site: &Path) -> TokenStream {
    quote!(check_path_in(<#site as __hl7::Segment>::DESC, &__hl7::Pattern::new(#path)))
}
