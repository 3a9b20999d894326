//! The variables that a language's runtime adds: where it searches, and its own programs first on PATH.
//!
//! What every runtime has is `environment::variables`' of the worker; this goes over it, a customer's goes over this.

use super::choose::Choice;
use super::{Language, RuntimeId, is_system_path};
use crate::environment::PATH;
use std::collections::BTreeMap;

/// What the runtime itself needs; a customer may override it.
pub(super) fn of_runtime(choice: &Choice, sdk_mounted: bool) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let interpreter_bin = choice.interpreter.as_ref().and_then(|i| i.real_path.parent());
    if let Some(bin) = interpreter_bin.filter(|bin| !is_system_path(bin)) {
        // A handler that runs `python3` means the one it runs on.
        variables.insert("PATH".into(), format!("{}:{PATH}", bin.display()));
    }
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
                variables.insert("JAVA_HOME".into(), interpreter.install_root.display().to_string());
            }
        }
        RuntimeId::Provided { .. } => {}
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::super::choose::choose;
    use super::super::{Interpreter, Version};
    use super::*;

    fn of(runtime: &str, sdk_mounted: bool) -> BTreeMap<String, String> {
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
        of_runtime(&choose(runtime, &interpreters, false).unwrap(), sdk_mounted)
    }

    #[test]
    fn each_runtime_gets_the_search_paths_of_its_managed_counterpart() {
        let python = of("python3.13", true);
        assert_eq!(python["PYTHONPATH"], "/var/runtime:/var/runtime/site-packages");
        assert_eq!(of("python3.13", false)["PYTHONPATH"], "/var/runtime");
        assert!(python["PATH"].starts_with("/root/.pyenv/versions/3.13.0/bin:/var/lang/bin:"));
        let node = of("nodejs20.x", true);
        assert!(node["NODE_PATH"].starts_with("/opt/nodejs/node20/node_modules:"));
        assert_eq!(node.get("PATH"), None, "what is in /usr/bin is found without help");
        assert_eq!(of("java17", true)["JAVA_HOME"], "/usr/lib/jvm/17");
        assert!(of("provided.al2023", true).is_empty());
    }
}
