//! [`Error`]: why a request failed, in a form that may be displayed.

use std::fmt;

use otp_remote_protocol::Failure;

/// What failed. No text in it comes from a credential; of a server's answer, it holds only the status and the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    /// The URL has a scheme that this helper does not serve.
    Scheme(String),
    /// Text that is not a URL.
    NotUrl,
    /// The URL lacks a bucket, a container or a host.
    NoPlace(&'static str),
    /// The URL holds a user name, a password or a signature.
    SecretInUrl(String),
    /// The URL has a parameter that its scheme does not know.
    Parameter(String),
    /// A parameter has an invalid value.
    Value { name: String, expected: &'static str },
    /// Plain HTTP to another machine, which is not allowed.
    PlainHttp { host: String },
    /// The environment's configuration is incomplete or contradicts itself.
    Configuration(String),
    /// The AWS command line gave no credentials.
    Profile { profile: String, reason: String },
    /// There are no credentials.
    NoCredentials,
    /// The source of the credentials gives none.
    Credentials(String),
    /// There are no certificates to verify servers with.
    NoCertificates,
    /// The bucket or container does not exist.
    NoBucket { code: String },
    /// The server refused, or wants other credentials.
    Denied { status: u16, code: String },
    /// The bucket is elsewhere.
    OtherRegion { region: String },
    /// No answer arrived, or only part of one.
    NoAnswer { host: String, reason: String, tries: u16 },
    /// The server is busy or unavailable.
    Busy { host: String, status: u16, code: String, tries: u16 },
    /// The request's whole time is up.
    TimeOver { host: String },
    /// The server's answer is not one that any client expects.
    Unexpected { status: u16, code: String },
    /// An object is longer than any that we write.
    TooLong { limit: usize },
    /// The answer could not be understood.
    Unreadable(String),
    /// Every try collided with somebody else's write.
    Contended,
    /// A web server is read-only.
    ReadOnly,
    /// Only an object store can be listed.
    NoListing,
    /// The server breaks a promise that writing relies on.
    Pretends(&'static str),
    /// The store has no marker.
    NotInitialised,
    /// The store's marker is of another version.
    Marker,
    /// A protocol error of the client's that can still be answered.
    Protocol(&'static str),
}

impl Error {
    /// The protocol's name for it.
    pub(crate) fn kind(&self) -> Failure {
        match self {
            Self::Scheme(_)
            | Self::NotUrl
            | Self::NoPlace(_)
            | Self::SecretInUrl(_)
            | Self::Parameter(_)
            | Self::Value { .. }
            | Self::PlainHttp { .. }
            | Self::Configuration(_)
            | Self::OtherRegion { .. } => Failure::Usage,
            Self::Profile { .. } | Self::NoCredentials | Self::Credentials(_) | Self::Denied { .. } => Failure::Denied,
            Self::NoBucket { .. } => Failure::NotFound,
            Self::NoAnswer { .. } | Self::Busy { .. } | Self::TimeOver { .. } | Self::Contended => Failure::Unavailable,
            Self::TooLong { .. } | Self::Unreadable(_) => Failure::Damaged,
            Self::ReadOnly | Self::NoListing | Self::Pretends(_) | Self::Marker => Failure::Unsupported,
            Self::NotInitialised => Failure::NotInitialised,
            Self::NoCertificates | Self::Unexpected { .. } | Self::Protocol(_) => Failure::Other,
        }
    }

    /// Whether a write that failed like this may have taken effect, or may succeed at another try.
    pub(crate) fn is_in_doubt(&self) -> bool {
        matches!(self, Self::NoAnswer { .. } | Self::Busy { .. } | Self::Unreadable(_))
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(scheme) => write!(f, "no store is reached by {scheme}:"),
            Self::NotUrl => f.write_str("the store's URL can't be read"),
            Self::NoPlace(what) => write!(f, "the store's URL names no {what}"),
            Self::SecretInUrl(name) => write!(f, "the store's URL holds a secret: {name}"),
            Self::Parameter(name) => write!(f, "the store's URL has an unknown parameter: {name}"),
            Self::Value { name, expected } => write!(f, "the parameter {name} of the store's URL must be {expected}"),
            Self::PlainHttp { host } => write!(f, "{host} would be reached by plain HTTP, without insecure=true"),
            Self::Configuration(reason) => f.write_str(reason),
            Self::Profile { profile, reason } => {
                write!(f, "the AWS command line gives no credentials for the profile {profile}: {reason}")
            }
            Self::NoCredentials => {
                f.write_str("no credentials are configured, and this machine's metadata service gives none")
            }
            Self::Credentials(reason) => write!(f, "there are no credentials: {reason}"),
            Self::NoCertificates => f.write_str(
                "there are no certificates to check the server's with: this system has none, or SSL_CERT_FILE names no file of some",
            ),
            Self::NoBucket { code } => write!(f, "the store's bucket or container does not exist ({code})"),
            Self::Denied { status, code } => write!(f, "the server refused: {status}{}", Code(code)),
            Self::OtherRegion { region } => write!(f, "the bucket is in the region {region}"),
            Self::NoAnswer { host, reason, tries } => write!(f, "{host}: {reason} ({})", Tries(*tries)),
            Self::Busy { host, status, code, tries } => {
                write!(f, "{host} answers {status}{} ({})", Code(code), Tries(*tries))
            }
            Self::TimeOver { host } => write!(f, "{host} took too long"),
            Self::Unexpected { status, code } => write!(f, "the server answers {status}{}", Code(code)),
            Self::TooLong { limit } => write!(f, "an answer is longer than {limit} bytes"),
            Self::Unreadable(reason) => write!(f, "the server's answer can't be read: {reason}"),
            Self::Contended => f.write_str("others kept writing to the same object"),
            Self::ReadOnly => f.write_str("a store on a web server can only be read"),
            Self::NoListing => f.write_str("a store on a web server can't be listed"),
            Self::Pretends(what) => write!(f, "the server does not keep apart those who write: {what}"),
            Self::NotInitialised => f.write_str("nobody has initialised this store yet"),
            Self::Marker => f.write_str("the store was initialised by another version of this program"),
            Self::Protocol(what) => f.write_str(what),
        }
    }
}

/// The server's error code, if it gave one.
struct Code<'a>(&'a str);

impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, " {}", self.0) }
    }
}

struct Tries(u16);

impl fmt::Display for Tries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 try"),
            count => write!(f, "{count} tries"),
        }
    }
}
