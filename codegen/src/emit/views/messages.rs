//! `src/views/messages.rs`, one file a message structure, and `src/views/any_message.rs`.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::homes::Homes;
use super::super::messages::{Groups, Node, groups, often, structure_static, what};
use super::super::{File, Package, doc, ident, number, rust_file};
use super::view;
use crate::model::{Member, MemberKind, Structure, Version};

const EMITTER: &str = "views/messages";

pub(super) fn files(package: &Package<'_>) -> Vec<File> {
    let version = package.version;
    let homes = Homes::of(version);
    let mut files = vec![index(package), any_message(package)];
    for structure in &version.structures {
        let path = format!("src/views/messages/{}.rs", structure.module);
        let doc = format!("{} and its groups.", doc::text(&structure.id));
        let code = code(version, &homes, structure);
        files.push(rust_file(&path, package, "messages.xml", EMITTER, &doc, code));
    }
    files
}

/// The module list.
fn index(package: &Package<'_>) -> File {
    let structures = &package.version.structures;
    let modules: Vec<_> = structures.iter().map(|structure| ident(&structure.module)).collect();
    let types = structures.iter().map(|structure| ident(&structure.rust_type));
    let code = quote! {
        #(pub mod #modules;)*
        #(pub use self::#modules::#types;)*
    };
    let doc = format!("Views of the message structures of version {}.", package.version.id);
    rust_file("src/views/messages.rs", package, "messages.xml", EMITTER, &doc, code)
}

fn code(version: &Version, homes: &Homes<'_>, structure: &Structure) -> TokenStream {
    let Groups { inner, imported } = groups(homes, structure);
    let imports = imported.iter().map(|(module, ty)| quote!(pub use super::#module::#ty;));
    let groups = inner.iter().map(|(node, owners)| group(version, node, owners));
    let (ty, desc, module) =
        (ident(&structure.rust_type), structure_static(structure), ident(&structure.module));
    let doc = format!(" The message structure {}.", doc::text(&structure.id));
    let made = quote!(hl7_types::message_view!(#ty, crate::messages::#module::#desc););
    let message = view(&doc, &ty, "Group", &made, &accessors(version, &structure.members));
    quote! {
        use hl7_types::view;
        #(#imports)*
        #message
        #(#groups)*
    }
}

fn group(version: &Version, node: &Node<'_>, owners: &str) -> TokenStream {
    let (ty, shown) = (ident(node.rust_type), doc::text(node.name));
    if node.choice {
        return choice(
            version,
            node,
            &format!(" The choice {shown} of {owners}: exactly one of these."),
        );
    }
    let doc = format!(" The group {shown} of {owners}.");
    let made = quote!(hl7_types::group_view!(#ty););
    view(&doc, &ty, "Group", &made, &accessors(version, node.members))
}

fn choice(version: &Version, node: &Node<'_>, doc: &str) -> TokenStream {
    let ty = ident(node.rust_type);
    let variants = node.members.iter().map(|member| {
        let doc = format!(" {}.", what(version, member));
        let (item, variant) = (item_type(version, member), ident(&member.ident));
        quote!(#[doc = #doc] #variant(#item))
    });
    // What is absent is the first alternative, absent.
    let arms = (0_u64..).zip(node.members).skip(1).map(|(at, member)| {
        let (at, variant) = (number(at), ident(&member.ident));
        quote!(#at => Self::#variant(view::Member::of(occurrence)))
    });
    let first = node.members.first().map(|member| {
        let variant = ident(&member.ident);
        quote!(_ => Self::#variant(view::Member::of(occurrence)))
    });
    quote! {
        #[doc = #doc]
        #[derive(Clone, Copy, Debug)]
        #[must_use]
        pub enum #ty<'m> {
            #(#variants,)*
        }

        impl<'m> view::Member<'m> for #ty<'m> {
            fn of(occurrence: view::Occurrence<'m>) -> Self {
                match occurrence.alternative() {
                    #(#arms,)*
                    #first
                }
            }
        }
    }
}

fn accessors(version: &Version, members: &[Member]) -> Vec<TokenStream> {
    (0_u64..).zip(members).map(|(at, member)| accessor(version, at, member)).collect()
}

fn accessor(version: &Version, at: u64, member: &Member) -> TokenStream {
    let (name, item, at) = (ident(&member.ident), item_type(version, member), number(at));
    let doc = format!(" {} ({}).", what(version, member), often(member.min, member.max));
    let (ty, call) = match (member.min, member.max.is_many()) {
        (0, false) => (quote!(Option<#item>), quote!(optional)),
        (_, false) => (item, quote!(required)),
        (_, true) => (quote!(view::Members<'m, #item>), quote!(members)),
    };
    quote! {
        #[doc = #doc]
        #[inline]
        pub fn #name(self) -> #ty {
            self.0.#call(#at)
        }
    }
}

/// The view of one occurrence of a member.
fn item_type(version: &Version, member: &Member) -> TokenStream {
    match &member.kind {
        MemberKind::Segment(segment) => {
            let ty = ident(&version[*segment].rust_type);
            quote!(crate::views::segments::#ty<'m>)
        }
        MemberKind::AnySegment(_) => quote!(view::Segment<'m>),
        MemberKind::Group { rust_type, .. } | MemberKind::Choice { rust_type, .. } => {
            let ty = ident(rust_type);
            quote!(#ty<'m>)
        }
    }
}

/// The enum over all message structures.
fn any_message(package: &Package<'_>) -> File {
    let version = package.version;
    let types: Vec<_> =
        version.structures.iter().map(|structure| ident(&structure.rust_type)).collect();
    let docs = version.structures.iter().map(|structure| format!(" {}.", doc::text(&structure.id)));
    let arms = (0_u64..).zip(&types).map(|(at, ty)| {
        let at = number(at);
        quote!(Some(#at) => AnyMessage::#ty(messages::#ty::of(message)))
    });
    let doc = format!(" A view of a message of any structure of version {}.", version.id);
    let code = quote! {
        use hl7_types::Tree;
        use hl7_types::view::{Group, Message, ReadAs};

        use crate::views::messages;

        #[doc = #doc]
        #[derive(Clone, Copy, Debug)]
        #[must_use]
        pub enum AnyMessage<'m> {
            #(#[doc = #docs] #types(messages::#types<'m>),)*
            #[doc = " A message whose MSH-9 names no structure of this version: the whole message, untyped."]
            Other(&'m Tree),
        }

        impl Message for AnyMessage<'_> {
            type At<'m> = AnyMessage<'m>;
            const READ_AS: ReadAs = ReadAs::Version(&crate::VERSION);

            fn of(message: Group<'_>) -> AnyMessage<'_> {
                match message.structure_index(&crate::VERSION) {
                    #(#arms,)*
                    _ => AnyMessage::Other(message.tree()),
                }
            }
        }
    };
    rust_file(
        "src/views/any_message.rs",
        package,
        "messages.xml",
        EMITTER,
        "A view of any message of this version.",
        code,
    )
}
