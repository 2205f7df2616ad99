//! Gives the engine `otp_fuzz::keeper`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otp_fuzz::keeper(data));
