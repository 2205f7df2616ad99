//! A store that two threads use step by step, in the order of a schedule.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex};

use otp_core::store::{Guard, Scope};
use otp_core::{AccountName, MemoryStore, Slot, Store};

/// More steps than any operation has.
pub(crate) const TO_THE_END: usize = 1 << 20;

/// What two threads share.
pub(crate) struct Scheduled {
    store: Mutex<MemoryStore>,
    /// Whether a lock excludes others. Everything happens in one account, so there is one lock.
    is_exclusive: bool,
    plan: Mutex<Plan>,
    turn: Condvar,
}

struct Plan {
    /// Who takes how many steps; the next segment is last.
    segments: Vec<(usize, usize)>,
    done: [bool; 2],
    steps: [usize; 2],
    waits_for_lock: [bool; 2],
    holder: Option<usize>,
}

impl Plan {
    /// Whose turn it is. If one waits for the other's lock, the other continues.
    fn next(&mut self) -> Option<usize> {
        while let Some(&(who, left)) = self.segments.last() {
            if left > 0 && !self.done[who] {
                let is_blocked = self.waits_for_lock[who] && self.holder == Some(1 - who);
                return Some(if is_blocked { 1 - who } else { who });
            }
            self.segments.pop();
        }
        None
    }

    fn count_step(&mut self, who: usize) {
        self.steps[who] += 1;
        if let Some((planned, left)) = self.segments.last_mut()
            && *planned == who
        {
            *left -= 1;
        }
    }
}

impl Scheduled {
    /// Lets one take `first` steps, then the other `second`, then the first `third`, and then both finish.
    pub(crate) fn new(store: MemoryStore, is_exclusive: bool, [first, second, third]: [usize; 3]) -> Self {
        let segments = vec![(0, TO_THE_END), (1, TO_THE_END), (0, third), (1, second), (0, first)];
        let plan = Plan { segments, done: [false; 2], steps: [0; 2], waits_for_lock: [false; 2], holder: None };
        Self { store: Mutex::new(store), is_exclusive, plan: Mutex::new(plan), turn: Condvar::new() }
    }

    /// The final store, and how many steps each thread took.
    pub(crate) fn into_end(self) -> (MemoryStore, [usize; 2]) {
        (self.store.into_inner().unwrap(), self.plan.into_inner().unwrap().steps)
    }
}

/// One thread's access to the store.
pub(crate) struct Hand<'s> {
    pub(crate) who: usize,
    pub(crate) scheduled: &'s Scheduled,
}

impl Hand<'_> {
    fn step<T>(&self, act: impl FnOnce(&MemoryStore) -> T) -> T {
        let Scheduled { store, plan, turn, .. } = self.scheduled;
        let mut plan = turn.wait_while(plan.lock().unwrap(), |plan| plan.next() != Some(self.who)).unwrap();
        let value = act(&store.lock().unwrap());
        plan.count_step(self.who);
        turn.notify_all();
        value
    }
}

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        self.scheduled.plan.lock().unwrap().done[self.who] = true;
        self.scheduled.turn.notify_all();
    }
}

/// The account's lock, or nothing.
pub(crate) struct Held<'s> {
    scheduled: &'s Scheduled,
}

impl Guard for Held<'_> {
    fn excludes_others(&self) -> bool {
        self.scheduled.is_exclusive
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if self.scheduled.is_exclusive {
            self.scheduled.plan.lock().unwrap().holder = None;
            self.scheduled.turn.notify_all();
        }
    }
}

impl Store for Hand<'_> {
    type Error = Infallible;
    type Guard<'g>
        = Held<'g>
    where
        Self: 'g;

    fn lock(&self, _account: &AccountName) -> Result<Held<'_>, Infallible> {
        let Scheduled { is_exclusive, plan, turn, .. } = self.scheduled;
        if *is_exclusive {
            let mut plan = plan.lock().unwrap();
            plan.waits_for_lock[self.who] = true;
            turn.notify_all();
            let is_blocked = |plan: &mut Plan| plan.next() != Some(self.who) || plan.holder.is_some();
            let mut plan = turn.wait_while(plan, is_blocked).unwrap();
            plan.waits_for_lock[self.who] = false;
            plan.holder = Some(self.who);
            plan.count_step(self.who);
            turn.notify_all();
        }
        Ok(Held { scheduled: self.scheduled })
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Infallible> {
        self.step(|store| store.put(slot, bytes))
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Infallible> {
        self.step(|store| store.get(slot, buffer))
    }

    fn replace(&self, _guard: &Held<'_>, slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Infallible> {
        self.step(|store| store.replace(&(), slot, expected, new))
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Infallible> {
        self.step(|store| store.remove(slot))
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Infallible> {
        self.step(|store| store.list(scope, each))
    }

    fn list_account(
        &self,
        account: &AccountName,
        each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        self.step(|store| store.list_account(account, each))
    }
}
