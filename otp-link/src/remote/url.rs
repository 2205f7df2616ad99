//! [`StoreUrl`]: what is in a store's URL.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use otp_remote_protocol::{is_secret, parameters_of};

use super::error::UrlFault;

/// The URL of a store that a helper reaches. There is no secret in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreUrl {
    text: String,
    /// How many bytes of the text are the scheme.
    scheme_len: usize,
    is_insecure: bool,
}

/// What a store's name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// A directory.
    Path(PathBuf),
    /// What a helper reaches.
    Url(StoreUrl),
}

impl Name {
    /// Reads a store's name: a path, or a URL. `file:///DIR` is the path `/DIR`.
    ///
    /// A URL starts with a scheme of two or more letters and digits, and `://`. Everything else is a path, with or
    /// without a colon, and so is anything that starts with the letter of a Windows drive.
    pub(crate) fn parse(name: &Path) -> Result<Self, UrlFault> {
        let Some(scheme_len) = scheme_len(name.as_os_str().as_encoded_bytes()) else {
            return Ok(Self::Path(name.to_owned()));
        };
        let text = name.to_str().ok_or(UrlFault::NotText)?;
        let (scheme, rest) = (text[..scheme_len].to_ascii_lowercase(), &text[scheme_len + 3..]);
        if scheme == "file" {
            return file(rest).map(Self::Path);
        }
        let is_insecure = check(&scheme, rest)?;
        Ok(Self::Url(StoreUrl { text: format!("{scheme}://{rest}"), scheme_len, is_insecure }))
    }
}

impl StoreUrl {
    /// The whole URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.text[..self.scheme_len]
    }

    /// Whether it lets the store be reached without TLS on another machine.
    #[must_use]
    pub fn is_insecure(&self) -> bool {
        self.is_insecure
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn scheme_len(name: &[u8]) -> Option<usize> {
    let len = name.iter().position(|byte| !byte.is_ascii_alphanumeric())?;
    let is_scheme = len >= 2 && name[0].is_ascii_alphabetic() && name[len..].starts_with(b"://");
    is_scheme.then_some(len)
}

/// The path in a URL of the scheme `file`, after its two slashes.
fn file(rest: &str) -> Result<PathBuf, UrlFault> {
    let (path, query) = split_query(rest)?;
    if let Some(name) = parameters(query).next() {
        return Err(UrlFault::Parameter { name: name.0.to_owned() });
    }
    let path = path.strip_prefix("localhost").unwrap_or(path);
    if !path.starts_with('/') {
        return Err(UrlFault::NotHere);
    }
    let path = decoded(path)?;
    // `/C:/store` is `C:/store`.
    let drive = path.as_bytes().get(1..3).is_some_and(|drive| drive[0].is_ascii_alphabetic() && drive[1] == b':');
    Ok(PathBuf::from(if cfg!(windows) && drive { &path[1..] } else { &path }))
}

/// Checks what follows the scheme, and says whether it is insecure.
fn check(scheme: &str, rest: &str) -> Result<bool, UrlFault> {
    let (path, query) = split_query(rest)?;
    let host = path.split('/').next().unwrap_or_default();
    if host.contains('@') {
        return Err(UrlFault::Secret { what: "a user or password before the host".to_owned() });
    }
    let known = parameters_of(scheme);
    if known.is_some() && host.is_empty() {
        return Err(UrlFault::NoHost);
    }
    // Before anything else can be found wrong, and so shown: names may be escaped.
    for (name, _) in parameters(query) {
        let name = decoded(name)?;
        if is_secret(&name) {
            return Err(UrlFault::Secret { what: format!("the parameter {name}") });
        }
    }
    let mut is_insecure = false;
    let mut seen = Vec::new();
    for (name, value) in parameters(query) {
        if known.is_some_and(|known| !known.contains(&name)) {
            return Err(UrlFault::Parameter { name: name.to_owned() });
        }
        if seen.contains(&name) {
            return Err(UrlFault::Twice { name: name.to_owned() });
        }
        seen.push(name);
        match (name, value) {
            ("insecure", "true") => is_insecure = true,
            ("insecure", value) if value != "false" => {
                return Err(UrlFault::Value { name: "insecure", expected: "true or false" });
            }
            ("style", value) if scheme == "s3" && !matches!(value, "path" | "virtual") => {
                return Err(UrlFault::Value { name: "style", expected: "path or virtual" });
            }
            ("region" | "profile", "") if scheme == "s3" => return Err(UrlFault::Empty { name: name.to_owned() }),
            ("endpoint", endpoint) if scheme == "s3" => check_endpoint(&decoded(endpoint)?, query)?,
            _ => {}
        }
    }
    if scheme == "http" && !is_insecure && !is_loopback(host) {
        return Err(UrlFault::PlainHttp { host: host.to_owned() });
    }
    Ok(is_insecure)
}

fn check_endpoint(endpoint: &str, query: &str) -> Result<(), UrlFault> {
    let wrong = UrlFault::Value { name: "endpoint", expected: "https: or http: and a host" };
    let (scheme, rest) = endpoint.split_once("://").ok_or(wrong)?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        return Err(UrlFault::Secret { what: "a user or password in the endpoint".to_owned() });
    }
    let may_be_plain = is_loopback(host) || parameters(query).any(|parameter| parameter == ("insecure", "true"));
    match scheme {
        "https" => Ok(()),
        "http" if may_be_plain => Ok(()),
        "http" => Err(UrlFault::PlainHttp { host: host.to_owned() }),
        _ => Err(UrlFault::Value { name: "endpoint", expected: "https: or http: and a host" }),
    }
}

fn split_query(rest: &str) -> Result<(&str, &str), UrlFault> {
    if rest.contains('#') {
        return Err(UrlFault::Parameter { name: "#".to_owned() });
    }
    Ok(rest.split_once('?').unwrap_or((rest, "")))
}

fn parameters(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Whether a host, perhaps followed by a port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Text whose bytes may be written as `%` and two digits.
fn decoded(text: &str) -> Result<String, UrlFault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = behind.first_chunk::<2>().filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok()).ok_or(UrlFault::Escape)?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| UrlFault::Escape)?);
        rest = &behind[2..];
    }
    String::from_utf8(bytes).map_err(|_| UrlFault::NotText)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str) -> Result<Name, UrlFault> {
        Name::parse(Path::new(name))
    }

    #[test]
    fn whatever_is_no_url_is_a_path() {
        for name in
            ["store", "/srv/store", "a:b", "c:\\store", "c://store", "./s3://b", "s3:/b", "s-3://b", "3s://b", ""]
        {
            assert_eq!(parse(name), Ok(Name::Path(name.into())), "{name}");
        }
    }

    #[test]
    fn the_url_of_a_file_is_a_path() {
        for (url, path) in [
            ("file:///srv/store", "/srv/store"),
            ("FILE://localhost/srv/a%20b", "/srv/a b"),
            ("file:///srv/100%25", "/srv/100%"),
        ] {
            assert_eq!(parse(url), Ok(Name::Path(path.into())), "{url}");
        }
        for (url, fault) in [
            ("file://host/srv", UrlFault::NotHere),
            ("file://srv", UrlFault::NotHere),
            ("file:///a?b=c", UrlFault::Parameter { name: "b".to_owned() }),
            ("file:///a%2", UrlFault::Escape),
            ("file:///a%+1", UrlFault::Escape),
            ("file:///%ff", UrlFault::NotText),
        ] {
            assert_eq!(parse(url), Err(fault), "{url}");
        }
    }

    #[test]
    fn a_url_keeps_its_text_but_for_the_case_of_its_scheme() {
        for (text, insecure) in [
            ("s3://bucket/a/b?endpoint=https%3A%2F%2Fs3.example&region=eu-1&style=path&profile=nightly", false),
            ("S3://bucket?endpoint=http://127.0.0.1:8333", false),
            ("s3://bucket?endpoint=http://s3.example&insecure=true", true),
            ("az://account/container/prefix", false),
            ("gs://bucket", false),
            ("https://host/prefix", false),
            ("http://localhost:80/prefix", false),
            ("http://[::1]:80/prefix", false),
            ("http://host/?insecure=true", true),
            ("other://anything?at=all", false),
            ("other:///srv/store", false),
        ] {
            let Ok(Name::Url(url)) = parse(text) else { panic!("{text}") };
            assert_eq!(url.as_str(), text.replace("S3:", "s3:"));
            assert_eq!(
                (url.scheme(), url.is_insecure()),
                (text.split(':').next().unwrap().to_ascii_lowercase().as_str(), insecure)
            );
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_named() {
        let secret = |what: &str| UrlFault::Secret { what: what.to_owned() };
        let parameter = |name: &str| UrlFault::Parameter { name: name.to_owned() };
        let plain = |host: &str| UrlFault::PlainHttp { host: host.to_owned() };
        let empty = |name: &str| UrlFault::Empty { name: name.to_owned() };
        for (text, fault) in [
            ("az://account/container?sv=1&sig=x", secret("the parameter sig")),
            ("s3://bucket?%73ecret=x", secret("the parameter secret")),
            ("s3://bucket?region=", empty("region")),
            ("s3://bucket?profile", empty("profile")),
            ("s3://id:secret@bucket", secret("a user or password before the host")),
            ("s3://bucket?secret_access_key=x", secret("the parameter secret_access_key")),
            ("s3://bucket?X-Amz-Signature=x", secret("the parameter X-Amz-Signature")),
            ("az://account/container?sig=x", secret("the parameter sig")),
            ("other://host?api_key=x", secret("the parameter api_key")),
            ("s3://bucket?endpoint=https://a:b@host", secret("a user or password in the endpoint")),
            ("s3://bucket?zone=a", parameter("zone")),
            ("https://host?region=a", parameter("region")),
            ("s3://bucket#a", parameter("#")),
            ("s3://bucket?region=a&region=b", UrlFault::Twice { name: "region".to_owned() }),
            ("s3://bucket?style=other", UrlFault::Value { name: "style", expected: "path or virtual" }),
            ("gs://bucket?insecure=yes", UrlFault::Value { name: "insecure", expected: "true or false" }),
            ("s3://", UrlFault::NoHost),
            ("s3:///prefix", UrlFault::NoHost),
            ("http://host/a", plain("host")),
            ("http://127.0.0.1.example/a", plain("127.0.0.1.example")),
            ("s3://bucket?endpoint=http://s3.example/", plain("s3.example")),
        ] {
            assert_eq!(parse(text), Err(fault), "{text}");
        }
    }
}
