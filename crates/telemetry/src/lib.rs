//! Log lines and waterfalls: stored, bounded, queried.
