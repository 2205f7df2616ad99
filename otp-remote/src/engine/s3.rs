//! S3, and servers with the same protocol.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey, S3ConditionalPut};
use url::Url;

use super::profile::Profile;
use super::{Connected, check_file, configuration, no_retries, variable};
use crate::error::Error;
use crate::place::{Style, endpoint};
use crate::transport::{Network, store_options};

/// The settings in the URL.
pub(crate) struct Wanted<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) endpoint: Option<&'a Url>,
    pub(crate) region: Option<&'a str>,
    pub(crate) style: Option<Style>,
}

pub(crate) async fn connect(
    network: Network,
    wanted: &Wanted<'_>,
    profile: Option<&str>,
    insecure: bool,
) -> Result<Connected, Error> {
    let endpoint = endpoint_of(wanted, insecure)?;
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(wanted.bucket)
        .with_client_options(store_options())
        .with_retry(no_retries())
        .with_http_connector(network)
        .with_conditional_put(S3ConditionalPut::ETagMatch)
        // Not every server supports deleting many objects at once.
        .with_disable_bulk_delete(true);

    let source = Source::find(profile);
    if let Source::WebIdentity = source {
        check_file("AWS_WEB_IDENTITY_TOKEN_FILE")?;
    }
    let profile = match &source {
        Source::Profile(name) => Some(Profile::of(name)),
        Source::Default => Some(Profile::default()),
        _ => None,
    };
    let mut credentials = source.name();
    if let Some(profile) = profile {
        match profile.clone().read().await {
            Ok(provider) => builder = builder.with_credentials(Arc::new(provider)),
            // Nobody asked for this profile, and the machine may have credentials of its own.
            Err(_) if matches!(source, Source::Default) => credentials = Source::Instance.name(),
            Err(error) => return Err(error),
        }
        let known =
            wanted.region.is_some() || variable("AWS_REGION").is_some() || variable("AWS_DEFAULT_REGION").is_some();
        if let (false, Some(region)) = (known, profile.region().await) {
            builder = builder.with_region(region);
        }
    }
    if credentials == Source::Instance.name()
        && variable("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value == "true")
    {
        return Err(Error::NoCredentials);
    }
    if let Some(region) = wanted.region {
        builder = builder.with_region(region);
    }
    let region = builder.get_config_value(&AmazonS3ConfigKey::Region).unwrap_or_else(|| "us-east-1".into());
    // Amazon prefers the bucket's name in the host; its certificate rules out names with dots. Other servers often have
    // only one host name.
    let own = endpoint.is_none() && !wanted.bucket.contains('.');
    let virtual_hosted = wanted.style.map_or(own, |style| style == Style::Virtual);
    builder = builder.with_virtual_hosted_style_request(virtual_hosted);
    let mut shown = format!("https://s3.{region}.amazonaws.com");
    if let Some(mut endpoint) = endpoint {
        shown = endpoint.to_string();
        if virtual_hosted {
            let host = format!("{}.{}", wanted.bucket, endpoint.host_str().unwrap_or_default());
            endpoint
                .set_host(Some(&host))
                .map_err(|_| Error::Configuration("an address can't have a bucket in front".into()))?;
        }
        let endpoint = endpoint.as_str().trim_end_matches('/');
        builder = builder.with_endpoint(endpoint).with_config(AmazonS3ConfigKey::S3Endpoint, endpoint);
    }
    let store = builder.build().map_err(|error| configuration(&error))?;
    Ok(Connected { store: Arc::new(store), engine: "S3", endpoint: shown, credentials, versions: true })
}

/// The endpoint from the URL, or else from the environment.
fn endpoint_of(wanted: &Wanted<'_>, insecure: bool) -> Result<Option<Url>, Error> {
    if let Some(url) = wanted.endpoint {
        return Ok(Some(url.clone()));
    }
    let names = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
    let found = names.iter().find_map(|name| variable(name));
    found.map(|text| endpoint(&text, insecure)).transpose()
}

/// Where credentials come from. The first source that exists is used, in the order of Amazon's own clients.
enum Source {
    /// The profile that the URL or `AWS_PROFILE` names.
    Profile(String),
    Variables,
    Unsigned,
    WebIdentity,
    Container,
    /// The profile that `aws configure` writes.
    Default,
    Instance,
}

impl Source {
    fn find(profile: Option<&str>) -> Self {
        let is_set = |name| variable(name).is_some();
        if let Some(name) = profile {
            Self::Profile(name.into())
        } else if is_set("AWS_ACCESS_KEY_ID") || is_set("AWS_SECRET_ACCESS_KEY") {
            Self::Variables
        } else if variable("AWS_SKIP_SIGNATURE").is_some_and(|value| value == "true") {
            Self::Unsigned
        } else if let Some(name) = variable("AWS_PROFILE") {
            Self::Profile(name)
        } else if is_set("AWS_WEB_IDENTITY_TOKEN_FILE") {
            Self::WebIdentity
        } else if is_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || is_set("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            Self::Container
        } else if files().iter().any(|file| file.exists()) {
            Self::Default
        } else {
            Self::Instance
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Profile(_) | Self::Default => "the AWS command line",
            Self::Variables => "environment variables",
            Self::Unsigned => "none",
            Self::WebIdentity => "web identity",
            Self::Container => "the container's agent",
            Self::Instance => "the instance's metadata",
        }
    }
}

/// The files of the AWS command line.
fn files() -> Vec<PathBuf> {
    #[allow(deprecated, reason = "right again since Rust 1.85")]
    let home = std::env::home_dir();
    let file = |name: &str, default: &str| {
        variable(name).map(PathBuf::from).or_else(|| home.as_ref().map(|home| home.join(".aws").join(default)))
    };
    [file("AWS_SHARED_CREDENTIALS_FILE", "credentials"), file("AWS_CONFIG_FILE", "config")]
        .into_iter()
        .flatten()
        .collect()
}
