use super::super::choose::choose;
use super::*;

/// Paths inside that are there.
struct Has(Vec<&'static str>);

impl PackageView for Has {
    fn has(&self, inside: &str) -> bool {
        self.0.contains(&inside)
    }

    fn names(&self, inside_folder: &str) -> Vec<String> {
        let inside = |path: &&str| path.rsplit_once('/').is_some_and(|(folder, _)| folder == inside_folder);
        self.0
            .iter()
            .copied()
            .filter(|path| inside(path))
            .filter_map(|p| p.rsplit('/').next())
            .map(str::to_owned)
            .collect()
    }
}

fn interpreter(language: Language, version: Version, root: &str, libs: &[&str]) -> Interpreter {
    let real_path = Path::new(root).join("bin/x");
    let libs = libs.iter().map(PathBuf::from).collect();
    Interpreter { language, version, real_path, install_root: root.into(), libs }
}

fn plan_in(installed: &Path, runtime: &str, package: Has) -> Result<LaunchPlan, LaunchRefusal> {
    let host = [
        interpreter(Language::Python, Version::new(3, 9, 1), "/usr", &[]),
        interpreter(
            Language::Python,
            Version::new(3, 13, 0),
            "/home/u/.pyenv/versions/3.13.0",
            &["/srv/openssl"],
        ),
        interpreter(Language::Nodejs, Version::new(20, 1, 0), "/usr", &[]),
        interpreter(Language::Java, Version::new(25, 0, 0), "/usr/lib/jvm/25", &["/etc/java-25-openjdk"]),
    ];
    let choice = choose(runtime, &host, false).unwrap();
    launch(&Launch {
        choice: &choice,
        handler: "app.handler",
        memory_mb: 512,
        package: &package,
        client: Path::new("/data/runtimes/client-1"),
        installed,
    })
}

fn plan(runtime: &str, package: &[&'static str]) -> Result<LaunchPlan, LaunchRefusal> {
    plan_in(Path::new("/nothing/installed"), runtime, Has(package.to_vec()))
}

fn mounts(plan: &LaunchPlan) -> Vec<(String, String)> {
    plan.read_only_mounts.iter().map(|(a, b)| (a.display().to_string(), b.display().to_string())).collect()
}

fn pair(host: &str, inside: &str) -> (String, String) {
    (host.to_owned(), inside.to_owned())
}

#[test]
fn an_installation_outside_of_usr_is_shown_at_its_own_path_with_its_libraries() {
    let plan = plan("python3.13", &[]).unwrap();
    assert_eq!(plan.program, Path::new("/home/u/.pyenv/versions/3.13.0/bin/x"));
    assert_eq!(plan.args, ["-S", "/var/runtime/bootstrap.py"]);
    assert_eq!(
        mounts(&plan),
        [
            pair("/home/u/.pyenv/versions/3.13.0", "/home/u/.pyenv/versions/3.13.0"),
            pair("/srv/openssl", "/srv/openssl"),
            pair("/data/runtimes/client-1/python", "/var/runtime"),
        ]
    );
}

#[test]
fn an_installation_in_usr_needs_no_mount_of_its_own() {
    let plan = plan("nodejs20.x", &[]).unwrap();
    assert_eq!(mounts(&plan), [pair("/data/runtimes/client-1/nodejs", "/var/runtime")]);
    assert_eq!(plan.args[2..], ["/var/runtime/bootstrap.mjs".to_owned()]);
}

#[test]
fn a_client_that_the_package_or_a_layer_brings_goes_before_ours() {
    let args = |runtime, has: &'static str| plan(runtime, &[has]).unwrap().args;
    let own = args("python3.13", "/var/task/awslambdaric/__main__.py");
    assert!(own[2].contains("['/var/task']") && own[0] == "-S" && own[3] == "app.handler", "{own:?}");
    let layered = args("python3.13", "/opt/python/awslambdaric/__main__.py");
    assert!(layered[2].contains("['/var/task', '/opt/python']"), "{layered:?}");
    let node = args("nodejs20.x", "/var/task/node_modules/aws-lambda-ric/bin/index.mjs");
    assert_eq!(node[2], "/var/task/node_modules/aws-lambda-ric/bin/index.mjs");
}

#[test]
fn java_runs_with_a_client_from_the_package_or_the_installed_one_and_not_without() {
    assert_eq!(plan("java25", &[]), Err(LaunchRefusal::NoJavaClient));
    let jar = "/var/task/lib/aws-lambda-java-runtime-interface-client-2.9.0.jar";
    let own = plan("java25", &[jar]).unwrap();
    assert_eq!(own.args.last().map(String::as_str), Some("app.handler"));
    assert_eq!(own.args[own.args.len() - 2], JAVA_MAIN);
    assert!(own.args.contains(&"-Xmx445644k".to_owned()), "85 of 100 of 512 MiB: {:?}", own.args);
    assert!(own.args.contains(&"--add-opens=java.base/java.io=ALL-UNNAMED".to_owned()), "its log pipe");
    assert_eq!(mounts(&own)[0], pair("/etc/java-25-openjdk", "/etc/java-25-openjdk"));
    assert!(plan("java25", &[JAVA_CLIENT_CLASS]).is_ok(), "an unpacked package has it as a class");

    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir(data.path().join("java")).unwrap();
    let installed = plan_in(data.path(), "java25", Has(vec![])).unwrap();
    assert_eq!(mounts(&installed).last().unwrap().1, "/var/runtime/lib");
}

#[test]
fn what_was_installed_appears_below_var_runtime() {
    let data = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(data.path().join("python")).unwrap();
    std::fs::create_dir_all(data.path().join("nodejs/node_modules")).unwrap();
    let inside = |runtime| {
        let plan = plan_in(data.path(), runtime, Has(vec![])).unwrap();
        plan.sdk_mounted.then(|| mounts(&plan).last().unwrap().1.clone())
    };
    assert_eq!(inside("python3.13").as_deref(), Some("/var/runtime/site-packages"));
    assert_eq!(inside("nodejs20.x").as_deref(), Some("/var/runtime/node_modules"));
    assert_eq!(inside("python3.9"), None, "the pinned boto3 needs 3.10");
}

#[test]
fn provided_runs_the_bootstrap_of_the_package_else_of_a_layer() {
    let program = |has: &[&'static str]| plan("provided.al2023", has).map(|plan| plan.program);
    assert_eq!(program(&["/opt/bootstrap", "/var/task/bootstrap"]), Ok("/var/task/bootstrap".into()));
    assert_eq!(program(&["/opt/bootstrap"]), Ok("/opt/bootstrap".into()));
    let refusal = program(&[]).unwrap_err();
    assert_eq!(refusal.to_string(), "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
}

#[test]
fn folders_on_the_host_are_looked_into_without_following_links() {
    let host = tempfile::tempdir().unwrap();
    let task = host.path().join("task");
    std::fs::create_dir_all(task.join("lib")).unwrap();
    std::fs::write(task.join("lib/a.jar"), "").unwrap();
    std::os::unix::fs::symlink("/etc", task.join("outside")).unwrap();
    let folders = Folders { task, opt: None };
    assert!(folders.has("/var/task/lib/a.jar"));
    assert!(!folders.has("/opt/bootstrap"));
    assert_eq!(folders.names("/var/task/lib"), ["a.jar"]);
    assert!(folders.names("/var/task/outside").is_empty());
}
