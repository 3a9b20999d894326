//! `shapes.rs`: the wire types and how they are read, written and filled from a request.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::model::{Kind, Member, Model, Shape};
use super::names::{literal, snake};

pub(crate) fn shapes(model: &Model) -> Result<String, String> {
    let mut out = String::from(
        "#![allow(unused_variables, unused_mut)]\n\
         use std::collections::BTreeMap;\n\
         use std::fmt;\n\
         use serde::de::{Deserialize, Deserializer, MapAccess};\n\
         use serde::ser::{Serialize, SerializeMap, Serializer};\n\
         use super::operations::Operation as Op;\n\
         use crate::request::{Input, Request, SerializationError, read_json};\n\
         use crate::wire::{Blob, Object, Sensitive, Timestamp, read_object};\n\n",
    );
    for (name, shape) in model.structures() {
        structure(model, name, shape, &mut out)?;
    }
    let mut seen = BTreeSet::new();
    for (operation, spec) in &model.operations.0 {
        let Some(input) = &spec.input else { continue };
        if !seen.insert(input.shape.as_str()) {
            return Err(format!("two operations share the input {}", input.shape));
        }
        input_impl(model, operation, &input.shape, &mut out)?;
    }
    // What a service does not use must not be imported; the compiler is the judge of the rest.
    for (import, needle) in [
        ("Blob, ", "Blob>"),
        (", Timestamp", "Timestamp>"),
        (", Sensitive", "|_| Sensitive"),
        ("use std::fmt;\n", "fmt::Debug"),
        ("use std::collections::BTreeMap;\n", "BTreeMap<"),
    ] {
        if !out.contains(needle) {
            out = out.replacen(import, "", 1);
        }
    }
    Ok(out)
}

/// A macro over every operation and its input, so that tests and fuzz targets leave none out. Costs a build nothing.
pub(crate) fn every_input(model: &Model, service: &str) -> String {
    let mut out = format!(
        "\n/// Calls `$each!` with every operation and its input, `Operation: Input, …`.\n\
         #[doc(hidden)]\n#[macro_export]\nmacro_rules! every_{service}_input {{\n($each:ident) => {{\n$each! {{\n"
    );
    for (operation, spec) in &model.operations.0 {
        if let Some(input) = &spec.input {
            let _ = writeln!(out, "{operation}: {},", input.shape);
        }
    }
    out.push_str("}\n};\n}\n");
    out
}

/// The Rust type of a shape.
fn rust_type(model: &Model, name: &str) -> Result<String, String> {
    let shape = model.shape(name)?;
    let of = |reference: &Option<super::model::Ref>| match reference {
        Some(reference) => rust_type(model, &reference.shape),
        None => Err(format!("{name} names no element")),
    };
    Ok(match shape.kind {
        Kind::Structure => name.to_owned(),
        Kind::List => format!("Vec<{}>", of(&shape.member)?),
        Kind::Map => format!("BTreeMap<String, {}>", of(&shape.value)?),
        Kind::String => "String".to_owned(),
        Kind::Integer | Kind::Long => "i64".to_owned(),
        Kind::Double => "f64".to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::Blob => "Blob".to_owned(),
        Kind::Timestamp => "Timestamp".to_owned(),
    })
}

/// Members that become fields. A blob payload and an event stream are the body itself and stay with the
/// caller.
pub(crate) fn fields<'a>(model: &'a Model, shape: &'a Shape) -> Result<Vec<(&'a str, &'a Member)>, String> {
    let mut fields = Vec::new();
    for (name, member) in &shape.members.0 {
        let target = model.shape(&member.shape)?;
        let is_payload = shape.payload.as_deref() == Some(name);
        if target.eventstream || (is_payload && target.kind == Kind::Blob) {
            continue;
        }
        fields.push((name.as_str(), member));
    }
    Ok(fields)
}

fn structure(model: &Model, name: &str, shape: &Shape, out: &mut String) -> Result<(), String> {
    let fields = fields(model, shape)?;
    let secret = debug_hides(model, name, &fields)?;
    let derive =
        if secret.is_empty() { "Debug, Clone, Default, PartialEq" } else { "Clone, Default, PartialEq" };
    let _ = write!(out, "#[derive({derive})]\npub struct {name} {{");
    for (member, info) in &fields {
        let _ = write!(out, "pub {}: Option<{}>,", snake(member), rust_type(model, &info.shape)?);
    }
    out.push_str("}\n\n");
    out.push_str(&secret);
    // What is bound to path, query, header or status is no member of the JSON body; nor is an event's payload.
    let body: Vec<_> =
        fields.iter().filter(|(_, info)| info.location.is_none() && !info.eventpayload).collect();
    let _ = write!(
        out,
        "impl Object for {name} {{ fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> \
         Result<bool, A::Error> {{"
    );
    if body.is_empty() {
        out.push_str("Ok(false)");
    } else {
        out.push_str("match name {");
        for (member, _) in &body {
            let _ = write!(out, "{} => self.{} = value.next_value()?,", literal(member), snake(member));
        }
        out.push_str("_ => return Ok(false),} Ok(true)");
    }
    let _ = write!(
        out,
        "}} }}\n\nimpl<'de> Deserialize<'de> for {name} {{ fn deserialize<D: Deserializer<'de>>(from: D) -> \
         Result<Self, D::Error> {{ read_object(from) }} }}\n\n\
         impl Serialize for {name} {{ fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {{ \
         let mut map = to.serialize_map(None)?;"
    );
    for (member, _) in &body {
        let _ = write!(
            out,
            "if let Some(value) = &self.{} {{ map.serialize_entry({}, value)?; }}",
            snake(member),
            literal(member)
        );
    }
    out.push_str("map.end() } }\n\n");
    Ok(())
}

/// A `Debug` that hides what the model calls sensitive (environment variables), so that no log line holds
/// it by accident; nothing if the structure has no such member.
fn debug_hides(model: &Model, name: &str, fields: &[(&str, &Member)]) -> Result<String, String> {
    let mut lines = String::new();
    let mut hidden = false;
    for (member, info) in fields {
        let field = snake(member);
        let shape = model.shape(&info.shape)?;
        // A blob hides itself.
        if shape.sensitive && shape.kind != Kind::Blob {
            hidden = true;
            let _ = write!(lines, ".field({}, &self.{field}.as_ref().map(|_| Sensitive))", literal(&field));
        } else {
            let _ = write!(lines, ".field({}, &self.{field})", literal(&field));
        }
    }
    Ok(if hidden {
        format!(
            "impl fmt::Debug for {name} {{ fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{ \
             f.debug_struct({}){lines}.finish() }} }}\n\n",
            literal(name)
        )
    } else {
        String::new()
    })
}

fn input_impl(model: &Model, operation: &str, name: &str, out: &mut String) -> Result<(), String> {
    let shape = model.shape(name)?;
    let fields = fields(model, shape)?;
    let read = if let Some(payload) = &shape.payload {
        match fields.iter().find(|(member, _)| member == payload) {
            Some((member, _)) => format!(
                "Ok(Self {{ {}: if body.is_empty() {{ None }} else {{ Some(read_json(body)?) }}, \
                 ..Self::default() }})",
                snake(member)
            ),
            None => "Ok(Self::default())".to_owned(),
        }
    } else if fields.iter().any(|(_, info)| info.location.is_none()) {
        "read_json(body)".to_owned()
    } else {
        "Ok(Self::default())".to_owned()
    };
    let _ = write!(
        out,
        "impl Input for {name} {{ type Operation = Op; const OPERATION: Op = Op::{operation};\n\n\
         fn read_body(body: &[u8]) -> Result<Self, SerializationError> {{ {read} }}\n\n\
         fn bind(&mut self, request: &Request<'_>) -> Result<(), SerializationError> {{"
    );
    for (member, info) in &fields {
        let Some(location) = &info.location else { continue };
        let wire = info.location_name.as_deref().unwrap_or(member);
        let call = match location.as_str() {
            "uri" => "label",
            "header" => "header",
            "querystring" if model.shape(&info.shape)?.kind == Kind::List => "query_list",
            "querystring" => "query",
            other => return Err(format!("{name}.{member}: a location {other} is not known")),
        };
        let _ = write!(out, "self.{} = request.{call}({})?;", snake(member), literal(wire));
    }
    out.push_str("Ok(()) } }\n\n");
    Ok(())
}
