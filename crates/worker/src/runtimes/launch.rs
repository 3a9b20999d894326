//! How a function's process is started: program, arguments, and what is shown to it read-only.
//!
//! Inside, `/var/task` is the package, `/opt` the layers, `/var/runtime` our client. What `tinderbox runtimes install`
//! brought appears below `/var/runtime`. A client in the package or a layer goes before ours.

use std::path::{Path, PathBuf};

use super::choose::Choice;
use super::{Interpreter, Language, RuntimeId, Version, is_system_path};

const JAVA_MAIN: &str = "com.amazonaws.services.lambda.runtime.api.client.AWSLambda";
const JAVA_CLIENT_JAR: &str = "aws-lambda-java-runtime-interface-client-";
const JAVA_CLIENT_CLASS: &str = "/var/task/com/amazonaws/services/lambda/runtime/api/client/AWSLambda.class";
/// The pinned boto3 does not import on older ones.
const PYTHON_SDK_OLDEST: Version = Version::new(3, 10, 0);

/// Python's `-S`. The packages and `.pth` hooks that somebody installed on this host are not the function's: what works
/// only because of them works nowhere else. The rest of what `site` does is done by the client.
const NO_SITE: &str = "-S";

/// Looks into what will be `/var/task` and `/opt`, by paths as seen inside.
pub trait PackageView {
    fn has(&self, inside: &str) -> bool;
    fn names(&self, inside_folder: &str) -> Vec<String>;
}

/// A package and its merged layers as folders on the host.
#[derive(Debug, Clone)]
pub struct Folders {
    pub task: PathBuf,
    pub opt: Option<PathBuf>,
}

impl Folders {
    fn on_host(&self, inside: &str) -> Option<PathBuf> {
        if let Some(rest) = inside.strip_prefix("/var/task") {
            return Some(self.task.join(rest.trim_start_matches('/')));
        }
        let rest = inside.strip_prefix("/opt")?;
        Some(self.opt.as_ref()?.join(rest.trim_start_matches('/')))
    }
}

impl PackageView for Folders {
    /// Links are not followed: they are the package's, and lead out of it on the host.
    fn has(&self, inside: &str) -> bool {
        self.on_host(inside).is_some_and(|path| path.symlink_metadata().is_ok())
    }

    fn names(&self, inside_folder: &str) -> Vec<String> {
        let Some(folder) = self.on_host(inside_folder) else { return Vec::new() };
        if !folder.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            return Vec::new();
        }
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        entries.filter_map(Result::ok).filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }
}

pub struct Launch<'a> {
    pub choice: &'a Choice,
    pub handler: &'a str,
    pub memory_mb: u32,
    pub package: &'a dyn PackageView,
    /// What `client::unpack` answered.
    pub client: &'a Path,
    /// `DATA/runtimes`: below it `python`, `nodejs`, `java` where the operator installed them.
    pub installed: &'a Path,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchPlan {
    /// As seen inside.
    pub program: PathBuf,
    pub args: Vec<String>,
    /// Path on the host, path inside. Parents before children.
    pub read_only_mounts: Vec<(PathBuf, PathBuf)>,
    /// An SDK of ours is among the mounts: the variables say so too.
    pub sdk_mounted: bool,
    /// The program is a client of ours, which can wait for its function; it takes the handler from `_HANDLER`.
    pub ahead: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LaunchRefusal {
    /// The platform reports this one as Runtime.InvalidEntrypoint.
    #[error("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")]
    NoBootstrap,
    #[error(
        "Java functions need AWS's runtime interface client. Run `tinderbox runtimes install java`, or add \
         com.amazonaws:aws-lambda-java-runtime-interface-client to the package's lib/."
    )]
    NoJavaClient,
    #[error("the chosen runtime has no interpreter")]
    NoInterpreter,
}

pub fn launch(launch: &Launch<'_>) -> Result<LaunchPlan, LaunchRefusal> {
    let RuntimeId::Managed { language, .. } = launch.choice.runtime else { return provided(launch) };
    let interpreter = launch.choice.interpreter.as_ref().ok_or(LaunchRefusal::NoInterpreter)?;
    let (args, own_client) = match language {
        Language::Python => python(launch),
        Language::Nodejs => nodejs(launch),
        Language::Java => (java(launch, interpreter.version), java_client_in_package(launch.package)),
    };
    let mut mounts: Vec<(PathBuf, PathBuf)> = Vec::new();
    for folder in std::iter::once(&interpreter.install_root).chain(&interpreter.libs) {
        if !is_system_path(folder) {
            mounts.push((folder.clone(), folder.clone()));
        }
    }
    mounts.push((launch.client.join(language.name()), "/var/runtime".into()));
    let sdk = sdk(launch.installed, interpreter);
    let sdk_mounted = sdk.is_some();
    if language == Language::Java && !own_client && !sdk_mounted {
        return Err(LaunchRefusal::NoJavaClient);
    }
    mounts.extend(sdk);
    let ahead = !own_client && language != Language::Java;
    let program = interpreter.real_path.clone();
    Ok(LaunchPlan { program, args, read_only_mounts: mounts, sdk_mounted, ahead })
}

fn provided(launch: &Launch<'_>) -> Result<LaunchPlan, LaunchRefusal> {
    let program = ["/var/task/bootstrap", "/opt/bootstrap"]
        .into_iter()
        .find(|path| launch.package.has(path))
        .ok_or(LaunchRefusal::NoBootstrap)?;
    let read_only_mounts = Vec::new();
    Ok(LaunchPlan {
        program: program.into(),
        args: Vec::new(),
        read_only_mounts,
        sdk_mounted: false,
        ahead: false,
    })
}

/// The folder that `install` made, if it did, and where it goes.
fn sdk(installed: &Path, interpreter: &Interpreter) -> Option<(PathBuf, PathBuf)> {
    let folder = installed.join(interpreter.language.name());
    let (from, to) = match interpreter.language {
        Language::Python if interpreter.version < PYTHON_SDK_OLDEST => return None,
        Language::Python => (folder, "/var/runtime/site-packages"),
        Language::Nodejs => (folder.join("node_modules"), "/var/runtime/node_modules"),
        Language::Java => (folder, "/var/runtime/lib"),
    };
    from.is_dir().then(|| (from, to.into()))
}

fn python(launch: &Launch<'_>) -> (Vec<String>, bool) {
    let version = launch.choice.interpreter.as_ref().map(|i| i.version);
    let layer = version.map(|v| format!("/opt/python/lib/python{}.{}/site-packages", v.major, v.minor));
    let folders = [Some("/var/task".to_owned()), layer, Some("/opt/python".to_owned())];
    let holder =
        folders.into_iter().flatten().find(|f| launch.package.has(&format!("{f}/awslambdaric/__main__.py")));
    let Some(folder) = holder else {
        return (vec![NO_SITE.into(), "/var/runtime/bootstrap.py".into()], false);
    };
    // What `-m` does, but for `site`: see NO_SITE.
    let folders =
        if folder == "/var/task" { "'/var/task'".into() } else { format!("'/var/task', '{folder}'") };
    let code = format!(
        "import runpy, site, sys; site.setquit(); site.setcopyright(); site.sethelper(); site.execsitecustomize(); \
         sys.path[0:1] = [{folders}]; runpy.run_module('awslambdaric', run_name='__main__', alter_sys=True)"
    );
    (vec![NO_SITE.into(), "-c".into(), code, launch.handler.into()], true)
}

fn nodejs(launch: &Launch<'_>) -> (Vec<String>, bool) {
    let holder = ["/var/task/node_modules", "/opt/nodejs/node_modules"]
        .map(|folder| format!("{folder}/aws-lambda-ric/bin/index.mjs"))
        .into_iter()
        .find(|path| launch.package.has(path));
    let heap = format!("--max-semi-space-size={}", semi_space_mb(launch.memory_mb));
    let old = format!("--max-old-space-size={}", old_space_mb(launch.memory_mb));
    match holder {
        Some(program) => (vec![heap, old, program, launch.handler.into()], true),
        None => (vec![heap, old, "/var/runtime/bootstrap.mjs".into()], false),
    }
}

/// Managed runtimes give the heap nine tenths of the memory, so that a leak ends as V8's own message where it can.
fn old_space_mb(memory_mb: u32) -> u32 {
    memory_mb * 9 / 10
}

/// Short-lived garbage of one invocation fits; a twentieth keeps small functions small.
fn semi_space_mb(memory_mb: u32) -> u32 {
    (memory_mb / 20).clamp(1, 64)
}

fn java_client_in_package(package: &dyn PackageView) -> bool {
    let is_client = |name: &String| name.starts_with(JAVA_CLIENT_JAR) && name.ends_with(".jar");
    package.has(JAVA_CLIENT_CLASS)
        || ["/var/task/lib", "/opt/java/lib"].iter().any(|folder| package.names(folder).iter().any(is_client))
}

fn java(launch: &Launch<'_>, version: Version) -> Vec<String> {
    let heap_kb = u64::from(launch.memory_mb) * 1024 * heap_percent(launch.memory_mb) / 100;
    let mut args: Vec<String> = [
        "-XX:+UseSerialGC",        // one or two cores: no collector threads to start
        "-XX:TieredStopAtLevel=1", // C1 only: first answers matter more than peak speed
        "-Xshare:auto",            // the JDK's own class data archive
        "-XX:-UsePerfData",        // no file in /tmp that nobody reads
        "-Xlog:disable",           // warnings of the JVM would be lines of the function
        "-Xlog:all=error:stderr",
        // As AWS starts it: hooks that functions register with org.crac (SnapStart) reach the client.
        "-Dorg.crac.Core.Compat=com.amazonaws.services.lambda.crac",
    ]
    .map(str::to_owned)
    .to_vec();
    args.push(format!("-Xmx{heap_kb}k"));
    if version.major < 9 {
        args.retain(|arg| !arg.starts_with("-Xlog"));
    } else {
        // The client opens the log pipe by its number; without this it falls back to lines run together on stdout.
        args.push("--add-opens=java.base/java.io=ALL-UNNAMED".into());
    }
    if version.major >= 24 {
        args.push("--enable-native-access=ALL-UNNAMED".into()); // the client loads its native part
    }
    let classpath = "/var/task:/var/task/lib/*:/opt/java/lib/*:/var/runtime/lib/*";
    args.extend(["-cp", classpath, JAVA_MAIN, launch.handler].map(str::to_owned));
    args
}

/// The JVM's own needs do not shrink with the memory: less is left for the heap of a small function.
fn heap_percent(memory_mb: u32) -> u64 {
    match memory_mb {
        0..=255 => 50,
        256..=511 => 70,
        _ => 85,
    }
}

#[cfg(test)]
#[path = "launch_tests.rs"]
mod tests;
