//! The size ratchet. An exception is `path[::function] lines reason` in tidy/exceptions.txt; its number is
//! exactly the size, so it can only be lowered by whoever shortens the thing, and raised by nobody unseen.

use std::collections::BTreeMap;

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

use super::{Findings, Source};

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 600;

pub(super) fn check(sources: &[Source], exceptions: Option<&str>) -> Result<Findings, String> {
    let mut findings = Findings::new();
    let mut excused = exceptions_of(exceptions, &mut findings);
    for (what, lines, max) in measure(sources)? {
        let stated = excused.remove(&what);
        match stated {
            Some(_) if lines <= max => findings
                .push(format!("size: {what} has {lines} lines now: remove its line from tidy/exceptions.txt")),
            Some(stated) if lines < stated => {
                findings.push(format!("size: {what} has {lines} lines now: lower its {stated} in tidy/exceptions.txt"));
            }
            Some(stated) if lines > stated => {
                findings.push(format!("size: {what} has grown from {stated} to {lines} lines: split it"));
            }
            None if lines > max => findings.push(format!(
                "size: {what} has {lines} lines (at most {max}): split it, or give a reason in tidy/exceptions.txt"
            )),
            _ => {}
        }
    }
    for what in excused.keys() {
        findings.push(format!("size: tidy/exceptions.txt names {what}, which does not exist"));
    }
    Ok(findings)
}

fn exceptions_of(text: Option<&str>, findings: &mut Findings) -> BTreeMap<String, usize> {
    let mut excused = BTreeMap::new();
    for line in text.unwrap_or_default().lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.splitn(3, ' ');
        let what = words.next().unwrap_or_default();
        let lines = words.next().and_then(|word| word.parse().ok());
        let reason = words.next().unwrap_or_default().trim();
        match lines {
            Some(lines) if !reason.is_empty() => {
                if excused.insert(what.to_owned(), lines).is_some() {
                    findings.push(format!("size: tidy/exceptions.txt names {what} twice"));
                }
            }
            _ => findings.push(format!("size: not `path[::function] lines reason`: {line}")),
        }
    }
    excused
}

/// Name, size and limit of every file and every Rust function outside tests.
fn measure(sources: &[Source]) -> Result<Vec<(String, usize, usize)>, String> {
    let mut sizes: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for source in sources {
        sizes.insert(source.path.clone(), (source.text.lines().count(), FILE_LINES_MAX));
        if !source.path.ends_with(".rs") || in_tests(&source.path) {
            continue;
        }
        let file = syn::parse_file(&source.text).map_err(|error| format!("{}: {error}", source.path))?;
        let mut functions = Functions { path: &source.path, prefix: String::new(), sizes: &mut sizes };
        functions.visit_file(&file);
    }
    Ok(sizes.into_iter().map(|(what, (lines, max))| (what, lines, max)).collect())
}

fn in_tests(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "e2e" || part == "tests.rs")
}

struct Functions<'a> {
    path: &'a str,
    prefix: String,
    sizes: &'a mut BTreeMap<String, (usize, usize)>,
}

impl Functions<'_> {
    fn add(&mut self, name: &syn::Ident, span: proc_macro2::Span) {
        let lines = span.end().line + 1 - span.start().line;
        let what = format!("{}::{}{name}", self.path, self.prefix);
        // Two of one name in one file (methods of two impls): the longer counts.
        let size = self.sizes.entry(what).or_insert((0, FUNCTION_LINES_MAX));
        size.0 = size.0.max(lines);
    }

    fn inside(&mut self, name: &str, walk: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.prefix, format!("{name}::"));
        walk(self);
        self.prefix = outer;
    }
}

/// From `fn` to the closing brace: attributes and documentation are not length.
fn extent(signature: &syn::Signature, block: &syn::Block) -> proc_macro2::Span {
    signature.span().join(block.span()).unwrap_or_else(|| block.span())
}

fn only_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let cfg_test = path.is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"));
        cfg_test || path.segments.last().is_some_and(|segment| segment.ident == "test")
    })
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !only_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if !only_for_tests(&function.attrs) {
            self.add(&function.sig.ident, extent(&function.sig, &function.block));
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = match item.self_ty.as_ref() {
            syn::Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
            _ => None,
        };
        self.inside(&name.unwrap_or_else(|| "impl".to_owned()), |inner| visit::visit_item_impl(inner, item));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig.ident, extent(&function.sig, &function.block));
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.inside(&item.ident.to_string(), |inner| visit::visit_item_trait(inner, item));
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.sig.ident, extent(&function.sig, block));
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: String) -> Source {
        Source { path: path.to_owned(), text }
    }

    fn function(name: &str, lines: usize) -> String {
        format!("/// Documentation\n#[inline]\nfn {name}() {{\n{}}}\n", "    f();\n".repeat(lines - 2))
    }

    fn found(sources: &[Source], exceptions: &str) -> Findings {
        check(sources, Some(exceptions)).unwrap()
    }

    #[test]
    fn a_long_function_needs_a_reason_and_its_number_only_falls() {
        let at = |lines| [source("a.rs", function("long", lines))];
        assert_eq!(found(&at(70), ""), Findings::new());
        assert!(found(&at(71), "")[0].starts_with("size: a.rs::long has 71 lines (at most 70)"));
        assert_eq!(found(&at(71), "# why\n\na.rs::long 71 a table\n"), Findings::new());
        assert!(found(&at(80), "a.rs::long 71 a table")[0].contains("has grown from 71 to 80"));
        assert!(found(&at(75), "a.rs::long 80 a table")[0].contains("lower its 80"));
        assert!(found(&at(70), "a.rs::long 80 a table")[0].contains("remove its line"));
        assert!(found(&at(9), "a.rs::gone 80 a table")[0].contains("does not exist"));
        assert!(found(&at(71), "a.rs::long 71")[0].contains("not `path[::function] lines reason`"));
    }

    #[test]
    fn methods_are_named_by_their_type_and_tests_are_left_out() {
        let method = format!("impl Thing {{\n{}}}\n", function("long", 80));
        assert!(found(&[source("a.rs", method)], "")[0].starts_with("size: a.rs::Thing::long has 80"));
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function("long", 80));
        assert_eq!(found(&[source("a.rs", tests)], ""), Findings::new());
        assert_eq!(found(&[source("crates/a/tests/b.rs", function("long", 80))], ""), Findings::new());
        // Braces in strings and comments do not count.
        let tricky = "fn short() {\n    let _ = \"}{{{\"; // {{{\n}\n".to_owned() + &function("other", 70);
        assert_eq!(found(&[source("a.rs", tricky)], ""), Findings::new());
    }

    #[test]
    fn a_long_file_of_any_language_needs_a_reason() {
        let text = "x = 1\n".repeat(601);
        assert!(
            found(&[source("a.py", text.clone())], "")[0]
                .starts_with("size: a.py has 601 lines (at most 600)")
        );
        assert_eq!(found(&[source("a.py", text)], "a.py 601 one client, one file"), Findings::new());
    }
}
