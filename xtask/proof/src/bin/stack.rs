//! Prints how much stack the core uses. `cargo xtask stack` builds and starts it.

fn main() {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    measure::main();
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    eprintln!("this needs Linux on x86-64");
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod measure {
    use chacha20::ChaCha20Rng;
    use otp_core::key::{MAX_LEN, MAX_TEXT_LEN};
    use otp_core::rand_core::SeedableRng;
    use otp_core::random::HealthTested;
    use otp_core::{Capacity, Fields, FreshKey, Key, Record, Terms, UnixTime, open, seal};
    use otp_proof::stack::taken_by;

    pub(crate) fn main() {
        println!("stack in bytes, on the caller's buffers");
        println!(
            "{:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "capacity", "generate", "seal", "text", "parse", "decode", "open"
        );
        for capacity in [Capacity::MIN, Capacity::ALL[4], Capacity::MAX] {
            line(capacity);
        }
    }

    fn line(capacity: Capacity) {
        let now = UnixTime::from_secs(1_800_000_000).expect("a time");
        let name = "edms/reporting".parse().expect("a name");
        // One field with the largest value that fits: code, length, value.
        let value_len = u16::try_from(capacity.bytes() - 3).expect("it fits").to_be_bytes();
        let payload = [&[2][..], &value_len, &vec![7; capacity.bytes() - 3]].concat();
        let mut rng = HealthTested::new(ChaCha20Rng::from_seed([7; 32]));

        let mut key_bytes = vec![0; MAX_LEN];
        let mut again = key_bytes.clone();
        let mut record_bytes = vec![0; Record::MAX_LEN];
        let mut text = vec![0; MAX_TEXT_LEN];

        let generate = taken_by(|| drop(FreshKey::generate(&name, capacity, &mut key_bytes[..], &mut rng)));
        let whole = taken_by(|| {
            let fresh = FreshKey::generate(&name, capacity, &mut again[..], &mut rng).expect("sound");
            drop(seal(fresh, &Terms::created(now), &payload, &mut record_bytes));
        });
        let fresh = FreshKey::generate(&name, capacity, &mut key_bytes[..], &mut rng).expect("sound");
        let (key, record) = seal(fresh, &Terms::created(now), &payload, &mut record_bytes).expect("it fits");
        let write = taken_by(|| assert!(key.write_text(&mut text).is_ok()));
        let len = key.write_text(&mut text).expect("it fits").len();
        drop(key);
        let text = &text[..len];
        let parse = taken_by(|| assert!(Key::parse(text, &mut again[..]).is_ok()));
        let decode = taken_by(|| assert!(Record::decode(record).is_ok()));
        let opened = taken_by(|| {
            let key = Key::parse(text, &mut again[..]).expect("it was written");
            let record = Record::decode(record).expect("it was sealed");
            let secret = open(key, &record, now).expect("it fits");
            assert!(Fields::decode(secret.expose()).is_ok());
        });
        println!("{:>9} {generate:>9} {whole:>9} {write:>9} {parse:>9} {decode:>9} {opened:>9}", capacity.bytes());
    }
}
