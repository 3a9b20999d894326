// Made by `cargo xtask codegen` from models/. Do not edit.

/// The operations of CloudWatch Logs 2014-03-28 (botocore 1.44.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    CreateLogGroup,
    CreateLogStream,
    DeleteLogGroup,
    DeleteLogStream,
    DeleteRetentionPolicy,
    DescribeLogGroups,
    DescribeLogStreams,
    FilterLogEvents,
    GetLogEvents,
    ListTagsForResource,
    ListTagsLogGroup,
    PutLogEvents,
    PutRetentionPolicy,
    TagResource,
    UntagResource,
}

impl Operation {
    pub const ALL: &'static [Operation] = &[
        Operation::CreateLogGroup,
        Operation::CreateLogStream,
        Operation::DeleteLogGroup,
        Operation::DeleteLogStream,
        Operation::DeleteRetentionPolicy,
        Operation::DescribeLogGroups,
        Operation::DescribeLogStreams,
        Operation::FilterLogEvents,
        Operation::GetLogEvents,
        Operation::ListTagsForResource,
        Operation::ListTagsLogGroup,
        Operation::PutLogEvents,
        Operation::PutRetentionPolicy,
        Operation::TagResource,
        Operation::UntagResource,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateLogGroup => "CreateLogGroup",
            Self::CreateLogStream => "CreateLogStream",
            Self::DeleteLogGroup => "DeleteLogGroup",
            Self::DeleteLogStream => "DeleteLogStream",
            Self::DeleteRetentionPolicy => "DeleteRetentionPolicy",
            Self::DescribeLogGroups => "DescribeLogGroups",
            Self::DescribeLogStreams => "DescribeLogStreams",
            Self::FilterLogEvents => "FilterLogEvents",
            Self::GetLogEvents => "GetLogEvents",
            Self::ListTagsForResource => "ListTagsForResource",
            Self::ListTagsLogGroup => "ListTagsLogGroup",
            Self::PutLogEvents => "PutLogEvents",
            Self::PutRetentionPolicy => "PutRetentionPolicy",
            Self::TagResource => "TagResource",
            Self::UntagResource => "UntagResource",
        }
    }

    /// The operation that an `X-Amz-Target` header names.
    pub fn from_target(target: &str) -> Option<Operation> {
        match target.strip_prefix("Logs_20140328.")? {
            "CreateLogGroup" => Some(Self::CreateLogGroup),
            "CreateLogStream" => Some(Self::CreateLogStream),
            "DeleteLogGroup" => Some(Self::DeleteLogGroup),
            "DeleteLogStream" => Some(Self::DeleteLogStream),
            "DeleteRetentionPolicy" => Some(Self::DeleteRetentionPolicy),
            "DescribeLogGroups" => Some(Self::DescribeLogGroups),
            "DescribeLogStreams" => Some(Self::DescribeLogStreams),
            "FilterLogEvents" => Some(Self::FilterLogEvents),
            "GetLogEvents" => Some(Self::GetLogEvents),
            "ListTagsForResource" => Some(Self::ListTagsForResource),
            "ListTagsLogGroup" => Some(Self::ListTagsLogGroup),
            "PutLogEvents" => Some(Self::PutLogEvents),
            "PutRetentionPolicy" => Some(Self::PutRetentionPolicy),
            "TagResource" => Some(Self::TagResource),
            "UntagResource" => Some(Self::UntagResource),
            _ => None,
        }
    }

    /// The value of `X-Amz-Target` for this operation.
    pub fn target(self) -> String {
        format!("Logs_20140328.{}", self.name())
    }
}
