//! What other implementations say, one binary.

mod oracle;
mod random;
mod specification;
mod stats;
