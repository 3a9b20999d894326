//! What decides, without IO: which environment serves which invocation ([`assignment`]), which worker hosts
//! which environment ([`placement`]), and for how long and under whose word a worker serves ([`tenancy`]).
//!
//! The cores have no clock, no randomness, no tasks and no IO: time and fresh ids come in with the input, and
//! what is to be done goes out as effects. So a test, a fuzzer and the simulator drive the very same code as the
//! drivers in `assignment`, `placement` and `worker`, and one input sequence always gives one effect sequence.

pub mod assignment;
pub mod placement;
pub mod tenancy;
