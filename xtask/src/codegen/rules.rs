//! `validation.rs`: rules and members of every structure. `errors.rs`: the error shapes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::model::{Kind, Model, Overrides, Ref, Shape};
use super::names::{constant, literal, snake};
use super::shapes::fields;

pub(crate) fn validation(model: &Model, overrides: &Overrides) -> Result<String, String> {
    let inputs = model.input_shapes()?;
    let mut patterns: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, shape) in model.shapes.0.iter().filter(|(name, _)| inputs.contains(name.as_str())) {
        if let Some(pattern) = &shape.pattern {
            let next = patterns.len();
            patterns.entry(pattern).or_insert(next);
        }
    }
    let mut structures = String::new();
    for (name, shape) in model.structures().filter(|(name, _)| inputs.contains(name)) {
        structure(model, overrides, &patterns, name, shape, &mut structures)?;
    }
    let mut rules = Vec::new();
    for (name, shape) in model.shapes.0.iter().filter(|(name, _)| inputs.contains(name.as_str())) {
        if let Some(rule) = rule(model, shape, &patterns)? {
            let name = rule_name(name);
            let text = format!("static {name}: Rule = {rule};");
            rules.push((name, text));
        }
    }
    let rules = asked_for(rules, &structures);
    let used = |pattern: &str| rules.contains(&format!("pattern: Some(&{pattern})"));
    let mut numbered: Vec<_> = patterns
        .iter()
        .map(|(pattern, idx)| (*idx, format!("P{idx}"), *pattern))
        .filter(|(_, name, _)| used(name))
        .collect();
    numbered.sort_unstable();
    let mut out = String::from(
        "use super::shapes::*;\nuse crate::pattern::Pattern;\n\
         use crate::rule::{MemberInfo, Rule, Shape, Visit, member};\n\n",
    );
    for (_, name, pattern) in &numbered {
        let _ = writeln!(out, "static {name}: Pattern = Pattern::new({});", literal(pattern));
    }
    let list: Vec<_> = numbered.iter().map(|(_, name, _)| format!("&{name}")).collect();
    let _ = write!(
        out,
        "\n/// Every pattern of the model, for the test that they are all understood.\n#[cfg(test)]\n\
         pub(crate) static PATTERNS: &[&Pattern] = &[{}];\n\n",
        list.join(", ")
    );
    Ok(out + &rules + &structures)
}

/// The rules that a structure or another such rule names, one a line. The model has others: a payload's, and those
/// of members whose rule is written by hand.
fn asked_for(rules: Vec<(String, String)>, structures: &str) -> String {
    let names =
        |text: &str, name: &str| [",", ")", " "].iter().any(|end| text.contains(&format!("&{name}{end}")));
    let mut kept: Vec<bool> = rules.iter().map(|(name, _)| names(structures, name)).collect();
    loop {
        let more: Vec<usize> = (0..rules.len())
            .filter(|idx| !kept[*idx])
            .filter(|idx| {
                rules.iter().zip(&kept).any(|((_, text), kept)| *kept && names(text, &rules[*idx].0))
            })
            .collect();
        if more.is_empty() {
            break;
        }
        more.into_iter().for_each(|idx| kept[idx] = true);
    }
    let kept = rules.iter().zip(kept).filter(|(_, kept)| *kept);
    kept.map(|((_, text), _)| format!("{text}\n")).collect()
}

fn rule_name(shape: &str) -> String {
    format!("R_{}", constant(shape))
}

/// The expression of a shape's rule, or nothing if it has no constraint.
fn rule(model: &Model, shape: &Shape, patterns: &BTreeMap<&str, usize>) -> Result<Option<String>, String> {
    let mut parts = Vec::new();
    let (min, max) = match shape.kind {
        Kind::Integer | Kind::Long | Kind::Double => ("value_min", "value_max"),
        _ => ("length_min", "length_max"),
    };
    for (field, bound) in [(min, &shape.min), (max, &shape.max)] {
        if let Some(bound) = bound {
            let number = if field.starts_with("value") {
                format!("{:?}", bound.as_f64().ok_or("a bound is not a number")?)
            } else {
                bound.as_u64().ok_or("a length is negative")?.to_string()
            };
            parts.push(format!("{field}: Some({number})"));
        }
    }
    if !shape.values.is_empty() {
        let values: Vec<_> = shape.values.iter().map(|value| literal(value)).collect();
        parts.push(format!("values: &[{}]", values.join(", ")));
    }
    if let Some(idx) = shape.pattern.as_deref().and_then(|pattern| patterns.get(pattern)) {
        parts.push(format!("pattern: Some(&P{idx})"));
    }
    let inner = |reference: &Option<Ref>| -> Result<Option<String>, String> {
        let Some(reference) = reference else { return Ok(None) };
        let has_rule = rule(model, model.shape(&reference.shape)?, patterns)?.is_some();
        Ok(has_rule.then(|| format!("Some(&{})", rule_name(&reference.shape))))
    };
    if let Some(key) = inner(&shape.key)? {
        parts.push(format!("key: {key}"));
    }
    if let Some(member) = inner(if shape.kind == Kind::Map { &shape.value } else { &shape.member })? {
        parts.push(format!("member: {member}"));
    }
    if shape.sensitive {
        parts.push("sensitive: true".to_owned());
    }
    // A structure's constraints are those of its members.
    if parts.is_empty() || shape.kind == Kind::Structure {
        return Ok(None);
    }
    parts.push("..Rule::NONE".to_owned());
    Ok(Some(format!("Rule {{ {} }}", parts.join(", "))))
}

fn structure(
    model: &Model,
    overrides: &Overrides,
    patterns: &BTreeMap<&str, usize>,
    name: &str,
    shape: &Shape,
    out: &mut String,
) -> Result<(), String> {
    let fields = fields(model, shape)?;
    if fields.is_empty() {
        let _ = writeln!(out, "\nimpl Shape for {name} {{ fn visit(&self, _: Visit<'_>) {{}} }}");
        return Ok(());
    }
    let _ = write!(out, "\nstatic M_{}: [MemberInfo; {}] = [", constant(name), fields.len());
    for (member, info) in &fields {
        let has_rule = rule(model, model.shape(&info.shape)?, patterns)?.is_some();
        let rule = if has_rule && !overrides.is_by_hand(name, member) {
            format!("&{}", rule_name(&info.shape))
        } else {
            "&Rule::NONE".to_owned()
        };
        let required = shape.required.iter().any(|required| required == member);
        let _ =
            write!(out, "MemberInfo {{ name: {}, required: {required}, rule: {rule} }},", literal(member));
    }
    let _ = write!(out, "];\n\nimpl Shape for {name} {{ fn visit(&self, visit: Visit<'_>) {{");
    for (idx, (member, _)) in fields.iter().enumerate() {
        let _ = write!(out, "visit(&M_{}[{idx}], member(&self.{}));", constant(name), snake(member));
    }
    out.push_str("} }\n");
    Ok(())
}

pub(crate) fn errors(model: &Model) -> String {
    let mut out = String::from("use crate::error::{ErrorShape, Fault};\n\n");
    let mut names = Vec::new();
    for (name, shape) in model.shapes.0.iter().filter(|(_, shape)| shape.exception) {
        names.push(name);
        let status = match &shape.error {
            Some(error) => error.http_status_code,
            None if shape.fault => 500,
            None => 400,
        };
        let message = if shape.members.get("Message").is_some() { "Message" } else { "message" };
        let others = |header: bool| {
            shape.members.0.iter().filter(move |(member, info)| {
                member != "Type"
                    && member != message
                    && (info.location.as_deref() == Some("header")) == header
            })
        };
        let members: Vec<_> = others(false).map(|(member, _)| literal(member)).collect();
        let headers: Vec<_> = others(true)
            .map(|(member, info)| {
                let wire = info.location_name.as_deref().unwrap_or(member);
                format!("({}, {})", literal(member), literal(wire))
            })
            .collect();
        let _ = writeln!(
            out,
            "pub static {}: ErrorShape = ErrorShape {{ name: {}, status: {status}, fault: Fault::{}, \
             message_member: {}, typed: {}, members: &[{}], headers: &[{}] }};",
            constant(name),
            literal(name),
            if shape.fault { "Service" } else { "User" },
            literal(message),
            shape.members.get("Type").is_some(),
            members.join(", "),
            headers.join(", "),
        );
    }
    let list: Vec<_> = names.iter().map(|name| format!("&{}", constant(name))).collect();
    let _ = write!(
        out,
        "\n/// Every error of the model.\npub static ALL: &[&ErrorShape] = &[{}];\n",
        list.join(", ")
    );
    out
}
