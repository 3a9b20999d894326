//! Everything below is made by `cargo xtask codegen`; `--check` fails when it is stale. Do not edit.

pub mod lambda {
    //! AWS Lambda, API version 2015-03-31, all operations.
    pub mod errors;
    pub mod operations;
    pub mod shapes;
    mod validation;
}

pub mod logs {
    //! CloudWatch Logs, API version 2014-03-28, the operations that log readers need.
    pub mod errors;
    pub mod operations;
    pub mod shapes;
    mod validation;
}
