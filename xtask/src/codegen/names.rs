//! From the model's names to Rust's.

const KEYWORDS: [&str; 8] = ["type", "match", "ref", "fn", "use", "in", "self", "enum"];

/// `KMSKeyArn` → `kms_key_arn`, `CodeSha256` → `code_sha256`, `Type` → `type_`.
pub(crate) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (idx, &c) in chars.iter().enumerate() {
        if c.is_ascii_uppercase() && idx > 0 {
            let after_lower = chars[idx - 1].is_ascii_lowercase() || chars[idx - 1].is_ascii_digit();
            let before_lower = chars.get(idx + 1).is_some_and(char::is_ascii_lowercase);
            if after_lower || (before_lower && chars[idx - 1].is_ascii_uppercase()) {
                out.push('_');
            }
        }
        out.push(c.to_ascii_lowercase());
    }
    if KEYWORDS.contains(&out.as_str()) {
        out.push('_');
    }
    out
}

/// `FunctionName` → `FUNCTION_NAME`.
pub(crate) fn constant(name: &str) -> String {
    snake(name).trim_end_matches('_').to_ascii_uppercase()
}

/// A Rust string literal.
pub(crate) fn literal(text: &str) -> String {
    format!("{text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_rust_names() {
        for (name, expected) in [
            ("FunctionName", "function_name"),
            ("KMSKeyArn", "kms_key_arn"),
            ("UUID", "uuid"),
            ("CodeSha256", "code_sha256"),
            ("Type", "type_"),
            ("S3Bucket", "s3_bucket"),
            ("logGroupName", "log_group_name"),
            ("EC2ErrorCode", "ec2_error_code"),
            ("VpcId", "vpc_id"),
        ] {
            assert_eq!(snake(name), expected);
        }
        assert_eq!(constant("Type"), "TYPE");
    }
}
