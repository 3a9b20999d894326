//! The whole surface of the model: every operation is found and either behaves or says that it does not yet, and of
//! those that behave every member is decided about.

use super::Kit;
use crate::Settings;
use crate::routes::unsupported;
use lambda_api::{Operation, Shape};
use std::collections::BTreeMap;

/// Operations that behave and have no table in [`unsupported`], with the members that they honour. The filters of a
/// list that is always empty are honoured by it.
const BEHAVING: &[(&str, &[&str])] = &[
    ("DeleteFunction", &["FunctionName", "Qualifier"]),
    ("DeleteFunctionConcurrency", &["FunctionName"]),
    ("DeleteProvisionedConcurrencyConfig", &["FunctionName", "Qualifier"]),
    ("GetAccountSettings", &[]),
    ("GetAlias", &["FunctionName", "Name"]),
    ("GetCodeSigningConfig", &["CodeSigningConfigArn"]),
    ("GetEventSourceMapping", &["UUID"]),
    ("GetFunction", &["FunctionName", "Qualifier"]),
    ("GetFunctionCodeSigningConfig", &["FunctionName"]),
    ("GetFunctionConcurrency", &["FunctionName"]),
    ("GetFunctionConfiguration", &["FunctionName", "Qualifier"]),
    ("GetFunctionEventInvokeConfig", &["FunctionName", "Qualifier"]),
    ("GetFunctionRecursionConfig", &["FunctionName"]),
    ("GetFunctionUrlConfig", &["FunctionName", "Qualifier"]),
    ("GetLayerVersion", &["LayerName", "VersionNumber"]),
    ("GetLayerVersionByArn", &["Arn"]),
    ("GetPolicy", &["FunctionName", "Qualifier"]),
    ("GetProvisionedConcurrencyConfig", &["FunctionName", "Qualifier"]),
    ("GetRuntimeManagementConfig", &["FunctionName", "Qualifier"]),
    ("ListAliases", &["FunctionName", "FunctionVersion", "Marker", "MaxItems"]),
    ("ListCodeSigningConfigs", &["Marker", "MaxItems"]),
    ("ListEventSourceMappings", &["EventSourceArn", "FunctionName", "Marker", "MaxItems"]),
    ("ListFunctionEventInvokeConfigs", &["FunctionName", "Marker", "MaxItems"]),
    ("ListFunctionUrlConfigs", &["FunctionName", "Marker", "MaxItems"]),
    (
        "ListLayerVersions",
        &["CompatibleArchitecture", "CompatibleRuntime", "LayerName", "Marker", "MaxItems"],
    ),
    ("ListLayers", &["CompatibleArchitecture", "CompatibleRuntime", "Marker", "MaxItems"]),
    ("ListProvisionedConcurrencyConfigs", &["FunctionName", "Marker", "MaxItems"]),
    ("ListTags", &["Resource"]),
    ("ListVersionsByFunction", &["FunctionName", "Marker", "MaxItems"]),
    ("PutFunctionConcurrency", &["FunctionName", "ReservedConcurrentExecutions"]),
    ("PutProvisionedConcurrencyConfig", &["FunctionName", "ProvisionedConcurrentExecutions", "Qualifier"]),
    ("TagResource", &["Resource", "Tags"]),
    ("UntagResource", &["Resource", "TagKeys"]),
];

fn behaves(operation: &str) -> bool {
    unsupported::TABLED.contains(&operation) || BEHAVING.iter().any(|(name, _)| *name == operation)
}

/// The path with something for each label that the label's own pattern admits, and the constants of its query.
fn uri(operation: Operation, slash: &str) -> String {
    let (path, query) = operation.uri().split_once('?').unwrap_or((operation.uri(), ""));
    let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3A";
    let filled: String = path
        .split(['{', '}'])
        .enumerate()
        .map(|(at, part)| match (at % 2, part) {
            (0, part) => part.to_owned(),
            (_, "CodeSigningConfigArn") => format!("{arn}code-signing-config%3Acsc-0123456789abcdef0"),
            (_, "Resource" | "ResourceArn") => format!("{arn}function%3Af"),
            (_, "VersionNumber") => "1".to_owned(),
            _ => "f".to_owned(),
        })
        .collect();
    format!("{}{slash}?{query}", filled.trim_end_matches('/'))
}

#[tokio::test]
async fn every_operation_of_the_model_behaves_or_answers_501_with_its_name_also_under_a_trailing_slash() {
    let kit = Kit::new(Settings::default()).await;
    for &operation in Operation::ALL {
        for slash in ["", "/"] {
            let uri = uri(operation, slash);
            let body: &[u8] = if operation.method() == "GET" { b"" } else { b"{}" };
            let answer = kit.call(operation.method(), &uri, &[], body).await;
            let (name, kind) = (operation.name(), answer.header("x-amzn-errortype"));
            let what = format!("{} {uri}: {} {}", operation.method(), answer.status, answer.text());
            assert_ne!(kind, Some("UnknownOperationException"), "{what}");
            assert_ne!(answer.status, 500, "{what}");
            assert_eq!(answer.status != 501, behaves(name), "{what}");
            if answer.status == 501 {
                assert!(answer.text().contains(&format!("does not implement {name} yet")), "{what}");
            }
        }
    }
}

fn members<I: Shape + Default>() -> Vec<&'static str> {
    let mut names = Vec::new();
    I::default().visit(&mut |info, _| names.push(info.name));
    names
}

macro_rules! all_members {
    ($($operation:ident: $input:ident,)*) => {
        BTreeMap::from([$((stringify!($operation), members::<lambda_api::lambda::shapes::$input>())),*])
    };
}

/// The tabled ones: `unsupported::tests::every_member_of_the_model_is_either_handled_or_refused`.
#[test]
fn every_member_of_every_operation_that_behaves_is_decided_about() {
    let model: BTreeMap<&str, Vec<&str>> = lambda_api::every_lambda_input!(all_members);
    for (operation, decided) in BEHAVING {
        let mut decided = decided.to_vec();
        let mut model = model.get(operation).cloned().unwrap_or_default();
        decided.sort_unstable();
        model.sort_unstable();
        assert_eq!(decided, model, "{operation}");
    }
}
