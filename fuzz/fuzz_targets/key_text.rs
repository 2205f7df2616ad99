//! Gives the engine `otp_fuzz::key_text`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otp_fuzz::key_text(data));
