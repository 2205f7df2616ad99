//! Tells a program that watches this one which bytes are secret. Only the build of `cargo xtask ct` does anything here.
#![cfg_attr(otp_ct, allow(unsafe_code, reason = "what a processor ignores and Valgrind recognises is no Rust"))]

/// Marks bytes that have just come in as secret: keys, values and drawn bytes.
#[inline]
pub fn secret_input(bytes: &[u8]) {
    #[cfg(otp_ct)]
    memcheck::hide(bytes);
    let _ = bytes;
}

/// Marks a secret as handed to its owner, who may look at it from here on: the fields of an account that is open.
#[inline]
pub fn hand_over(bytes: &[u8]) {
    #[cfg(otp_ct)]
    memcheck::publish(bytes.as_ptr(), bytes.len());
    let _ = bytes;
}

#[cfg(otp_ct)]
mod memcheck {
    use std::arch::asm;
    use std::hint::black_box;

    /// The requests of `memcheck.h` that are used here.
    const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
    const MAKE_MEM_DEFINED: usize = 0x4d43_0002;

    pub(super) fn hide(bytes: &[u8]) {
        // The core says what it reveals; the first call has it do so.
        let _ = otp_core::ct::witness::RELEASED.set(publish);
        request(MAKE_MEM_UNDEFINED, bytes.as_ptr().addr(), bytes.len());
        if std::env::var_os("OTP_CT_PLANTED").is_some() {
            leak(bytes);
        }
    }

    pub(super) fn publish(start: *const u8, len: usize) {
        request(MAKE_MEM_DEFINED, start.addr(), len);
    }

    /// A leak, to show that it is seen.
    fn leak(bytes: &[u8]) {
        if bytes.first().is_some_and(|first| black_box(*first) < b'o') {
            black_box(tick());
        }
    }

    #[inline(never)]
    fn tick() -> u32 {
        black_box(1)
    }

    /// A client request: instructions that do nothing on a processor, and that Valgrind recognises.
    fn request(number: usize, start: usize, len: usize) {
        let arguments = [number, start, len, 0, 0, 0];
        // SAFETY: the rotations of `rdi` add up to 128 bits, so it ends as it was, and exchanging `rbx` with itself changes
        // nothing. Under Valgrind the request reads `arguments`, and changes what Valgrind knows of the bytes that they name,
        // but not the bytes; it writes `rdx`.
        unsafe {
            asm!(
                "rol rdi, 3",
                "rol rdi, 13",
                "rol rdi, 61",
                "rol rdi, 51",
                "xchg rbx, rbx",
                in("rax") arguments.as_ptr(),
                inout("rdx") 0_usize => _,
            );
        }
    }
}
