//! Which worker hosts which environment.
