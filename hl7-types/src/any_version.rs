//! A message of whichever version: what `versions!` in `versions.rs` makes from the list of them.

/// From the list of versions to their modules, and to the enum over them.
macro_rules! versions {
    ($($feature:literal $module:ident $variant:ident = $package:ident;)*) => {
        $(
            #[cfg(feature = $feature)]
            #[doc(inline)]
            pub use $package as $module;
        )*

        #[cfg(any($(feature = $feature),*))]
        pub use any::{AnyMessage, VERSIONS, Version, decode, decode_with};

        /// What there is while a version is enabled.
        #[cfg(any($(feature = $feature),*))]
        mod any {
            use std::borrow::Cow;
            use std::fmt;

            use hl7_core::__private::{Indexed, Reading};
            use hl7_core::desc::VersionDesc;
            use hl7_core::extract::Source;
            use hl7_core::node::GroupNode;
            use hl7_core::{DecodeError, DecodeOptions, Decoded, Path, SetError, Tree};

            /// A message of any enabled version: what [`decode`] gives.
            ///
            /// A version is a variant while its feature is on, so a `match` ends in `_`.
            #[derive(Clone, PartialEq)]
            #[non_exhaustive]
            pub enum AnyMessage {
                $(
                    #[cfg(feature = $feature)]
                    #[doc = concat!("A message read as `", stringify!($module), "`.")]
                    $variant($package::AnyMessage),
                )*
            }

            /// The enabled versions, from the oldest to the newest.
            pub static VERSIONS: &[Version] = &[$(
                #[cfg(feature = $feature)]
                Version {
                    desc: &$package::VERSION,
                    read: |reading| $package::AnyMessage::of(reading).map(AnyMessage::$variant),
                },
            )*];

            static DESCRIPTORS: &[&VersionDesc] = &[$(
                #[cfg(feature = $feature)]
                &$package::VERSION,
            )*];

            /// Options under which the enabled versions are consulted, unless they name others.
            fn consulting(options: &DecodeOptions) -> Cow<'_, DecodeOptions> {
                if !options.versions.is_empty() {
                    return Cow::Borrowed(options);
                }
                Cow::Owned(DecodeOptions { versions: DESCRIPTORS, ..options.clone() })
            }

            /// An enabled version: what it says, and how to read a message as it.
            #[derive(Clone, Copy)]
            pub struct Version {
                desc: &'static VersionDesc,
                read: fn(&Reading<'_>) -> Decoded<AnyMessage>,
            }

            impl Version {
                /// The version with an id such as `2.5.1`, if it is enabled.
                #[must_use]
                pub fn find(id: &str) -> Option<&'static Self> {
                    VERSIONS.iter().find(|version| version.desc.id == id)
                }

                /// What all enabled versions define, from the oldest to the newest: for
                /// [`DecodeOptions::versions`].
                #[must_use]
                pub fn descriptors() -> &'static [&'static VersionDesc] {
                    DESCRIPTORS
                }

                /// The version that MSH-12 names, or the nearest enabled one (see [`Tree::version`]).
                ///
                /// `None` only where no version is enabled.
                #[must_use]
                pub fn of(tree: &Tree) -> Option<&'static Self> {
                    Self::find(tree.version(DESCRIPTORS)?.id)
                }

                /// What it defines.
                #[must_use]
                pub fn desc(&self) -> &'static VersionDesc {
                    self.desc
                }

                /// Reads a message as this version, whatever MSH-12 says.
                ///
                /// # Errors
                /// Only when the bytes are no HL7 message, or over a limit.
                pub fn decode(
                    &self,
                    bytes: &[u8],
                    options: &DecodeOptions,
                ) -> Result<Decoded<AnyMessage>, DecodeError> {
                    let options = consulting(options);
                    Ok((self.read)(&Indexed::of(bytes, &options)?.under(self.desc)))
                }
            }

            impl fmt::Debug for Version {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_tuple("Version").field(&self.desc.id).finish()
                }
            }

            /// Reads a message into the structs of the version that MSH-12 names and the structure that MSH-9 names.
            ///
            /// Where that version is not enabled, or there is no such version, the message is read as the nearest one (see
            /// [`Tree::version`]) and that is a finding. With one version enabled, every message is read as that one.
            ///
            /// ```
            /// # #[cfg(feature = "all-versions")]
            /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
            /// let decoded = hl7_types::decode(b"MSH|^~\\&|LAB||EHR||20260211||ACK|1|P|2.3.\rMSA|AA|42\r")?;
            /// assert_eq!(
            ///     decoded.findings[0].to_string(),
            ///     "warning[other-version] MSH-12: names another version; the message was read as 2.3"
            /// );
            /// match decoded.message {
            ///     hl7_types::AnyMessage::V2_3(hl7_types::v2_3::AnyMessage::Ack(ack)) => {
            ///         assert_eq!(ack.msa.message_control_id.text(), "42");
            ///     }
            ///     other => panic!("{}", other.name()),
            /// }
            /// # Ok(())
            /// # }
            /// # #[cfg(not(feature = "all-versions"))]
            /// # fn main() {}
            /// ```
            ///
            /// # Errors
            /// Only when the bytes are no HL7 message. Every other deviation is a finding.
            pub fn decode(bytes: &[u8]) -> Result<Decoded<AnyMessage>, DecodeError> {
                decode_with(bytes, &DecodeOptions::default())
            }

            /// As [`decode`], with limits, rules and site definitions of the caller's.
            ///
            /// # Errors
            /// When the bytes are no HL7 message, or over a limit.
            pub fn decode_with(
                bytes: &[u8],
                options: &DecodeOptions,
            ) -> Result<Decoded<AnyMessage>, DecodeError> {
                const NEWEST: &Version = &VERSIONS[VERSIONS.len() - 1];
                let options = consulting(options);
                let indexed = Indexed::of(bytes, &options)?;
                let nearest = indexed.version(DESCRIPTORS).and_then(|desc| Version::find(desc.id));
                let version = nearest.unwrap_or(NEWEST);
                Ok((version.read)(&indexed.under(version.desc)))
            }

            impl AnyMessage {
                /// The version that it was read as.
                #[must_use]
                pub fn version(&self) -> &'static VersionDesc {
                    match *self {
                        $(
                            #[cfg(feature = $feature)]
                            Self::$variant(_) => &$package::VERSION,
                        )*
                    }
                }

                /// The id of its structure, `ADT_A01`; empty where the structure is not known.
                #[must_use]
                pub fn name(&self) -> &'static str {
                    self.group().map_or("", |group| group.desc().name)
                }

                /// Writes the message. What was decoded and not changed comes out byte for byte.
                #[must_use]
                pub fn encode(&self) -> Vec<u8> {
                    match *self {
                        $(
                            #[cfg(feature = $feature)]
                            Self::$variant(ref message) => message.encode(),
                        )*
                    }
                }

                /// What a path names: the text of a leaf, or the ER7 of a piece with parts.
                #[must_use]
                pub fn get(&self, path: &Path) -> Option<Cow<'_, str>> {
                    match *self {
                        $(
                            #[cfg(feature = $feature)]
                            Self::$variant(ref message) => message.get(path),
                        )*
                    }
                }

                /// Sets the leaf that a path names.
                ///
                /// # Errors
                /// When the message has no such segment, or a separator that is needed is not declared.
                pub fn set(&mut self, path: &Path, text: &str) -> Result<(), SetError> {
                    match *self {
                        $(
                            #[cfg(feature = $feature)]
                            Self::$variant(ref mut message) => message.set(path, text),
                        )*
                    }
                }

                /// The message as its members, if its structure is known.
                #[must_use]
                pub fn group(&self) -> Option<&dyn GroupNode> {
                    match *self {
                        $(
                            #[cfg(feature = $feature)]
                            Self::$variant(ref message) => message.group(),
                        )*
                    }
                }
            }

            impl Source for AnyMessage {
                fn members(&self) -> Result<&dyn GroupNode, &Tree> {
                    match *self {
                        $(
                            #[cfg(feature = $feature)]
                            Self::$variant(ref message) => message.members(),
                        )*
                    }
                }
            }

            impl fmt::Debug for AnyMessage {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    match *self {
                        $(
                            #[cfg(feature = $feature)]
                            Self::$variant(ref message) => message.fmt(f),
                        )*
                    }
                }
            }

            $(
                #[cfg(feature = $feature)]
                impl From<$package::AnyMessage> for AnyMessage {
                    fn from(message: $package::AnyMessage) -> Self {
                        Self::$variant(message)
                    }
                }
            )*
        }
    };
}
