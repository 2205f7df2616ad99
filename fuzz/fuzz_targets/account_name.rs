//! Gives the engine `otp_fuzz::account_name`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otp_fuzz::account_name(data));
