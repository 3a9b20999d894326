//! Function ARNs and the four forms in which a caller may name a function.

use crate::{AccountId, FunctionName, Qualifier, Region};
use serde::{Deserialize, Serialize};
use std::fmt;

/// `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FunctionArn {
    pub region: Region,
    pub account: AccountId,
    pub function: FunctionName,
    pub qualifier: Option<Qualifier>,
}

impl FunctionArn {
    /// The ARN without a qualifier.
    pub fn unqualified(&self) -> Self {
        Self { qualifier: None, ..self.clone() }
    }

    /// The same function under this qualifier.
    pub fn qualified(&self, qualifier: impl fmt::Display) -> Self {
        Self { qualifier: Some(Qualifier::new(qualifier.to_string())), ..self.clone() }
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:aws:lambda:{}:{}:function:{}", self.region, self.account, self.function)?;
        match &self.qualifier {
            Some(qualifier) => write!(f, ":{qualifier}"),
            None => Ok(()),
        }
    }
}

/// A function as a caller names it: name, `name:qualifier`, partial ARN (`ACCOUNT:function:NAME`) or full ARN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionReference {
    /// Only a full ARN carries a region.
    pub region: Option<Region>,
    /// Partial and full ARNs carry an account.
    pub account: Option<AccountId>,
    pub function: FunctionName,
    pub qualifier: Option<Qualifier>,
}

/// The text is none of the four forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a function name, name:qualifier, partial ARN or full ARN")]
pub struct ReferenceError;

impl FunctionReference {
    /// Reads any of the four forms. Lengths and characters of the name are the API layer's to check.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let fields: Vec<&str> = text.split(':').collect();
        let (region, account, rest) = match fields.as_slice() {
            ["arn", partition, "lambda", region, account, "function", rest @ ..]
                if partition.starts_with("aws") =>
            {
                (Some(*region), Some(*account), rest)
            }
            [account, "function", rest @ ..] if is_account(account) => (None, Some(*account), rest),
            ["function", rest @ ..] if !rest.is_empty() => (None, None, rest),
            rest => (None, None, rest),
        };
        if account.is_some_and(|account| !is_account(account)) {
            return Err(ReferenceError);
        }
        let (function, qualifier) = match rest {
            [function] => (*function, None),
            [function, qualifier] => (*function, Some(*qualifier)),
            _ => return Err(ReferenceError),
        };
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if function.is_empty() || !function.bytes().all(in_name) {
            return Err(ReferenceError);
        }
        Ok(Self {
            region: region.map(Region::new),
            account: account.map(AccountId::new),
            function: FunctionName::new(function),
            qualifier: qualifier.map(Qualifier::new),
        })
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_forms_name_the_same_function() {
        let rows = [
            ("hello", None, None, None),
            ("hello:1", None, None, Some("1")),
            ("123456789012:function:hello", None, Some("123456789012"), None),
            ("123456789012:function:hello:live", None, Some("123456789012"), Some("live")),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:hello",
                Some("eu-west-1"),
                Some("123456789012"),
                None,
            ),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:hello:$LATEST",
                Some("eu-west-1"),
                Some("123456789012"),
                Some("$LATEST"),
            ),
        ];
        for (text, region, account, qualifier) in rows {
            let read = FunctionReference::parse(text).expect(text);
            assert_eq!(read.function.as_str(), "hello", "{text}");
            assert_eq!(read.region.as_ref().map(Region::as_str), region, "{text}");
            assert_eq!(read.account.as_ref().map(AccountId::as_str), account, "{text}");
            assert_eq!(read.qualifier.as_ref().map(Qualifier::as_str), qualifier, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "a:b:c", "arn:aws:s3:::bucket", "a/b", "arn:aws:lambda:eu-west-1:12:function:hello", "a b"]
        {
            assert_eq!(FunctionReference::parse(text), Err(ReferenceError), "{text}");
        }
    }
}
