//! A breadth-first checker: visits every state once, and gives the shortest way to one that breaks an invariant.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::hash::Hash;

/// What the checker asks of a model.
pub trait Model {
    /// A state. Equal states are visited once.
    type State: Clone + Eq + Hash;
    /// What a transition is called in a trace.
    type Label: Copy;

    /// The state that everything starts from.
    fn initial(&self) -> Self::State;

    /// Appends each state that may follow.
    fn next(&self, state: &Self::State, next: &mut Vec<(Self::Label, Self::State)>);

    /// The invariant that a state breaks.
    fn broken(&self, state: &Self::State) -> Option<&'static str>;
}

/// What a search has found.
#[derive(Debug)]
pub struct Found<L> {
    /// How many different states were visited.
    pub states: usize,
    /// The shortest way to a broken invariant.
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

/// Visits states until an invariant breaks, or none are left.
pub fn search<M: Model>(model: &M) -> Found<M::Label> {
    let initial = model.initial();
    let mut seen = HashMap::from([(initial.clone(), 0)]);
    // For each state, by number: the one before it, and the transition between the two.
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
            if let Entry::Vacant(entry) = seen.entry(state) {
                queue.push_back((origins.len(), entry.key().clone()));
                entry.insert(origins.len());
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
