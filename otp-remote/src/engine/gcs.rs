//! Google Cloud Storage.

use std::sync::Arc;

use object_store::gcp::GoogleCloudStorageBuilder;

use super::{Connected, credentials, no_retries, variable};
use crate::error::Error;
use crate::transport::{Network, store_options};

/// The variables that hold or name a service account.
const ACCOUNT: [&str; 3] = ["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH", "GOOGLE_SERVICE_ACCOUNT_KEY"];
/// The variable that names the credentials of all of Google's programs.
const APPLICATION: &str = "GOOGLE_APPLICATION_CREDENTIALS";

pub(crate) fn connect(network: Network, bucket: &str) -> Result<Connected, Error> {
    let store = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(store_options())
        .with_retry(no_retries())
        .with_http_connector(network)
        .build()
        .map_err(|error| credentials(&error, &[&ACCOUNT[..], &[APPLICATION]].concat()))?;
    let set = |names: &[&str]| names.iter().any(|name| variable(name).is_some());
    let credentials = if set(&ACCOUNT) {
        "a service account"
    } else if set(&[APPLICATION]) {
        "application credentials"
    } else {
        "the login of gcloud, or the instance's metadata"
    };
    let endpoint = "https://storage.googleapis.com".into();
    // Generations are not versions: every object has one, whether old ones are kept or not.
    Ok(Connected { store: Arc::new(store), engine: "Google Cloud Storage", endpoint, credentials, versions: false })
}
