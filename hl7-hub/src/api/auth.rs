//! The token, and who somebody is.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use percent_encoding::percent_decode;
use subtle::ConstantTimeEq;

use super::ApiError;

/// The token in a data folder.
pub(super) const FILE: &str = "api.token";
/// The header that says who orders something, in percent encoding.
const ACTOR: &str = "x-hub-actor";
/// The longest name that somebody may have.
const LONGEST_NAME: usize = 100;
/// Fewer letters than these can be guessed.
const SHORTEST: usize = 16;

/// What whoever uses the API must have. `Debug` does not show it.
#[derive(Clone)]
pub(super) struct Token(String);

impl Token {
    /// Reads it from a file that only its owner can read.
    pub(super) fn read(file: &Path) -> Result<Self, ApiError> {
        let fail = |reason: String| ApiError::Token { path: file.display().to_string(), reason };
        let mode = fs::metadata(file).map_err(|error| fail(error.to_string()))?.mode();
        if mode & 0o077 != 0 {
            return Err(fail("others can read it; run chmod 600 on it".to_owned()));
        }
        let text = fs::read_to_string(file).map_err(|error| fail(error.to_string()))?;
        let text = text.trim();
        if text.len() < SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(fail(format!(
                "expected {SHORTEST} letters or more, without spaces; remove the file to have one made"
            )));
        }
        Ok(Self(text.to_owned()))
    }

    /// Reads it, or makes one where there is none.
    pub(super) fn read_or_make(file: &Path) -> Result<Self, ApiError> {
        let fail = |reason: String| ApiError::Token { path: file.display().to_string(), reason };
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| fail(error.to_string()))?;
        let text: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let made = File::options().write(true).create_new(true).mode(0o600).open(file);
        match made {
            Ok(mut made) => made
                .write_all(text.as_bytes())
                .and_then(|()| made.sync_all())
                .map_err(|error| fail(error.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(fail(error.to_string())),
        }
        Self::read(file)
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether a request has it. Takes the same time whatever it has.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let presented = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
        let presented = presented.and_then(|value| value.strip_prefix(b"Bearer "));
        presented.is_some_and(|presented| presented.ct_eq(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Who somebody says that they are. The hub itself has a name that nobody else may use.
pub(super) fn actor(headers: &HeaderMap) -> Result<String, &'static str> {
    let written = headers.get(ACTOR).ok_or("the header X-Hub-Actor is missing: who orders this")?;
    let name = percent_decode(written.as_bytes()).decode_utf8();
    let name = name.map_err(|_| "X-Hub-Actor is no UTF-8 in percent encoding")?;
    let name = name.trim();
    match name {
        "" => Err("X-Hub-Actor is empty: it says who orders this"),
        "hub" => Err("`hub` is the hub itself; X-Hub-Actor must be a person or a program"),
        name if name.len() > LONGEST_NAME => Err("X-Hub-Actor is longer than 100 bytes"),
        name if name.chars().any(char::is_control) => Err("X-Hub-Actor has control characters"),
        name => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(FILE);
        let made = Token::read_or_make(&file).expect("it is made");
        assert_eq!(made.text().len(), 64);
        assert_eq!(fs::metadata(&file).expect("the file").mode() & 0o777, 0o600);
        assert_eq!(Token::read_or_make(&file).expect("it is there").text(), made.text());
        assert_eq!(format!("{made:?}"), "Token(..)");
        fs::set_permissions(&file, Permissions::from_mode(0o640)).expect("a setting");
        let error = Token::read(&file).expect_err("the group can read it").to_string();
        assert!(error.contains("chmod 600"), "{error}");
        fs::write(&file, "short").expect("it is written");
        fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("a setting");
        assert!(Token::read(&file).is_err());
    }

    #[test]
    fn a_token_is_in_a_request_or_not() {
        let token = Token("0123456789abcdef".to_owned());
        let is_in = |value: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(AUTHORIZATION, HeaderValue::from_static(value));
            }
            token.is_in(&headers)
        };
        assert!(is_in(Some("Bearer 0123456789abcdef")));
        for other in [
            None,
            Some("Bearer 0123456789abcdeF"),
            Some("Bearer 0123456789abcde"),
            Some("Bearer 0123456789abcdef0"),
            Some("0123456789abcdef"),
            Some("Bearer "),
            Some(""),
        ] {
            assert!(!is_in(other), "{other:?}");
        }
    }

    #[test]
    fn whoever_orders_says_who_they_are() {
        let named = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACTOR, HeaderValue::from_static(value));
            actor(&headers)
        };
        assert_eq!(named("ann"), Ok("ann".to_owned()));
        assert_eq!(named("J%C3%BCrgen%20K"), Ok("Jürgen K".to_owned()));
        for wrong in ["", " ", "hub", "%FF", "a%0Ab"] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
        assert!(actor(&HeaderMap::new()).is_err());
    }
}
