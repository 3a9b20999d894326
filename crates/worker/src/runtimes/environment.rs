//! The variables that a function's process starts with.
//!
//! Four layers, later ones win: defaults that a customer may replace (PATH, LANG, TZ …), what the operator adds for
//! every sandbox, the function's own variables, and what the platform alone says (`AWS_LAMBDA_*`, keys, region).

use runtime_api::variable::RESERVED;
use std::collections::BTreeMap;
use std::path::Path;

use super::choose::Choice;
use super::{Language, RuntimeId, is_system_path};

/// What the platform knows about the function and the environment. Plain values: this crate's callers own the types.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub handler: String,
    pub region: String,
    pub function_name: String,
    pub function_version: String,
    pub memory_mb: u32,
    pub log_group: String,
    pub log_stream: String,
    /// `on-demand`, `provisioned-concurrency` or `snap-start`.
    pub initialization_type: String,
    /// Host and port inside the environment.
    pub runtime_api: String,
    /// Access key, secret key, session token; scoped to this environment.
    pub credentials: Option<(String, String, String)>,
    /// `JSON` and the application's level; None for text.
    pub json_log_level: Option<String>,
    /// For every sandbox of this host (AWS_ENDPOINT_URL and friends); not shown in the API.
    pub operator: BTreeMap<String, String>,
    /// The function's `Environment.Variables`.
    pub function: BTreeMap<String, String>,
}

pub fn environment(choice: &Choice, facts: &Facts, sdk_mounted: bool) -> BTreeMap<String, String> {
    let mut variables = defaults(choice, sdk_mounted);
    variables.extend(facts.operator.clone());
    let own = facts.function.iter().filter(|(name, _)| !RESERVED.contains(&name.as_str()));
    variables.extend(own.map(|(name, value)| (name.clone(), value.clone())));
    variables.extend(fixed(choice, facts));
    variables
}

/// What the runtime itself needs; a customer may override it.
pub(super) fn defaults(choice: &Choice, sdk_mounted: bool) -> BTreeMap<String, String> {
    let mut path = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin".to_owned();
    let interpreter_bin = choice.interpreter.as_ref().and_then(|i| i.real_path.parent());
    if let Some(bin) = interpreter_bin.filter(|bin| !is_system_path(bin)) {
        // A handler that runs `python3` means the one it runs on.
        path = format!("{}:{path}", bin.display());
    }
    let libraries =
        "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib";
    let mut variables = strings([
        ("PATH", path.as_str()),
        ("LD_LIBRARY_PATH", libraries),
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("PWD", "/var/task"),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"),
    ]);
    match &choice.runtime {
        RuntimeId::Managed { language: Language::Python, .. } => {
            let sdk = if sdk_mounted { ":/var/runtime/site-packages" } else { "" };
            variables.insert("PYTHONPATH".into(), format!("/var/runtime{sdk}"));
        }
        RuntimeId::Managed { language: Language::Nodejs, major, .. } => {
            let value = format!(
                "/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:/var/task"
            );
            variables.insert("NODE_PATH".into(), value);
        }
        RuntimeId::Managed { language: Language::Java, .. } => {
            if let Some(interpreter) = &choice.interpreter {
                variables.insert("JAVA_HOME".into(), text(&interpreter.install_root));
            }
        }
        RuntimeId::Provided { .. } => {}
    }
    variables
}

fn fixed(choice: &Choice, facts: &Facts) -> BTreeMap<String, String> {
    let memory = facts.memory_mb.to_string();
    let mut variables = strings([
        ("_HANDLER", facts.handler.as_str()),
        ("AWS_REGION", facts.region.as_str()),
        ("AWS_DEFAULT_REGION", facts.region.as_str()),
        ("AWS_LAMBDA_FUNCTION_NAME", facts.function_name.as_str()),
        ("AWS_LAMBDA_FUNCTION_VERSION", facts.function_version.as_str()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory.as_str()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", facts.initialization_type.as_str()),
        ("AWS_LAMBDA_RUNTIME_API", facts.runtime_api.as_str()),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
    ]);
    if facts.initialization_type != "snap-start" {
        // A snapshot is taken before there is a stream, and restored into many.
        variables.insert("AWS_LAMBDA_LOG_GROUP_NAME".into(), facts.log_group.clone());
        variables.insert("AWS_LAMBDA_LOG_STREAM_NAME".into(), facts.log_stream.clone());
    }
    if let RuntimeId::Managed { identifier, .. } = &choice.runtime {
        variables.insert("AWS_EXECUTION_ENV".into(), format!("AWS_Lambda_{identifier}"));
    }
    if let Some((key, secret, token)) = &facts.credentials {
        variables.insert("AWS_ACCESS_KEY_ID".into(), key.clone());
        variables.insert("AWS_SECRET_ACCESS_KEY".into(), secret.clone());
        variables.insert("AWS_SESSION_TOKEN".into(), token.clone());
    }
    if let Some(level) = &facts.json_log_level {
        variables.insert("AWS_LAMBDA_LOG_FORMAT".into(), "JSON".into());
        variables.insert("AWS_LAMBDA_LOG_LEVEL".into(), level.clone());
    }
    variables
}

fn strings<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::super::choose::choose;
    use super::super::{Interpreter, Version};
    use super::*;

    fn choice(runtime: &str) -> Choice {
        let have = |language, version, root: &str| Interpreter {
            language,
            version,
            real_path: format!("{root}/bin/x").into(),
            install_root: root.into(),
            libs: Vec::new(),
        };
        let interpreters = [
            have(Language::Python, Version::new(3, 13, 0), "/root/.pyenv/versions/3.13.0"),
            have(Language::Nodejs, Version::new(20, 1, 0), "/usr"),
            have(Language::Java, Version::new(17, 0, 1), "/usr/lib/jvm/17"),
        ];
        choose(runtime, &interpreters, false).unwrap()
    }

    fn facts() -> Facts {
        Facts {
            handler: "app.handler".into(),
            region: "eu-west-1".into(),
            function_name: "f".into(),
            function_version: "$LATEST".into(),
            memory_mb: 128,
            initialization_type: "on-demand".into(),
            runtime_api: "127.0.0.1:9001".into(),
            ..Facts::default()
        }
    }

    #[test]
    fn a_function_replaces_defaults_but_not_what_the_platform_says() {
        let mut facts = facts();
        facts.operator = strings([("AWS_ENDPOINT_URL", "http://host:1"), ("TZ", "Europe/Rome")]);
        facts.function =
            strings([("TZ", "Asia/Tokyo"), ("LANG", "C"), ("AWS_REGION", "nowhere"), ("A", "b")]);
        let variables = environment(&choice("python3.13"), &facts, false);
        assert_eq!(variables["TZ"], "Asia/Tokyo");
        assert_eq!(variables["LANG"], "C");
        assert_eq!(variables["A"], "b");
        assert_eq!(variables["AWS_ENDPOINT_URL"], "http://host:1");
        assert_eq!(variables["AWS_REGION"], "eu-west-1");
        assert!(!variables.contains_key("HOME"), "functions have none");
    }

    #[test]
    fn each_runtime_gets_the_search_paths_of_its_managed_counterpart() {
        let of = |runtime, sdk| environment(&choice(runtime), &facts(), sdk);
        let python = of("python3.13", true);
        assert_eq!(python["PYTHONPATH"], "/var/runtime:/var/runtime/site-packages");
        assert_eq!(of("python3.13", false)["PYTHONPATH"], "/var/runtime");
        assert!(python["PATH"].starts_with("/root/.pyenv/versions/3.13.0/bin:/var/lang/bin:"));
        let node = of("nodejs20.x", true);
        assert!(node["NODE_PATH"].starts_with("/opt/nodejs/node20/node_modules:"));
        assert!(node["PATH"].starts_with("/var/lang/bin:"));
        assert_eq!(of("java17", true)["JAVA_HOME"], "/usr/lib/jvm/17");
    }

    #[test]
    fn the_runtime_asked_for_is_named_also_when_another_version_stands_in() {
        let of = |runtime| environment(&choice(runtime), &facts(), false).get("AWS_EXECUTION_ENV").cloned();
        assert_eq!(of("python3.14").as_deref(), Some("AWS_Lambda_python3.14"));
        assert_eq!(of("nodejs22.x").as_deref(), Some("AWS_Lambda_nodejs22.x"));
        assert_eq!(of("provided.al2023"), None);
    }

    #[test]
    fn a_json_log_format_is_told_and_text_is_not() {
        let mut facts = facts();
        assert!(!environment(&choice("python3.13"), &facts, false).contains_key("AWS_LAMBDA_LOG_FORMAT"));
        facts.json_log_level = Some("WARN".into());
        let variables = environment(&choice("python3.13"), &facts, false);
        assert_eq!(variables["AWS_LAMBDA_LOG_FORMAT"], "JSON");
        assert_eq!(variables["AWS_LAMBDA_LOG_LEVEL"], "WARN");
    }
}
