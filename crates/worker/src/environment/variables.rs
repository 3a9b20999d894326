//! The variables that a runtime finds.
//!
//! Who wins, weakest first: the defaults, the runtime's own, the operator's extra ones, the customer's, and
//! the reserved ones that say who and where the function is.

use crate::keys::Keys;
use crate::logs::platform::Platform;
use fabric::control::BootPlan;
use fabric::telemetry::StreamName;
use runtime_api::variable as name;
use std::collections::BTreeMap;

/// The X-Ray daemon's address: nothing listens there, and SDKs that send to it by UDP do not care.
const XRAY_HOST: &str = "127.0.0.1";

/// Fills the block of a waiting process.
const PAD: &str = "TINDERBOX_PAD";
/// A function has 4 KB of its own variables; the reserved ones are less than 2 KB.
const PAD_BYTES: usize = 8 * 1024;

/// Where programs are, unless the runtime has its own in front.
pub(crate) const PATH: &str = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin";

/// Who and where the function is.
pub(super) type Told<'a> = (&'a BootPlan, &'a Platform, &'a StreamName, &'a Keys);

/// The whole environment of the runtime's process.
pub(super) fn variables(
    (plan, platform, stream, keys): Told<'_>,
    operator: &BTreeMap<String, String>,
    runtime: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut all = defaults();
    all.extend(runtime.clone());
    all.extend(operator.clone());
    all.extend(plan.config.environment.clone().unwrap_or_default());
    all.extend(reserved(plan, platform, stream, keys));
    if plan.config.runtime.starts_with("provided") {
        all.remove(name::EXECUTION_ENV); // absent there on AWS
    }
    all
}

/// Of a process that waits for its function: what does not depend on one. Padded, so that the block of the function's
/// own variables fits into the memory that the kernel lays out for these, where `/proc/self/environ` shows it.
pub(super) fn ahead(
    operator: &BTreeMap<String, String>,
    runtime: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut all = defaults();
    all.extend(runtime.clone());
    all.extend(operator.clone());
    all.insert(PAD.to_owned(), ".".repeat(PAD_BYTES));
    all
}

/// Whether a process that was started with `ahead` can be made one that was started with `wanted`: only what programs
/// read at exec must be the same, and the rest must fit.
pub(super) fn can_become(ahead: &BTreeMap<String, String>, wanted: &BTreeMap<String, String>) -> bool {
    let at_exec = |all: &BTreeMap<String, String>| -> Vec<(String, String)> {
        let read = all.iter().filter(|(name, _)| is_read_at_exec(name));
        read.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    at_exec(ahead) == at_exec(wanted) && block(wanted).len() <= PAD_BYTES
}

/// `NAME=VALUE`, each ended by NUL: what a waiting client is told.
pub(super) fn block(variables: &BTreeMap<String, String>) -> Vec<u8> {
    variables.iter().flat_map(|(name, value)| format!("{name}={value}\0").into_bytes()).collect()
}

/// What the dynamic loader, the C library and the interpreters look at before any code of a function runs, and what
/// our clients would have to know before.
fn is_read_at_exec(variable: &str) -> bool {
    const PREFIXES: [&str; 13] = [
        "LD_", "LC_", "PYTHON", "NODE_", "UV_", "V8_", "JAVA_", "JDK_", "_JAVA_", "MALLOC_", "GLIBC_",
        "OPENSSL_", "SSL_",
    ];
    const NAMES: [&str; 9] = [
        "LANG",
        "LANGUAGE",
        "TZ",
        "TZDIR",
        "HOME",
        "LOCPATH",
        "GCONV_PATH",
        name::EXEC_WRAPPER,
        name::LOG_FORMAT,
    ];
    PREFIXES.iter().any(|prefix| variable.starts_with(prefix)) || NAMES.contains(&variable)
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
    keys: &Keys,
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
        (name::INITIALIZATION_TYPE, platform.initialization.word()),
        (name::RUNTIME_API, sandbox::RUNTIME_API_ADDRESS),
        (name::ENDPOINT_URL_LAMBDA, &lambda_api),
        (name::TASK_ROOT, "/var/task"),
        (name::RUNTIME_DIR, "/var/runtime"),
    ]);
    match keys.token() {
        // They are read before the snapshot: what differs after it, or does not last so long, is not among them.
        Some(token) => {
            let uri = format!("http://{}{}", sandbox::RUNTIME_API_ADDRESS, runtime_api::path::CREDENTIALS);
            reserved.extend(owned(&[
                (name::CONTAINER_CREDENTIALS_FULL_URI, &uri),
                (name::CONTAINER_AUTHORIZATION_TOKEN, token),
            ]));
        }
        None => {
            let (credentials, _) = keys.current();
            reserved.extend(owned(&[
                (name::LOG_GROUP_NAME, &stream.group),
                (name::LOG_STREAM_NAME, &stream.stream),
                (name::ACCESS_KEY_ID, &credentials.access_key_id),
                (name::SECRET_ACCESS_KEY, &credentials.secret_access_key),
                (name::SESSION_TOKEN, &credentials.session_token),
            ]));
        }
    }
    let logging = &plan.config.logging;
    if logging.format == "JSON" {
        let level = logging.application_level.as_deref().unwrap_or("INFO");
        reserved.extend(owned(&[(name::LOG_FORMAT, "JSON"), (name::LOG_LEVEL, level)]));
    }
    reserved
}
