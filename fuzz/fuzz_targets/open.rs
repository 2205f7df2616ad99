//! Gives the engine `otp_fuzz::open`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otp_fuzz::open(data));
