//! What held a secret is wiped.

use otp_core::error::KeyFault;
use otp_core::pad::Pad;
use otp_core::random::DrawError;
use otp_core::{Capacity, Error, FreshKey, Key, Record, Secret, Terms, UnixTime, open, open_ignoring_expiry, seal};

use crate::{Dry, NOW, account, broken, buffer, plenty, sealed, source, text, time};

#[test]
fn a_key_is_wiped_when_it_is_dropped_and_when_it_can_not_be_made() {
    let mut bytes = buffer();
    drop(FreshKey::generate(&account("a"), Capacity::MIN, &mut bytes[..], &mut plenty(1)).unwrap());
    assert_eq!(bytes, [0; 256]);

    let mut bytes = buffer();
    let drawn = FreshKey::generate(&account("a"), Capacity::MIN, &mut bytes[..], &mut source(1, 0));
    assert!(matches!(drawn.unwrap_err(), DrawError::Source(Dry)));
    assert_eq!(bytes, [0; 256]);

    let mut bytes = [0xaa; 100];
    let drawn = FreshKey::generate(&account("a"), Capacity::MIN, &mut bytes[..], &mut plenty(1));
    assert!(matches!(drawn.unwrap_err(), DrawError::Invalid(Error::BufferTooSmall { needed: 117 })));
    assert_eq!(bytes, [0; 100]);

    let mut bytes = buffer();
    drop(sealed(&mut bytes, 1, b"secret"));
    assert_eq!(bytes, [0; 256]);
}

#[test]
fn a_key_is_wiped_when_sealing_fails() {
    for (payload, room) in [(&[1; 65][..], 512), (b"", 60), (b"", 20), (b"", 4)] {
        let mut bytes = buffer();
        let fresh = FreshKey::generate(&account("a"), Capacity::MIN, &mut bytes[..], &mut plenty(1)).unwrap();
        assert!(seal(fresh, &Terms::created(time(NOW)), payload, &mut vec![0; room]).is_err());
        assert_eq!(bytes, [0; 256]);
    }
}

#[test]
fn a_key_is_wiped_when_its_text_is_refused() {
    let mut bytes = buffer();
    let text = text(&sealed(&mut bytes, 1, b"secret").0);
    let mut wrong_sum = text.clone().into_bytes();
    wrong_sum[20] = if wrong_sum[20] == b'a' { b'b' } else { b'a' };
    for (text, room) in [
        (text.as_bytes(), 256),
        (text.as_bytes(), 100),
        (&wrong_sum, 256),
        (&text.as_bytes()[..40], 256),
        (&text.as_bytes()[1..], 256),
        (text.to_uppercase().replace('A', "?").as_bytes(), 256),
        (b"otpk2_", 256),
    ] {
        let mut bytes = buffer();
        let _ = Key::parse(text, &mut bytes[..room]);
        assert_eq!(bytes[..room], [0; 256][..room]);
    }
    assert_eq!(Key::parse(&wrong_sum, &mut buffer()[..]).map(|_| ()), Err(Error::MalformedKey(KeyFault::Checksum)));
}

#[test]
fn a_key_is_wiped_by_opening_whatever_comes_of_it() {
    let mut bytes = buffer();
    let (key, record) = sealed(&mut bytes, 1, b"secret");
    let text = text(&key);
    let mut other = buffer();
    let (stranger, _) = sealed(&mut other, 2, b"secret");
    let outcome = open_ignoring_expiry(stranger, &Record::decode(&record).unwrap()).map(|_| ());
    assert_eq!((outcome, other), (Err(Error::WrongKey), [0; 256]));

    let broken = broken(&text, &record);
    for (record, now, expected) in [
        (&record, NOW + 60, Err(Error::Expired { at: time(NOW + 60) })),
        (&broken, NOW, Err(Error::MalformedFrame)),
        (&record, NOW, Ok(b"secret".to_vec())),
    ] {
        let mut bytes = buffer();
        let key = Key::parse(text.as_bytes(), &mut bytes[..]).unwrap();
        let opened: Result<Secret<_>, Error> = open(key, &Record::decode(record).unwrap(), time(now));
        assert_eq!(opened.map(|secret| secret.expose().to_vec()), expected);
        assert_eq!(bytes, [0; 256]);
    }
}

#[test]
fn an_expired_record_opens_for_those_who_have_no_clock() {
    let mut bytes = buffer();
    let (key, record) = sealed(&mut bytes, 1, b"secret");
    assert_eq!(open_ignoring_expiry(key, &Record::decode(&record).unwrap()).unwrap().expose(), b"secret");
    assert!(UnixTime::MAX > time(NOW + 60));
}

#[test]
fn a_pad_that_is_not_used_is_wiped_and_a_spent_one_stays_for_its_key() {
    let mut bytes = [0xaa; 66];
    drop(Pad::generate(&mut bytes, &mut plenty(1)).unwrap());
    assert_eq!(bytes, [0; 66]);

    let mut bytes = [0xaa; 66];
    assert!(Pad::generate(&mut bytes, &mut source(1, 0)).is_err());
    assert_eq!(bytes, [0; 66]);

    let mut frame = [9; 65];
    let pad = Pad::generate(&mut bytes, &mut plenty(1)).unwrap();
    assert_eq!(pad.apply(&mut frame), Err(Error::LengthMismatch));
    assert_eq!((bytes, frame), ([0; 66], [9; 65]));

    let mut frame = [9; 66];
    let spent = Pad::generate(&mut bytes, &mut plenty(1)).unwrap().apply(&mut frame).unwrap();
    otp_core::ct::xor_in_place(&mut frame, spent);
    assert_eq!(frame, [9; 66]);
    assert_ne!(bytes, [0; 66]);
}
