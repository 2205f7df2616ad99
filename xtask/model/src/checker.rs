//! A breadth-first checker: visits every state once, and finds the shortest path to one that breaks an invariant.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::rc::Rc;

/// What the checker needs from a model.
pub trait Model {
    /// A state. Equal states are visited once.
    type State: Eq + Hash;
    /// The name of a transition in a trace.
    type Label: Copy;

    /// The initial state.
    fn initial(&self) -> Self::State;

    /// Appends each state that may follow.
    fn next(&self, state: &Self::State, next: &mut Vec<(Self::Label, Self::State)>);

    /// The invariant that a state breaks.
    fn broken(&self, state: &Self::State) -> Option<&'static str>;
}

/// The result of a search.
#[derive(Debug)]
pub struct Found<L> {
    /// How many different states were visited.
    pub states: usize,
    /// The shortest path to a broken invariant.
    pub counterexample: Option<Counterexample<L>>,
}

/// A broken invariant, and how it came to be.
#[derive(Debug)]
pub struct Counterexample<L> {
    /// What broke.
    pub invariant: &'static str,
    /// Each transition from the initial state.
    pub trace: Vec<L>,
}

/// Visits states until an invariant breaks or none are left.
pub fn search<M: Model>(model: &M) -> Found<M::Label> {
    let initial = Rc::new(model.initial());
    let mut seen: HashSet<Rc<M::State>, BuildHasherDefault<Mix>> = HashSet::default();
    seen.insert(Rc::clone(&initial));
    // For each state, by number: its predecessor, and the transition between them.
    let mut origins: Vec<Option<(usize, M::Label)>> = vec![None];
    let mut queue = VecDeque::from([(0, initial)]);
    let mut next = Vec::new();
    while let Some((number, state)) = queue.pop_front() {
        if let Some(invariant) = model.broken(&state) {
            let trace = trace(&origins, number);
            return Found { states: seen.len(), counterexample: Some(Counterexample { invariant, trace }) };
        }
        model.next(&state, &mut next);
        for (label, state) in next.drain(..) {
            if !seen.contains(&state) {
                let state = Rc::new(state);
                seen.insert(Rc::clone(&state));
                queue.push_back((origins.len(), state));
                origins.push(Some((number, label)));
            }
        }
    }
    Found { states: seen.len(), counterexample: None }
}

fn trace<L: Copy>(origins: &[Option<(usize, L)>], mut number: usize) -> Vec<L> {
    let mut trace = Vec::new();
    while let Some((before, label)) = origins[number] {
        trace.push(label);
        number = before;
    }
    trace.reverse();
    trace
}

/// A fast hash for states: nobody chooses them to collide.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number.cast_unsigned() as u64);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts up by 2 or 3.
    struct Count {
        to: u32,
        forbidden: u32,
    }

    impl Model for Count {
        type State = u32;
        type Label = u32;

        fn initial(&self) -> u32 {
            0
        }

        fn next(&self, state: &u32, next: &mut Vec<(u32, u32)>) {
            next.extend([2, 3].into_iter().map(|step| (step, state + step)).filter(|(_, sum)| *sum <= self.to));
        }

        fn broken(&self, state: &u32) -> Option<&'static str> {
            (*state == self.forbidden).then_some("forbidden")
        }
    }

    #[test]
    fn every_state_is_visited_once() {
        let found = search(&Count { to: 10, forbidden: 1 });
        assert_eq!(found.states, 10);
        assert!(found.counterexample.is_none());
    }

    #[test]
    fn the_shortest_trace_is_found() {
        let found = search(&Count { to: 10, forbidden: 9 }).counterexample.expect("9 can be reached");
        assert_eq!(found.trace, [3, 3, 3]);
    }
}
