//! Functions, versions, tags: the durable truth.
