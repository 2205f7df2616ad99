//! Gives the engine `otp_fuzz::note`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otp_fuzz::note(data));
