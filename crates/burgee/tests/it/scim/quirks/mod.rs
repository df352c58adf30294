//! What clients send that the RFCs do not foresee, by number: Q1 to Q23. Each is accepted, and counted if it has a
//! name.

mod bodies;
mod patches;
mod requests;
