//! Issuing one more key.

use std::path::Path;

use crate::error::{Error, Result};
use crate::key_source::Key;
use crate::new_key::NewKey;
use crate::randomness::Randomness;
use crate::store;
use crate::terms::KeyTerms;

/// Seals the secret of a key again for one more holder, and hands the new key over.
///
/// # Errors
///
/// Those of [`otp_core::Keeper::issue`]; and what `hand_over` fails with: then the new key opens nothing.
pub fn issue_key<T, E: From<Error>>(
    key: Key,
    terms: &KeyTerms<'_>,
    store: Option<&Path>,
    randomness: &mut Randomness,
    hand_over: impl FnOnce(NewKey) -> Result<T, E>,
) -> Result<T, E> {
    let issue = || -> Result<_> {
        let grant = terms.grant()?;
        terms.check_key_len(key.account(), grant.capacity.unwrap_or_else(|| key.capacity()))?;
        let store = store::open(store)?;
        let new = store::keeper(&store).issue(key, &grant, randomness)?;
        Ok((grant, store, new))
    };
    let (grant, store, new) = issue()?;
    NewKey::new(&new, grant.holder, None).map_err(E::from).and_then(hand_over).inspect_err(|_| {
        let _ = store::keeper(&store).withdraw(new.account(), new.id());
    })
}
