//! Keys from their first day to their last trace.

use std::convert::Infallible;

use chacha20::ChaCha20Rng;
use otp_core::keeper::{Gone, ROTATION_LIMIT_SECS, TRACE_SECS};
use otp_core::rand_core::{self, TryCryptoRng, TryRng};
use otp_core::store::{Kind, Slot};
use otp_core::{
    AccountName, Capacity, Code, Coded, Error, Grant, Holder, KeepError, Keeper, Key, KeyId, MemoryStore, Note, Record,
    Store,
};

use crate::world::{Held, OLD, account, count, grant, much_later, now, rng, shown, two_keys};

fn gone(key: &Held, store: &MemoryStore, after: u64) -> Gone {
    match key.opens_at(store, now().after(after)) {
        Err(KeepError::NoKey { gone, .. }) => gone,
        other => panic!("{other:?}"),
    }
}

/// Writes an object in the place of another, as a damaged disk or a stranger would.
fn overwrite(store: &MemoryStore, slot: &Slot, bytes: &[u8]) {
    store.remove(slot).unwrap();
    assert!(store.put(slot, bytes).unwrap());
}

fn damage(store: &MemoryStore, slot: &Slot) {
    let mut bytes = vec![0; Record::MAX_LEN];
    let len = store.get(slot, &mut bytes).unwrap().unwrap();
    bytes[len - 1] ^= 1;
    overwrite(store, slot, &bytes[..len]);
}

#[test]
fn traces_are_kept_for_400_days_and_a_rotation_has_an_hour() {
    assert_eq!((TRACE_SECS, ROTATION_LIMIT_SECS), (34_560_000, 3_600));
}

#[test]
fn an_account_that_exists_stays_as_it_is() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let error = Keeper::new(&store, now()).add(&account(), b"new", &Grant::default(), &mut rng(2)).unwrap_err();
    assert!(matches!(&error, KeepError::Exists { account: named } if **named == account()));
    assert_eq!(error.code(), Code::Exists);
    assert_eq!(keys[0].opens(&store).unwrap(), OLD);
    assert_eq!(count(&store, Kind::Record), 2);
}

#[test]
fn accounts_below_an_account_are_others() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    for name in ["edms", "edms/reporting/daily", "edms/reporting-2", "edms/reportin"] {
        let name = AccountName::parse(name).unwrap();
        assert!(matches!(keeper.info(&name), Err(KeepError::NoAccount { .. })));
        keeper.add(&name, b"another's", &Grant::default(), &mut rng(9)).unwrap();
        assert_eq!(keeper.info(&name).unwrap().len(), 1);
        assert_eq!(shown(&store, now()).len(), 2);
        keeper.remove(&name).unwrap();
    }
    assert_eq!(keys[1].opens(&store).unwrap(), OLD);
}

#[test]
fn information_tells_what_was_granted() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    let grant = Grant {
        holder: Some(Holder::parse("nightly").unwrap()),
        expires: Some(now().after(5)),
        capacity: Some(Capacity::from_bytes(512).unwrap()),
    };
    let key = keeper.issue(keys[0].key(), &grant, &mut rng(2)).unwrap();
    let infos = keeper.info(&account()).unwrap();
    assert!(infos.is_sorted_by_key(|info| info.header.id));
    let header = &infos.iter().find(|info| info.header.id == key.id()).unwrap().header;
    assert_eq!((&header.terms.holder, header.terms.expires), (&grant.holder, grant.expires));
    assert_eq!((header.terms.created, header.capacity.bytes()), (now(), 512));
    assert_eq!((header.page, header.pages, &header.account), (0, 1, &account()));
}

#[test]
fn a_new_key_has_the_capacity_that_is_asked_for_or_else_that_of_the_key_it_came_from() {
    let store = MemoryStore::new();
    let keeper = Keeper::new(&store, now());
    let of = |bytes| Grant { capacity: Some(Capacity::from_bytes(bytes).unwrap()), ..Grant::default() };
    let first = Held::new(&keeper.add(&account(), OLD, &of(512), &mut rng(1)).unwrap());
    assert_eq!(first.key().capacity().bytes(), 512);
    assert_eq!(keeper.issue(first.key(), &Grant::default(), &mut rng(2)).unwrap().capacity().bytes(), 512);
    assert_eq!(keeper.issue(first.key(), &of(64), &mut rng(3)).unwrap().capacity().bytes(), 64);
    let too_long = Error::PayloadTooLong { len: 65, capacity: 64 };
    let other = AccountName::parse("edms/other").unwrap();
    let error = keeper.add(&other, &[7; 65], &of(64), &mut rng(4)).unwrap_err();
    assert!(matches!(error, KeepError::Invalid(error) if error == too_long));
}

#[test]
fn a_key_expires_at_its_time_and_not_a_second_earlier() {
    let store = MemoryStore::new();
    let grant = Grant { expires: Some(now().after(5)), ..Grant::default() };
    let key = Held::new(&Keeper::new(&store, now()).add(&account(), OLD, &grant, &mut rng(1)).unwrap());
    assert_eq!(key.opens_at(&store, now().after(4)).unwrap(), OLD);
    let late = now().after(5);
    let error = key.opens_at(&store, late).unwrap_err();
    assert!(matches!(error, KeepError::Invalid(Error::Expired { at }) if at == late));
    // It can't be issued from, and a rotation has nobody to give a new key to.
    let keeper = Keeper::new(&store, late);
    assert_eq!(keeper.issue(key.key(), &Grant::default(), &mut rng(2)).unwrap_err().code(), Code::Expired);
    let error = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(3)).unwrap_err();
    assert!(matches!(error, KeepError::AllExpired { .. }));
    assert_eq!([Kind::Record, Kind::Note, Kind::Rotation].map(|kind| count(&store, kind)), [1, 0, 0]);
    // With an expiry of its own the new key opens.
    let grant = Grant { expires: Some(late.after(60)), ..Grant::default() };
    let rotation = keeper.rotate(&account(), b"new", &grant, None, &mut rng(3)).unwrap();
    let new = Held::new(&rotation.replacements()[0].key);
    rotation.finish().unwrap();
    assert_eq!(new.opens_at(&store, late).unwrap(), b"new");
}

#[test]
fn a_revoked_key_leaves_a_trace_for_a_while() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    keeper.revoke(&account(), keys[1].id).unwrap();
    assert_eq!(gone(&keys[1], &store, 0), Gone::Revoked { at: now() });
    assert_eq!(count(&store, Kind::Record), 1);
    let error = keeper.revoke(&account(), keys[1].id).unwrap_err();
    assert!(matches!(error, KeepError::NoKey { gone: Gone::Revoked { .. }, .. }));
    assert_eq!(keys[0].opens(&store).unwrap(), OLD);

    // The next writer after that time clears the trace up, and not one a second earlier.
    for (secs, left) in [(TRACE_SECS - 1, Gone::Revoked { at: now() }), (TRACE_SECS, Gone::Unknown)] {
        Keeper::new(&store, now().after(secs))
            .issue(keys[0].key(), &grant("x"), &mut rng(3 + u8::from(left == Gone::Unknown)))
            .unwrap();
        assert_eq!(gone(&keys[1], &store, secs), left);
    }
}

#[test]
fn a_key_that_was_never_there_is_unknown() {
    let store = MemoryStore::new();
    two_keys(&store);
    let keeper = Keeper::new(&store, now());
    let error = keeper.revoke(&account(), KeyId::from_bytes([7; 10])).unwrap_err();
    assert!(matches!(error, KeepError::NoKey { gone: Gone::Unknown, .. }));
    assert_eq!(count(&store, Kind::Note), 0);
    let nobody = AccountName::parse("nobody").unwrap();
    assert!(matches!(keeper.remove(&nobody), Err(KeepError::NoAccount { .. })));
    let rotated = keeper.rotate(&nobody, b"", &Grant::default(), None, &mut rng(2));
    assert!(matches!(rotated, Err(KeepError::NoAccount { .. })));
}

#[test]
fn a_rotation_without_grace_replaces_every_key_when_it_is_finished() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    let rotation = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(2)).unwrap();
    assert_eq!(rotation.grace_ends(), None);
    let new: Vec<_> = rotation.replacements().iter().map(|new| (new.old, Held::new(&new.key))).collect();
    for key in &keys {
        assert_eq!(key.opens(&store).unwrap(), OLD);
    }
    rotation.finish().unwrap();
    for key in &keys {
        let (_, new) = new.iter().find(|(old, _)| *old == key.id).unwrap();
        assert_eq!(new.opens(&store).unwrap(), b"new");
        assert_eq!(gone(key, &store, 0), Gone::Rotated { at: now() });
    }
    let mut holders: Vec<_> = shown(&store, now()).into_iter().filter_map(|info| info.header.terms.holder).collect();
    holders.sort();
    assert_eq!(holders, ["first", "second"].map(|holder| Holder::parse(holder).unwrap()));
    assert_eq!(count(&store, Kind::Rotation), 0);
}

#[test]
fn in_a_period_of_grace_both_open_and_after_it_only_the_new_one() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    let rotation = keeper.rotate(&account(), b"new", &Grant::default(), Some(60), &mut rng(2)).unwrap();
    let until = now().after(60);
    assert_eq!(rotation.grace_ends(), Some(until));
    let new = Held::new(&rotation.replacements()[0].key);
    rotation.finish().unwrap();
    assert_eq!(keys[0].opens_at(&store, now().after(59)).unwrap(), OLD);
    assert_eq!(new.opens(&store).unwrap(), b"new");
    assert_eq!(gone(&keys[0], &store, 60), Gone::Rotated { at: until });
    assert_eq!(shown(&store, now()).iter().filter(|info| info.grace == Some(until)).count(), 2);
    assert_eq!(shown(&store, until).len(), 2);
    // Nobody issues from a key that has been replaced, though it opens.
    let error = keeper.issue(keys[0].key(), &grant("third"), &mut rng(3)).unwrap_err();
    assert!(matches!(error, KeepError::NoKey { gone: Gone::Rotated { .. }, .. }));
    assert_eq!(count(&store, Kind::Record), 4);
    // The next writer after that clears the old records up.
    Keeper::new(&store, until).issue(new.key(), &grant("third"), &mut rng(3)).unwrap();
    assert_eq!(count(&store, Kind::Record), 3);
    assert_eq!(gone(&keys[0], &store, 60), Gone::Rotated { at: until });
}

#[test]
fn a_key_in_its_period_of_grace_can_be_revoked() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    keeper.rotate(&account(), b"new", &Grant::default(), Some(60), &mut rng(2)).unwrap().finish().unwrap();
    keeper.revoke(&account(), keys[0].id).unwrap();
    assert_eq!(gone(&keys[0], &store, 0), Gone::Revoked { at: now() });
    assert_eq!(keys[1].opens(&store).unwrap(), OLD);
}

#[test]
fn a_rotation_without_grace_ends_an_earlier_period_of_grace_and_one_with_grace_does_not() {
    for (grace, still) in [(None, false), (Some(600), true)] {
        let store = MemoryStore::new();
        let keys = two_keys(&store);
        let keeper = Keeper::new(&store, now());
        keeper.rotate(&account(), b"new", &Grant::default(), Some(60), &mut rng(2)).unwrap().finish().unwrap();
        let rotation = keeper.rotate(&account(), b"newer", &Grant::default(), grace, &mut rng(3)).unwrap();
        assert_eq!(rotation.replacements().len(), 2);
        rotation.finish().unwrap();
        assert_eq!(keys[0].opens(&store).is_some(), still);
        // The earlier end stays: the note is not written anew.
        assert!(keys[0].opens_at(&store, now().after(60)).is_err());
    }
}

#[test]
fn an_abandoned_rotation_leaves_everything_as_it_was() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    let rotation = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(2)).unwrap();
    let new = Held::new(&rotation.replacements()[0].key);
    assert_eq!(new.opens(&store).unwrap(), b"new");
    rotation.abandon().unwrap();
    assert_eq!(new.opens(&store), None);
    assert_eq!(keys[0].opens(&store).unwrap(), OLD);
    assert_eq!([Kind::Record, Kind::Note, Kind::Rotation].map(|kind| count(&store, kind)), [2, 0, 0]);
}

#[test]
fn while_an_account_is_rotated_others_are_told_that_it_is_busy() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    let rotation = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(2)).unwrap();
    let new = Held::new(&rotation.replacements()[0].key);
    let late = now().after(ROTATION_LIMIT_SECS - 1);
    for keeper in [keeper, Keeper::new(&store, late)] {
        let rotated = keeper.rotate(&account(), b"newer", &Grant::default(), None, &mut rng(3)).map(|_| ());
        let issued = keeper.issue(keys[0].key(), &Grant::default(), &mut rng(4)).map(|_| ());
        for result in [rotated, issued, keeper.revoke(&account(), keys[0].id)] {
            assert!(matches!(result, Err(KeepError::Busy { .. })));
        }
    }
    assert_eq!(keys[0].opens(&store).unwrap(), OLD);
    assert_eq!(new.opens(&store).unwrap(), b"new");
    assert_eq!([Kind::Record, Kind::Note, Kind::Rotation].map(|kind| count(&store, kind)), [4, 0, 1]);
}

#[test]
fn a_rotation_that_others_took_for_a_crashed_one_ends_nothing() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    let rotation = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(2)).unwrap();
    let new = Held::new(&rotation.replacements()[0].key);
    let late = Keeper::new(&store, now().after(ROTATION_LIMIT_SECS));
    let third = Held::new(&late.issue(keys[0].key(), &grant("third"), &mut rng(3)).unwrap());
    assert!(matches!(rotation.finish(), Err(KeepError::Busy { .. })));
    assert_eq!(keys[0].opens(&store).unwrap(), OLD);
    assert_eq!(third.opens(&store).unwrap(), OLD);
    assert_eq!(new.opens(&store).unwrap(), b"new");
}

#[test]
fn a_key_that_is_revoked_during_a_rotation_takes_its_successor_with_it() {
    for grace in [None, Some(60)] {
        let store = MemoryStore::new();
        let keys = two_keys(&store);
        let keeper = Keeper::new(&store, now());
        let rotation = keeper.rotate(&account(), b"new", &Grant::default(), grace, &mut rng(2)).unwrap();
        let successor = |key: &Held| {
            let new = rotation.replacements().iter().find(|new| new.old == key.id).unwrap();
            Held::new(&new.key)
        };
        let new = [successor(&keys[0]), successor(&keys[1])];
        // The steps of a revoke that looked for a rotation before this one began.
        let note = Slot::note(&account(), keys[0].id);
        assert!(store.put(&note, &Note::Revoked { at: now() }.encode()).unwrap());
        rotation.finish().unwrap();
        assert_eq!(gone(&keys[0], &store, 0), Gone::Revoked { at: now() });
        assert_eq!(new[0].opens(&store), None);
        assert_eq!(new[1].opens(&store).unwrap(), b"new");
    }
}

#[test]
fn a_removed_account_leaves_nothing_and_can_be_added_again() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    keeper.revoke(&account(), keys[1].id).unwrap();
    let _left = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(2)).unwrap();
    keeper.remove(&account()).unwrap();
    assert_eq!([Kind::Record, Kind::Note, Kind::Rotation].map(|kind| count(&store, kind)), [0; 3]);
    assert_eq!(gone(&keys[0], &store, 0), Gone::Unknown);
    assert!(matches!(keeper.remove(&account()), Err(KeepError::NoAccount { .. })));
    let key = Held::new(&keeper.add(&account(), b"again", &Grant::default(), &mut rng(3)).unwrap());
    assert_eq!(key.opens(&store).unwrap(), b"again");
}

#[test]
fn a_damaged_record_is_named_and_can_be_revoked() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    damage(&store, &Slot::record(&account(), keys[1].id));
    let keeper = Keeper::new(&store, now());
    let damaged = |error| matches!(error, KeepError::DamagedKey { id, .. } if id == keys[1].id);
    assert!(damaged(keeper.info(&account()).unwrap_err()));
    let rotated = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(2));
    assert!(damaged(rotated.unwrap_err()));
    assert_eq!([Kind::Record, Kind::Note, Kind::Rotation].map(|kind| count(&store, kind)), [2, 0, 0]);
    keeper.revoke(&account(), keys[1].id).unwrap();
    assert_eq!(shown(&store, now()).len(), 1);
}

#[test]
fn a_damaged_note_is_named_and_its_key_can_be_revoked() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    store.put(&Slot::note(&account(), keys[1].id), b"OTPN garbage").unwrap();
    assert!(matches!(keys[1].opens_at(&store, now()), Err(KeepError::Invalid(Error::DamagedNote))));
    let error = keeper.info(&account()).unwrap_err();
    assert!(matches!(error, KeepError::DamagedKey { id, error: Error::DamagedNote, .. } if id == keys[1].id));
    // Others' keys can be issued all the same.
    keeper.issue(keys[0].key(), &grant("third"), &mut rng(2)).unwrap();
    keeper.revoke(&account(), keys[1].id).unwrap();
    assert_eq!(gone(&keys[1], &store, 0), Gone::Revoked { at: now() });
}

#[test]
fn a_note_with_something_behind_it_is_damaged() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let note = Note::Revoked { at: now() }.encode();
    store.put(&Slot::note(&account(), keys[1].id), &[&note[..], &[0]].concat()).unwrap();
    assert!(matches!(keys[1].opens_at(&store, now()), Err(KeepError::Invalid(Error::DamagedNote))));
}

#[test]
fn a_note_of_a_newer_version_is_left_alone() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let keeper = Keeper::new(&store, now());
    let mut note = Note::Revoked { at: now() }.encode();
    note[4] = 2;
    let crc = otp_core::ct::crc32(&note[..14]).to_le_bytes();
    note[14..].copy_from_slice(&crc);
    store.put(&Slot::note(&account(), keys[1].id), &note).unwrap();
    assert_eq!(keeper.revoke(&account(), keys[1].id).unwrap_err().code(), Code::NewerVersion);
    assert_eq!(keys[1].opens_at(&store, now()).unwrap_err().code(), Code::NewerVersion);
    assert_eq!(count(&store, Kind::Note), 1);
}

#[test]
fn a_sign_that_can_not_be_read_does_not_stand_for_ever() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let sign = Slot { account: account(), id: KeyId::from_bytes([9; 10]), kind: Kind::Rotation };
    store.put(&sign, b"rot").unwrap();
    Keeper::new(&store, now()).revoke(&account(), keys[1].id).unwrap();
    assert_eq!(count(&store, Kind::Rotation), 0);
}

#[test]
fn a_record_in_the_place_of_another_is_found_out() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let [first, second] = keys.each_ref().map(|key| Slot::record(&account(), key.id));
    let mut bytes = [0; 512];
    let len = store.get(&first, &mut bytes).unwrap().unwrap();
    overwrite(&store, &second, &bytes[..len]);
    let error = Keeper::new(&store, now()).info(&account()).unwrap_err();
    assert!(matches!(error, KeepError::DamagedKey { id, error: Error::WrongKey, .. } if id == keys[1].id));
    assert_eq!(keys[1].opens_at(&store, now()).unwrap_err().code(), Code::WrongKey);
}

#[test]
fn a_record_longer_than_any_is_damaged_and_not_read_whole() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let mut long = vec![0; 3 * Record::MAX_LEN];
    long[..5].copy_from_slice(b"OTPR\x01");
    overwrite(&store, &Slot::record(&account(), keys[0].id), &long);
    assert_eq!(keys[0].opens_at(&store, now()).unwrap_err().code(), Code::Damaged);
}

/// A source that begins to repeat another one after its first draw, which is a rotation's own id.
struct Repeating(ChaCha20Rng, usize);

impl TryRng for Repeating {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.1 += 1;
        if self.1 == 2 {
            self.0 = rng(1);
        }
        self.0.try_fill_bytes(bytes)
    }
}

impl TryCryptoRng for Repeating {}

#[test]
fn a_source_that_gives_the_same_bytes_again_harms_no_key_that_exists() {
    let store = MemoryStore::new();
    let keeper = Keeper::new(&store, now());
    let key = Held::new(&keeper.add(&account(), OLD, &grant("first"), &mut rng(1)).unwrap());
    let error = keeper.issue(key.key(), &grant("second"), &mut rng(1)).unwrap_err();
    assert_eq!(error.code(), Code::RandomnessFailed);
    assert_eq!(key.opens(&store).unwrap(), OLD);

    let rotated = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut Repeating(rng(8), 0));
    assert_eq!(rotated.unwrap_err().code(), Code::RandomnessFailed);
    assert_eq!(key.opens(&store).unwrap(), OLD);
    assert_eq!([Kind::Record, Kind::Note, Kind::Rotation].map(|kind| count(&store, kind)), [1, 0, 0]);
}

/// A source that counts what is drawn from it.
struct Counting(ChaCha20Rng, usize);

impl TryRng for Counting {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.1 += bytes.len();
        self.0.try_fill_bytes(bytes)
    }
}

impl TryCryptoRng for Counting {}

#[test]
fn what_will_be_drawn_is_known_beforehand() {
    let key_len = |capacity| Key::<Vec<u8>>::drawn_len(Capacity::from_bytes(capacity).unwrap());
    assert_eq!([key_len(64), key_len(128), key_len(65_535)], [108, 172, 65_579]);
    let store = MemoryStore::new();
    let keeper = Keeper::new(&store, now());
    let mut source = Counting(rng(1), 0);
    let first = keeper.add(&account(), OLD, &grant("first"), &mut source).unwrap();
    assert_eq!((source.1, grant("first").capacity_for(OLD.len()).unwrap()), (key_len(64), Capacity::MIN));
    let first = Held::new(&first);
    let large = Grant { capacity: Some(Capacity::from_bytes(256).unwrap()), ..Grant::default() };
    let mut source = Counting(rng(2), 0);
    let second = Held::new(&keeper.issue(first.key(), &large, &mut source).unwrap());
    assert_eq!(source.1, key_len(256));
    let passing = Grant { expires: Some(now().after(60)), ..Grant::default() };
    keeper.issue(second.key(), &passing, &mut rng(3)).unwrap();

    // One key that has expired, two of capacities of their own; and then those in their period of grace beside them.
    let keeper = Keeper::new(&store, now().after(60));
    let rotations = [
        (4, &[1; 100][..], Some(60), [128, 256]),
        (5, &[2; 10], Some(60), [128, 256]),
        (6, &[3; 300], None, [512, 512]),
    ];
    for (seed, payload, grace, keys) in rotations {
        let len = keeper.rotation_drawn_len(&account(), payload.len(), &Grant::default(), grace).unwrap();
        assert_eq!(len, KeyId::LEN + keys.map(key_len).iter().sum::<usize>());
        let mut source = Counting(rng(seed), 0);
        keeper.rotate(&account(), payload, &Grant::default(), grace, &mut source).unwrap().finish().unwrap();
        assert_eq!(source.1, len);
    }
    let large_len = keeper.rotation_drawn_len(&account(), 1, &large, None).unwrap();
    assert_eq!(large_len, KeyId::LEN + 2 * key_len(256));
    let error = keeper.rotation_drawn_len(&account(), 257, &large, None).unwrap_err();
    assert_eq!(error.code(), Code::Usage);
    let over = Grant { expires: Some(now()), ..Grant::default() };
    assert_eq!(keeper.rotation_drawn_len(&account(), 1, &over, None).unwrap_err().code(), Code::Expired);
}

#[test]
fn nothing_is_sealed_when_the_source_fails_or_the_secret_does_not_fit() {
    let store = MemoryStore::new();
    let keeper = Keeper::new(&store, now());
    let small = Grant { capacity: Some(Capacity::MIN), ..Grant::default() };
    let error = keeper.add(&account(), &[1; 65], &small, &mut rng(1)).unwrap_err();
    assert!(matches!(error, KeepError::Invalid(Error::PayloadTooLong { len: 65, capacity: 64 })));
    let error = keeper.add(&account(), &vec![1; 65_536], &Grant::default(), &mut rng(1)).unwrap_err();
    assert_eq!(error.code(), Code::Usage);
    assert_eq!(count(&store, Kind::Record), 0);
}

#[test]
fn a_key_for_ever_is_not_cleared_up() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    Keeper::new(&store, much_later()).issue(keys[0].key(), &grant("third"), &mut rng(2)).unwrap();
    assert_eq!(keys[1].opens_at(&store, much_later()).unwrap(), OLD);
}
