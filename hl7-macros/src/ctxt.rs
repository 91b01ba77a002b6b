//! Collects mistakes, so that a type with three of them is told about all three.

use std::cell::RefCell;
use std::fmt::Display;

use quote::ToTokens;

/// The mistakes found so far.
///
/// Dropping it without [`Ctxt::check`] is a defect of this crate and panics: mistakes must reach the user.
pub(crate) struct Ctxt(RefCell<Option<Vec<syn::Error>>>);

impl Ctxt {
    pub(crate) fn new() -> Self {
        Self(RefCell::new(Some(Vec::new())))
    }

    /// Notes a mistake, shown at `at`.
    pub(crate) fn error(&self, at: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(at, message));
    }

    /// Notes a mistake that the parser found.
    pub(crate) fn push(&self, error: syn::Error) {
        if let Some(errors) = self.0.borrow_mut().as_mut() {
            errors.push(error);
        }
    }

    /// All mistakes, in the order they were found; `Ok` if there were none.
    pub(crate) fn check(self) -> Result<(), syn::Error> {
        let mut errors = self.0.borrow_mut().take().into_iter().flatten();
        let Some(mut all) = errors.next() else { return Ok(()) };
        all.extend(errors);
        Err(all)
    }
}

impl Drop for Ctxt {
    fn drop(&mut self) {
        if !std::thread::panicking() && self.0.borrow().is_some() {
            panic!("the mistakes that a derive collected were never reported");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Ctxt;

    #[test]
    fn all_mistakes_are_reported() {
        let ctxt = Ctxt::new();
        ctxt.error(quote::quote!(a), "first");
        ctxt.error(quote::quote!(b), "second");
        let mistakes = ctxt.check().expect_err("two mistakes");
        let found: Vec<_> = mistakes.into_iter().map(|mistake| mistake.to_string()).collect();
        assert_eq!(found, ["first", "second"]);
    }

    #[test]
    fn unreported_mistakes_are_a_defect() {
        let dropped = std::panic::catch_unwind(|| drop(Ctxt::new()));
        assert!(dropped.is_err());
    }
}
