//! Not yet.
use std::error::Error;
use std::path::Path;
pub(crate) fn run(_root: &Path) -> Result<(), Box<dyn Error>> {
    Ok(())
}
