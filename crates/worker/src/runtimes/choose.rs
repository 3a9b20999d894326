//! Which interpreter serves a runtime identifier: the exact version, else the nearest one with a warning that is
//! visible, else (or where the operator wants no stand-ins) a refusal that says what to do.

use super::{Interpreter, Language, RuntimeId, Version};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub runtime: RuntimeId,
    /// None for `provided.*`: the package is the program.
    pub interpreter: Option<Interpreter>,
    /// The version that was asked for, to the precision the identifier has.
    pub exact: bool,
    pub warning: Option<String>,
}

/// Why nothing here can serve the runtime. The text is for the caller of CreateFunction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the runtime {0} is not one that this host could ever serve")]
    Unknown(String),
    #[error("the runtime {runtime} needs {} on this host and none is installed. {advice}", .language.title())]
    NotInstalled { runtime: String, language: Language, advice: String },
    #[error(
        "the runtime {runtime} is not installed on this host and --strict-runtimes forbids another version. \
         Installed: {installed}"
    )]
    NotExact { runtime: String, installed: String },
}

pub fn choose(identifier: &str, interpreters: &[Interpreter], strict: bool) -> Result<Choice, Refusal> {
    let runtime = RuntimeId::parse(identifier).ok_or_else(|| Refusal::Unknown(identifier.to_owned()))?;
    let RuntimeId::Managed { language, major, minor, .. } = runtime else {
        return Ok(Choice { runtime, interpreter: None, exact: true, warning: None });
    };
    let usable: Vec<&Interpreter> =
        interpreters.iter().filter(|i| i.language == language && i.version >= language.oldest()).collect();
    let wanted = Version::new(major, minor, 0);
    let Some(best) = usable.iter().min_by_key(|i| rank(language, wanted, i)) else {
        return Err(Refusal::NotInstalled {
            runtime: identifier.to_owned(),
            language,
            advice: advice(language),
        });
    };
    let exact = distance(language, wanted, best.version) == 0;
    if strict && !exact {
        let mut versions: Vec<Version> = usable.iter().map(|i| i.version).collect();
        versions.sort_unstable();
        versions.dedup();
        let installed: Vec<String> = versions.iter().map(|v| format!("{} {v}", language.title())).collect();
        return Err(Refusal::NotExact { runtime: identifier.to_owned(), installed: installed.join(", ") });
    }
    let warning = (!exact).then(|| {
        format!(
            "{identifier} is not installed here: {} {}, the nearest version, stands in",
            language.title(),
            best.version,
        )
    });
    Ok(Choice { runtime, interpreter: Some((*best).clone()), exact, warning })
}

/// Smaller is better: near, newer rather than older, the latest patch, then a stable order.
fn rank(language: Language, wanted: Version, candidate: &Interpreter) -> impl Ord {
    let version = candidate.version;
    let older = version < wanted;
    // Classes compiled for a newer Java do not load on an older one at all: only as the last resort.
    let unloadable = older && language == Language::Java && distance(language, wanted, version) != 0;
    let latest = std::cmp::Reverse(version);
    (unloadable, distance(language, wanted, version), older, latest, candidate.real_path.clone())
}

fn distance(language: Language, wanted: Version, have: Version) -> u32 {
    let majors = wanted.major.abs_diff(have.major);
    match language {
        Language::Python => majors * 1000 + wanted.minor.abs_diff(have.minor),
        Language::Nodejs | Language::Java => majors,
    }
}

fn advice(language: Language) -> String {
    let packages = match language {
        Language::Python => "the package python3, or any version by pyenv",
        Language::Nodejs => "the package nodejs, or any version by nvm",
        Language::Java => "a headless JDK or JRE package, or any version by SDKMAN",
    };
    format!("Install {} ({packages}), then run `tinderbox doctor`.", language.title())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn have(language: Language, version: &str) -> Interpreter {
        let root = PathBuf::from(format!("/opt/{}-{version}", language.name()));
        Interpreter {
            language,
            version: Version::parse(version).unwrap(),
            real_path: root.join("bin/interpreter"),
            install_root: root,
            libs: Vec::new(),
        }
    }

    fn host() -> Vec<Interpreter> {
        [
            (Language::Python, "3.6.15"),
            (Language::Python, "3.9.18"),
            (Language::Python, "3.11.2"),
            (Language::Python, "3.11.7"),
            (Language::Python, "3.13.0"),
            (Language::Nodejs, "20.20.2"),
            (Language::Java, "17.0.12"),
            (Language::Java, "25.0.1"),
        ]
        .map(|(language, version)| have(language, version))
        .to_vec()
    }

    fn chosen(runtime: &str) -> (String, bool) {
        let choice = choose(runtime, &host(), false).unwrap();
        assert_eq!(choice.exact, choice.warning.is_none(), "a stand-in is always announced");
        (choice.interpreter.unwrap().version.to_string(), choice.exact)
    }

    #[test]
    fn the_version_asked_for_is_taken_with_its_latest_patch() {
        assert_eq!(chosen("python3.11"), ("3.11.7".into(), true));
        assert_eq!(chosen("nodejs20.x"), ("20.20.2".into(), true));
        assert_eq!(chosen("java17"), ("17.0.12".into(), true));
    }

    #[test]
    fn the_nearest_version_stands_in_and_newer_wins_a_tie() {
        assert_eq!(chosen("python3.12"), ("3.13.0".into(), false));
        assert_eq!(chosen("python3.10"), ("3.11.7".into(), false));
        assert_eq!(chosen("python3.14"), ("3.13.0".into(), false));
        assert_eq!(chosen("nodejs24.x"), ("20.20.2".into(), false));
    }

    #[test]
    fn a_newer_java_stands_in_before_an_older_nearer_one() {
        assert_eq!(chosen("java21"), ("25.0.1".into(), false));
        assert_eq!(chosen("java11"), ("17.0.12".into(), false));
    }

    #[test]
    fn versions_too_old_for_the_client_are_not_taken() {
        assert_eq!(chosen("python3.8"), ("3.9.18".into(), false));
        let only_old = [have(Language::Python, "3.6.15")];
        assert!(matches!(choose("python3.8", &only_old, false), Err(Refusal::NotInstalled { .. })));
    }

    #[test]
    fn strict_refuses_a_stand_in_and_names_what_is_there() {
        let refusal = choose("nodejs22.x", &host(), true).unwrap_err();
        assert!(refusal.to_string().contains("nodejs22.x is not installed"), "{refusal}");
        assert!(refusal.to_string().contains("Installed: Node.js 20.20.2"), "{refusal}");
        assert!(choose("nodejs20.x", &host(), true).unwrap().exact);
    }

    #[test]
    fn a_missing_language_is_refused_with_advice() {
        let refusal = choose("java21", &[], false).unwrap_err();
        assert!(refusal.to_string().contains("SDKMAN"), "{refusal}");
    }

    #[test]
    fn provided_needs_no_interpreter_even_when_strict() {
        let choice = choose("provided.al2023", &[], true).unwrap();
        assert_eq!((choice.interpreter, choice.exact), (None, true));
    }

    #[test]
    fn an_unknown_runtime_is_refused() {
        assert_eq!(choose("ruby3.3", &host(), false), Err(Refusal::Unknown("ruby3.3".into())));
    }
}
