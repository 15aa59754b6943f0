//! Conversations from beginning to end, each told in one piece and cut at every position.

mod application;
mod inheriting;
mod masking;
mod names;
mod pipeline;
mod refusals;
mod script;
mod state;
mod voting;
mod ways_out;
