mod flow;
mod message;
