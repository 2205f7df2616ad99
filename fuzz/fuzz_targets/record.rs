//! Gives the engine `otp_fuzz::record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otp_fuzz::record(data));
