//! From the text in `FunctionName` and `Qualifier` to the function that is meant.

use crate::authenticate::Caller;
use crate::errors::ApiError;
use fabric::control::{Named, State};
use lambda_api::overrides;
use types::{FunctionArn, FunctionReference, Qualifier};

/// A function as this caller named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) named: Named,
    /// With the qualifier, if one was given: what error messages and the invocation carry.
    pub(crate) arn: FunctionArn,
}

/// Reads name and qualifier. A name may carry a qualifier, an account and a region, which must be the caller's.
pub(crate) fn target(
    caller: &Caller,
    operation: &'static str,
    name: Option<&str>,
    qualifier: Option<&str>,
) -> Result<Target, ApiError> {
    let name = name.unwrap_or_default();
    let Ok(reference) = FunctionReference::parse(name) else {
        return Err(ApiError::invalid_parameter(format!("'{name}' does not name a function.")));
    };
    if let Some(refusal) = overrides::function_name_refusal(reference.function.as_str()) {
        return Err(ApiError::invalid_parameter(refusal));
    }
    if let Some(region) = reference.region.as_ref().filter(|region| **region != caller.region) {
        let ours = &caller.region;
        return Err(ApiError::not_found(format!(
            "Functions from '{region}' are not reachable in this region ('{ours}')"
        )));
    }
    let qualifier = match (reference.qualifier, qualifier.filter(|qualifier| !qualifier.is_empty())) {
        (Some(derived), Some(given)) if derived.as_str() != given => {
            return Err(ApiError::invalid_parameter(
                "The derived qualifier from the function name does not match the specified qualifier.",
            ));
        }
        (derived, given) => derived.or_else(|| given.map(Qualifier::new)),
    };
    let account = reference.account.unwrap_or_else(|| caller.account.clone());
    let arn = FunctionArn { region: caller.region.clone(), account, function: reference.function, qualifier };
    if arn.account != caller.account {
        return Err(ApiError::new(
            &overrides::ACCESS_DENIED_EXCEPTION,
            format!(
                "User: arn:aws:iam::{}:root is not authorized to perform: lambda:{operation} on resource: {arn} \
                 because no resource-based policy allows the lambda:{operation} action",
                caller.account
            ),
        ));
    }
    let named =
        Named { scope: caller.scope(), function: arn.function.clone(), qualifier: arn.qualifier.clone() };
    Ok(Target { named, arn })
}

/// `Active` is the only state that takes invocations.
pub(crate) fn check_state(state: State) -> Result<(), ApiError> {
    let name = match state {
        State::Active => return Ok(()),
        State::Pending => "Pending",
        State::Failed => "Failed",
    };
    Err(ApiError::conflict(format!(
        "The operation cannot be performed at this time. The function is currently in the following state: {name}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{AccountId, Region};

    fn caller() -> Caller {
        Caller {
            account: AccountId::new("123456789012"),
            region: Region::new("eu-west-1"),
            access_key_id: "k".to_owned(),
        }
    }

    #[test]
    fn all_forms_of_a_name_reach_the_function_and_foreign_ones_are_refused_in_awss_words() {
        let ours = "arn:aws:lambda:eu-west-1:123456789012:function:f";
        let long = "n".repeat(65);
        type Row<'a> = (&'a str, Option<&'a str>, Result<&'a str, (u16, &'a str)>);
        let rows: &[Row<'_>] = &[
            ("f", None, Ok("")),
            ("f", Some(""), Ok("")),
            ("f", Some("1"), Ok(":1")),
            ("f:1", None, Ok(":1")),
            ("f:1", Some("1"), Ok(":1")),
            (ours, Some("$LATEST"), Ok(":$LATEST")),
            ("123456789012:function:f", None, Ok("")),
            ("f:1", Some("2"), Err((400, "The derived qualifier from the function name does not match"))),
            (
                "arn:aws:lambda:us-east-1:123456789012:function:f",
                None,
                Err((404, "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')")),
            ),
            (
                "999999999999:function:f",
                None,
                Err((
                    403,
                    "User: arn:aws:iam::123456789012:root is not authorized to perform: lambda:GetFunction on resource: arn:aws:lambda:eu-west-1:999999999999:function:f because",
                )),
            ),
            (&long, None, Err((400, "1 validation error detected: Value 'nnn"))),
            ("a/b", None, Err((400, "'a/b' does not name"))),
        ];
        for (name, qualifier, expected) in rows {
            match (target(&caller(), "GetFunction", Some(name), *qualifier), expected) {
                (Ok(target), Ok(suffix)) => {
                    assert_eq!(target.arn.to_string(), format!("{ours}{suffix}"), "{name}");
                    assert_eq!(target.named.qualifier, target.arn.qualifier, "{name}");
                }
                (Err(error), Err((status, message))) => {
                    assert_eq!(error.shape.status, *status, "{name}");
                    assert!(error.message.starts_with(message), "{name}: {}", error.message);
                }
                (answer, expected) => panic!("{name} {qualifier:?}: {answer:?}, not {expected:?}"),
            }
        }
    }
}
