//! Sans-IO cores: assignment machine and placement planner.
