//! Where what is durable lies, if not in the data folder.

use clap::Args;
use substrate::LogName;
use substrate::nats::NatsSettings;
use substrate::s3::{S3Keys, S3Settings};

/// NATS servers, and what is ours on them.
#[derive(Clone, Debug, Args)]
pub(crate) struct NatsFlags {
    /// What our streams on the NATS servers begin with: two platforms can share them
    #[arg(long, value_name = "NAME", default_value = "tinderbox", value_parser = name)]
    pub(crate) platform: LogName,
    /// NATS servers that have each write before it is answered [default: 1, or 3 with several addresses]
    #[arg(long, value_name = "N", value_parser = replicas)]
    pub(crate) replicas: Option<usize>,
}

impl NatsFlags {
    pub(crate) fn settings(&self, addresses: &str) -> NatsSettings {
        let addresses = addresses.split(',').map(|address| address.trim().to_owned()).collect();
        let settings = NatsSettings::new(addresses, self.platform.clone());
        NatsSettings { replicas: self.replicas.unwrap_or(settings.replicas), ..settings }
    }
}

/// Functions and their code beyond this machine: both or neither.
#[derive(Clone, Debug, Args)]
pub(crate) struct DurableFlags {
    /// Keep functions on NATS JetStream: nats://[USER:PASSWORD@]HOST[:PORT], several with commas
    #[arg(long, value_name = "URLS", requires = "blobs", env = "TINDERBOX_KV", hide_env_values = true)]
    pub(crate) kv: Option<String>,
    /// Keep their code in S3: s3://BUCKET[/PREFIX]?endpoint=http://HOST:PORT[&region=NAME], with the keys of
    /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    #[arg(long, value_name = "URL", requires = "kv", env = "TINDERBOX_BLOBS")]
    pub(crate) blobs: Option<String>,
    #[command(flatten)]
    pub(crate) nats: NatsFlags,
}

impl DurableFlags {
    /// `None`: the data folder.
    pub(crate) fn settings(&self) -> Result<Option<(NatsSettings, S3Settings)>, String> {
        let (Some(kv), Some(blobs)) = (&self.kv, &self.blobs) else { return Ok(None) };
        let blobs = S3Settings::parse(blobs, keys()).map_err(|error| error.to_string())?;
        Ok(Some((self.nats.settings(kv), blobs)))
    }
}

pub(super) fn keys() -> Option<S3Keys> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Some(S3Keys {
        access_key_id: variable("AWS_ACCESS_KEY_ID")?,
        secret_access_key: variable("AWS_SECRET_ACCESS_KEY")?,
        session_token: variable("AWS_SESSION_TOKEN"),
    })
}

fn name(text: &str) -> Result<LogName, String> {
    LogName::new(text).ok_or_else(|| "1 to 32 of a-z, 0-9, _ and -".to_owned())
}

fn replicas(text: &str) -> Result<usize, String> {
    match text {
        "1" | "3" | "5" => text.parse().map_err(|_| "it is 1, 3 or 5".to_owned()),
        _ => Err("it is 1, 3 or 5".to_owned()),
    }
}
