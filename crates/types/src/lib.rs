//! Vocabulary: ids, ARNs, limits.
