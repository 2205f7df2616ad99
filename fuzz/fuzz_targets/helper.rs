//! Gives the engine `otp_fuzz::helper`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otp_fuzz::helper(data));
