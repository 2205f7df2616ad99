//! Gives the linker a device's memory layout.

fn main() {
    println!("cargo::rerun-if-changed=device.ld");
    println!("cargo::rustc-link-arg=-T{}/device.ld", std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
}
