use super::*;

#[test]
fn every_pin_has_a_version_and_a_hash_and_none_says_from_where() {
    let python: Vec<&str> = PYTHON_PINS.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(python.iter().all(|line| line.contains("==") && line.contains(" --hash=sha256:")), "{python:?}");
    assert!(python.iter().any(|line| line.starts_with("boto3==")));

    let lock: serde_json::Value = serde_json::from_str(NODE_LOCK).unwrap();
    for (path, package) in lock["packages"].as_object().unwrap().iter().filter(|(path, _)| !path.is_empty()) {
        assert!(package["integrity"].as_str().unwrap().starts_with("sha512-"), "{path}");
        assert!(package.get("resolved").is_none(), "{path}");
    }

    let jars = jars(JAVA_PINS);
    assert_eq!(jars.len(), 7);
    assert!(jars.iter().all(|jar| jar.sha256.len() == 64));
    assert!(jars.iter().any(|jar| jar.file() == "aws-lambda-java-runtime-interface-client-2.9.0.jar"));
    assert!(pom(&jars).contains("<artifactId>joda-time</artifactId><version>2.10.8</version>"));
}

#[test]
fn a_jar_that_is_not_the_pinned_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let jar = Jar { group: "g", artifact: "a", version: "1", sha256: &"0".repeat(64) };
    assert!(matches!(verify(folder.path(), &jar), Err(InstallError::Missing(_))));
    fs::write(folder.path().join("a-1.jar"), "other").unwrap();
    assert!(matches!(verify(folder.path(), &jar), Err(InstallError::Checksum { .. })));
}

#[test]
fn an_absent_client_is_named_with_advice_and_leaves_nothing() {
    let data = tempfile::tempdir().unwrap();
    let error = install(Language::Python, data.path(), &[], &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("pip is not there: boto3 needs Python 3.10"), "{error}");
    assert_eq!(names(data.path()), [".install-lock"]);
}

#[test]
fn a_failing_client_is_told_by_its_last_words() {
    let mut said = Vec::new();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "echo first; echo no such package >&2; exit 7"]);
    let error = run("pip", "", command, &mut |progress| said.push(progress)).unwrap_err();
    assert!(error.to_string().contains("exit status: 7"), "{error}");
    assert!(error.to_string().contains("no such package"), "{error}");
    assert_eq!(said[0], Progress::Said("first".into()));

    let missing = run("mvn", "install Maven", Command::new("/nowhere/mvn"), &mut |_| {}).unwrap_err();
    assert_eq!(missing.to_string(), "mvn is not there: install Maven");
}

#[test]
fn a_new_installation_replaces_the_old_one_whole() {
    let data = tempfile::tempdir().unwrap();
    let place = Place::take(data.path()).unwrap();
    let old = place.of(Language::Java);
    fs::create_dir(&old).unwrap();
    fs::write(old.join("old.jar"), "").unwrap();
    let fresh = place.fresh(Language::Java).unwrap();
    fs::write(fresh.join("new.jar"), "").unwrap();
    fs::set_permissions(fresh.join("new.jar"), fs::Permissions::from_mode(0o600)).unwrap();
    Place::mark(&fresh, "pins").unwrap();
    readable(&fresh).unwrap();
    assert_eq!(place.put(Language::Java, &fresh).unwrap(), old);
    assert!(old.join("new.jar").exists() && !old.join("old.jar").exists());
    assert_eq!(fs::metadata(old.join("new.jar")).unwrap().permissions().mode() & 0o777, 0o644);
    assert!(place.has(Language::Java, "pins") && !place.has(Language::Java, "other pins"));
    assert_eq!(names(data.path()), [".install-lock", "java"], "nothing else is left");
}

#[test]
fn what_a_killed_install_left_is_swept_and_two_at_once_are_refused() {
    let data = tempfile::tempdir().unwrap();
    let killed = data.path().join("runtimes/.install-python-999999999");
    fs::create_dir_all(killed.join("boto3")).unwrap();
    let place = Place::take(data.path()).unwrap();
    assert_eq!(names(data.path()), [".install-lock"]);
    assert!(matches!(Place::take(data.path()), Err(InstallError::Busy(_))));
    drop(place);
    assert!(Place::take(data.path()).is_ok());
}

#[test]
fn jars_that_were_changed_after_the_install_are_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    for jar in jars(JAVA_PINS) {
        fs::write(folder.path().join(jar.file()), "changed").unwrap();
    }
    assert!(!is_whole(Language::Java, folder.path()));
}

fn names(data: &Path) -> Vec<String> {
    let entries = fs::read_dir(data.join("runtimes")).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Reaches the registries: `cargo test -p worker -- --ignored`.
#[test]
#[ignore = "downloads from package registries"]
fn all_three_are_installed_by_the_ordinary_clients() {
    let data = tempfile::tempdir().unwrap();
    let found = super::super::detect::detect(&super::super::detect::HostView::of_process(None));
    for (language, sample) in [
        (Language::Java, "aws-lambda-java-core-1.4.0.jar"),
        (Language::Python, "boto3/__init__.py"),
        (Language::Nodejs, "node_modules/@aws-sdk/client-s3/package.json"),
    ] {
        let Installed { folder, already } = install(language, data.path(), &found, &mut |_| {}).unwrap();
        assert!(!already);
        assert!(folder.join(sample).is_file(), "{sample}");
    }
    assert_eq!(names(data.path()), [".install-lock", "java", "nodejs", "python"]);
}

/// For the eyes: what is found here, with times of a first and a second look.
#[test]
#[ignore = "prints what this host has"]
fn what_this_host_has() {
    let data = tempfile::tempdir().unwrap();
    let view = super::super::detect::HostView::of_process(Some(data.path().join("interpreters.json")));
    for interpreter in super::super::detect::detect(&view) {
        println!("{interpreter:?}");
    }
    assert!(data.path().join("interpreters.json").is_file());
}
