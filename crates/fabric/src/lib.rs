//! What the roles say to each other: a trait and its messages per role.
