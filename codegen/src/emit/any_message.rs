//! `src/any_message.rs`: the enum over all message structures.

use quote::quote;

use super::{File, Package, doc, ident, number, rust_file};

pub(super) fn files(package: &Package<'_>) -> Vec<File> {
    let version = package.version;
    let types: Vec<_> =
        version.structures.iter().map(|structure| ident(&structure.rust_type)).collect();
    let docs = version.structures.iter().map(|structure| format!(" {}.", doc::text(&structure.id)));
    let empty = (0_u64..).zip(&types).map(|(at, ty)| {
        let at = number(at);
        quote!(Some(#at) => Self::#ty(Box::new(Empty::EMPTY)))
    });
    let doc = format!(" A message of any structure of version {}.", version.id);
    let code = quote! {
        use hl7_types::__private::{Empty, GroupNode, Indexed, Reading};
        use hl7_types::extract::Source;
        use hl7_types::{DecodeError, DecodeOptions, Decoded, Path, SetError, Tree};

        #[doc = #doc]
        #[derive(Clone, PartialEq)]
        pub enum AnyMessage {
            #(#[doc = #docs] #types(Box<crate::messages::#types>),)*
            #[doc = " A message whose MSH-9 names no structure of this version: the whole message, untyped."]
            Other(Box<Tree>),
        }

        impl AnyMessage {
            #[doc = " Reads a message as the structure that its MSH-9 names, whatever MSH-12 says."]
            #[doc = ""]
            #[doc = " # Errors"]
            #[doc = " Only when the bytes are no HL7 message. Every other deviation is a finding."]
            pub fn decode(bytes: &[u8]) -> Result<Decoded<Self>, DecodeError> {
                Self::decode_with(bytes, &DecodeOptions::default())
            }

            #[doc = " Reads a message with limits, rules and site definitions of the caller's."]
            #[doc = ""]
            #[doc = " # Errors"]
            #[doc = " When the bytes are no HL7 message, or over a limit."]
            pub fn decode_with(bytes: &[u8], options: &DecodeOptions) -> Result<Decoded<Self>, DecodeError> {
                let indexed = Indexed::of(bytes, options)?;
                Ok(Self::of(&indexed.under(&crate::VERSION)))
            }

            #[doc(hidden)]
            #[must_use]
            pub fn of(reading: &Reading<'_>) -> Decoded<Self> {
                let mut message = match reading.structure() {
                    #(#empty,)*
                    _ => Self::Other(Box::new(reading.tree())),
                };
                let findings = match message.parts_mut() {
                    Ok(group) => reading.fill(group),
                    Err(_) => reading.check_segments(),
                };
                Decoded { message, findings }
            }

            #[doc = " The id of its structure, `ADT_A01`; empty where the structure is not known."]
            #[must_use]
            pub fn name(&self) -> &'static str {
                self.group().map_or("", |group| group.desc().name)
            }

            #[doc = " Writes the message. What was decoded and not changed comes out byte for byte."]
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                match (self, self.group()) {
                    (Self::Other(tree), _) => tree.bytes().to_vec(),
                    (_, Some(group)) => hl7_types::__private::encode_group(group),
                    (_, None) => Vec::new(),
                }
            }

            #[doc = " What a path names: the text of a leaf, or the ER7 of a piece with parts."]
            #[must_use]
            pub fn get(&self, path: &Path) -> Option<std::borrow::Cow<'_, str>> {
                match self {
                    Self::Other(tree) => tree.get(path),
                    typed => hl7_types::__private::get_in_group(typed.group()?, path),
                }
            }

            #[doc = " Sets the leaf that a path names."]
            #[doc = ""]
            #[doc = " # Errors"]
            #[doc = " When the message has no such segment, or a separator that is needed is not declared."]
            pub fn set(&mut self, path: &Path, text: &str) -> Result<(), SetError> {
                hl7_types::__private::set_in(self.parts_mut(), path, text)
            }

            #[doc = " The message as its members, if its structure is known."]
            #[must_use]
            pub fn group(&self) -> Option<&dyn GroupNode> {
                self.members().ok()
            }

            fn parts_mut(&mut self) -> Result<&mut dyn GroupNode, &mut Tree> {
                match self {
                    #(Self::#types(message) => Ok(&mut **message),)*
                    Self::Other(tree) => Err(&mut **tree),
                }
            }
        }

        impl Source for AnyMessage {
            fn members(&self) -> Result<&dyn GroupNode, &Tree> {
                match self {
                    #(Self::#types(message) => Ok(&**message),)*
                    Self::Other(tree) => Err(&**tree),
                }
            }
        }

        impl std::fmt::Debug for AnyMessage {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match (self, self.group()) {
                    (Self::Other(tree), _) => tree.fmt(f),
                    (_, Some(group)) => hl7_types::__private::debug_group(group, f),
                    (_, None) => Ok(()),
                }
            }
        }
    };
    vec![rust_file(
        "src/any_message.rs",
        package,
        "messages.xml",
        "any_message",
        "Any message of this version.",
        code,
    )]
}
