//! The protocol, point by point: RFC 7644 as far as no other suite looks.

mod bodies;
mod cases;
mod endpoints;
mod errors;
mod lists;
mod patch;
mod projections;
mod raw;
mod versions;
mod writes;
