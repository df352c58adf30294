//! The protocol, point by point: RFC 7644 as far as no other suite looks.

mod assignable;
mod bodies;
mod bulk;
mod cases;
mod cursors;
mod endpoints;
mod errors;
mod lists;
mod patch;
mod projections;
mod raw;
mod strict;
mod versions;
mod writes;
