use std::cell::{Cell, RefCell};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

/// Knows versions by the content of the file, and who was asked.
#[derive(Default)]
struct ByContent {
    asked: RefCell<Vec<PathBuf>>,
    /// Nobody answers in time.
    busy: Cell<bool>,
}

impl Prober for ByContent {
    fn ask(&self, language: Language, path: &Path) -> Answered {
        self.asked.borrow_mut().push(path.to_owned());
        if self.busy.get() {
            return Answered::Nothing;
        }
        Self::read(language, path).map_or(Answered::None, Answered::Interpreter)
    }
}

impl ByContent {
    fn read(language: Language, path: &Path) -> Option<Interpreter> {
        let text = std::fs::read_to_string(path).ok()?;
        // A shim's content is the path of what it stands for.
        let real = match text.strip_prefix("#!shim ") {
            Some(target) => PathBuf::from(target),
            None => std::fs::canonicalize(path).ok()?,
        };
        let version = Version::parse(&std::fs::read_to_string(&real).ok()?)?;
        let install_root = real.parent()?.parent()?.to_owned();
        Some(Interpreter { language, version, real_path: real, install_root, libs: Vec::new() })
    }
}

struct Host {
    folder: tempfile::TempDir,
    view: HostView,
}

impl Host {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(folder.path()).unwrap();
        let view = HostView {
            path: vec![root.join("home/.pyenv/shims"), root.join("usr/bin")],
            homes: vec![root.join("home")],
            cache_file: Some(root.join("interpreters.json")),
            root,
            ..HostView::default()
        };
        Self { folder, view }
    }

    fn file(&self, path: &str, content: &str) -> PathBuf {
        let full = self.view.root.join(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(&full, content).unwrap();
        std::fs::set_permissions(&full, std::fs::Permissions::from_mode(0o755)).unwrap();
        full
    }

    fn versions(&self, prober: &ByContent) -> Vec<String> {
        look(&self.view, prober, &mut |_| true)
            .iter()
            .map(|i| format!("{} {}", i.language.name(), i.version))
            .collect()
    }
}

#[test]
fn version_managers_system_folders_and_path_are_all_searched() {
    let host = Host::new();
    host.file("usr/bin/python3.11", "3.11.2");
    host.file("usr/bin/nodejs", "v20.20.2");
    host.file("home/.pyenv/versions/3.13.0/bin/python3.13", "3.13.0");
    host.file("home/.nvm/versions/node/v22.1.0/bin/node", "v22.1.0");
    host.file("home/.sdkman/candidates/java/25-tem/bin/java", "25");
    host.file("usr/lib/jvm/java-17/bin/java", "17.0.1");
    host.file("usr/bin/python3-config", "3.0.0");
    host.file("usr/bin/python2.7", "2.7.18");
    assert_eq!(
        host.versions(&ByContent::default()),
        ["python 3.11.2", "python 3.13.0", "nodejs 20.20.2", "nodejs 22.1.0", "java 17.0.1", "java 25.0.0"]
    );
    drop(host.folder);
}

#[test]
fn a_shim_is_the_binary_it_stands_for_and_is_listed_once() {
    let host = Host::new();
    let real = host.file("home/.pyenv/versions/3.11.7/bin/python3.11", "3.11.7");
    host.file("home/.pyenv/shims/python3", &format!("#!shim {}", real.display()));
    let found = look(&host.view, &ByContent::default(), &mut |_| true);
    assert_eq!(found.iter().map(|i| i.real_path.clone()).collect::<Vec<_>>(), [real]);
}

#[test]
fn a_virtual_environment_on_path_is_the_installation_it_was_made_from() {
    let mut host = Host::new();
    let real = host.file("usr/bin/python3.11", "3.11.2");
    let bin = host.view.root.join("project/.venv/bin");
    std::fs::create_dir_all(&bin).unwrap();
    symlink(&real, bin.join("python3")).unwrap();
    host.view.path.insert(0, bin);
    let found = look(&host.view, &ByContent::default(), &mut |_| true);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].real_path, real);
}

#[test]
fn each_binary_is_asked_once_and_again_only_after_it_changed() {
    let host = Host::new();
    let python = host.file("usr/bin/python3.11", "3.11.2");
    symlink(&python, host.view.root.join("usr/bin/python3")).unwrap();
    host.file("usr/bin/node", "not a version");
    let prober = ByContent::default();
    assert_eq!(host.versions(&prober), ["python 3.11.2"]);
    assert_eq!(
        prober.asked.borrow().len(),
        2,
        "two names of one binary are one question: {:?}",
        prober.asked
    );
    assert_eq!(host.versions(&prober), ["python 3.11.2"]);
    assert_eq!(prober.asked.borrow().len(), 2, "the second time all is remembered, failures too");
    host.file("usr/bin/python3.11", "3.11.10");
    assert_eq!(host.versions(&prober), ["python 3.11.10"]);
    assert_eq!(prober.asked.borrow().len(), 3);
}

#[test]
fn a_broken_cache_is_an_empty_one() {
    let host = Host::new();
    host.file("usr/bin/python3", "3.12.1");
    std::fs::write(host.view.cache_file.as_ref().unwrap(), b"{\"format\":1,\"entries\":").unwrap();
    assert_eq!(host.versions(&ByContent::default()), ["python 3.12.1"]);
}

#[test]
fn files_that_cannot_be_run_are_not_candidates() {
    let host = Host::new();
    let file = host.file("usr/bin/python3", "3.12.1");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(host.versions(&ByContent::default()).is_empty());
}

#[test]
fn the_interpreters_of_this_host_are_found_with_existing_binaries_and_roots() {
    let found = detect(&HostView::of_process(None));
    for interpreter in &found {
        assert!(interpreter.real_path.is_file(), "{interpreter:?}");
        assert!(interpreter.real_path.starts_with(&interpreter.install_root), "{interpreter:?}");
        let head = std::fs::read(&interpreter.real_path).unwrap();
        assert_eq!(&head[..4], b"\x7fELF", "a shim was not resolved: {interpreter:?}");
    }
}

#[test]
fn an_interpreter_that_did_not_answer_in_time_is_asked_again_at_the_next_start() {
    let host = Host::new();
    host.file("usr/bin/python3.11", "3.11.7");
    let prober = ByContent::default();
    prober.busy.set(true);
    assert!(host.versions(&prober).is_empty());
    prober.busy.set(false);
    assert_eq!(host.versions(&prober), ["python 3.11.7"]);
}

#[test]
fn what_the_cache_knows_is_told_before_anything_is_asked_and_a_listener_can_end_it() {
    let host = Host::new();
    host.file("usr/bin/python3.11", "3.11.7");
    let prober = ByContent::default();
    host.versions(&prober);
    host.file("usr/bin/node", "20.1.0");
    prober.asked.borrow_mut().clear();
    let mut told = Vec::new();
    look(&host.view, &prober, &mut |seen| {
        told.push((seen, prober.asked.borrow().len()));
        true
    });
    let told: Vec<String> = told
        .iter()
        .map(|(seen, asked)| match seen {
            Seen::Interpreter(it) => format!("{} {} after {asked}", it.language.name(), it.version),
            Seen::All(language) => format!("all {}", language.name()),
        })
        .collect();
    let expected = ["python 3.11.7 after 0", "all python", "all java", "nodejs 20.1.0 after 1", "all nodejs"];
    assert_eq!(told, expected);

    host.file("usr/bin/python3.12", "3.12.1");
    prober.asked.borrow_mut().clear();
    look(&host.view, &prober, &mut |_| false);
    assert!(prober.asked.borrow().is_empty());
}

#[test]
fn for_one_language_only_that_is_asked_and_the_rest_stays_remembered() {
    let host = Host::new();
    host.file("usr/bin/python3.11", "3.11.2");
    host.file("usr/bin/python3.12", "3.12.1");
    host.file("usr/bin/node", "v20.20.2");
    host.file("usr/bin/java", "21");
    let prober = ByContent::default();
    look(&host.view, &prober, &mut Only(Language::Nodejs));
    assert_eq!(*prober.asked.borrow(), [host.view.root.join("usr/bin/node")]);
    look(&host.view, &prober, &mut Only(Language::Python));
    assert_eq!(prober.asked.borrow().len(), 3);
    host.versions(&prober);
    assert_eq!(prober.asked.borrow().len(), 4, "only java was left");
}
