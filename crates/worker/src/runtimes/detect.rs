//! Finds the interpreters of this host: PATH, the system's folders and what version managers install.
//!
//! ```text
//! candidates (paths that look right) ── cached and file unchanged ──> Interpreter | "is none"
//!                │                                                        ^
//!                └── otherwise run it once, bounded ── remember ─────────┘
//! ```
//!
//! Shims are scripts: they are run like any candidate and answer with the binary that they stand for. A virtual
//! environment's interpreter resolves to the installation it was made from.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::probe::{PROBE_TIME_MAX, Said, ask};
use super::{Interpreter, Language, Version, is_system_path};

/// More files than any host has; a folder full of look-alikes must not become thousands of probe runs.
const CANDIDATES_MAX: usize = 128;
/// Some hundred entries of a few hundred bytes.
const CACHE_BYTES_MAX: u64 = 1024 * 1024;
/// Bumped when a probe asks for more than it did: older answers are asked again.
const CACHE_FORMAT: u32 = 1;

/// Where to look. Tests make their own; `HostView::of_process` is the real one.
#[derive(Debug, Clone, Default)]
pub struct HostView {
    /// The folders of PATH, in order.
    pub path: Vec<PathBuf>,
    /// Homes whose version managers count: the user's, and root's own under sudo.
    pub homes: Vec<PathBuf>,
    /// PYENV_ROOT, NVM_DIR and SDKMAN_DIR where they are set.
    pub pyenv_root: Option<PathBuf>,
    pub nvm_dir: Option<PathBuf>,
    pub sdkman_dir: Option<PathBuf>,
    /// Under which `usr/bin`, `usr/lib/jvm` and `opt` are: `/`.
    pub root: PathBuf,
    /// What was found before, in the data folder. None: ask every time.
    pub cache_file: Option<PathBuf>,
}

impl HostView {
    pub fn of_process(cache_file: Option<PathBuf>) -> Self {
        let folder = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        Self {
            path: std::env::split_paths(&path).filter(|p| p.is_absolute()).collect(),
            homes: folder("HOME").into_iter().collect(),
            pyenv_root: folder("PYENV_ROOT"),
            nvm_dir: folder("NVM_DIR"),
            sdkman_dir: folder("SDKMAN_DIR"),
            root: PathBuf::from("/"),
            cache_file,
        }
    }

    /// For a command without a data folder: what it finds is remembered where XDG says that a user's caches are.
    pub fn of_user() -> Self {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
        Self::of_process(caches.map(|caches| caches.join("tinderbox/interpreters.json")))
    }
}

/// What is behind a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    Interpreter(Interpreter),
    /// None, and it will not become one while the file stays as it is.
    None,
    /// It did not answer in time or could not be started: a busy host's doing perhaps, so it is asked again.
    Nothing,
}

/// Says what is behind a path; the real one runs it.
pub trait Prober {
    fn ask(&self, language: Language, path: &Path) -> Answered;
}

/// What is told while it is looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Interpreter(Interpreter),
    /// Every interpreter of this language has been told.
    All(Language),
}

/// Who is told, and may be in a hurry.
pub trait Audience {
    /// Whether to go on.
    fn tell(&mut self, seen: Seen) -> bool;

    /// What somebody waits for, maybe in a certain version: it is looked for first.
    fn wants(&self) -> Option<(Language, Option<Version>)> {
        None
    }
}

impl<F: FnMut(Seen) -> bool> Audience for F {
    fn tell(&mut self, seen: Seen) -> bool {
        self(seen)
    }
}

/// Every interpreter of the host, each real binary once, sorted by language and version. Runs programs.
pub fn detect(view: &HostView) -> Vec<Interpreter> {
    look(view, &RunIt, &mut |_| true)
}

/// Those of one language; fewer programs are run.
pub fn detect_language(view: &HostView, language: Language) -> Vec<Interpreter> {
    let mut found = look(view, &RunIt, &mut Only(language));
    found.retain(|interpreter| interpreter.language == language);
    found
}

/// Until it has been told every interpreter of its language.
struct Only(Language);

impl Audience for Only {
    fn tell(&mut self, seen: Seen) -> bool {
        seen != Seen::All(self.0)
    }
    fn wants(&self) -> Option<(Language, Option<Version>)> {
        Some((self.0, None))
    }
}

/// [`detect`], telling what it sees as soon as it does: what the cache knows first, then what has to be asked.
pub fn look(view: &HostView, prober: &dyn Prober, audience: &mut dyn Audience) -> Vec<Interpreter> {
    let old = view.cache_file.as_deref().map(Cache::read).unwrap_or_default();
    let mut new = Cache::default();
    let mut looking = Looking { found: BTreeMap::new(), audience };
    let mut unknown = Vec::new();
    let mut go_on = true;
    for candidate in real_candidates(view) {
        match old.get(&candidate.real, &candidate.stamp).cloned() {
            None => unknown.push(candidate),
            Some(known) => {
                go_on &= looking.see(known.as_ref());
                new.put(candidate.real, candidate.stamp, known);
            }
        }
    }
    // Java is asked by reading a file, Node.js seldom is there more than twice, Python often ten times.
    unknown.sort_by_key(|candidate| std::cmp::Reverse(candidate.language));
    go_on &= looking.complete(&unknown, Language::ALL);
    while go_on && !unknown.is_empty() {
        let candidate = unknown.remove(looking.most_wanted(&unknown));
        let answer = match prober.ask(candidate.language, &candidate.path) {
            Answered::Nothing => None,
            Answered::None => Some(None),
            Answered::Interpreter(interpreter) => Some(Some(interpreter)),
        };
        if let Some(answer) = answer {
            go_on &= looking.see(answer.as_ref());
            new.put(candidate.real, candidate.stamp, answer);
        }
        go_on &= looking.complete(&unknown, [candidate.language]);
    }
    if let Some(file) = view.cache_file.as_deref().filter(|_| new != old) {
        // A cache that cannot be written costs time at the next start, nothing else.
        if let Err(error) = new.write(file) {
            tracing::debug!(file = %file.display(), %error, "interpreters found are not remembered");
        }
    }
    let mut interpreters: Vec<Interpreter> = looking.found.into_values().collect();
    interpreters
        .sort_by(|a, b| (a.language, a.version, &a.real_path).cmp(&(b.language, b.version, &b.real_path)));
    interpreters
}

struct Looking<'a> {
    found: BTreeMap<PathBuf, Interpreter>,
    audience: &'a mut dyn Audience,
}

impl Looking<'_> {
    /// Tells it, once for each real binary; whether to go on.
    fn see(&mut self, interpreter: Option<&Interpreter>) -> bool {
        let Some(interpreter) = interpreter else { return true };
        let first = self.found.insert(interpreter.real_path.clone(), interpreter.clone()).is_none();
        !first || self.audience.tell(Seen::Interpreter(interpreter.clone()))
    }

    /// Tells which of these languages have nothing left to ask; whether to go on.
    fn complete(&mut self, left: &[Candidate], languages: impl IntoIterator<Item = Language>) -> bool {
        let done = |language: &Language| left.iter().all(|candidate| candidate.language != *language);
        languages.into_iter().filter(done).all(|language| self.audience.tell(Seen::All(language)))
    }

    /// By its name, or at least by its language; else the first.
    fn most_wanted(&self, unknown: &[Candidate]) -> usize {
        let Some((language, version)) = self.audience.wants() else { return 0 };
        let named = version.map(|version| match language {
            Language::Python => format!("{}.{}", version.major, version.minor),
            Language::Nodejs | Language::Java => version.major.to_string(),
        });
        let speaks = |candidate: &Candidate| candidate.language == language;
        let by_name = |it: &Candidate| {
            speaks(it) && named.as_ref().is_some_and(|named| it.real.to_string_lossy().contains(named))
        };
        unknown.iter().position(by_name).or_else(|| unknown.iter().position(speaks)).unwrap_or(0)
    }
}

/// A file that looks like an interpreter.
struct Candidate {
    language: Language,
    path: PathBuf,
    /// Links resolved: many names, one binary. (A script is no binary: it is asked.)
    real: PathBuf,
    stamp: Stamp,
}

fn real_candidates(view: &HostView) -> Vec<Candidate> {
    let mut seen = BTreeSet::new();
    let candidates = candidates(view).into_iter().filter_map(|(language, path)| {
        let stamp = Stamp::of(&path)?;
        let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let first = seen.insert((language, real.clone()));
        first.then_some(Candidate { language, path, real, stamp })
    });
    candidates.collect()
}

fn candidates(view: &HostView) -> Vec<(Language, PathBuf)> {
    let mut all = Vec::new();
    let mut folders = view.path.clone();
    folders.extend(["usr/bin", "usr/local/bin"].map(|folder| view.root.join(folder)));
    for folder in installations(view) {
        folders.push(folder.join("bin"));
    }
    let mut seen = BTreeSet::new();
    for folder in folders.into_iter().filter(|folder| seen.insert(folder.clone())) {
        let mut names = listed(&folder);
        names.retain(|name| language_of(name).is_some());
        for name in names {
            if let Some(language) = language_of(&name) {
                all.push((language, folder.join(name)));
            }
        }
    }
    all.truncate(CANDIDATES_MAX);
    all
}

/// Folders with a `bin` of their own.
fn installations(view: &HostView) -> Vec<PathBuf> {
    let mut parents: Vec<PathBuf> = vec![view.root.join("usr/lib/jvm"), view.root.join("opt")];
    parents.extend(view.pyenv_root.iter().map(|root| root.join("versions")));
    parents.extend(view.nvm_dir.iter().map(|root| root.join("versions/node")));
    parents.extend(view.sdkman_dir.iter().map(|root| root.join("candidates/java")));
    for home in &view.homes {
        parents.extend(
            [
                ".pyenv/versions",
                ".nvm/versions/node",
                ".sdkman/candidates/java",
                ".asdf/installs/python",
                ".asdf/installs/nodejs",
                ".asdf/installs/java",
                ".local/share/mise/installs/python",
                ".local/share/mise/installs/node",
                ".local/share/mise/installs/java",
                ".local/share/uv/python",
                ".volta/tools/image/node",
            ]
            .map(|folder| home.join(folder)),
        );
    }
    parents.iter().flat_map(|parent| listed(parent).into_iter().map(|name| parent.join(name))).collect()
}

fn listed(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    names
}

/// `python3`, `python3.12`, `node`, `nodejs`, `java`; not `python3-config`, not `python2`.
fn language_of(name: &str) -> Option<Language> {
    match name {
        "node" | "nodejs" => Some(Language::Nodejs),
        "java" => Some(Language::Java),
        "python3" => Some(Language::Python),
        _ => {
            let minor = name.strip_prefix("python3.")?;
            (!minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit())).then_some(Language::Python)
        }
    }
}

/// Whether a file is still the one that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stamp {
    modified_ns: u64,
    bytes: u64,
}

impl Stamp {
    /// None if it is no file that could be run.
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::PermissionsExt;
        let meta = std::fs::metadata(path).ok()?;
        if !meta.is_file() || meta.permissions().mode() & 0o111 == 0 {
            return None;
        }
        let modified = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self { modified_ns: u64::try_from(modified.as_nanos()).ok()?, bytes: meta.len() })
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cache {
    format: u32,
    entries: BTreeMap<PathBuf, (Stamp, Option<Interpreter>)>,
}

impl Cache {
    /// Anything unreadable is an empty cache: it is made of nothing but answers that can be asked for again.
    fn read(file: &Path) -> Self {
        let mut text = String::new();
        let Ok(opened) = std::fs::File::open(file) else { return Self::default() };
        if opened.take(CACHE_BYTES_MAX).read_to_string(&mut text).is_err() {
            return Self::default();
        }
        serde_json::from_str::<Self>(&text).ok().filter(|c| c.format == CACHE_FORMAT).unwrap_or_default()
    }

    fn write(&self, file: &Path) -> std::io::Result<()> {
        let text = serde_json::to_vec(self)?;
        file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        let fresh = file.with_extension("new");
        std::fs::write(&fresh, text)?;
        std::fs::rename(fresh, file)
    }

    fn get(&self, path: &Path, stamp: &Stamp) -> Option<&Option<Interpreter>> {
        let (known, interpreter) = self.entries.get(path)?;
        let still_there = interpreter.as_ref().is_none_or(|i| i.real_path.exists());
        (known == stamp && still_there).then_some(interpreter)
    }

    fn put(&mut self, path: PathBuf, stamp: Stamp, interpreter: Option<Interpreter>) {
        self.format = CACHE_FORMAT;
        self.entries.insert(path, (stamp, interpreter));
    }
}

/// Asks by running.
pub(super) struct RunIt;

const PYTHON_QUESTION: &str = r#"
import json, sys
try:
    import bz2, ctypes, lzma, sqlite3, ssl
except ImportError:
    pass
try:
    maps = {line.split(None, 5)[5].strip() for line in open("/proc/self/maps") if ".so" in line}
except OSError:
    maps = set()
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "path": getattr(sys, "_base_executable", "") or sys.executable,
    "root": sys.base_prefix,
    "shared": sorted(maps),
    "ok": sys.implementation.name == "cpython",
}))
"#;
const NODE_QUESTION: &str = "let shared = []; try { shared = process.report.getReport().sharedObjects } catch {}; \
     console.log(JSON.stringify({ version: process.versions.node, path: process.execPath, \
     root: require('path').resolve(process.execPath, '../..'), shared, ok: process.release.name === 'node' }))";

#[derive(Deserialize)]
struct Answer {
    version: String,
    path: PathBuf,
    root: PathBuf,
    shared: Vec<PathBuf>,
    ok: bool,
}

impl Prober for RunIt {
    fn ask(&self, language: Language, path: &Path) -> Answered {
        let said = match language {
            Language::Python => ask(path, &["-I", "-c", PYTHON_QUESTION], PROBE_TIME_MAX),
            Language::Nodejs => ask(path, &["-e", NODE_QUESTION], PROBE_TIME_MAX),
            Language::Java => return java(path).map_or(Answered::None, Answered::Interpreter),
        };
        match said {
            Said::Text(text) => understood(language, &text).map_or(Answered::None, Answered::Interpreter),
            Said::No => Answered::None,
            Said::Nothing => Answered::Nothing,
        }
    }
}

fn understood(language: Language, text: &str) -> Option<Interpreter> {
    let answer: Answer = serde_json::from_str(text.trim()).ok()?;
    let real_path = std::fs::canonicalize(answer.path).ok().filter(|_| answer.ok)?;
    let install_root = std::fs::canonicalize(answer.root).ok()?;
    let libs = foreign_folders(&install_root, answer.shared.iter());
    Some(Interpreter { language, version: Version::parse(&answer.version)?, real_path, install_root, libs })
}

/// Java says what it is in a file beside it; running it would take 0.3 s each.
fn java(path: &Path) -> Option<Interpreter> {
    let real_path = std::fs::canonicalize(path).ok()?;
    let install_root = real_path.parent()?.parent()?.to_owned();
    let mut text = String::new();
    let release = std::fs::File::open(install_root.join("release")).ok()?;
    release.take(CACHE_BYTES_MAX).read_to_string(&mut text).ok()?;
    let version =
        text.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?.trim_matches('"').to_owned();
    // Debian keeps configuration that java cannot start without in /etc, behind links.
    let links: Vec<PathBuf> = ["conf", "conf/security", "lib", "lib/security", "lib/server"]
        .into_iter()
        .map(|folder| install_root.join(folder))
        .flat_map(|folder| {
            let inside: Vec<PathBuf> = listed(&folder).into_iter().map(|name| folder.join(name)).collect();
            std::iter::once(folder).chain(inside)
        })
        .filter(|path| path.is_symlink())
        .filter_map(|path| std::fs::canonicalize(path).ok())
        .collect();
    let libs = foreign_folders(&install_root, links.iter());
    Some(Interpreter {
        language: Language::Java,
        version: Version::parse(&version)?,
        real_path,
        install_root,
        libs,
    })
}

/// The folders of files that are neither in the installation nor in the system's own folders.
fn foreign_folders<'a>(install_root: &Path, files: impl Iterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
    let folders: BTreeSet<PathBuf> = files
        .filter_map(|file| std::fs::canonicalize(file).ok())
        .filter_map(|file| if file.is_dir() { Some(file) } else { file.parent().map(Path::to_owned) })
        .filter(|folder| !folder.starts_with(install_root) && !is_system_path(folder))
        // A file right in a top folder would show all of it: rather the interpreter lacks one library.
        .filter(|folder| folder.components().count() > 2)
        .collect();
    let top = |folder: &&PathBuf| !folders.iter().any(|other| other != *folder && folder.starts_with(other));
    folders.iter().filter(top).cloned().collect()
}

#[cfg(test)]
#[path = "detect_tests.rs"]
mod tests;
