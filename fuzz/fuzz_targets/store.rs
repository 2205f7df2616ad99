//! Gives the engine `otp_fuzz::store`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otp_fuzz::store(data));
