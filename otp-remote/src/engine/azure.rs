//! Azure Blob Storage.

use std::sync::Arc;

use object_store::azure::MicrosoftAzureBuilder;

use super::{Connected, check_file, credentials, no_retries, variable};
use crate::error::Error;
use crate::place::endpoint;
use crate::transport::{Network, store_options};

/// The variables with the account's key.
const KEY: [&str; 2] = ["AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY"];
/// The variables with a shared access signature.
const SIGNATURE: [&str; 2] = ["AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN"];

pub(crate) fn connect(network: Network, account: &str, container: &str, insecure: bool) -> Result<Connected, Error> {
    let names = ["AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT", "AZURITE_BLOB_STORAGE_URL"];
    let found = names.iter().find_map(|name| variable(name)).map(|text| endpoint(&text, insecure)).transpose()?;
    let shown = found.map_or_else(|| format!("https://{account}.blob.core.windows.net"), String::from);
    check_file("AZURE_FEDERATED_TOKEN_FILE")?;
    let store = MicrosoftAzureBuilder::from_env()
        .with_account(account)
        .with_container_name(container)
        .with_client_options(store_options())
        .with_retry(no_retries())
        .with_http_connector(network)
        .build()
        .map_err(|error| credentials(&error, &[KEY, SIGNATURE].concat()))?;
    let set = |names: &[&str]| names.iter().any(|name| variable(name).is_some());
    let credentials = if set(&KEY) {
        "an account key"
    } else if set(&SIGNATURE) {
        "a shared access signature"
    } else if set(&["AZURE_FEDERATED_TOKEN_FILE"]) {
        "workload identity"
    } else if set(&["AZURE_CLIENT_SECRET", "AZURE_STORAGE_CLIENT_SECRET"]) {
        "a client secret"
    } else if set(&["AZURE_USE_AZURE_CLI"]) {
        "the Azure command line"
    } else {
        "managed identity, or none"
    };
    Ok(Connected { store: Arc::new(store), engine: "Azure Blob", endpoint: shown, credentials, versions: true })
}
