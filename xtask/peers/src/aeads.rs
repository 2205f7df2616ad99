//! The AEADs of ring and RustCrypto: key schedule, and sealing or opening in place. Their keys are 32 bytes, not text.

use std::hint::black_box;

use aes_gcm::Aes256Gcm;
use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{AeadInPlace, KeyInit, Nonce as AeadNonce};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::turns::{Work, work};

const KEY: [u8; 32] = [7; 32];
const NONCE: [u8; NONCE_LEN] = [9; NONCE_LEN];
/// About as long as a record's header.
const HEADER: [u8; 45] = [3; 45];

pub(crate) fn works(secret: &[u8]) -> Vec<Work> {
    let ring_key = || LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, black_box(&KEY)).unwrap());
    let nonce = || Nonce::assume_unique_for_key(NONCE);

    let mut sealed = secret.to_vec();
    ring_key().seal_in_place_append_tag(nonce(), Aad::from(HEADER), &mut sealed).unwrap();
    let mut buffer = sealed.clone();
    let ring_open = work("ring ChaCha20-Poly1305, open", move || {
        buffer.copy_from_slice(&sealed);
        black_box(ring_key().open_in_place(nonce(), Aad::from(HEADER), &mut buffer).unwrap());
    });
    let mut buffer = secret.to_vec();
    let ring_seal = work("ring ChaCha20-Poly1305, seal", move || {
        let _tag = black_box(ring_key().seal_in_place_separate_tag(nonce(), Aad::from(HEADER), &mut buffer).unwrap());
    });
    vec![
        ring_open,
        ring_seal,
        rust_crypto_open::<ChaCha20Poly1305>("RustCrypto ChaCha20-Poly1305, open", secret),
        rust_crypto_open::<Aes256Gcm>("RustCrypto AES-256-GCM, open", secret),
    ]
}

fn rust_crypto_open<A: AeadInPlace + KeyInit>(name: &'static str, secret: &[u8]) -> Work {
    let cipher = || A::new_from_slice(black_box(&KEY)).unwrap();
    let nonce = || AeadNonce::<A>::from_slice(&NONCE);
    let mut sealed = secret.to_vec();
    let tag = cipher().encrypt_in_place_detached(nonce(), &HEADER, &mut sealed).unwrap();
    let mut buffer = sealed.clone();
    work(name, move || {
        buffer.copy_from_slice(&sealed);
        cipher().decrypt_in_place_detached(nonce(), &HEADER, &mut buffer, &tag).unwrap();
        black_box(&mut buffer);
    })
}
