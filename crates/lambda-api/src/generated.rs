//! Everything below is made by `cargo xtask codegen`; `--check` fails when it is stale. Do not edit.

pub mod lambda {
    //! AWS Lambda, API version 2015-03-31, all operations.
    pub mod errors;
    pub mod operations;
    pub mod shapes;
    pub(crate) mod validation;
}

pub mod logs {
    //! CloudWatch Logs, API version 2014-03-28, the operations that log readers need.
    pub mod errors;
    pub mod operations;
    pub mod shapes;
    pub(crate) mod validation;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_the_models_is_understood() {
        let patterns = lambda::validation::PATTERNS.iter().chain(logs::validation::PATTERNS);
        let mut count = 0;
        for pattern in patterns {
            assert_eq!(pattern.compile(), Ok(()), "{}", pattern.source());
            count += 1;
        }
        assert!(count > 60, "{count} patterns");
    }
}
