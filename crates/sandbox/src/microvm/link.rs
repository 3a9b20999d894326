//! The host's end of the conversation with one guest-init.
