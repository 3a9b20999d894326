//! From a botocore wheel (a zip with gzipped JSON) to the reduced models.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use zip::ZipArchive;

use super::model::{Model, Ordered};
use crate::Outcome;

/// The largest model of any service is under 10 MB; a wheel is not trusted to stay there.
const MODEL_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// File name, path in the wheel, and the operations to keep (all if none are named).
const SERVICES: [(&str, &str, &[&str]); 2] = [
    ("lambda", "botocore/data/lambda/2015-03-31/service-2.json.gz", &[]),
    (
        "logs",
        "botocore/data/logs/2014-03-28/service-2.json.gz",
        &[
            "CreateLogGroup",
            "CreateLogStream",
            "DeleteLogGroup",
            "DeleteLogStream",
            "DeleteRetentionPolicy",
            "DescribeLogGroups",
            "DescribeLogStreams",
            "FilterLogEvents",
            "GetLogEvents",
            "ListTagsForResource",
            "ListTagsLogGroup",
            "PutLogEvents",
            "PutRetentionPolicy",
            "TagResource",
            "UntagResource",
        ],
    ),
];

pub(crate) fn run(wheel: &Path, folder: &Path) -> Outcome {
    let mut report = String::new();
    for (service, model) in read(wheel)? {
        let path = folder.join(format!("{service}.json"));
        let text = serde_json::to_string_pretty(&model).map_err(|error| error.to_string())?;
        fs::write(&path, text + "\n").map_err(|error| format!("{}: {error}", path.display()))?;
        report.push_str(&format!(
            "{}: botocore {}, {} operations, {} shapes\n",
            path.display(),
            model.botocore,
            model.operations.0.len(),
            model.shapes.0.len()
        ));
    }
    Ok(report)
}

/// The reduced models of a wheel.
pub(crate) fn read(wheel: &Path) -> Result<Vec<(&'static str, Model)>, String> {
    let fail = |error: &dyn std::fmt::Display| format!("{}: {error}", wheel.display());
    let version = version_of(wheel)?;
    let file = File::open(wheel).map_err(|error| fail(&error))?;
    let mut archive = ZipArchive::new(file).map_err(|error| fail(&error))?;
    let mut models = Vec::new();
    for (service, member, operations) in SERVICES {
        let entry = archive.by_name(member).map_err(|error| fail(&error))?;
        let mut text = String::new();
        GzDecoder::new(entry)
            .take(MODEL_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| format!("{member}: {error}"))?;
        let mut model: Model = serde_json::from_str(&text).map_err(|error| format!("{member}: {error}"))?;
        model.botocore.clone_from(&version);
        models.push((service, keep(model, operations)?));
    }
    Ok(models)
}

/// `botocore-1.44.5-py3-none-any.whl` → `1.44.5`.
fn version_of(wheel: &Path) -> Result<String, String> {
    let name = wheel.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.strip_prefix("botocore-")
        .and_then(|rest| rest.split_once('-'))
        .map(|(version, _)| version.to_owned())
        .ok_or_else(|| format!("{} is not named like a botocore wheel", wheel.display()))
}

fn keep(mut model: Model, operations: &[&str]) -> Result<Model, String> {
    if !operations.is_empty() {
        model.operations.0.retain(|(name, _)| operations.contains(&name.as_str()));
    }
    let mut roots = Vec::new();
    for (_, operation) in &model.operations.0 {
        let refs = operation.input.iter().chain(&operation.output).chain(&operation.errors);
        roots.extend(refs.map(|reference| reference.shape.as_str()));
    }
    let reached: BTreeSet<String> = model.reachable(roots)?.into_iter().map(str::to_owned).collect();
    model.shapes = Ordered(model.shapes.0.into_iter().filter(|(name, _)| reached.contains(name)).collect());
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reachable_shapes_and_no_documentation_are_kept() {
        let text = r#"{
            "metadata": {"apiVersion": "1", "protocol": "json", "serviceId": "X"}, "documentation": "prose",
            "operations": {
                "Keep": {"http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "In"}, "documentation": "prose"},
                "Drop": {"http": {"method": "POST", "requestUri": "/"}, "input": {"shape": "Other"}}
            },
            "shapes": {
                "In": {"type": "structure", "members": {"b": {"shape": "S", "documentation": "prose"}, "a": {"shape": "S"}}},
                "S": {"type": "string", "documentation": "prose", "max": 3},
                "Other": {"type": "structure", "members": {}}
            }}"#;
        let model = keep(serde_json::from_str(text).unwrap(), &["Keep"]).unwrap();
        let reduced = serde_json::to_string(&model).unwrap();
        assert!(
            !reduced.contains("prose") && !reduced.contains("Other") && !reduced.contains("Drop"),
            "{reduced}"
        );
        let members: Vec<_> =
            model.shapes.get("In").unwrap().members.0.iter().map(|(name, _)| name).collect();
        assert_eq!(members, ["b", "a"], "the document's order is kept");
    }

    #[test]
    fn the_version_is_in_the_wheels_name() {
        assert_eq!(version_of(Path::new("/x/botocore-1.44.5-py3-none-any.whl")).unwrap(), "1.44.5");
        assert!(version_of(Path::new("boto3-1.0-py3-none-any.whl")).is_err());
    }
}
