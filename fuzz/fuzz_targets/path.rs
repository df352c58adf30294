//! Any text as the path of a PATCH.
#![no_main]

use burgee_scim::{GROUP, Mode, Path, USER};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for mode in [Mode::Tolerant, Mode::Strict] {
        for rt in [&USER, &GROUP] {
            let first = Path::parse(text, rt, mode);
            assert_eq!(first, Path::parse(text, rt, mode));
        }
    }
});
