//! What can be read from a type's spelling. A derive sees no more of a type than that.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{GenericArgument, PathArguments, Type};

/// `T` of a type spelled `wrapper<T>`, whatever path leads to the wrapper.
pub(crate) fn inside<'a>(wrapper: &str, ty: &'a Type) -> Option<&'a Type> {
    let path = match ty {
        Type::Path(path) => &path.path,
        Type::Group(group) => return inside(wrapper, &group.elem),
        Type::Paren(paren) => return inside(wrapper, &paren.elem),
        _ => return None,
    };
    let last = path.segments.last().filter(|last| last.ident == wrapper)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
        _ => None,
    }
}

/// What a constructor takes for a field of this type, and how the field is made of it: `Vec<T>` and `Part<T>` take what
/// becomes one `T`.
pub(crate) fn argument<'a>(ty: &'a Type, name: &Ident) -> (&'a Type, TokenStream) {
    if let Some(one) = inside("Vec", ty) {
        let (taken, made) = argument(one, name);
        return (taken, quote!(::std::vec::Vec::from([#made])));
    }
    if let Some(one) = inside("Part", ty) {
        return (
            one,
            quote!(::core::convert::From::from(::core::convert::Into::<#one>::into(#name))),
        );
    }
    (ty, quote!(::core::convert::Into::into(#name)))
}

/// The name of a field without `r#` and the underscore that keeps it from being a keyword.
pub(crate) fn plain(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").unwrap_or(&text).trim_end_matches('_').to_owned()
}

/// `patient_class` as the standard would print it: `Patient Class`.
pub(crate) fn title(ident: &Ident) -> String {
    let mut out = String::new();
    for word in plain(ident).split('_').filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        out.push_str(if out.is_empty() { "" } else { " " });
        out.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        out.extend(letters);
    }
    out
}

/// `OrderDetail` as a field would be named: `order_detail`.
pub(crate) fn snake(ident: &Ident) -> String {
    let mut out = String::new();
    for letter in plain(ident).chars() {
        if letter.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Ident, Span};
    use syn::parse_quote;

    #[test]
    fn names_are_spelled_as_the_standard_does() {
        let ident = |text: &str| Ident::new(text, Span::call_site());
        assert_eq!(super::title(&ident("patient_class")), "Patient Class");
        assert_eq!(super::title(&ident("type_")), "Type");
        assert_eq!(super::title(&ident("état_2")), "État 2");
        assert_eq!(super::snake(&ident("OrderDetail")), "order_detail");
    }

    #[test]
    fn wrappers_are_seen_through_paths_and_groups() {
        let ty = parse_quote!(std::vec::Vec<hl7_types::Part<Cx>>);
        let part = super::inside("Vec", &ty).expect("a vector");
        let inner: syn::Type = parse_quote!(Cx);
        assert_eq!(super::inside("Part", part), Some(&inner));
        assert_eq!(super::inside("Box", part), None);
    }
}
