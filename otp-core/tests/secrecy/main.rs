//! A part of the proof of perfect secrecy; `cargo xtask prove` runs the whole.
#![allow(dead_code, reason = "the whole proof uses the rest")]

mod proof;

use proof::{PADS, ancestor, stored_frames, stored_pairs};

#[test]
fn every_pad_stores_another_frame_whatever_the_payload_is() {
    for payload in [&b""[..], &[0], &[1], &[0xff]] {
        assert_eq!(stored_frames(payload), Ok(PADS));
    }
}

#[test]
fn two_seals_of_one_secret_store_every_pair_once_and_so_do_two_secrets() {
    for secret in 0..=u8::MAX {
        // Equal, as two seals of one secret or an equal username and password; then not.
        assert_eq!(stored_pairs(secret, secret), Ok(1 << 16));
        assert_eq!(stored_pairs(secret, !secret), Ok(1 << 16));
    }
}

#[test]
fn each_byte_of_a_frame_meets_its_own_byte_of_the_pad() {
    assert_eq!(proof::bytes_are_apart(4), Ok(4 << 16));
}

#[test]
fn the_same_test_fails_for_the_ancestors_pads() {
    assert_eq!(ancestor::alphabet().len(), 72);
    assert!(!ancestor::is_secret());
    let (average, worst) = ancestor::lengths_left();
    println!("bits per character: {}", ancestor::bits_per_character());
    println!("lengths left: {average} on average, {worst} at worst, of {}", ancestor::lengths());
    println!("a guess of 12 characters survives once in {}", 1.0 / ancestor::guess_survives(12));
    // What the documents say of it.
    assert_eq!(format!("{:.2}", ancestor::bits_per_character()), "0.78");
    assert_eq!(format!("{average:.0} {worst}"), "18 2");
    assert_eq!(format!("{:.0}", 1.0 / ancestor::guess_survives(12)), "460");
}
