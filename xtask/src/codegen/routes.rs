//! `operations.rs`: the operations and, for REST, the route table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::model::{Model, Operation};
use super::names::{constant, literal};

pub(crate) fn operations(model: &Model) -> String {
    let mut out = String::new();
    let rest = model.metadata.protocol == "rest-json";
    let names: Vec<_> = model.operations.0.iter().map(|(name, _)| name.as_str()).collect();
    if rest {
        out.push_str("use crate::route::{Endpoint, Method, Routed, resolve};\n\n");
    }
    let _ = write!(
        out,
        "/// The operations of {} {} (botocore {}).\n\
         #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]\npub enum Operation {{ {} }}\n\n",
        model.metadata.service_id,
        model.metadata.api_version,
        model.botocore,
        names.join(", ")
    );
    let variants: Vec<_> = names.iter().map(|name| format!("Operation::{name}")).collect();
    let _ = write!(
        out,
        "impl Operation {{\npub const ALL: &'static [Operation] = &[{}];\n\n\
         pub const fn name(self) -> &'static str {{ match self {{",
        variants.join(", ")
    );
    for name in &names {
        let _ = write!(out, "Self::{name} => {},", literal(name));
    }
    out.push_str("} }\n\n");
    if rest {
        rest_methods(model, &mut out);
    } else {
        target_methods(model, &names, &mut out);
    }
    out.push_str("}\n\n");
    if rest {
        table(model, &mut out);
    }
    out
}

fn per_operation(model: &Model, head: &str, out: &mut String, value: impl Fn(&Operation) -> String) {
    let _ = write!(out, "{head} {{ match self {{");
    for (name, operation) in &model.operations.0 {
        let _ = write!(out, "Self::{name} => {},", value(operation));
    }
    out.push_str("} }\n\n");
}

fn rest_methods(model: &Model, out: &mut String) {
    out.push_str(
        "/// The status of the answer when the operation succeeds.\n#[allow(clippy::match_same_arms)]\n",
    );
    per_operation(model, "pub const fn success_code(self) -> u16", out, |operation| {
        operation.http.response_code.unwrap_or(200).to_string()
    });
    per_operation(model, "pub const fn method(self) -> &'static str", out, |operation| {
        literal(&operation.http.method)
    });
    out.push_str("/// The path as the model has it: labels in braces, perhaps a constant query.\n");
    per_operation(model, "pub const fn uri(self) -> &'static str", out, |operation| {
        literal(&operation.http.request_uri)
    });
}

fn target_methods(model: &Model, names: &[&str], out: &mut String) {
    let prefix = model.metadata.target_prefix.as_deref().unwrap_or_default();
    let _ = write!(
        out,
        "/// The operation that an `X-Amz-Target` header names.\n\
         pub fn from_target(target: &str) -> Option<Operation> {{\n\
         match target.strip_prefix({})? {{",
        literal(&format!("{prefix}."))
    );
    for name in names {
        let _ = write!(out, "{} => Some(Self::{name}),", literal(name));
    }
    out.push_str("_ => None } }\n\n");
    let _ = write!(
        out,
        "/// The value of `X-Amz-Target` for this operation.\n\
         pub fn target(self) -> String {{ format!(\"{prefix}.{{}}\", self.name()) }}\n"
    );
}

/// One path template and the operations on it.
struct Path<'a> {
    segments: Vec<&'a str>,
    operations: Vec<(&'a str, &'a Operation, Option<&'a str>)>,
}

fn paths(model: &Model) -> Vec<Path<'_>> {
    // Keyed by the pattern itself, so that templates which differ only in a label's name share an entry.
    let mut paths: BTreeMap<String, Path<'_>> = BTreeMap::new();
    for (name, operation) in &model.operations.0 {
        let uri = operation.http.request_uri.as_str();
        let (path, query) = uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)));
        let segments: Vec<_> = path.trim_matches('/').split('/').collect();
        let path =
            paths.entry(pattern(&segments)).or_insert_with(|| Path { segments, operations: Vec::new() });
        path.operations.push((name, operation, query));
    }
    paths.into_values().collect()
}

fn pattern(segments: &[&str]) -> String {
    let parts: Vec<_> = segments
        .iter()
        .map(|segment| if segment.starts_with('{') { "_".to_owned() } else { literal(segment) })
        .collect();
    format!("[{}]", parts.join(", "))
}

fn table(model: &Model, out: &mut String) {
    out.push_str(
        "/// The operation that a request is for. `path` and `query` are raw (percent-encoded, no `?`); one\n\
         /// trailing slash of the path is ignored.\n\
         pub fn route<'a>(method: &str, path: &'a str, query: &str) -> Routed<'a> {\n\
         resolve(find, method, path, query) }\n\n\
         fn find(segments: &[&str]) -> Option<&'static Endpoint> { Some(match segments {",
    );
    let paths = paths(model);
    for path in &paths {
        let _ = write!(out, "{} => &{},", pattern(&path.segments), endpoint_name(path));
    }
    out.push_str("_ => return None }) }\n\n");
    for path in &paths {
        let _ = write!(out, "static {}: Endpoint = Endpoint {{ labels: &[", endpoint_name(path));
        for (idx, segment) in path.segments.iter().enumerate() {
            if let Some(label) = segment.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
                let _ = write!(out, "({}, {idx}),", literal(label));
            }
        }
        out.push_str("], methods: &[");
        for (name, operation, query) in &path.operations {
            let query = query.map_or("None".to_owned(), |query| format!("Some({})", literal(query)));
            let _ = write!(
                out,
                "Method {{ method: {}, query: {query}, operation: Operation::{name} }},",
                literal(&operation.http.method)
            );
        }
        out.push_str("] };\n");
    }
}

/// Named after the first operation of the path.
fn endpoint_name(path: &Path<'_>) -> String {
    format!("AT_{}", path.operations.first().map(|(name, ..)| constant(name)).unwrap_or_default())
}
