//! `tinderbox runtimes ls` and `tinderbox runtimes install`.

use crate::cli::{LanguageChoice, RuntimesArgs, RuntimesCommand};
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use serde_json::json;
use std::path::Path;
use worker::runtimes::detect::{HostView, detect};
use worker::runtimes::install::{Progress, install};
use worker::runtimes::{Interpreter, Language};

pub(super) fn run(args: &RuntimesArgs, screen: Screen) -> Result<(), Failure> {
    let spinner = screen.spinner("looking for interpreters");
    let interpreters = detect(&HostView::of_process(None));
    drop(spinner);
    match &args.command {
        RuntimesCommand::Ls => list(screen, &interpreters, &args.data),
        RuntimesCommand::Install { languages } => {
            for language in chosen(languages) {
                install_one(screen, language, &args.data, &interpreters)?;
            }
            Ok(())
        }
    }
}

/// Whether what AWS's image carries is in the data folder.
pub(super) fn is_installed(data: &Path, language: Language) -> bool {
    data.join("runtimes").join(language.name()).is_dir()
}

fn list(screen: Screen, interpreters: &[Interpreter], data: &Path) -> Result<(), Failure> {
    if screen.json {
        let installed: Vec<&str> =
            Language::ALL.into_iter().filter(|it| is_installed(data, *it)).map(Language::name).collect();
        return screen.value(&json!({ "interpreters": interpreters, "installed": installed }));
    }
    for interpreter in interpreters {
        let (language, path) = (interpreter.language.title(), interpreter.real_path.display());
        screen.line(format!("{language:8} {:10} {path}", interpreter.version.to_string()))?;
    }
    for language in Language::ALL {
        let state = if is_installed(data, language) { "installed" } else { "not installed" };
        screen.line(format!("{:8} AWS's extras: {state}", language.title()))?;
    }
    Ok(())
}

/// Each language once, in a fixed order.
fn chosen(choices: &[LanguageChoice]) -> Vec<Language> {
    let wanted = |language: &Language| {
        choices.iter().any(|choice| match choice {
            LanguageChoice::All => true,
            LanguageChoice::Python => *language == Language::Python,
            LanguageChoice::Nodejs => *language == Language::Nodejs,
            LanguageChoice::Java => *language == Language::Java,
        })
    };
    Language::ALL.into_iter().filter(wanted).collect()
}

fn install_one(
    screen: Screen,
    language: Language,
    data: &Path,
    interpreters: &[Interpreter],
) -> Result<(), Failure> {
    let bar = screen.bar(2);
    let installed = install(language, data, interpreters, &mut |progress| match progress {
        Progress::Step { number, what, .. } => {
            bar.at(u64::from(number.saturating_sub(1)));
            bar.say(what);
        }
        Progress::Said(line) => bar.say(line.replace(char::is_control, " ")),
    });
    drop(bar);
    let done = installed.map_err(|error| Failure::new(Exit::Host, error.to_string()))?;
    if screen.json {
        let value = json!({ "installed": language.name(), "folder": done.folder, "already": done.already });
        return screen.value(&value);
    }
    let verb = if done.already { "already installed" } else { "installed" };
    screen.line(format!("{verb} for {}: {}", language.title(), done.folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_every_language_once() {
        assert_eq!(chosen(&[LanguageChoice::Java, LanguageChoice::All]), Language::ALL);
        assert_eq!(chosen(&[LanguageChoice::Java, LanguageChoice::Java]), [Language::Java]);
    }
}
