//! [`Place`]: where a store is, according to its URL.

use std::collections::BTreeMap;
use std::net::IpAddr;

use otp_remote_protocol::is_secret;
use url::{Host, Url};

use crate::error::Error;

/// The contents of a store's URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) engine: Engine,
    /// The folder in the bucket, container or server, without slashes at the ends; empty for none.
    pub(crate) prefix: String,
    /// Whether plain HTTP to other machines is allowed.
    pub(crate) insecure: bool,
}

/// Where the store is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// S3, or a server with the same protocol.
    S3 { bucket: String, endpoint: Option<Url>, region: Option<String>, style: Option<Style>, profile: Option<String> },
    /// Azure Blob Storage.
    Azure { account: String, container: String },
    /// Google Cloud Storage.
    Gcs { bucket: String },
    /// A web server, which is read-only. The URL ends in a slash.
    Web { base: Url },
}

/// Where the bucket's name goes in S3's URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// After the host.
    Path,
    /// Before the host.
    Virtual,
}

impl Place {
    /// Parses a store's URL.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let url = Url::parse(text).map_err(|_| Error::NotUrl)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Error::SecretInUrl("a user or password before the host".into()));
        }
        check_segments(text)?;
        let mut parameters = Parameters::of(&url)?;
        let insecure = parameters.flag("insecure")?;
        let path = url.path().trim_matches('/').to_owned();
        let (engine, prefix) = match url.scheme() {
            "s3" => {
                let endpoint = parameters.take("endpoint").map(|text| endpoint(&text, insecure)).transpose()?;
                let style = match parameters.take("style").as_deref() {
                    None => None,
                    Some("path") => Some(Style::Path),
                    Some("virtual") => Some(Style::Virtual),
                    Some(_) => return Err(Error::Value { name: "style".into(), expected: "path or virtual" }),
                };
                let (region, profile) = (parameters.take("region"), parameters.take("profile"));
                (Engine::S3 { bucket: host(&url, "bucket")?, endpoint, region, style, profile }, path)
            }
            "az" => {
                let (container, prefix) = path.split_once('/').unwrap_or((&path, ""));
                if container.is_empty() {
                    return Err(Error::NoPlace("container"));
                }
                let engine = Engine::Azure { account: host(&url, "account")?, container: container.into() };
                (engine, prefix.trim_start_matches('/').to_owned())
            }
            "gs" => (Engine::Gcs { bucket: host(&url, "bucket")? }, path),
            "https" | "http" => {
                may_be_plain(&url, insecure)?;
                let mut base = url.clone();
                base.set_query(None);
                base.set_fragment(None);
                base.set_path(&if path.is_empty() { "/".to_owned() } else { format!("/{path}/") });
                (Engine::Web { base }, path)
            }
            scheme => return Err(Error::Scheme(scheme.into())),
        };
        parameters.end()?;
        if url.fragment().is_some() {
            return Err(Error::Parameter("#".into()));
        }
        if prefix.contains("//") {
            return Err(Error::NoPlace("folder that every server reads alike"));
        }
        Ok(Self { engine, prefix, insecure })
    }
}

/// Refuses `.` and `..` in a path: parsing a URL would resolve and remove them.
fn check_segments(text: &str) -> Result<(), Error> {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let is_odd = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if path.split('/').any(is_odd) {
        return Err(Error::NoPlace("folder that every server reads alike"));
    }
    Ok(())
}

/// Refuses plain HTTP to other machines, unless it was asked for.
pub(crate) fn may_be_plain(url: &Url, insecure: bool) -> Result<(), Error> {
    if url.scheme() == "https" || insecure || is_loopback(url) {
        return Ok(());
    }
    Err(Error::PlainHttp { host: url.host_str().unwrap_or_default().into() })
}

/// Whether a URL names this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Parses the URL of a server, without anything else in it.
pub(crate) fn endpoint(text: &str, insecure: bool) -> Result<Url, Error> {
    let wrong = || Error::Value { name: "endpoint".into(), expected: "a URL of https: or http: and a host" };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let bare =
        url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    if !bare || !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err(wrong());
    }
    may_be_plain(&url, insecure)?;
    Ok(url)
}

fn host(url: &Url, what: &'static str) -> Result<String, Error> {
    match url.host_str() {
        Some(host) if !host.is_empty() && url.port().is_none() => Ok(host.to_owned()),
        _ => Err(Error::NoPlace(what)),
    }
}

/// The parameters after the question mark.
struct Parameters(BTreeMap<String, String>);

impl Parameters {
    fn of(url: &Url) -> Result<Self, Error> {
        let mut parameters = BTreeMap::new();
        for (name, value) in url.query_pairs() {
            if is_secret(&name) {
                return Err(Error::SecretInUrl(name.into()));
            }
            if parameters.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(Error::Value { name: name.into(), expected: "there once" });
            }
        }
        Ok(Self(parameters))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    fn flag(&mut self, name: &str) -> Result<bool, Error> {
        match self.take(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Error::Value { name: name.into(), expected: "true or false" }),
        }
    }

    /// Refuses parameters that nobody has taken.
    fn end(self) -> Result<(), Error> {
        match self.0.into_keys().next() {
            Some(name) => Err(Error::Parameter(name)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use otp_remote_protocol::PARAMETERS;

    use super::*;

    fn s3(bucket: &str) -> Engine {
        Engine::S3 { bucket: bucket.into(), endpoint: None, region: None, style: None, profile: None }
    }

    fn place(engine: Engine, prefix: &str) -> Place {
        Place { engine, prefix: prefix.into(), insecure: false }
    }

    #[test]
    fn each_scheme_says_where_the_store_is() {
        let cases = [
            ("s3://bucket", place(s3("bucket"), "")),
            ("s3://my.bucket/a/b/", place(s3("my.bucket"), "a/b")),
            ("gs://bucket_1/a", place(Engine::Gcs { bucket: "bucket_1".into() }, "a")),
            ("az://name/box", place(Engine::Azure { account: "name".into(), container: "box".into() }, "")),
            ("az://name/box/a/b", place(Engine::Azure { account: "name".into(), container: "box".into() }, "a/b")),
            ("https://host/a", place(Engine::Web { base: "https://host/a/".parse().unwrap() }, "a")),
            ("http://127.0.0.1:80", place(Engine::Web { base: "http://127.0.0.1/".parse().unwrap() }, "")),
        ];
        for (text, place) in cases {
            assert_eq!(Place::parse(text), Ok(place), "{text}");
        }
    }

    #[test]
    fn s3_takes_four_parameters() {
        let text = "s3://b/p?endpoint=https%3A%2F%2Fs3.example%3A9000&region=eu-1&style=virtual&profile=nightly";
        let engine = Engine::S3 {
            bucket: "b".into(),
            endpoint: Some("https://s3.example:9000".parse().unwrap()),
            region: Some("eu-1".into()),
            style: Some(Style::Virtual),
            profile: Some("nightly".into()),
        };
        assert_eq!(Place::parse(text), Ok(place(engine, "p")));
    }

    #[test]
    fn each_scheme_takes_the_parameters_that_clients_let_pass() {
        let value = |name: &str| match name {
            "endpoint" => "https://s3.example",
            "style" => "path",
            "insecure" => "true",
            _ => "some",
        };
        let names: std::collections::BTreeSet<&str> =
            PARAMETERS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        for (scheme, known) in PARAMETERS {
            for name in &names {
                let parsed = Place::parse(&format!("{scheme}://localhost/box?{name}={}", value(name)));
                if known.contains(name) {
                    assert!(parsed.is_ok(), "{scheme} {name}: {parsed:?}");
                } else {
                    assert_eq!(parsed, Err(Error::Parameter((*name).into())), "{scheme}");
                }
            }
        }
    }

    #[test]
    fn a_secret_is_refused_by_its_name_and_never_repeated() {
        for text in [
            "s3://AKIA:hunter2@bucket",
            "s3://bucket?secret_access_key=hunter2",
            "s3://bucket?AWS_SECRET_ACCESS_KEY=hunter2",
            "s3://bucket?X-Amz-Session-Token=hunter2",
            "az://account/box?sig=hunter2",
            "https://user:hunter2@host/",
            "https://host/?token=hunter2",
        ] {
            let error = Place::parse(text).unwrap_err();
            assert!(
                matches!(error, Error::SecretInUrl(_)) && !error.to_string().contains("hunter2"),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_by_its_name() {
        let value = |name: &str, expected| Error::Value { name: name.into(), expected };
        for (text, error) in [
            ("s3://bucket?rejion=eu", Error::Parameter("rejion".into())),
            ("gs://bucket?region=eu", Error::Parameter("region".into())),
            ("az://a/b?endpoint=https://x", Error::Parameter("endpoint".into())),
            ("https://host/a?list-type=2", Error::Parameter("list-type".into())),
            ("s3://bucket?style=odd", value("style", "path or virtual")),
            ("s3://bucket?insecure=1", value("insecure", "true or false")),
            ("s3://bucket?region=a&region=b", value("region", "there once")),
            ("s3://bucket?endpoint=ftp://x", value("endpoint", "a URL of https: or http: and a host")),
            ("s3://bucket?endpoint=https://a:b@x", value("endpoint", "a URL of https: or http: and a host")),
            ("s3:///prefix", Error::NoPlace("bucket")),
            ("az://account", Error::NoPlace("container")),
            ("ftp://host/a", Error::Scheme("ftp".into())),
            ("store", Error::NotUrl),
            ("s3://bucket/a#b", Error::Parameter("#".into())),
            ("s3://bucket/a//b", Error::NoPlace("folder that every server reads alike")),
            ("s3://bucket/a/../b", Error::NoPlace("folder that every server reads alike")),
            ("https://host/a/%2E/b", Error::NoPlace("folder that every server reads alike")),
        ] {
            assert_eq!(Place::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_or_for_those_who_insist() {
        for host in ["127.0.0.1", "127.9.9.9:8080", "[::1]:80", "localhost", "s3.localhost"] {
            assert!(Place::parse(&format!("http://{host}/")).is_ok(), "{host}");
            assert!(Place::parse(&format!("s3://b?endpoint=http://{host}")).is_ok(), "{host}");
        }
        for host in ["10.0.0.1", "example.com", "localhost.example.com", "[fe80::1]", "0.0.0.0"] {
            let refused = |result: Result<Place, Error>| matches!(result, Err(Error::PlainHttp { .. }));
            assert!(refused(Place::parse(&format!("http://{host}/"))), "{host}");
            assert!(refused(Place::parse(&format!("s3://b?endpoint=http://{host}"))), "{host}");
            assert!(Place::parse(&format!("http://{host}/?insecure=true")).is_ok(), "{host}");
            assert!(Place::parse(&format!("s3://b?endpoint=http://{host}&insecure=true")).is_ok(), "{host}");
        }
    }
}
