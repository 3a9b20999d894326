//! What a newer botocore has and the kept models lack.

use std::path::Path;

use super::model::Model;
use super::reduce;
use crate::Outcome;

pub(crate) fn run(wheel: &Path, folder: &Path) -> Outcome {
    let mut report = String::new();
    for (service, newer) in reduce::read(wheel)? {
        let ours = Model::read(&folder.join(format!("{service}.json")))?;
        let found = differences(&ours, &newer);
        report.push_str(&format!(
            "{service}: ours is botocore {}, the wheel is {}: {} new\n",
            ours.botocore,
            newer.botocore,
            found.len()
        ));
        for line in found {
            report.push_str(&format!("  {line}\n"));
        }
    }
    Ok(report)
}

fn differences(ours: &Model, newer: &Model) -> Vec<String> {
    let mut found = Vec::new();
    for (name, operation) in &newer.operations.0 {
        if ours.operations.get(name).is_none() {
            found.push(format!("operation {name}: {} {}", operation.http.method, operation.http.request_uri));
        }
    }
    for (name, shape) in &newer.shapes.0 {
        let Some(known) = ours.shapes.get(name) else {
            found.push(format!("shape {name}"));
            continue;
        };
        for (member, _) in &shape.members.0 {
            if known.members.get(member).is_none() {
                found.push(format!("member {name}.{member}"));
            }
        }
        for value in &shape.values {
            if !known.values.contains(value) {
                found.push(format!("value {name}: {value}"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(operation: &str, member: &str, value: &str) -> Model {
        let text = format!(
            r#"{{"metadata": {{"apiVersion": "1", "protocol": "json", "serviceId": "X"}},
                "operations": {{"{operation}": {{"http": {{"method": "GET", "requestUri": "/x"}}}}}},
                "shapes": {{"In": {{"type": "structure", "members": {{"{member}": {{"shape": "E"}}}}}},
                            "E": {{"type": "string", "enum": ["{value}"]}}}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn new_operations_members_and_values_are_listed() {
        let ours = model("A", "a", "x");
        assert_eq!(differences(&ours, &ours), Vec::<String>::new());
        let newer = model("B", "b", "y");
        assert_eq!(differences(&ours, &newer), ["operation B: GET /x", "member In.b", "value E: y"]);
    }
}
