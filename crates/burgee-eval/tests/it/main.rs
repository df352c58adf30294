//! What other implementations say, one binary.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic too")]

mod oracle;
mod random;
mod specification;
