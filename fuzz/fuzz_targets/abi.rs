//! Gives the engine `otp_fuzz::abi`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otp_fuzz::abi(data));
