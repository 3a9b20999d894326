//! Members of requests that have no behaviour yet: refused by name, never stored and ignored.
//!
//! One table per operation. Every member of the model is in it, either as handled or with the question whether
//! this request asks for something by it; a value that says "none" (an empty list, `PackageType: Zip`) asks for
//! nothing, since Terraform, SAM and Serverless send those for every function. A test walks the generated
//! members, so that a new one in the model fails until somebody decides.

use crate::errors::ApiError;
use lambda_api::lambda::shapes::{
    CreateFunctionRequest, FunctionCode, InvocationRequest, InvokeWithResponseStreamRequest,
    ListFunctionsRequest, PublishVersionRequest, UpdateFunctionCodeRequest,
    UpdateFunctionConfigurationRequest, VpcConfig,
};

/// What an operation does with its members; `Code.S3Bucket` is a member of a member.
pub(crate) struct Table<I: 'static> {
    /// Asked for by the test that walks the model only: what is not refused goes on.
    #[cfg(test)]
    pub(super) handled: &'static [&'static str],
    pub(super) refused: &'static [Refused<I>],
}

/// A member, and whether a request asks for something by it.
type Refused<I> = (&'static str, fn(&I) -> bool);

/// Refuses the first member that asks for what Tinderbox does not do yet.
pub(crate) fn check<I>(table: &Table<I>, input: &I) -> Result<(), ApiError> {
    match table.refused.iter().find(|(_, asks)| asks(input)) {
        None => Ok(()),
        Some((name, _)) => Err(ApiError::invalid_parameter(format!("Tinderbox does not support {name} yet"))),
    }
}

/// The operations that have a table here.
#[cfg(test)]
pub(crate) const TABLED: [&str; 7] = [
    "CreateFunction",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
    "PublishVersion",
    "ListFunctions",
    "Invoke",
    "InvokeWithResponseStream",
];

fn filled<T>(list: &Option<Vec<T>>) -> bool {
    list.as_ref().is_some_and(|list| !list.is_empty())
}

fn said(text: &Option<String>) -> bool {
    text.as_ref().is_some_and(|text| !text.is_empty())
}

fn other_than(text: &Option<String>, none: &str) -> bool {
    text.as_ref().is_some_and(|text| text != none)
}

fn in_code(input: &CreateFunctionRequest, asks: fn(&FunctionCode) -> bool) -> bool {
    input.code.as_ref().is_some_and(asks)
}

fn vpc(config: &Option<VpcConfig>) -> bool {
    config.as_ref().is_some_and(|vpc| {
        filled(&vpc.subnet_ids)
            || filled(&vpc.security_group_ids)
            || vpc.ipv6_allowed_for_dual_stack == Some(true)
    })
}

pub(super) static CREATE_FUNCTION: Table<CreateFunctionRequest> = Table {
    #[cfg(test)]
    handled: &[
        "FunctionName",
        "Runtime",
        "Role",
        "Handler",
        "Code",
        "Code.ZipFile",
        "Description",
        "Timeout",
        "MemorySize",
        "Publish",
        "Environment",
        "TracingConfig",
        "Tags",
        "Architectures",
        "EphemeralStorage",
        "LoggingConfig",
        "SnapStart",
    ],
    refused: &[
        ("Code.S3Bucket", |it| in_code(it, |code| said(&code.s3_bucket))),
        ("Code.S3Key", |it| in_code(it, |code| said(&code.s3_key))),
        ("Code.S3ObjectVersion", |it| in_code(it, |code| said(&code.s3_object_version))),
        ("Code.S3ObjectStorageMode", |it| in_code(it, |code| said(&code.s3_object_storage_mode))),
        ("Code.ImageUri", |it| in_code(it, |code| said(&code.image_uri))),
        ("Code.SourceKMSKeyArn", |it| in_code(it, |code| said(&code.source_kms_key_arn))),
        ("PublishTo", |it| said(&it.publish_to)),
        ("VpcConfig", |it| vpc(&it.vpc_config)),
        ("PackageType Image", |it| other_than(&it.package_type, "Zip")),
        ("DeadLetterConfig", |it| it.dead_letter_config.as_ref().is_some_and(|it| said(&it.target_arn))),
        ("KMSKeyArn", |it| said(&it.kms_key_arn)),
        ("Layers", |it| filled(&it.layers)),
        ("FileSystemConfigs", |it| filled(&it.file_system_configs)),
        ("CodeSigningConfigArn", |it| said(&it.code_signing_config_arn)),
        ("ImageConfig", |it| {
            it.image_config.as_ref().is_some_and(|it| {
                filled(&it.entry_point) || filled(&it.command) || said(&it.working_directory)
            })
        }),
        ("TenancyConfig", |it| it.tenancy_config.is_some()),
        ("CapacityProviderConfig", |it| it.capacity_provider_config.is_some()),
        ("DurableConfig", |it| it.durable_config.is_some()),
        ("RuntimeConfig", |it| it.runtime_config.is_some()),
        ("AcceleratorConfig", |it| it.accelerator_config.is_some()),
    ],
};

pub(super) static UPDATE_FUNCTION_CODE: Table<UpdateFunctionCodeRequest> = Table {
    #[cfg(test)]
    handled: &["FunctionName", "ZipFile", "Architectures", "Publish", "DryRun", "RevisionId"],
    refused: &[
        ("S3Bucket", |it| said(&it.s3_bucket)),
        ("S3Key", |it| said(&it.s3_key)),
        ("S3ObjectVersion", |it| said(&it.s3_object_version)),
        ("S3ObjectStorageMode", |it| said(&it.s3_object_storage_mode)),
        ("ImageUri", |it| said(&it.image_uri)),
        ("PublishTo", |it| said(&it.publish_to)),
        ("SourceKMSKeyArn", |it| said(&it.source_kms_key_arn)),
    ],
};

pub(super) static UPDATE_FUNCTION_CONFIGURATION: Table<UpdateFunctionConfigurationRequest> = Table {
    #[cfg(test)]
    handled: &[
        "FunctionName",
        "Role",
        "Handler",
        "Description",
        "Timeout",
        "MemorySize",
        "Environment",
        "Runtime",
        "TracingConfig",
        "RevisionId",
        "EphemeralStorage",
        "LoggingConfig",
        "SnapStart",
    ],
    refused: &[
        ("VpcConfig", |it| vpc(&it.vpc_config)),
        ("DeadLetterConfig", |it| it.dead_letter_config.as_ref().is_some_and(|it| said(&it.target_arn))),
        ("KMSKeyArn", |it| said(&it.kms_key_arn)),
        ("Layers", |it| filled(&it.layers)),
        ("FileSystemConfigs", |it| filled(&it.file_system_configs)),
        ("ImageConfig", |it| {
            it.image_config.as_ref().is_some_and(|it| {
                filled(&it.entry_point) || filled(&it.command) || said(&it.working_directory)
            })
        }),
        ("CapacityProviderConfig", |it| it.capacity_provider_config.is_some()),
        ("DurableConfig", |it| it.durable_config.is_some()),
        ("RuntimeConfig", |it| it.runtime_config.is_some()),
        ("AcceleratorConfig", |it| it.accelerator_config.is_some()),
    ],
};

pub(super) static PUBLISH_VERSION: Table<PublishVersionRequest> = Table {
    #[cfg(test)]
    handled: &["FunctionName", "CodeSha256", "Description", "RevisionId"],
    refused: &[("PublishTo", |it| said(&it.publish_to))],
};

pub(super) static LIST_FUNCTIONS: Table<ListFunctionsRequest> = Table {
    #[cfg(test)]
    handled: &["FunctionVersion", "Marker", "MaxItems"],
    // "ALL" includes replicas of edge functions; there are none.
    refused: &[("MasterRegion", |it| other_than(&it.master_region, "ALL"))],
};

pub(crate) static INVOKE: Table<InvocationRequest> = Table {
    #[cfg(test)]
    handled: &["FunctionName", "InvocationType", "LogType", "ClientContext", "Payload", "Qualifier"],
    refused: &[
        ("DurableExecutionName", |it| said(&it.durable_execution_name)),
        ("TenantId", |it| said(&it.tenant_id)),
    ],
};

pub(crate) static INVOKE_WITH_RESPONSE_STREAM: Table<InvokeWithResponseStreamRequest> = Table {
    #[cfg(test)]
    handled: &["FunctionName", "InvocationType", "LogType", "ClientContext", "Payload", "Qualifier"],
    refused: &[("TenantId", |it| said(&it.tenant_id))],
};

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_api::Shape;
    use std::collections::BTreeSet;

    /// Every member of `I` is in the table once, and none else is. `PackageType Image` is about `PackageType`.
    fn covers<I: Shape + Default>(table: &Table<I>, nested: &[(&str, &dyn Fn() -> Vec<String>)]) {
        let mut model: BTreeSet<String> = members::<I>("").into_iter().collect();
        for (_, members) in nested {
            model.extend(members());
        }
        let refused = table.refused.iter().map(|(name, _)| *name);
        let decided: Vec<String> = table
            .handled
            .iter()
            .copied()
            .chain(refused)
            .map(|name| name.split(' ').next().unwrap().to_owned())
            .filter(|name| name != "Payload")
            .collect();
        let unique: BTreeSet<String> = decided.iter().cloned().collect();
        assert_eq!(unique.len(), decided.len(), "decided twice: {decided:?}");
        assert_eq!(unique, model);
        assert!(check(table, &I::default()).is_ok());
    }

    fn members<I: Shape + Default>(prefix: &str) -> Vec<String> {
        let mut names = Vec::new();
        I::default().visit(&mut |info, _| names.push(format!("{prefix}{}", info.name)));
        names
    }

    #[test]
    fn every_member_of_the_model_is_either_handled_or_refused() {
        covers(&CREATE_FUNCTION, &[("Code", &|| members::<FunctionCode>("Code."))]);
        covers(&UPDATE_FUNCTION_CODE, &[]);
        covers(&UPDATE_FUNCTION_CONFIGURATION, &[]);
        covers(&PUBLISH_VERSION, &[]);
        covers(&LIST_FUNCTIONS, &[]);
        covers(&INVOKE, &[]);
        covers(&INVOKE_WITH_RESPONSE_STREAM, &[]);
    }

    fn refusal_of(json: &str) -> Option<String> {
        let input: CreateFunctionRequest = serde_json::from_str(json).unwrap();
        check(&CREATE_FUNCTION, &input).err().map(|error| error.message)
    }

    #[test]
    fn values_that_say_none_are_accepted() {
        let json = r#"{"Layers":[],"SnapStart":{"ApplyOn":"None"},"VpcConfig":{"SubnetIds":[],"SecurityGroupIds":[]},
            "TracingConfig":{"Mode":"PassThrough"},"PackageType":"Zip","DeadLetterConfig":{},"KMSKeyArn":"",
            "FileSystemConfigs":[],"ImageConfig":{},"CodeSigningConfigArn":""}"#;
        assert_eq!(refusal_of(json), None);
    }

    #[test]
    fn a_member_without_a_behaviour_is_refused_by_name() {
        for (json, name) in [
            (r#"{"Layers":["arn:aws:lambda:eu-west-1:1:layer:l:1"]}"#, "Layers"),
            (r#"{"Code":{"ImageUri":"x"}}"#, "Code.ImageUri"),
            (r#"{"Code":{"S3Bucket":"x","S3Key":"y"}}"#, "Code.S3Bucket"),
            (r#"{"VpcConfig":{"SubnetIds":["s"]}}"#, "VpcConfig"),
            (r#"{"PackageType":"Image"}"#, "PackageType Image"),
            (r#"{"TenancyConfig":{}}"#, "TenancyConfig"),
            (r#"{"DurableConfig":{}}"#, "DurableConfig"),
            (r#"{"PublishTo":"x"}"#, "PublishTo"),
        ] {
            assert_eq!(refusal_of(json), Some(format!("Tinderbox does not support {name} yet")), "{json}");
        }
    }
}
