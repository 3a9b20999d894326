//! What a package is: its runtime and handler, guessed from its files and said aloud.
//!
//! Pure over the names and first bytes of the files; the versions that are installed come in as data.

use crate::package::Files;
use worker::runtimes::{Interpreter, Language};

/// A runtime and, where it can be seen, a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) runtime: String,
    pub(crate) handler: Option<String>,
    /// What was seen.
    pub(crate) because: String,
}

/// File names in the order in which people choose them.
const PYTHON_FIRST: [&str; 6] =
    ["lambda_function.py", "app.py", "handler.py", "main.py", "index.py", "function.py"];
const NODE_STEMS: [&str; 5] = ["index", "handler", "app", "main", "lambda"];
const NODE_EXTENSIONS: [&str; 3] = ["mjs", "js", "cjs"];
const HANDLER_NAMES: [&str; 4] = ["lambda_handler", "handler", "lambdaHandler", "main"];
const JAVA_INTERFACES: [&str; 2] = ["RequestStreamHandler", "RequestHandler"];

/// `None`: nothing here looks like a function. `interpreters` of its language choose the version, the newest.
pub(crate) fn guess(
    files: &dyn Files,
    interpreters: impl FnOnce(Language) -> Vec<Interpreter>,
) -> Option<Guess> {
    let names = files.names();
    if names.contains(&"bootstrap") {
        return Some(Guess {
            runtime: "provided.al2023".to_owned(),
            handler: Some("bootstrap".to_owned()),
            because: "bootstrap".to_owned(),
        });
    }
    let found = python(files, &names).or_else(|| node(files, &names)).or_else(|| java(files, &names));
    let (language, handler, because) = found?;
    Some(Guess { runtime: runtime(language, &interpreters(language)), handler, because })
}

type Found = (Language, Option<String>, String);

fn python(files: &dyn Files, names: &[&str]) -> Option<Found> {
    let mut candidates: Vec<&str> =
        names.iter().copied().filter(|name| name.ends_with(".py") && !name.contains('/')).collect();
    candidates.sort_by_key(|name| PYTHON_FIRST.iter().position(|first| first == name).unwrap_or(usize::MAX));
    for name in candidates {
        let text = text(files, name)?;
        let defined = |function: &&&str| text.lines().any(|line| defines(line, function));
        if let Some(function) = HANDLER_NAMES.iter().filter(|name| **name != "main").find(defined) {
            let module = name.trim_end_matches(".py");
            return Some((
                Language::Python,
                Some(format!("{module}.{function}")),
                format!("def {function} in {name}"),
            ));
        }
    }
    None
}

/// `def NAME(` at the start of a line, or an assignment, as decorators and frameworks make handlers.
fn defines(line: &str, function: &str) -> bool {
    let line = line.strip_prefix("async ").unwrap_or(line);
    if let Some(rest) = line.strip_prefix("def ").and_then(|rest| rest.trim_start().strip_prefix(function)) {
        return rest.trim_start().starts_with('(');
    }
    line.strip_prefix(function).is_some_and(|rest| {
        let rest = rest.trim_start();
        rest.starts_with('=') && !rest.starts_with("==")
    })
}

fn node(files: &dyn Files, names: &[&str]) -> Option<Found> {
    let main = text(files, "package.json").and_then(|text| {
        let package: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(package.get("main")?.as_str()?.trim_start_matches("./").to_owned())
    });
    let usual =
        NODE_STEMS.iter().flat_map(|stem| NODE_EXTENSIONS.map(|extension| format!("{stem}.{extension}")));
    let top = names.iter().filter(|name| !name.contains('/')).map(|name| (*name).to_owned());
    for name in main.into_iter().chain(usual).chain(top) {
        let Some((stem, extension)) = name.rsplit_once('.') else { continue };
        if !NODE_EXTENSIONS.contains(&extension) || !names.contains(&name.as_str()) {
            continue;
        }
        let Some(text) = text(files, &name) else { continue };
        if let Some(function) = HANDLER_NAMES.iter().find(|function| exports(&text, function)) {
            let because = format!("{function} exported by {name}");
            return Some((Language::Nodejs, Some(format!("{stem}.{function}")), because));
        }
    }
    None
}

/// The ways in which JavaScript and what compiles to it export a name.
fn exports(text: &str, function: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
    let plain = [
        "export const ",
        "export let ",
        "export var ",
        "export function ",
        "export async function ",
        "exports.",
    ];
    if plain.iter().any(|start| {
        let wanted = format!("{start}{function}");
        text.match_indices(&wanted).any(|(at, _)| ends(&text[at + wanted.len()..]))
    }) {
        return true;
    }
    ["module.exports", "export {", "export{"].iter().any(|start| {
        text.match_indices(start).any(|(at, _)| {
            let rest = &text[at + start.len()..];
            let list = rest.split_once('}').map_or("", |(list, _)| list);
            list.split([',', '{', ' ', '\n', ':', '=']).any(|word| word.trim() == function)
        })
    })
}

/// A class that names one of AWS's handler interfaces in its constants.
fn java(files: &dyn Files, names: &[&str]) -> Option<Found> {
    /// A package of thousands of classes is not read whole.
    const CLASSES_MAX: usize = 500;
    let classes =
        names.iter().filter(|name| name.ends_with(".class") && !name.contains('$')).take(CLASSES_MAX);
    for name in classes {
        let Some(bytes) = files.bytes(name) else { continue };
        let is_handler = JAVA_INTERFACES.iter().any(|interface| {
            let full = format!("com/amazonaws/services/lambda/runtime/{interface}");
            bytes.windows(full.len()).any(|window| window == full.as_bytes())
        });
        // AWS's own interfaces travel along in a fat jar.
        if is_handler && !name.starts_with("com/amazonaws/") {
            let class = name.trim_end_matches(".class").replace('/', ".");
            return Some((
                Language::Java,
                Some(format!("{class}::handleRequest")),
                format!("the class {class}"),
            ));
        }
    }
    let seen = names.iter().find(|name| name.ends_with(".class") || name.ends_with(".jar"))?;
    Some((Language::Java, None, (*seen).to_owned()))
}

fn text(files: &dyn Files, name: &str) -> Option<String> {
    files.bytes(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// The newest version that is both creatable and installed, else the newest creatable one.
fn runtime(language: Language, interpreters: &[Interpreter]) -> String {
    let creatable = lambda_api::overrides::CREATABLE_RUNTIMES;
    let identifier = |interpreter: &&Interpreter| {
        let version = interpreter.version;
        let identifier = match language {
            Language::Python => format!("python{}.{}", version.major, version.minor),
            Language::Nodejs => format!("nodejs{}.x", version.major),
            Language::Java if version.major == 8 => "java8.al2".to_owned(),
            Language::Java => format!("java{}", version.major),
        };
        creatable.contains(&identifier.as_str()).then_some((version, identifier))
    };
    let installed = interpreters.iter().filter(|interpreter| interpreter.language == language);
    let newest = installed.filter_map(|interpreter| identifier(&interpreter)).max();
    newest.map_or_else(|| default_runtime(language).to_owned(), |(_, identifier)| identifier)
}

/// Where nothing is installed, the server says what to do.
fn default_runtime(language: Language) -> &'static str {
    match language {
        Language::Python => "python3.13",
        Language::Nodejs => "nodejs22.x",
        Language::Java => "java21",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use worker::runtimes::Version;

    struct Tree(BTreeMap<&'static str, &'static str>);

    impl Files for Tree {
        fn names(&self) -> Vec<&str> {
            self.0.keys().copied().collect()
        }
        fn bytes(&self, name: &str) -> Option<Vec<u8>> {
            self.0.get(name).map(|text| text.as_bytes().to_vec())
        }
    }

    fn interpreter(language: Language, major: u32, minor: u32) -> Interpreter {
        Interpreter {
            language,
            version: Version::new(major, minor, 0),
            real_path: PathBuf::from("/x"),
            install_root: PathBuf::from("/"),
            libs: Vec::new(),
        }
    }

    fn check(tree: &[(&'static str, &'static str)], expected: Option<(&str, Option<&str>)>) {
        let installed = [
            interpreter(Language::Python, 3, 11),
            interpreter(Language::Python, 3, 99),
            interpreter(Language::Nodejs, 20, 3),
        ];
        let guess = guess(&Tree(tree.iter().copied().collect()), |_| installed.to_vec());
        let guessed = guess.as_ref().map(|guess| (guess.runtime.as_str(), guess.handler.as_deref()));
        assert_eq!(guessed, expected, "{tree:?}");
    }

    #[test]
    fn packages_are_recognised_by_their_files() {
        check(&[("bootstrap", ""), ("app.py", "def handler(")], Some(("provided.al2023", Some("bootstrap"))));
        check(
            &[("lambda_function.py", "import x\n\ndef lambda_handler(event, context):\n")],
            Some(("python3.11", Some("lambda_function.lambda_handler"))),
        );
        check(
            &[("aaa.py", "def other():"), ("zzz.py", "async def handler (event, c):")],
            Some(("python3.11", Some("zzz.handler"))),
        );
        check(&[("app.py", "handler = Mangum(app)")], Some(("python3.11", Some("app.handler"))));
        check(
            &[("index.mjs", "export const handler = async () => {}")],
            Some(("nodejs20.x", Some("index.handler"))),
        );
        check(
            &[("package.json", r#"{"main":"./dist/x.js"}"#), ("dist/x.js", "exports.handler = f")],
            Some(("nodejs20.x", Some("dist/x.handler"))),
        );
        check(
            &[("app.js", "const lambdaHandler = 1;\nmodule.exports = { lambdaHandler };")],
            Some(("nodejs20.x", Some("app.lambdaHandler"))),
        );
        check(
            &[("org/x/Hello.class", "\u{1}com/amazonaws/services/lambda/runtime/RequestHandler\u{7}")],
            Some(("java21", Some("org.x.Hello::handleRequest"))),
        );
        check(&[("lib/hello.jar", "")], Some(("java21", None)));
    }

    #[test]
    fn what_only_looks_like_a_function_is_not_one() {
        check(&[("README.md", "def handler(")], None);
        check(&[("a.py", "def handlers():\n# def handler(\n    def handler():")], None);
        check(&[("lib/a.py", "def handler():")], None);
        check(&[("a.js", "export const handlers = 1; handler == 2")], None);
    }
}
