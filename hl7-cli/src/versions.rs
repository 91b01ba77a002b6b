//! Which version of the standard a command works with.

use hl7_types::{Path, Tree, VERSIONS, Version};

/// The version that a message is read as: the one asked for, else what MSH-12 says, else the nearest to that.
pub(crate) fn of(tree: &Tree, asked: Option<&'static Version>) -> &'static Version {
    asked.or_else(|| Version::of(tree)).unwrap_or_else(newest)
}

/// The version to use where no message says one.
pub(crate) fn newest() -> &'static Version {
    &VERSIONS[VERSIONS.len() - 1]
}

/// What MSH-12.1 says.
pub(crate) fn declared(tree: &Tree) -> String {
    let path = Path::of_segment("MSH").map(|path| path.with_field(12).with_component(1));
    let text = path.ok().and_then(|path| tree.get(&path));
    text.map_or_else(String::new, |text| text.trim().to_owned())
}

/// Reads the argument of `--version`.
///
/// # Errors
/// When this build does not have that version.
pub(crate) fn parse(id: &str) -> Result<&'static Version, String> {
    Version::find(id).ok_or_else(|| {
        let known: Vec<_> = VERSIONS.iter().map(|version| version.desc().id).collect();
        format!("this build has {}", known.join(", "))
    })
}
