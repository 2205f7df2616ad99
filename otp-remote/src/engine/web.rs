//! Any web server, read-only.

use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use object_store::client::HttpRequestBody;
use url::Url;

use crate::error::Error;
use crate::transport::{Transport, innermost};

/// A folder of a web server.
pub(crate) struct Web {
    transport: Transport,
    base: Url,
}

impl Web {
    pub(crate) fn new(transport: Transport, base: Url) -> Self {
        Self { transport, base }
    }

    /// The folder's address.
    pub(crate) fn base(&self) -> &Url {
        &self.base
    }

    /// Reads a file; `None` if the server has none.
    pub(crate) async fn get(&self, name: &str) -> Result<Option<Bytes>, Error> {
        let url = format!("{}{name}", self.base);
        let request = http::Request::get(url).body(HttpRequestBody::empty()).map_err(|_| Error::NotUrl)?;
        let answer = self.transport.send(request).await?;
        match answer.status() {
            StatusCode::OK => {
                let body = answer.into_body().collect().await;
                body.map(|body| Some(body.to_bytes())).map_err(|error| Error::Unreadable(innermost(&error)))
            }
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(None),
            status => Err(Error::Unexpected { status: status.as_u16(), code: String::new() }),
        }
    }
}
