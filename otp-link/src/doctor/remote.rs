//! A store on the network, as its helper sees it.

use super::finding::Finding;
use crate::error::Result;
use crate::remote::{Access, Patience, RemoteStore, StoreUrl};

/// Has the helper look at the store. If it can't, that is a finding.
pub(super) fn examine(url: StoreUrl) -> Result<Vec<Finding>> {
    let (text, patience) = (url.to_string(), Patience::without_progress()?);
    let inspected = RemoteStore::open(url, Access::Write, patience).and_then(|store| store.inspect());
    Ok(match inspected {
        Ok(findings) => {
            findings.into_iter().map(|(key, value)| Finding::Remote { url: text.clone(), key, value }).collect()
        }
        Err(error) => vec![Finding::RemoteFault { url: text, error: error.into() }],
    })
}
