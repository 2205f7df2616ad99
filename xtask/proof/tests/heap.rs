//! On the caller's buffers, the core allocates nothing on the heap, from drawing a key to reading a field.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use chacha20::ChaCha20Rng;
use otp_core::account::{Field, FieldWriter};
use otp_core::key::{MAX_LEN, MAX_TEXT_LEN};
use otp_core::rand_core::SeedableRng;
use otp_core::random::HealthTested;
use otp_core::{AccountName, Capacity, Fields, FreshKey, Key, Record, Terms, UnixTime, open, seal};

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, counting this thread's allocations.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged. The count is a thread-local number, and using it allocates
// nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.set(TAKEN.get() + 1);
        // SAFETY: the caller upholds what the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: `start` came from `alloc` above, that is from the system's allocator, with this layout.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn taken_by<T>(run: impl FnOnce() -> T) -> (usize, T) {
    let before = TAKEN.get();
    let value = run();
    (TAKEN.get() - before, value)
}

#[test]
fn what_is_taken_is_counted() {
    assert_eq!(taken_by(|| vec![0_u8; 9]).0, 1);
}

#[test]
fn nothing_is_taken_from_key_to_secret() {
    for &capacity in Capacity::ALL {
        let mut key_bytes = vec![0; MAX_LEN];
        let mut record_bytes = vec![0; Record::MAX_LEN];
        let mut text = vec![0; MAX_TEXT_LEN];
        let mut payload = vec![0; capacity.bytes()];
        let value = vec![9; capacity.bytes() - 3];
        let name: AccountName = "edms/reporting".parse().unwrap();
        let now = UnixTime::from_secs(1_800_000_000).unwrap();

        let (taken, ()) = taken_by(|| {
            let mut writer = FieldWriter::new(&mut payload);
            writer.insert(Field { name: "password", value: &value }).unwrap();
            let mut rng = HealthTested::new(ChaCha20Rng::from_seed([7; 32]));
            let fresh = FreshKey::generate(&name, capacity, &mut key_bytes[..], &mut rng).unwrap();
            let (key, record) = seal(fresh, &Terms::created(now), writer.payload(), &mut record_bytes).unwrap();
            let len = key.write_text(&mut text).unwrap().len();
            drop(key);
            let key = Key::parse(&text[..len], &mut key_bytes[..]).unwrap();
            let secret = open(key, &Record::decode(record).unwrap(), now).unwrap();
            let fields = Fields::decode(secret.expose()).unwrap();
            assert!(fields.get("password") == Some(&value[..]));
        });
        assert_eq!(taken, 0, "at {capacity:?}");
    }
}
