//! The expansion in full, for one type of each kind: a change of what a derive writes is reviewed here.

use proc_macro2::TokenStream;
use syn::{DeriveInput, parse_quote};

use crate::expand;

fn pretty(expand: fn(&DeriveInput) -> syn::Result<TokenStream>, input: &DeriveInput) -> String {
    let tokens = expand(input).expect("no mistakes");
    prettyplease::unparse(&syn::parse2(tokens).expect("items"))
}

#[test]
fn segment() {
    let input = parse_quote! {
        #[hl7(id = "ZPV", name = "Visit Addendum")]
        pub struct Zpv {
            #[hl7(seq = 1, usage = "R", len = 4)]
            pub set_id: Si,
            #[hl7(seq = 2, usage = "R", table = tables::TABLE_0136)]
            pub wristband: Vec<Part<Cx>>,
            #[hl7(seq = 3, max = 3)]
            pub contacts: Vec<Xpn>,
            #[hl7(extra)]
            pub extra: Extra,
        }
    };
    insta::assert_snapshot!(pretty(expand::segment, &input));
}

#[test]
fn segment_with_a_descriptor() {
    let input = parse_quote! {
        #[hl7(id = "MSH", desc = MSH)]
        pub struct Msh {
            #[hl7(seq = 1, usage = "R")]
            pub field_separator: St,
            #[hl7(seq = 2, usage = "R")]
            pub encoding_characters: St,
            #[hl7(seq = 3, usage = "R")]
            pub message_type: Part<Msg>,
            #[hl7(extra)]
            pub extra: Extra,
        }
    };
    insta::assert_snapshot!(pretty(expand::segment, &input));
}

#[test]
fn composite() {
    let input = parse_quote! {
        #[hl7(id = "HD", desc = HD, crate = hl7_core)]
        pub struct Hd {
            #[hl7(seq = 1)]
            pub namespace_id: Is,
            #[hl7(seq = 2)]
            pub universal_id: St,
            #[hl7(extra)]
            pub extra: Extra,
        }
    };
    insta::assert_snapshot!(pretty(expand::datatype, &input));
}

#[test]
fn varies() {
    let input = parse_quote! {
        pub enum Varies {
            #[hl7(raw)]
            Raw(Raw),
            #[hl7(id = "CE")]
            Ce(Part<Ce>),
            #[hl7(id = "NM")]
            Nm(Nm),
        }
    };
    insta::assert_snapshot!(pretty(expand::datatype, &input));
}

#[test]
fn group() {
    let input = parse_quote! {
        #[hl7(name = "PROCEDURE", desc = PROCEDURE_MEMBERS)]
        pub struct Procedure {
            pub pr1: Part<Pr1>,
            #[hl7(min = 1)]
            pub rol: Vec<Rol>,
            pub gt1: Option<Box<Gt1>>,
            #[hl7(extra)]
            pub extra: Extra,
        }
    };
    insta::assert_snapshot!(pretty(expand::group, &input));
}

#[test]
fn choice() {
    let input = parse_quote! {
        #[hl7(name = "ORDER_CHOICE")]
        pub enum OrderChoice {
            Obr(Part<Obr>),
            DietTray(Part<Odt>),
        }
    };
    insta::assert_snapshot!(pretty(expand::group, &input));
}

#[test]
fn message() {
    let input = parse_quote! {
        #[hl7(id = "ZZZ_Z01", version = VERSION)]
        pub struct ZzzZ01 {
            pub msh: Part<Msh>,
            pub zpv: Vec<Zpv>,
            #[hl7(extra)]
            pub extra: Extra,
        }
    };
    insta::assert_snapshot!(pretty(expand::message, &input));
}
