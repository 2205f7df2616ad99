//! Google Cloud Storage.

use std::sync::Arc;

use object_store::gcp::GoogleCloudStorageBuilder;

use super::{Connected, configuration, no_retries, variable};
use crate::error::Error;
use crate::transport::{Network, store_options};

pub(crate) fn connect(network: Network, bucket: &str) -> Result<Connected, Error> {
    let store = GoogleCloudStorageBuilder::from_env()
        .with_bucket_name(bucket)
        .with_client_options(store_options())
        .with_retry(no_retries())
        .with_http_connector(network)
        .build()
        .map_err(|error| configuration(&error))?;
    let set = |names: &[&str]| names.iter().any(|name| variable(name).is_some());
    let credentials = if set(&["GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_PATH", "GOOGLE_SERVICE_ACCOUNT_KEY"]) {
        "a service account"
    } else if set(&["GOOGLE_APPLICATION_CREDENTIALS"]) {
        "application credentials"
    } else {
        "the login of gcloud, or the instance's metadata"
    };
    let endpoint = "https://storage.googleapis.com".into();
    // Its generations are not versions: every object has one, whether old ones are kept or not.
    Ok(Connected { store: Arc::new(store), engine: "Google Cloud Storage", endpoint, credentials, versions: false })
}
