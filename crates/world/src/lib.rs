//! Clock, randomness and tasks, by injection.
