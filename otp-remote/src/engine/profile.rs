//! [`Profile`]: credentials and region from the AWS command line, which knows profiles, SSO and all other logins.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::error::Error;

/// How long the command may take. It starts slowly, and may ask a server.
const COMMAND: Duration = Duration::from_secs(10);
/// How long credentials are used before the command is asked again. Those of a login last at least an hour.
const LIFE: Duration = Duration::from_secs(10 * 60);

/// A profile; without a name, the default one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    name: Option<String>,
}

impl Profile {
    pub(crate) fn of(name: &str) -> Self {
        Self { name: Some(name.into()) }
    }

    /// Asks for credentials once, and returns a provider that asks again when they get old.
    pub(crate) async fn read(self) -> Result<Exported, Error> {
        let credential = self.credential().await?;
        Ok(Exported { profile: self, held: Mutex::new((SystemTime::now(), Arc::new(credential))) })
    }

    /// The profile's region, if it has one.
    pub(crate) async fn region(&self) -> Option<String> {
        let text = self.ask(&["configure", "get", "region"]).await.ok()?;
        Some(text.trim().to_owned()).filter(|region| !region.is_empty())
    }

    async fn credential(&self) -> Result<AwsCredential, Error> {
        let text = self.ask(&["configure", "export-credentials", "--format", "process"]).await?;
        let found: Value = serde_json::from_str(&text).map_err(|_| self.failed("it prints no JSON"))?;
        let part = |name| found[name].as_str().map(str::to_owned);
        match (part("AccessKeyId"), part("SecretAccessKey")) {
            (Some(key_id), Some(secret_key)) => Ok(AwsCredential { key_id, secret_key, token: part("SessionToken") }),
            _ => Err(self.failed("it prints no key")),
        }
    }

    /// Returns what the command prints. Its error messages are not repeated.
    async fn ask(&self, arguments: &[&str]) -> Result<String, Error> {
        let mut command = Command::new("aws");
        command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        if let Some(name) = &self.name {
            command.args(["--profile", name]);
        }
        let output = match timeout(COMMAND, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Err(self.failed(&format!("aws: {error}"))),
            Err(_) => return Err(self.failed("it takes too long")),
        };
        match (output.status.success(), String::from_utf8(output.stdout)) {
            (true, Ok(text)) => Ok(text),
            (true, Err(_)) => Err(self.failed("it prints no text")),
            (false, _) => Err(self.failed(&format!("aws ends with {}", output.status))),
        }
    }

    fn failed(&self, reason: &str) -> Error {
        let profile = self.name.clone().unwrap_or_else(|| "default".into());
        Error::Profile { profile, reason: reason.into() }
    }
}

/// Credentials that the command gave.
#[derive(Debug)]
pub(crate) struct Exported {
    profile: Profile,
    held: Mutex<(SystemTime, Arc<AwsCredential>)>,
}

#[async_trait]
impl CredentialProvider for Exported {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut held = self.held.lock().await;
        if held.0.elapsed().is_ok_and(|age| age < LIFE) {
            return Ok(Arc::clone(&held.1));
        }
        let credential = self.profile.credential().await;
        let credential =
            credential.map_err(|error| object_store::Error::Generic { store: "S3", source: Box::new(error) })?;
        *held = (SystemTime::now(), Arc::new(credential));
        Ok(Arc::clone(&held.1))
    }
}
