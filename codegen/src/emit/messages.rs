//! `src/messages.rs` and one file a message structure: descriptors and structs of the message and its groups.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};

use super::elements::max_tokens;
use super::homes::{Home, Homes};
use super::segments::segment_static;
use super::{File, Package, doc, ident, number, rust_file};
use crate::model::{AnySegment, Max, Member, MemberKind, Structure, Version};

pub(super) fn files(package: &Package<'_>) -> Vec<File> {
    let version = package.version;
    let homes = Homes::of(version);
    let mut files = vec![index(package)];
    for structure in &version.structures {
        let path = format!("src/messages/{}.rs", structure.module);
        let doc = format!("{} and its groups.", doc::text(&structure.id));
        files.push(rust_file(
            &path,
            package,
            "messages.xml",
            "messages",
            &doc,
            code(version, &homes, structure),
        ));
    }
    files
}

/// The name of a structure's descriptor: its id, in capitals.
pub(super) fn structure_static(structure: &Structure) -> Ident {
    ident(&structure.module.to_uppercase())
}

/// The module list.
fn index(package: &Package<'_>) -> File {
    let version = package.version;
    let modules = version.structures.iter().map(|structure| {
        let module = ident(&structure.module);
        quote!(pub mod #module;)
    });
    let uses = version.structures.iter().map(|structure| {
        let (module, ty) = (ident(&structure.module), ident(&structure.rust_type));
        quote!(#[cfg(feature = "types")] pub use self::#module::#ty;)
    });
    let code = quote! {
        #(#modules)*
        #(#uses)*
    };
    let doc = format!("The message structures of version {}.", version.id);
    rust_file("src/messages.rs", package, "messages.xml", "messages", &doc, code)
}

/// A group, a choice, or the message itself.
pub(super) struct Node<'m> {
    structure: &'m Structure,
    pub(super) name: &'m str,
    pub(super) rust_type: &'m str,
    pub(super) members: &'m [Member],
    pub(super) choice: bool,
}

/// The groups and choices of a structure, in document order.
#[derive(Default)]
pub(super) struct Groups<'m> {
    /// Those that its module defines, each with the structures that have it, for its documentation.
    pub(super) inner: Vec<(Node<'m>, String)>,
    /// Those that the module of an earlier structure defines: module and type.
    pub(super) imported: Vec<(Ident, Ident)>,
}

/// The groups and choices of a structure.
pub(super) fn groups<'m>(homes: &Homes<'m>, structure: &'m Structure) -> Groups<'m> {
    let mut groups = Groups::default();
    collect(homes, structure, &structure.members, &mut groups);
    groups
}

fn collect<'m>(
    homes: &Homes<'m>,
    structure: &'m Structure,
    members: &'m [Member],
    out: &mut Groups<'m>,
) {
    for member in members {
        let (MemberKind::Group { name, rust_type, members }
        | MemberKind::Choice { name, rust_type, members }) = &member.kind
        else {
            continue;
        };
        let Some(home) = homes.find(&member.kind) else { continue };
        if home.structure().id == structure.id {
            let choice = matches!(member.kind, MemberKind::Choice { .. });
            out.inner.push((Node { structure, name, rust_type, members, choice }, owners(home)));
        } else {
            out.imported.push((ident(&home.structure().module), ident(rust_type)));
        }
        collect(homes, structure, members, out);
    }
}

/// The structures that have a group, for its documentation.
fn owners(home: &Home<'_>) -> String {
    let first = doc::text(&home.structure().id);
    match &home.structures[1..] {
        [] => first,
        [second] => format!("{first} and {}", doc::text(&second.id)),
        others => format!("{first} and {} other structures", others.len()),
    }
}

fn code(version: &Version, homes: &Homes<'_>, structure: &Structure) -> TokenStream {
    let root = Node {
        structure,
        name: &structure.id,
        rust_type: &structure.rust_type,
        members: &structure.members,
        choice: false,
    };
    let Groups { inner, imported } = groups(homes, structure);
    let imports = imported
        .iter()
        .map(|(module, ty)| quote!(#[cfg(feature = "types")] pub use super::#module::#ty;));
    let (id, name) = (&structure.id, structure_static(structure));
    let doc = format!(" {}.", doc::text(id));
    let descriptors = std::iter::once(&root)
        .chain(inner.iter().map(|(node, _)| node))
        .map(|node| descriptor(version, homes, node));
    let root_desc = group_static(structure, root.rust_type);
    let structs = inner.iter().map(|(node, owners)| group(version, node, owners));
    let message = message(version, &root, &name);
    quote! {
        use hl7_types::desc::{GroupDesc, MemberDesc, MemberKind, StructureDesc};
        #(#imports)*
        #[doc = #doc]
        pub static #name: StructureDesc =
            StructureDesc::new(#id, Some(&crate::VERSION), &#root_desc);
        #(#descriptors)*
        #message
        #(#structs)*
    }
}

/// The name of the descriptor of a type: `PatientResult` gives `PATIENT_RESULT_MEMBERS`.
///
/// Different types give different names: every capital begins a word, also in `AB1` (`A_B1`), which is not `Ab1`.
fn group_static(structure: &Structure, rust_type: &str) -> Ident {
    let mut name = String::with_capacity(rust_type.len() + 12);
    for letter in rust_type.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name.push_str("_MEMBERS");
    // Of a structure `ORDER_MEMBERS` with a group `ORDER`. No other name ends so.
    if structure_static(structure) == name {
        name.push('_');
    }
    ident(&name)
}

/// The descriptor of a group, as it is named from the module of a structure that has the group.
fn group_desc(homes: &Homes<'_>, from: &Structure, kind: &MemberKind, ty: &str) -> TokenStream {
    match homes.find(kind).map(Home::structure) {
        Some(home) if home.id != from.id => {
            let (module, name) = (ident(&home.module), group_static(home, ty));
            quote!(super::#module::#name)
        }
        _ => group_static(from, ty).into_token_stream(),
    }
}

fn descriptor(version: &Version, homes: &Homes<'_>, node: &Node<'_>) -> TokenStream {
    let (name, ident) = (node.name, group_static(node.structure, node.rust_type));
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
            MemberKind::Group { rust_type, .. } => {
                let name = group_desc(homes, node.structure, &member.kind, rust_type);
                quote!(Group(&#name))
            }
            MemberKind::Choice { rust_type, .. } => {
                let name = group_desc(homes, node.structure, &member.kind, rust_type);
                quote!(Choice(&#name))
            }
        };
        let (ident, min, max) = (&member.ident, number(member.min), max_tokens(member.max));
        quote!(MemberDesc::new(#ident, #min, #max, MemberKind::#kind))
    });
    // Only a group is looked at from other modules, the message itself is not.
    let vis = (node.rust_type != node.structure.rust_type).then(|| quote!(pub(super)));
    quote!(#vis static #ident: GroupDesc = GroupDesc { name: #name, members: &[#(#members),*] };)
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
pub(super) fn what(version: &Version, member: &Member) -> String {
    match &member.kind {
        MemberKind::Segment(segment) => doc::titled(&version[*segment].id, &version[*segment].name),
        MemberKind::AnySegment(AnySegment::Hxx) => "Any segment of the standard".to_owned(),
        MemberKind::AnySegment(AnySegment::Zxx) => "Any site-defined segment".to_owned(),
        MemberKind::Group { name, .. } => format!("Group {}", doc::text(name)),
        MemberKind::Choice { name, .. } => format!("Choice {}", doc::text(name)),
    }
}

/// How often it stands there, for its documentation.
pub(super) fn often(min: u16, max: Max) -> String {
    match (min, max) {
        (0, Max::Times(1)) => "optional".to_owned(),
        (0, Max::Unbounded) => "optional, repeats".to_owned(),
        (0, Max::Times(max)) => format!("optional, up to {max}"),
        (1, Max::Times(1)) => "required".to_owned(),
        (1, Max::Unbounded) => "required, repeats".to_owned(),
        (1, Max::Times(max)) => format!("required, up to {max}"),
        (min, Max::Unbounded) => format!("required, at least {min}"),
        (min, Max::Times(max)) => format!("required, {min} to {max}"),
    }
}

fn declaration(version: &Version, member: &Member) -> TokenStream {
    let (name, item) = (ident(&member.ident), item_type(version, member));
    let doc = format!(" {} ({}).", what(version, member), often(member.min, member.max));
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

fn message(version: &Version, root: &Node<'_>, desc: &Ident) -> TokenStream {
    let members = root.members.iter().map(|member| declaration(version, member));
    let (ty, id) = (ident(root.rust_type), root.name);
    let doc = format!(" The message structure {}.", doc::text(id));
    quote! {
        #[doc = #doc]
        #[cfg(feature = "types")]
        #[derive(hl7_macros::Message)]
        #[hl7(id = #id, desc = #desc)]
        pub struct #ty {
            #(#members,)*
            #[doc = " What the message carried beyond these members."]
            #[hl7(extra)]
            pub extra: hl7_types::Extra,
        }
    }
}

fn group(version: &Version, node: &Node<'_>, owners: &str) -> TokenStream {
    let (ty, name) = (ident(node.rust_type), node.name);
    let desc = group_static(node.structure, node.rust_type);
    let shown = doc::text(name);
    if node.choice {
        let doc = format!(" The choice {shown} of {owners}: exactly one of these.");
        let variants = node.members.iter().map(|member| {
            let doc = format!(" {}.", what(version, member));
            let (item, variant) = (item_type(version, member), ident(&member.ident));
            quote!(#[doc = #doc] #variant(hl7_types::Part<#item>))
        });
        return quote! {
            #[doc = #doc]
            #[cfg(feature = "types")]
            #[derive(hl7_macros::Group)]
            #[hl7(name = #name, desc = #desc)]
            pub enum #ty {
                #(#variants,)*
            }
        };
    }
    let doc = format!(" The group {shown} of {owners}.");
    let members = node.members.iter().map(|member| declaration(version, member));
    quote! {
        #[doc = #doc]
        #[cfg(feature = "types")]
        #[derive(hl7_macros::Group)]
        #[hl7(name = #name, desc = #desc)]
        pub struct #ty {
            #(#members,)*
            #[doc = " What the message carried beyond these members."]
            #[hl7(extra)]
            pub extra: hl7_types::Extra,
        }
    }
}
