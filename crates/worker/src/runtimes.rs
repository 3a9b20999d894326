//! Runtimes: which interpreters this host has, which one serves a function, and how it is started.
//!
//! ```text
//! detect (files, one probe run per binary, cached) ──> [Interpreter]
//!                                                          │
//! runtime identifier ("python3.13") ── RuntimeId::parse ── choose ──> Choice | Refusal
//!                                                          │
//! package, client, installed SDK ───────────────────── launch ──> LaunchPlan (program, args, variables, mounts)
//! ```
//!
//! `choose`, `launch` and `environment` are pure. `detect` runs programs (bounded in time and output) and belongs off
//! the path of `up`. `install` is the only part that reaches a package registry, and only when the operator asks.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub mod choose;
pub mod client;
pub mod detect;
pub mod environment;
pub mod host;
pub mod install;
pub mod launch;
mod probe;

/// A language that needs an interpreter of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    Python,
    Nodejs,
    Java,
}

impl Language {
    pub const ALL: [Language; 3] = [Language::Python, Language::Nodejs, Language::Java];

    /// The name in commands and folders.
    pub fn name(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::Nodejs => "nodejs",
            Language::Java => "java",
        }
    }

    /// The name in sentences.
    pub fn title(self) -> &'static str {
        match self {
            Language::Python => "Python",
            Language::Nodejs => "Node.js",
            Language::Java => "Java",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }

    /// The oldest version that our client, or AWS's for Java, runs on.
    pub fn oldest(self) -> Version {
        match self {
            Language::Python => Version::new(3, 8, 0),
            Language::Nodejs => Version::new(18, 0, 0),
            Language::Java => Version::new(8, 0, 0),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Reads `3.11.7`, `v20.20.2`, `17.0.12+7`, `25`, `1.8.0_402` (Java's old way: 8).
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts =
            text.trim().trim_start_matches('v').split(['.', '_', '+', '-']).map(str::parse::<u32>);
        let major = parts.next()?.ok()?;
        let mut number = || parts.next().and_then(Result::ok).unwrap_or(0);
        let version = Self::new(major, number(), number());
        Some(if version.major == 1 { Self::new(version.minor, 0, version.patch) } else { version })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// One interpreter found on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interpreter {
    pub language: Language,
    pub version: Version,
    /// The binary itself, shims and links resolved.
    pub real_path: PathBuf,
    /// Everything it brought along; shown inside at the same path.
    pub install_root: PathBuf,
    /// More folders that it reads, outside of `install_root` and of the system's own.
    pub libs: Vec<PathBuf>,
}

/// A runtime identifier of the Lambda API, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuntimeId {
    /// Python compares major and minor, the others the major version only.
    Managed { identifier: String, language: Language, major: u32, minor: u32 },
    /// `provided.al2`, `provided.al2023`: the package brings `bootstrap`.
    Provided { identifier: String },
}

impl RuntimeId {
    pub fn parse(identifier: &str) -> Option<Self> {
        let managed = |language, major: &str, minor: &str| {
            Some(Self::Managed {
                identifier: identifier.to_owned(),
                language,
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
            })
        };
        if identifier == "provided" || identifier.starts_with("provided.") {
            return Some(Self::Provided { identifier: identifier.to_owned() });
        }
        if let Some(version) = identifier.strip_prefix("python") {
            let (major, minor) = version.split_once('.')?;
            return managed(Language::Python, major, minor);
        }
        if let Some(version) = identifier.strip_prefix("nodejs") {
            return managed(Language::Nodejs, version.strip_suffix(".x")?, "0");
        }
        let version = identifier.strip_prefix("java")?;
        managed(Language::Java, version.strip_suffix(".al2").unwrap_or(version), "0")
    }

    pub fn identifier(&self) -> &str {
        match self {
            Self::Managed { identifier, .. } | Self::Provided { identifier } => identifier,
        }
    }
}

/// Whether every environment sees this path anyway: the sandbox's root is made of these folders.
pub(crate) fn is_system_path(path: &std::path::Path) -> bool {
    const SYSTEM: [&str; 6] = ["/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32"];
    SYSTEM.iter().any(|folder| path.starts_with(folder)) && !path.starts_with("/usr/local/share")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_in_every_spelling_that_interpreters_use() {
        let cases = [
            ("3.11.7", (3, 11, 7)),
            ("v20.20.2\n", (20, 20, 2)),
            ("17.0.12+7", (17, 0, 12)),
            ("25", (25, 0, 0)),
            ("1.8.0_402", (8, 0, 0)),
            ("3.14.0rc2", (3, 14, 0)),
            ("25-ea", (25, 0, 0)),
        ];
        for (text, (major, minor, patch)) in cases {
            assert_eq!(Version::parse(text), Some(Version::new(major, minor, patch)), "{text}");
        }
        assert_eq!(Version::parse("unknown"), None);
    }

    #[test]
    fn runtime_identifiers_are_taken_apart_and_nonsense_is_not() {
        let parse = |text| match RuntimeId::parse(text) {
            Some(RuntimeId::Managed { language, major, minor, .. }) => Some((language.name(), major, minor)),
            Some(RuntimeId::Provided { .. }) => Some(("provided", 0, 0)),
            None => None,
        };
        assert_eq!(parse("python3.13"), Some(("python", 3, 13)));
        assert_eq!(parse("nodejs22.x"), Some(("nodejs", 22, 0)));
        assert_eq!(parse("java8.al2"), Some(("java", 8, 0)));
        assert_eq!(parse("java21"), Some(("java", 21, 0)));
        assert_eq!(parse("provided.al2023"), Some(("provided", 0, 0)));
        for text in ["", "python", "python3", "nodejs22", "ruby3.3", "javax", "go1.x", "python3.x"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
