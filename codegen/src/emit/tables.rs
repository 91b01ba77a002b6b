//! `src/tables.rs`: the tables with their codes, and an enum for each table that has codes.

use proc_macro2::TokenStream;
use quote::quote;

use super::elements::table_static;
use super::{File, Package, doc, ident, rust_file, with_leaves};
use crate::model::{Table, TableKind};

pub(super) fn files(package: &Package<'_>) -> Vec<File> {
    let version = package.version;
    let tables = version.tables.iter().map(code);
    let has_codes =
        version.tables.iter().any(|table| !table.values.is_empty() || !table.patterns.is_empty());
    let import = has_codes.then(|| quote!(Code,));
    let imports = (!version.tables.is_empty())
        .then(|| quote!(use hl7_types::desc::{#import TableDesc, TableKind};));
    let constructor = has_codes.then(|| {
        quote! {
            const fn code(code: &'static str, label: &'static str) -> Code {
                Code::new(code, label)
            }
        }
    });
    let code = quote! {
        #imports
        #constructor
        #(#tables)*
    };
    let doc = format!("The tables of version {}.", version.id);
    vec![rust_file("src/tables.rs", package, "tables.xml", "tables", &doc, code)]
}

fn code(table: &Table) -> TokenStream {
    let (id, name, desc) = (&table.id, &table.name, table_static(&table.id));
    let kind = ident(match table.kind {
        TableKind::Hl7 => "Hl7",
        TableKind::User => "User",
        _ => "Other",
    });
    let codes = table.values.iter().map(|value| {
        let (code, label) = (&value.code, &value.label);
        quote!(code(#code, #label))
    });
    let patterns = table.patterns.iter().map(|(form, label)| quote!(code(#form, #label)));
    let doc = format!(" Table {}.", doc::titled(id, name));
    let types = (!table.values.is_empty()).then(|| codes_enum(table, &desc));
    quote! {
        #[doc = #doc]
        pub static #desc: TableDesc =
            TableDesc {
                id: #id,
                name: #name,
                kind: TableKind::#kind,
                codes: &[#(#codes),*],
                patterns: &[#(#patterns),*],
            };
        #types
    }
}

fn codes_enum(table: &Table, desc: &proc_macro2::Ident) -> TokenStream {
    let ty = ident(&table.rust_type);
    let doc = format!(" The codes of table {}.", doc::titled(&table.id, &table.name));
    let variants: Vec<_> = table.values.iter().map(|value| ident(&value.variant)).collect();
    let docs = table.values.iter().map(|value| {
        let (code, label) = (doc::code(&value.code), doc::text(&value.label));
        if label.is_empty() { format!(" {code}") } else { format!(" {code}: {label}") }
    });
    let condition = with_leaves();
    quote! {
        #[doc = #doc]
        #condition
        #[derive(Clone, Copy, PartialEq)]
        pub enum #ty {
            #(#[doc = #docs] #variants,)*
        }
        #condition
        hl7_types::__table!(#ty, #desc, #(#variants),*);
    }
}
