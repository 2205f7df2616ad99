//! Gives the engine `otp_fuzz::pickle`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otp_fuzz::pickle(data));
