//! The operations of the Lambda API, one file per resource. `Invoke*` have a room of their own.

mod account;
mod code;
mod concurrency;
mod configuration;
mod functions;
mod none;
mod provisioned;
mod tags;
mod target;
pub(crate) mod unsupported;
mod versions;

pub(crate) use target::{Target, check_state, target};

use crate::Frontend;
use crate::answer::Answer;
use crate::authenticate::Caller;
use crate::dispatch::{Request, header};
use crate::errors::ApiError;
use bytes::Bytes;
use lambda_api::{Input, Operation, PathLabels};
use serde::Serialize;

/// One call of an operation.
pub(crate) struct Call<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) labels: &'a PathLabels<'a>,
    pub(crate) request: &'a Request<'a>,
    pub(crate) body: Bytes,
}

impl Call<'_> {
    /// The operation's input, valid by the model's constraints.
    pub(crate) fn input<I: Input>(&self) -> Result<I, ApiError> {
        let head = &self.request.head;
        let input = I::parse(&lambda_api::Request {
            labels: self.labels,
            query: head.query,
            header: &|name| header(head.headers, name),
            body: &self.body,
        })?;
        let violations = input.violations();
        if violations.is_empty() {
            Ok(input)
        } else {
            Err(ApiError::validation(lambda_api::message(&violations)))
        }
    }
}

/// A structure of the model as an answer.
pub(crate) fn json(status: u16, output: &impl Serialize) -> Result<Answer, ApiError> {
    match serde_json::to_vec(output) {
        Ok(body) => Ok(Answer::json(status, body)),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            Err(ApiError::service("The answer could not be written."))
        }
    }
}

/// 204.
pub(crate) fn no_content() -> Answer {
    Answer::new(204, Bytes::new())
}

/// Runs any operation but the two invokes. One that has no behaviour yet says so.
pub(crate) async fn answer(
    frontend: &Frontend,
    operation: Operation,
    call: Call<'_>,
) -> Result<Answer, ApiError> {
    match operation {
        Operation::CreateFunction => functions::create(frontend, call).await,
        Operation::GetFunction => functions::get(frontend, call).await,
        Operation::GetFunctionConfiguration => functions::get_configuration(frontend, call).await,
        Operation::ListFunctions => functions::list(frontend, call).await,
        Operation::DeleteFunction => functions::delete(frontend, call).await,
        Operation::UpdateFunctionCode => code::update(frontend, call).await,
        Operation::UpdateFunctionConfiguration => configuration::update(frontend, call).await,
        Operation::PublishVersion => versions::publish(frontend, call).await,
        Operation::ListVersionsByFunction => versions::list(frontend, call).await,
        Operation::GetAccountSettings => account::settings(frontend, call).await,
        Operation::PutFunctionConcurrency => concurrency::put(frontend, call).await,
        Operation::GetFunctionConcurrency => concurrency::get(frontend, call).await,
        Operation::DeleteFunctionConcurrency => concurrency::delete(frontend, call).await,
        Operation::PutProvisionedConcurrencyConfig => provisioned::put(frontend, call).await,
        Operation::GetProvisionedConcurrencyConfig => provisioned::get(frontend, call).await,
        Operation::ListProvisionedConcurrencyConfigs => provisioned::list(frontend, call).await,
        Operation::DeleteProvisionedConcurrencyConfig => provisioned::delete(frontend, call).await,
        Operation::TagResource => tags::tag(frontend, call).await,
        Operation::UntagResource => tags::untag(frontend, call).await,
        Operation::ListTags => tags::list(frontend, call).await,
        operation => match none::answer(frontend, operation, &call).await? {
            Some(answer) => Ok(answer),
            None => Err(ApiError::not_implemented(operation.name())),
        },
    }
}
