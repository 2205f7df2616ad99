//! Runs the core with secret bytes that memcheck watches. `cargo xtask ct` builds and starts it.

fn main() -> std::process::ExitCode {
    #[cfg(all(otp_ct, target_os = "linux", target_arch = "x86_64"))]
    return harness::main();
    #[cfg(not(all(otp_ct, target_os = "linux", target_arch = "x86_64")))]
    {
        eprintln!("this needs Linux on x86-64 and a build for it: cargo xtask ct");
        std::process::ExitCode::FAILURE
    }
}

#[cfg(all(otp_ct, target_os = "linux", target_arch = "x86_64"))]
mod harness {
    use std::hint::black_box;
    use std::process::ExitCode;

    use chacha20::ChaCha20Rng;
    use otp_core::account::{Field, FieldWriter};
    use otp_core::rand_core::{SeedableRng, TryCryptoRng, TryRng};
    use otp_core::random::{HealthTested, Xor};
    use otp_core::tag::{TAG_KEY_LEN, Tag};
    use otp_core::{Account, AccountName, Capacity, Error, Fields, FreshKey, Key, Record, Terms, UnixTime};
    use otp_core::{ct, frame, open, seal, verify};
    use otp_proof::memcheck::{Finding, hide, is_listening, publish, publish_at, watch};

    pub(crate) fn main() -> ExitCode {
        if !is_listening() {
            eprintln!("nobody watches: cargo xtask ct");
            return ExitCode::FAILURE;
        }
        ct::witness::RELEASED.set(publish_at).expect("nobody else sets it");

        let mut sound = true;
        println!("branches and addresses that depend on a secret:");
        for finding in checks() {
            println!("  {finding}");
            sound &= finding.errors == 0;
        }
        println!("planted leaks, to show that they are seen:");
        for finding in planted() {
            println!("  {finding}");
            if finding.errors == 0 {
                println!("  this one was missed, so the figures above mean nothing");
                sound = false;
            }
        }
        if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn checks() -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, value_len) in [("a", 3), ("edms/a", 20), ("edms/reporting", 40), ("x", 700), ("edms/big", 65_000)] {
            whole_life(&mut findings, &name.parse().expect("a name"), value_len);
        }
        parts(&mut findings);
        merged(findings)
    }

    /// One line for each kind of check.
    fn merged(findings: Vec<Finding>) -> Vec<Finding> {
        let mut sums: Vec<Finding> = Vec::new();
        for finding in findings {
            match sums.iter_mut().find(|sum| sum.what == finding.what) {
                Some(sum) => sum.errors += finding.errors,
                None => sums.push(finding),
            }
        }
        sums
    }

    /// An account from its fields to its record and back, with every secret byte watched.
    fn whole_life(findings: &mut Vec<Finding>, name: &AccountName, value_len: usize) {
        let mut note = |finding| findings.push(finding);
        let now = UnixTime::from_secs(1_800_000_000).expect("a time");
        let mut value = random(value_len);
        let shown = value.clone();
        hide(&mut value);

        let (finding, account) = watch("account: encode", || {
            let mut account = Account::new();
            account.set("password", &value)?;
            account.set("username", &value[..3])?;
            account.set("an own name", &value[1..])?;
            account.set("password", &value).map(|()| account)
        });
        note(finding);
        let account = account.or_else(|_| {
            // The largest does not fit three times.
            let mut account = Account::new();
            account.set("password", &value).map(|()| account)
        });
        let account = account.expect("it fits");
        let capacity = Capacity::fitting(account.payload().len()).expect("it fits");

        let mut key_bytes = vec![0; Key::<Vec<u8>>::len_for(name.as_str().len(), capacity)];
        let mut record_bytes = vec![0; Record::max_len(capacity)];
        let mut rng = HealthTested::new(Xor::new(Secret::new(1), Secret::new(2)));
        let (finding, fresh) = watch("key: generate, with health tests and two joined sources", || {
            FreshKey::generate(name, capacity, &mut key_bytes[..], &mut rng)
        });
        note(finding);
        let (finding, sealed) = watch("seal", || {
            seal(fresh.expect("sound randomness"), &Terms::created(now), account.payload(), &mut record_bytes)
        });
        note(finding);
        let (key, record) = sealed.expect("it fits");

        let mut text = vec![0; key.text_len()];
        let (finding, len) = watch("key text: encode", || key.write_text(&mut text).expect("it fits").len());
        note(finding);
        assert_eq!(len, text.len());
        drop(key);
        // From here on the record is in the store, for everybody to read.
        let record = record.to_vec();
        publish(&record);
        let (finding, record) = watch("record: decode", || Record::decode(&record));
        note(finding);
        let record = record.expect("it was sealed");

        for (what, before, behind, upper) in [
            ("key text: decode", "", "", false),
            ("key text: decode, in upper case and with white space", " \n", "\r\n ", true),
        ] {
            let mut given = [before.as_bytes(), &text, behind.as_bytes()].concat();
            publish(&given);
            if upper {
                given.make_ascii_uppercase();
            }
            // All but white space and prefix.
            let secret = before.len() + 6..given.len() - behind.len();
            hide(&mut given[secret]);
            let (finding, key) = watch(what, || Key::parse_in(&given));
            note(finding);
            let key = key.expect("it was written");
            let (finding, fits) = watch("tag: verify", || verify(&key, &record));
            note(finding);
            assert_eq!(fits, Ok(()));
            let (finding, secret) = watch("open", || open(key, &record, Some(now)));
            note(finding);
            let secret = secret.expect("the key fits");
            let (finding, password) = watch("account: decode, and get a field", || {
                Fields::decode(secret.expose()).map(|fields| fields.get("password").map(<[u8]>::to_vec))
            });
            note(finding);
            let password = password.expect("it was sealed").expect("it has one");
            publish(&password);
            assert!(password == shown);
        }

        failures(&mut note, &text, &record, now);
    }

    /// What goes wrong tells no more than that it did.
    fn failures(note: &mut impl FnMut(Finding), text: &[u8], record: &Record<'_>, now: UnixTime) {
        let hidden = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut given = text.to_vec();
            publish(&given);
            change(&mut given);
            hide(&mut given[6..]);
            given
        };
        let last = text.len() - 1;
        let other = |byte: u8| if byte == b'a' { b'b' } else { b'a' };
        let mistyped = hidden(&|text| text[last - 20] = other(text[last - 20]));
        let (finding, result) = watch("key text: a wrong checksum", || Key::parse_in(&mistyped).err());
        note(finding);
        assert!(matches!(result, Some(Error::MalformedKey(_))));
        let misspelt = hidden(&|text| text[last - 20] = b'!');
        let (finding, result) = watch("key text: a character that is none", || Key::parse_in(&misspelt).err());
        note(finding);
        assert!(matches!(result, Some(Error::MalformedKey(_))));

        let whole = hidden(&|_| {});
        let key = Key::parse_in(&whole).expect("it was written");
        let mut wrong_tag = [0; TAG_KEY_LEN];
        hide(&mut wrong_tag);
        let mut forged = record_bytes(record);
        let at = forged.len() - 4 - 16;
        forged[at] ^= 1;
        let crc = ct::crc32(&forged[..at + 16]);
        forged[at + 16..].copy_from_slice(&crc.to_le_bytes());
        let forged = Record::decode(&forged).expect("only its tag is wrong");
        let (finding, result) = watch("open: a wrong tag", || open(key, &forged, Some(now)).err());
        note(finding);
        assert_eq!(result, Some(Error::WrongKey));
    }

    /// A record's bytes again.
    fn record_bytes(record: &Record<'_>) -> Vec<u8> {
        let len = u32::try_from(record.ciphertext().len()).expect("a frame's length");
        let mut bytes = record.header_bytes().to_vec();
        let mut rest = len;
        while rest > 0x7f {
            bytes.push(u8::try_from(rest & 0x7f).expect("7 bits") | 0x80);
            rest >>= 7;
        }
        bytes.push(u8::try_from(rest).expect("7 bits"));
        bytes.extend_from_slice(record.ciphertext());
        bytes.extend_from_slice(record.tag().as_bytes());
        let crc = ct::crc32(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// The helpers by themselves, where what a whole life does not reach is reached.
    fn parts(findings: &mut Vec<Finding>) {
        let mut note = |finding| findings.push(finding);
        for (what, len) in [("frame: decode", 17), ("frame: decode, a length past the capacity", 65)] {
            let mut bytes = [0; 66];
            bytes[65] = len;
            hide(&mut bytes);
            let (finding, payload) = watch(what, || frame::decode(&bytes).map(<[u8]>::len));
            note(finding);
            assert_eq!(payload.ok(), (len <= 64).then_some(usize::from(len)));
        }
        let mut filled = [1; 66];
        filled[64..].copy_from_slice(&[0, 5]);
        hide(&mut filled);
        let (finding, payload) = watch("frame: decode, filler that is not zero", || frame::decode(&filled).is_err());
        note(finding);
        assert!(payload);

        let (mut left, mut right) = (random(40), random(41).split_off(1));
        hide(&mut left);
        hide(&mut right);
        let (finding, same) = watch("compare", || ct::equal(&left, &right));
        note(finding);
        assert!(!same);
        let mut key = [7; TAG_KEY_LEN];
        hide(&mut key);
        let (finding, tag) = watch("tag: compute over secret bytes", || Tag::compute(&key, &left, &right));
        note(finding);
        let (finding, fits) = watch("tag: compare", || tag.matches(&Tag::from_bytes([0; 16])));
        note(finding);
        assert!(!fits);
        let (finding, _crc) = watch("CRC-32", || black_box(ct::crc32(&left)));
        note(finding);

        let mut buffer = [0; 64];
        let mut writer = FieldWriter::new(&mut buffer);
        let (finding, written) =
            watch("account: write a field", || writer.insert(Field { name: "token", value: &left }));
        note(finding);
        assert_eq!(written, Ok(()));

        let mut stuck = HealthTested::new(Stuck);
        let (finding, drawn) = watch("random: a health alarm", || stuck.try_fill_bytes(&mut [0; 64]));
        note(finding);
        assert!(drawn.is_err());
    }

    /// Leaks as they happen, each of which memcheck must see.
    fn planted() -> Vec<Finding> {
        let mut secret = [b's', b'3'];
        hide(&mut secret);
        let table: Vec<u8> = (0..=255).collect();
        let (branch, _) = watch("a branch on a secret byte", || {
            if black_box(secret[0]) == b's' {
                black_box(tick());
            }
        });
        let (index, _) = watch("an index that is a secret byte", || {
            black_box(black_box(&table)[usize::from(black_box(secret[1]))]);
        });
        let (early, _) = watch("a comparison that stops early", || {
            let guess = black_box(*b"s4");
            black_box(secret.iter().zip(&guess).position(|(byte, guess)| black_box(byte) != guess))
        });
        let (through, _) = watch("a branch on the bits of a key's text, behind the decoder", || {
            let mut body = vec![0; 5];
            let mut text = *b"aebagbaf";
            hide(&mut text);
            for (byte, character) in body.iter_mut().zip(text) {
                *byte ^= character.wrapping_mul(3);
            }
            if black_box(body[2]) & 4 == 0 {
                black_box(tick());
            }
        });
        vec![branch, index, early, through]
    }

    #[inline(never)]
    fn tick() -> u32 {
        println!("    (a branch was taken)");
        1
    }

    fn random(len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        ChaCha20Rng::from_seed([9; 32]).try_fill_bytes(&mut bytes).expect("it never fails");
        bytes
    }

    /// A source whose every byte is secret.
    struct Secret(ChaCha20Rng);

    impl Secret {
        fn new(seed: u8) -> Self {
            Self(ChaCha20Rng::from_seed([seed; 32]))
        }
    }

    impl TryRng for Secret {
        type Error = std::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            self.0.try_next_u32()
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            self.0.try_next_u64()
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            self.0.try_fill_bytes(bytes)?;
            hide(bytes);
            Ok(())
        }
    }

    impl TryCryptoRng for Secret {}

    /// A source that is stuck, at a secret value.
    struct Stuck;

    impl TryRng for Stuck {
        type Error = std::convert::Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
            Ok(0)
        }

        fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
            Ok(0)
        }

        fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
            bytes.fill(7);
            hide(bytes);
            Ok(())
        }
    }

    impl TryCryptoRng for Stuck {}

    /// Reading a key into memory of its own, from bytes.
    trait ParseIn: Sized {
        fn parse_in(text: &[u8]) -> Result<Self, Error>;
    }

    impl ParseIn for Key<Vec<u8>> {
        fn parse_in(text: &[u8]) -> Result<Self, Error> {
            Self::parse(text, vec![0; text.len() * 5 / 8])
        }
    }
}
