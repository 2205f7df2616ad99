//! Calls that change accounts: add, issue, rotate, revoke, remove; and opening, which returns a handle, too.

use std::collections::BTreeMap;

use otp_core::Code;
use otp_core::keeper::MAX_GRACE_SECS;
use otp_reference::place;

use super::calls::{self, HandOver, KeyView};
use super::given::{Bytes, Fields, Granted, Passed, Sourced, Text, arrives};
use super::sources::{Prepared, account_faults, arriving, fields_faults, grant_faults, payload_len};
use super::world::{Known, Named, State, World};

impl World {
    /// Makes an account, opens it, and seals something outside of the store.
    pub(super) fn begin(&mut self) {
        let fields = vec![
            (Some("username".into()), Bytes::Here(b"alice".into())),
            (Some("password".into()), Bytes::Here(b"p\0\xff".into())),
        ];
        let none = Granted::NONE;
        self.add(self.store(0), &Some("a".into()), &Fields { passed: Passed::Well, list: fields }, &none);
        self.seal(&Some("a".into()), &Bytes::Here(b"secret".into()), &none, 100, 100);
        let key = Some(Bytes::Here(self.keys[0].text.clone().into_bytes()));
        let source = Sourced { key, store: self.store.clone(), ..Sourced::default() };
        self.account_open(&Prepared { source, faults: Vec::new(), key: Some(0), file: None });
    }

    pub(super) fn add(
        &mut self,
        (store, mut faults): (Text, Vec<Code>),
        account: &Text,
        fields: &Fields,
        grant: &Granted,
    ) {
        let named = arriving(fields);
        faults.extend(account_faults(account));
        faults.extend(grant_faults(grant, named.as_ref().map_or(0, payload_len), 0));
        faults.extend(fields_faults(named.as_ref(), grant));
        faults.extend(self.live(account).next().map(|_| Code::Exists));
        // Adding an account makes the store.
        if faults.contains(&Code::StoreUnavailable) {
            return;
        }
        if let Some(handle) = self.judge(calls::account_add(&store, account, fields, grant), &faults) {
            self.learn(handle, &named.unwrap(), grant, |_| None);
        }
    }

    /// Records new keys in the model, and what each takes over from the key that it replaces.
    pub(super) fn learn(
        &mut self,
        handle: usize,
        fields: &Named,
        grant: &Granted,
        old: impl Fn(&KeyView) -> Option<usize>,
    ) {
        let mut fields = fields.clone();
        fields.sort_by_key(|(name, _)| place(name));
        let mut new = Vec::new();
        for view in calls::all_keys(handle) {
            let old = old(&view).map(|at| &self.keys[at]);
            let own = Some(grant).filter(|grant| grant.passed != Passed::Null);
            let holder = own.and_then(|grant| arrives(&grant.holder)).map(str::to_owned);
            let holder = holder.or_else(|| old.and_then(|old| old.holder.clone()));
            assert_eq!(view.holder, holder);
            let expires = own.map(|grant| grant.expires).filter(|expires| *expires > 0);
            let expires = expires.or(old.map(|old| old.expires)).unwrap_or(0);
            let KeyView { text, account, id, .. } = view;
            new.push(self.keys.len());
            self.keys.push(Known { text, account, id, holder, expires, fields: fields.clone(), state: State::Live });
        }
        assert!(
            self.given.insert(handle, new).is_none() && handle % 2 == 1,
            "a handle is given once, and is no address"
        );
    }

    pub(super) fn account_open(&mut self, prepared: &Prepared) {
        let Some(handle) = self.judge(calls::account_open(&prepared.source), &prepared.faults) else {
            return;
        };
        let known = &self.keys[prepared.key.unwrap()];
        let fields: Named =
            (0..calls::account_count(handle)).map(|at| calls::account_field_at(handle, at).unwrap()).collect();
        assert_eq!(fields, known.fields);
        let opened = (known.account.clone(), known.id.clone(), fields);
        assert!(self.accounts.insert(handle, opened).is_none() && !self.given.contains_key(&handle));
        assert!(!self.freed.contains(&handle), "a handle is given once");
    }

    pub(super) fn issue(&mut self, prepared: Prepared, grant: &Granted) {
        let Prepared { source, mut faults, key, file: _file } = prepared;
        let known = key.map(|at| &self.keys[at]);
        faults.extend(source.record.as_ref().map(|_| Code::Usage));
        let least = known.map_or(0, |known| known.key().capacity().bytes());
        faults.extend(grant_faults(grant, known.map_or(0, |known| payload_len(&known.fields)), least));
        faults.extend(known.filter(|known| known.state != State::Live).map(|_| Code::NotFound));
        let fields = known.map(|known| known.fields.clone()).unwrap_or_default();
        // It expires no later than the key that it came from, unless its terms say otherwise.
        let inherited = known.map_or(0, |known| known.expires);
        if let Some(handle) = self.judge(calls::key_issue(&source, grant), &faults) {
            assert_eq!(calls::keys_count(handle), 1);
            self.learn(handle, &fields, grant, |_| None);
            if let Some(new) = self.keys.last_mut().filter(|new| new.expires == 0) {
                new.expires = inherited;
            }
        }
    }

    pub(super) fn rotate(
        &mut self,
        prepared: Prepared,
        fields: &Fields,
        grant: &Granted,
        grace: u64,
        answer: Option<i8>,
    ) {
        let Prepared { source, mut faults, key, file: _file } = prepared;
        let named = arriving(fields);
        let mut merged = key.map(|at| self.keys[at].fields.clone()).unwrap_or_default();
        for (name, value) in named.iter().flatten() {
            merged.retain(|(old, _)| old != name);
            merged.push((name.clone(), value.clone()));
        }
        // Without a key, the given fields are all that there will be.
        let is_whole = ["username", "password"].iter().all(|name| merged.iter().any(|(given, _)| given == name));
        let is_usable = source.account.is_some() && source.record.is_none() && (key.is_some() || is_whole);
        faults.extend(fields_faults(named.as_ref(), grant));
        faults.extend((!is_usable || grace > MAX_GRACE_SECS).then_some(Code::Usage));
        let account = arrives(&source.account).unwrap_or_default().to_owned();
        let is_replaced = |key: &Known| key.account == account && key.state == State::Live;
        let replaced = || self.keys.iter().filter(|key| is_replaced(key)).map(Known::key);
        let least = replaced().map(|key| key.capacity().bytes()).max().unwrap_or(0);
        faults.extend(grant_faults(grant, payload_len(&merged), least));
        // Keys with several pages need a ring.
        faults.extend(replaced().any(|key| key.pages().get() > 1).then_some(Code::Usage));
        let known = key.map(|at| self.keys[at].state);
        faults.extend(known.filter(|state| *state != State::Live).map(|_| Code::NotFound));
        let has_records = self.live(&source.account).next().is_some();
        let ended = if has_records { Code::Expired } else { Code::NotFound };
        faults.extend((!self.keys.iter().any(is_replaced)).then_some(ended));
        faults.extend(answer.filter(|answer| *answer != 0).map(|_| Code::Other));
        let mut hand_over = answer.map(|answer| HandOver { answer: answer.into(), seen: None });
        let rotated = calls::account_rotate(&source, fields, grant, grace, hand_over.as_mut());
        let Some(handle) = self.judge(rotated, &faults) else {
            return;
        };
        let keys = calls::all_keys(handle);
        assert!(hand_over.is_none_or(|hand_over| hand_over.seen.as_ref() == Some(&keys)));
        let replaced: Vec<usize> = (0..self.keys.len()).filter(|at| is_replaced(&self.keys[*at])).collect();
        assert_eq!(keys.len(), replaced.len());
        let ids: BTreeMap<String, usize> = replaced.iter().map(|at| (self.keys[*at].id.clone(), *at)).collect();
        self.learn(handle, &merged, grant, |view| Some(ids[view.replaces.as_ref().unwrap()]));
        let new = self.given[&handle].clone();
        for (at, key) in
            self.keys.iter_mut().enumerate().filter(|(at, key)| key.account == account && !new.contains(at))
        {
            key.state = match key.state {
                State::Live | State::Grace if grace > 0 => State::Grace,
                _ => State::Gone,
            };
            debug_assert!(at < new[0]);
        }
    }

    pub(super) fn revoke(&mut self, (store, mut faults): (Text, Vec<Code>), account: &Text, key: u8, odd: u8) {
        let picked = self.pick(key);
        let mut id = Some(picked.map_or_else(|| "a".repeat(16), |at| self.keys[at].id.clone()).into_bytes());
        match odd {
            255 => id = None,
            254 => id = Some(b"a".to_vec()),
            253 => id = Some(vec![0xff; 16]),
            _ => {}
        }
        faults.extend((odd > 252).then_some(Code::Usage));
        faults.extend(account_faults(account));
        let is_it = |at: &usize| self.is_there(*at) && Some(&*self.keys[*at].account) == arrives(account);
        let found = picked.filter(is_it);
        faults.extend(found.is_none().then_some(Code::NotFound));
        if self.judge(calls::key_revoke(&store, account, &id), &faults).is_some() {
            self.keys[found.unwrap()].state = State::Gone;
        }
    }

    pub(super) fn remove(&mut self, (store, mut faults): (Text, Vec<Code>), account: &Text) {
        faults.extend(account_faults(account));
        let there = self.live(account).next().is_some();
        let answer = calls::account_remove(&store, account);
        if !there && faults.is_empty() {
            // Tombstones can be removed on their own, too, if there are any.
            assert!(matches!(answer, Ok(()) | Err(Code::NotFound)));
            return;
        }
        if self.judge(answer, &faults).is_none() {
            return;
        }
        let name = arrives(account).unwrap_or_default();
        self.keys.iter_mut().filter(|key| key.account == name).for_each(|key| key.state = State::Gone);
    }
}
