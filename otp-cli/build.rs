//! Links what the program needs of the compiler's runtime into it, so that its start loads one library less.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    // The unwinder of GCC's runtime is a library of its own, and loading it takes a tenth of the program's time.
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}
