//! `tinderbox drain`: a worker gets nothing new.

use super::status::{Operator, inside};
use crate::cli::DrainArgs;
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use fabric::placement::{DrainWorker, PlacementError};
use types::WorkerId;

pub(super) fn run(args: &DrainArgs, screen: Screen) -> Result<(), Failure> {
    inside(async {
        let operator = Operator::new(&args.join).await?;
        let drained = operator.placement()?.drain(DrainWorker { worker: WorkerId::new(&args.worker) }).await;
        match drained {
            Ok(()) => screen.line(format!("{} drains: nothing new is placed there", args.worker)),
            Err(PlacementError::Unknown) => {
                Err(Failure::new(Exit::Refused, format!("no worker is called {}", args.worker))
                    .advise("`tinderbox status` lists those that there are"))
            }
            Err(error) => Err(Failure::here(error.to_string())),
        }
    })
}
