//! The versions of the standard that this build has. A new one is one word in `versions!`.

use hl7_types::desc::VersionDesc;
use hl7_types::node::GroupNode;
use hl7_types::{DecodeError, DecodeOptions, Decoded, Path, Tree};

/// A version: what it defines, and how to read a message into its structs.
#[derive(Debug)]
pub(crate) struct Version {
    /// What the standard says.
    pub(crate) desc: &'static VersionDesc,
    /// Reads a message into the struct that its MSH-9 names.
    pub(crate) decode: fn(&[u8], &DecodeOptions) -> Result<Typed, DecodeError>,
}

/// A message in the struct of its structure, whichever that is.
pub(crate) type Typed = Decoded<Box<dyn AnyMessage>>;

/// A message of any structure of a version.
pub(crate) trait AnyMessage {
    /// Its bytes.
    fn encode(&self) -> Vec<u8>;
    /// Its members, if its structure is known.
    fn group(&self) -> Option<&dyn GroupNode>;
}

/// The versions, from the oldest to the newest.
macro_rules! versions {
    ($($module:ident)*) => {
        static ALL: &[Version] = &[$(Version {
            desc: &hl7_types::$module::VERSION,
            decode: |bytes, options| {
                let decoded = hl7_types::$module::AnyMessage::decode_with(bytes, options)?;
                Ok(decoded.map(|message| Box::new(message) as Box<dyn AnyMessage>))
            },
        },)*];

        $(impl AnyMessage for hl7_types::$module::AnyMessage {
            fn encode(&self) -> Vec<u8> {
                self.encode()
            }
            fn group(&self) -> Option<&dyn GroupNode> {
                self.group()
            }
        })*
    };
}

versions! {
    v2_1 v2_2 v2_3 v2_3_1 v2_4 v2_5 v2_5_1 v2_6 v2_7 v2_7_1 v2_8 v2_8_1 v2_8_2 v2_9
}

impl Version {
    /// The version that a message is read as: the one asked for, else what MSH-12 says, else the next newer one, else the
    /// newest.
    pub(crate) fn of(tree: &Tree, asked: Option<&'static Self>) -> &'static Self {
        asked.unwrap_or_else(|| Self::nearest(&declared(tree)))
    }

    /// The version with an id, or the nearest to it.
    fn nearest(id: &str) -> &'static Self {
        let newest = &ALL[ALL.len() - 1];
        let Some(wanted) = numbers(id) else { return newest };
        ALL.iter().find(|version| numbers(version.desc.id) >= Some(wanted)).unwrap_or(newest)
    }

    /// The version to use where no message says one.
    pub(crate) fn newest() -> &'static Self {
        &ALL[ALL.len() - 1]
    }
}

/// What MSH-12.1 says.
pub(crate) fn declared(tree: &Tree) -> String {
    let path = Path::of_segment("MSH").map(|path| path.with_field(12).with_component(1));
    let text = path.ok().and_then(|path| tree.get(&path));
    text.map_or_else(String::new, |text| text.trim().to_owned())
}

/// `2.5.1` as numbers that compare.
fn numbers(id: &str) -> Option<[u32; 3]> {
    let mut numbers = [0; 3];
    for (index, part) in id.split('.').enumerate() {
        *numbers.get_mut(index)? = part.parse().ok()?;
    }
    Some(numbers)
}

/// Reads the argument of `--version`.
///
/// # Errors
/// When this build does not have that version.
pub(crate) fn parse(id: &str) -> Result<&'static Version, String> {
    ALL.iter().find(|version| version.desc.id == id).ok_or_else(|| {
        let known: Vec<_> = ALL.iter().map(|version| version.desc.id).collect();
        format!("this build has {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::{Version, numbers};

    #[test]
    fn versions_compare_by_number() {
        assert!(numbers("2.10") > numbers("2.9"));
        assert_eq!(numbers("2.5.1"), Some([2, 5, 1]));
        assert_eq!(numbers("two"), None);
        assert_eq!(Version::nearest("2.3.2").desc.id, "2.4");
        assert_eq!(Version::nearest("9.9").desc.id, "2.9");
    }
}
