//! The no-ops of the other sections, and two functions whose init takes a second or two: real imports, many classes.

use crate::api::Package;
use crate::functions::{self, Function};
use crate::{Outcome, Setting};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(super) const JAVA: &str = "java-classes";
const IMPORTS: &str = "python-imports";

pub(super) fn all(setting: &Setting, notes: &mut Vec<String>) -> Outcome<Vec<Function>> {
    let mut all = functions::all(setting, notes)?;
    let python = all
        .iter()
        .find(|it| it.language == "python")
        .map(|it| (it.bare.0.clone(), it.package.runtime.clone()));
    let imports = python.ok_or_else(|| "no Python".to_owned()).and_then(|it| imports(setting, it));
    for (language, made) in [(IMPORTS, imports), (JAVA, classes(setting))] {
        match made {
            Ok(function) => all.push(function),
            Err(reason) => notes.push(format!("{language}: skipped: {reason}")),
        }
    }
    if let Some(wanted) = &setting.functions {
        all.retain(|it| wanted.split(',').any(|name| name == it.language));
    }
    Ok(all)
}

/// Packages come by pip, once.
fn imports(setting: &Setting, (python, runtime): (PathBuf, String)) -> Outcome<Function> {
    let source = setting.root.join("bench/functions/imports-python");
    let folder = setting.out.join("imports-python");
    let wanted = read(&source.join("requirements.txt"))?;
    let installed = setting.out.join("imports-python.txt");
    if read(&installed).ok().as_ref() != Some(&wanted) {
        let _ = std::fs::remove_dir_all(&folder); // of other requirements, or half made
        let mut command = Command::new(&python);
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]);
        command.args(["--only-binary=:all:", "--root-user-action=ignore", "--target"]).arg(&folder);
        command.arg("--requirement").arg(source.join("requirements.txt"));
        run(&mut command)?;
        write(&installed, wanted.as_bytes())?;
    }
    let handler = std::fs::read(source.join("lambda_function.py")).map_err(|error| error.to_string())?;
    write(&folder.join("lambda_function.py"), &handler)?;
    let zip = functions::zip_folder(&folder, &|path| {
        // Their own tests are half of the files.
        !path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "__pycache__")
    })?;
    let package = Package { runtime, handler: "lambda_function.lambda_handler", zip };
    let script =
        format!("import sys; sys.path.insert(0, {:?}); import lambda_function", folder.display().to_string());
    Ok(Function { language: IMPORTS, package, bare: (python, vec!["-c".to_owned(), script]), waits: true })
}

fn classes(setting: &Setting) -> Outcome<Function> {
    let source = setting.root.join("bench/functions/classes-java/Classes.java");
    let folder = setting.out.join("classes-java");
    run(Command::new("javac").args(["--release", "17", "-d"]).arg(&folder).arg(source))?;
    let package = Package {
        runtime: "java17".to_owned(),
        handler: "Classes::handle",
        zip: functions::zip_folder(&folder, &|_| true)?,
    };
    let arguments = ["-cp".to_owned(), folder.display().to_string(), "Classes".to_owned()];
    Ok(Function { language: JAVA, package, bare: (PathBuf::from("java"), arguments.to_vec()), waits: false })
}

fn run(command: &mut Command) -> Outcome<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    match status.map_err(|error| format!("{program}: {error}"))? {
        status if status.success() => Ok(()),
        status => Err(format!("{program}: {status}")),
    }
}

fn read(path: &Path) -> Outcome<String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Outcome<()> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
