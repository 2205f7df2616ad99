//! The header is what cbindgen generates from the source.

use std::path::Path;

#[test]
fn the_header_is_not_stale() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(here.join("cbindgen.toml")).unwrap();
    let mut generated = Vec::new();
    cbindgen::Builder::new().with_crate(here).with_config(config).generate().unwrap().write(&mut generated);
    let generated = String::from_utf8(generated).unwrap();
    let committed = std::fs::read_to_string(here.join("include/otp.h")).unwrap();
    if generated != committed {
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("otp.h");
        std::fs::write(&fresh, generated).unwrap();
        panic!("otp.h is stale; look at the difference, then run: cp {} otp-ffi/include/otp.h", fresh.display());
    }
}
