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

#[test]
fn from_hl7() {
    let input = parse_quote! {
        #[hl7(version = VERSION)]
        struct Report {
            #[hl7("PID-3.1")]
            patient: String,
            #[hl7("PID-3[*].1")]
            identifiers: Vec<String>,
            #[hl7("ZPV-2", unchecked)]
            wristband: Option<String>,
            #[hl7("ZLB-1", site = Zlb)]
            bench: Option<String>,
            #[hl7(group = "PATIENT_RESULT.ORDER_OBSERVATION")]
            orders: Vec<Order>,
            #[hl7(segment = "NTE", direct)]
            r#notes: Vec<Note>,
            #[hl7(raw)]
            whole: Tree,
        }
    };
    insta::assert_snapshot!(pretty(expand::from_hl7, &input));
}

#[test]
fn from_hl7_of_a_message() {
    let input = parse_quote! {
        #[hl7(message = OruR01, crate = hl7_core)]
        struct Order {
            #[hl7("OBR-2.1")]
            placer: String,
            #[hl7(group = "OBSERVATION")]
            observations: Vec<Observation>,
            #[hl7(group = "LOCAL", unchecked)]
            local: Option<Local>,
        }
    };
    insta::assert_snapshot!(pretty(expand::from_hl7, &input));
}
