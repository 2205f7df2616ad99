//! Measures how much stack a function uses: paints the free stack, and looks at it afterwards.

use std::hint::black_box;
use std::ptr;
use std::thread;

/// How much of the stack is painted; more than anything here uses.
const PAINTED_LEN: usize = 1 << 20;
const PAINT: u64 = 0x5ca1_ab1e_0ddb_a115;

/// The most stack that a function uses, in bytes, including its own frame, to within some 100 bytes.
///
/// It runs twice, and the second run counts: the first may resolve symbols.
pub fn taken_by(mut run: impl FnMut() + Send) -> usize {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(2 * PAINTED_LEN);
        let measured = thread.spawn_scoped(scope, || {
            measure(&mut run);
            measure(&mut run)
        });
        measured.expect("a thread can be started").join().expect("what is measured does not panic")
    })
}

#[inline(never)]
fn measure(run: &mut dyn FnMut()) -> usize {
    let here = 0_u64;
    let top = ptr::from_ref(black_box(&here)).addr();
    // Callees' frames are below; this function's own frame ends not far below `here`.
    let margin = 512;
    let bottom = (top - PAINTED_LEN) & !7;
    paint(bottom, top - margin);
    run();
    let lowest = lowest_used(bottom, top - margin);
    black_box(&here);
    top - lowest
}

#[inline(never)]
fn paint(from: usize, to: usize) {
    for at in (from..to.min(own_frame())).step_by(8) {
        // SAFETY: the words lie in this thread's stack, whose size `taken_by` chose, below every frame that is in use:
        // the loop ends before this function's own.
        unsafe { ptr::with_exposed_provenance_mut::<u64>(at).write_volatile(PAINT) };
    }
}

#[inline(never)]
fn lowest_used(from: usize, to: usize) -> usize {
    for at in (from..to).step_by(8) {
        // SAFETY: as in `paint`; any bits are a valid number.
        if unsafe { ptr::with_exposed_provenance::<u64>(at).read_volatile() } != PAINT {
            return at;
        }
    }
    to
}

/// An address safely below the frames of the caller and of this function.
#[inline(never)]
fn own_frame() -> usize {
    let here = 0_u64;
    ptr::from_ref(black_box(&here)).addr() - 256
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_measured() {
        let small = taken_by(|| {
            black_box(&mut [1_u8; 64]);
        });
        let large = taken_by(|| {
            // By reference: a copy would count twice.
            black_box(&mut [1_u8; 15_000]);
        });
        assert!(small < 2_000, "{small}");
        assert!((15_000..17_000).contains(&large), "{large}");
    }
}
