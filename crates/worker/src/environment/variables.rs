//! The variables that a runtime finds.
//!
//! Who wins, weakest first: the defaults, the runtime's own, the operator's extra ones, the customer's, and
//! the reserved ones that say who and where the function is.

use crate::logs::platform::Platform;
use fabric::api::ScopedCredentials;
use fabric::control::BootPlan;
use fabric::telemetry::StreamName;
use runtime_api::variable as name;
use std::collections::BTreeMap;
use world::World;

/// The X-Ray daemon's address: nothing listens there, and SDKs that send to it by UDP do not care.
const XRAY_HOST: &str = "127.0.0.1";

/// Where programs are, unless the runtime has its own in front.
pub(crate) const PATH: &str = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin";

/// The whole environment of the runtime's process.
pub(super) fn variables(
    plan: &BootPlan,
    platform: &Platform,
    stream: &StreamName,
    credentials: &ScopedCredentials,
    operator: &BTreeMap<String, String>,
    runtime: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut all = defaults();
    all.extend(runtime.clone());
    all.extend(operator.clone());
    all.extend(plan.config.environment.clone().unwrap_or_default());
    all.extend(reserved(plan, platform, stream, credentials));
    if plan.config.runtime.starts_with("provided") {
        all.remove(name::EXECUTION_ENV); // absent there on AWS
    }
    all
}

fn owned(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn defaults() -> BTreeMap<String, String> {
    owned(&[
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("PWD", "/var/task"),
        ("PATH", PATH),
        (
            "LD_LIBRARY_PATH",
            "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
        ),
        (name::XRAY_CONTEXT_MISSING, "LOG_ERROR"),
        (name::XRAY_DAEMON_ADDRESS, "127.0.0.1:2000"),
        (name::LEGACY_XRAY_DAEMON_ADDRESS, XRAY_HOST),
        (name::LEGACY_XRAY_DAEMON_PORT, "2000"),
    ])
}

fn reserved(
    plan: &BootPlan,
    platform: &Platform,
    stream: &StreamName,
    credentials: &ScopedCredentials,
) -> BTreeMap<String, String> {
    let region = plan.key.region.as_str();
    let memory = plan.config.memory_mb.to_string();
    let execution = format!("AWS_Lambda_{}", plan.config.runtime);
    let lambda_api = format!("http://{}", sandbox::LAMBDA_API_ADDRESS);
    let mut reserved = owned(&[
        (name::HANDLER, &plan.config.handler),
        (name::REGION, region),
        (name::DEFAULT_REGION, region),
        (name::EXECUTION_ENV, &execution),
        (name::FUNCTION_NAME, &platform.function),
        (name::FUNCTION_VERSION, &platform.version),
        (name::FUNCTION_MEMORY_SIZE, &memory),
        (name::INITIALIZATION_TYPE, "on-demand"),
        (name::LOG_GROUP_NAME, &stream.group),
        (name::LOG_STREAM_NAME, &stream.stream),
        (name::RUNTIME_API, sandbox::RUNTIME_API_ADDRESS),
        (name::ENDPOINT_URL_LAMBDA, &lambda_api),
        (name::ACCESS_KEY_ID, &credentials.access_key_id),
        (name::SECRET_ACCESS_KEY, &credentials.secret_access_key),
        (name::SESSION_TOKEN, &credentials.session_token),
        (name::TASK_ROOT, "/var/task"),
        (name::RUNTIME_DIR, "/var/runtime"),
    ]);
    let logging = &plan.config.logging;
    if logging.format == "JSON" {
        let level = logging.application_level.as_deref().unwrap_or("INFO");
        reserved.extend(owned(&[(name::LOG_FORMAT, "JSON"), (name::LOG_LEVEL, level)]));
    }
    reserved
}

/// Credentials of one environment: they open its own door and nothing else, and end with it.
pub(super) fn credentials(world: &World, plan: &BootPlan) -> ScopedCredentials {
    let key_alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    ScopedCredentials {
        access_key_id: format!("ASIA{}", random_text(world, key_alphabet, 16)),
        secret_access_key: random_text(world, alphabet, 40),
        session_token: random_text(world, alphabet, 120),
        account: plan.key.account.clone(),
        region: plan.key.region.clone(),
    }
}

/// Each alphabet has a power of two of letters, so that every letter is as likely.
fn random_text(world: &World, alphabet: &[u8], length: usize) -> String {
    let mut bytes = vec![0; length];
    world.entropy.fill(&mut bytes);
    bytes.iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).collect()
}
