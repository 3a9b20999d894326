//! Which environment serves which invocation.
