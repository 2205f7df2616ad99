//! Refuses interpreters that the package was never tried on.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if pyo3_build_config::get().is_free_threaded() {
        println!("cargo::error=otp-link does not support free-threaded builds of CPython; use one with the GIL");
    }
}
