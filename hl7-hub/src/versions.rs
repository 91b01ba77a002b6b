//! The versions of the standard that the hub speaks: all of them, as descriptors.

use hl7_core::desc::VersionDesc;

/// From the oldest to the newest.
pub static VERSIONS: &[&VersionDesc] = &[
    &hl7_v2_1::VERSION,
    &hl7_v2_2::VERSION,
    &hl7_v2_3::VERSION,
    &hl7_v2_3_1::VERSION,
    &hl7_v2_4::VERSION,
    &hl7_v2_5::VERSION,
    &hl7_v2_5_1::VERSION,
    &hl7_v2_6::VERSION,
    &hl7_v2_7::VERSION,
    &hl7_v2_7_1::VERSION,
    &hl7_v2_8::VERSION,
    &hl7_v2_8_1::VERSION,
    &hl7_v2_8_2::VERSION,
    &hl7_v2_9::VERSION,
];

#[cfg(test)]
mod tests {
    use super::VERSIONS;

    /// A version that was added to the repository is one more line here and in `Cargo.toml`.
    #[test]
    fn every_version_is_spoken() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../hl7-types/versions");
        let mut folders: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder of versions")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        let mut spoken: Vec<_> =
            VERSIONS.iter().map(|version| format!("v{}", version.id.replace('.', "_"))).collect();
        folders.sort();
        spoken.sort();
        assert_eq!(spoken, folders);
    }
}
