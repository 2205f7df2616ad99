//! Keeps what glibc links into every library, such as `pthread_atfork`, from being exported with the functions of `otp.h`.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "gnu")
        && std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux")
    {
        println!("cargo::rustc-cdylib-link-arg=-Wl,--exclude-libs,libc_nonshared.a");
    }
}
