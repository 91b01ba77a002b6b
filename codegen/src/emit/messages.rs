//! `src/messages.rs` and one file a message structure: descriptors and structs of the message and its groups.

use heck::ToShoutySnakeCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::elements::max_tokens;
use super::segments::segment_static;
use super::{File, ident, number, rust_file};
use crate::model::{AnySegment, Max, Member, MemberKind, Structure, Version};

pub(super) fn files(version: &Version) -> Vec<File> {
    let mut files = vec![index(version)];
    for structure in &version.structures {
        let path = format!("src/messages/{}.rs", structure.module);
        let doc = format!("{} and its groups.", structure.id);
        files.push(rust_file(
            &path,
            version,
            "messages.xml",
            "messages",
            &doc,
            code(version, structure),
        ));
    }
    files
}

/// The name of a structure's descriptor: its id, in capitals.
pub(super) fn structure_static(structure: &Structure) -> proc_macro2::Ident {
    ident(&structure.module.to_uppercase())
}

/// The module list.
fn index(version: &Version) -> File {
    let modules = version.structures.iter().map(|structure| {
        let (module, doc) =
            (ident(&structure.module), format!(" {} and its groups.", structure.id));
        quote!(#[doc = #doc] pub mod #module;)
    });
    let uses = version.structures.iter().map(|structure| {
        let (module, ty) = (ident(&structure.module), ident(&structure.rust_type));
        quote!(#[cfg(feature = "types")] pub use #module::#ty;)
    });
    let code = quote! {
        #(#modules)*
        #(#uses)*
    };
    let doc = format!("The message structures of version {}.", version.id);
    rust_file("src/messages.rs", version, "messages.xml", "messages", &doc, code)
}

/// A group, a choice, or the message itself.
struct Node<'m> {
    name: &'m str,
    rust_type: &'m str,
    members: &'m [Member],
    choice: bool,
}

/// The groups and choices below some members, in document order.
fn nodes<'m>(members: &'m [Member], out: &mut Vec<Node<'m>>) {
    for member in members {
        let (MemberKind::Group { name, rust_type, members }
        | MemberKind::Choice { name, rust_type, members }) = &member.kind
        else {
            continue;
        };
        let choice = matches!(member.kind, MemberKind::Choice { .. });
        out.push(Node { name, rust_type, members, choice });
        nodes(members, out);
    }
}

fn code(version: &Version, structure: &Structure) -> TokenStream {
    let root = Node {
        name: &structure.id,
        rust_type: &structure.rust_type,
        members: &structure.members,
        choice: false,
    };
    let mut inner = Vec::new();
    nodes(&structure.members, &mut inner);
    let (id, name) = (&structure.id, structure_static(structure));
    let doc = format!(" {id}.");
    let descriptors = std::iter::once(&root).chain(&inner).map(|node| descriptor(version, node));
    let root_desc = group_static(&root);
    let structs = inner.iter().map(|node| group(version, node, id));
    let message = message(version, &root, &name);
    quote! {
        use hl7_types::desc::{GroupDesc, MemberDesc, MemberKind, StructureDesc};
        #[doc = #doc]
        pub static #name: StructureDesc =
            StructureDesc::new(#id, Some(&crate::VERSION), &#root_desc);
        #(#descriptors)*
        #message
        #(#structs)*
    }
}

fn group_static(node: &Node<'_>) -> proc_macro2::Ident {
    format_ident!("{}_MEMBERS", node.rust_type.to_shouty_snake_case())
}

fn descriptor(version: &Version, node: &Node<'_>) -> TokenStream {
    let (name, ident) = (node.name, group_static(node));
    let members = node.members.iter().map(|member| {
        let kind = match &member.kind {
            MemberKind::Segment(segment) => {
                let name = segment_static(&version[*segment]);
                quote!(Segment(&crate::segments::#name))
            }
            MemberKind::AnySegment(AnySegment::Hxx) => {
                quote!(Any(hl7_types::desc::AnySegment::Hl7))
            }
            MemberKind::AnySegment(AnySegment::Zxx) => {
                quote!(Any(hl7_types::desc::AnySegment::Site))
            }
            MemberKind::Group { name, rust_type, members } => {
                let name = group_static(&Node { name, rust_type, members, choice: false });
                quote!(Group(&#name))
            }
            MemberKind::Choice { name, rust_type, members } => {
                let name = group_static(&Node { name, rust_type, members, choice: true });
                quote!(Choice(&#name))
            }
        };
        let (ident, min, max) = (&member.ident, number(member.min), max_tokens(member.max));
        quote!(MemberDesc::new(#ident, #min, #max, MemberKind::#kind))
    });
    quote!(static #ident: GroupDesc = GroupDesc { name: #name, members: &[#(#members),*] };)
}

/// The type of one occurrence of a member.
fn item_type(version: &Version, member: &Member) -> TokenStream {
    match &member.kind {
        MemberKind::Segment(segment) => {
            let ty = ident(&version[*segment].rust_type);
            quote!(crate::segments::#ty)
        }
        MemberKind::AnySegment(_) => quote!(hl7_types::RawSegment),
        MemberKind::Group { rust_type, .. } | MemberKind::Choice { rust_type, .. } => {
            let ty = ident(rust_type);
            quote!(#ty)
        }
    }
}

/// What stands at a member, for its documentation.
fn member_doc(version: &Version, member: &Member) -> String {
    let what = match &member.kind {
        MemberKind::Segment(segment) => {
            format!("{}: {}", version[*segment].id, version[*segment].name)
        }
        MemberKind::AnySegment(AnySegment::Hxx) => "Any segment of the standard".to_owned(),
        MemberKind::AnySegment(AnySegment::Zxx) => "Any site-defined segment".to_owned(),
        MemberKind::Group { name, .. } => format!("Group {name}"),
        MemberKind::Choice { name, .. } => format!("Choice {name}"),
    };
    let often = match (member.min, member.max) {
        (0, Max::Times(1)) => "optional".to_owned(),
        (0, Max::Unbounded) => "optional, repeats".to_owned(),
        (0, Max::Times(times)) => format!("optional, up to {times}"),
        (_, Max::Times(1)) => "required".to_owned(),
        (_, Max::Unbounded) => "required, repeats".to_owned(),
        (_, Max::Times(times)) => format!("required, up to {times}"),
    };
    format!(" {what} ({often}).")
}

fn declaration(version: &Version, member: &Member) -> TokenStream {
    let (doc, name, item) =
        (member_doc(version, member), ident(&member.ident), item_type(version, member));
    let (ty, attribute) = match (member.min, member.max.is_many()) {
        (0, false) => (quote!(Option<Box<#item>>), None),
        (_, false) => (quote!(hl7_types::Part<#item>), None),
        (0, true) => (quote!(Vec<#item>), None),
        (_, true) => (quote!(Vec<#item>), Some(quote!(#[hl7(min = 1)]))),
    };
    quote! {
        #[doc = #doc]
        #attribute
        pub #name: #ty
    }
}

fn message(version: &Version, root: &Node<'_>, desc: &proc_macro2::Ident) -> TokenStream {
    let members = root.members.iter().map(|member| declaration(version, member));
    let (ty, id) = (ident(root.rust_type), root.name);
    let doc = format!(" The message structure {id}.");
    quote! {
        #[doc = #doc]
        #[cfg(feature = "types")]
        #[derive(Clone, PartialEq, hl7_macros::Message)]
        #[hl7(id = #id, desc = #desc)]
        pub struct #ty {
            #(#members,)*
            #[doc = " What the message carried beyond these members."]
            #[hl7(extra)]
            pub extra: hl7_types::Extra,
        }
    }
}

fn group(version: &Version, node: &Node<'_>, structure: &str) -> TokenStream {
    let (ty, desc, name) = (ident(node.rust_type), group_static(node), node.name);
    if node.choice {
        let doc = format!(" The choice {name} of {structure}: exactly one of these.");
        let variants = node.members.iter().map(|member| {
            let (doc, item, variant) =
                (member_doc(version, member), item_type(version, member), ident(&member.ident));
            quote!(#[doc = #doc] #variant(hl7_types::Part<#item>))
        });
        return quote! {
            #[doc = #doc]
            #[cfg(feature = "types")]
            #[derive(Clone, PartialEq, hl7_macros::Group)]
            #[hl7(name = #name, desc = #desc)]
            pub enum #ty {
                #(#variants,)*
            }
        };
    }
    let doc = format!(" The group {name} of {structure}.");
    let members = node.members.iter().map(|member| declaration(version, member));
    quote! {
        #[doc = #doc]
        #[cfg(feature = "types")]
        #[derive(Clone, PartialEq, hl7_macros::Group)]
        #[hl7(name = #name, desc = #desc)]
        pub struct #ty {
            #(#members,)*
            #[doc = " What the message carried beyond these members."]
            #[hl7(extra)]
            pub extra: hl7_types::Extra,
        }
    }
}
