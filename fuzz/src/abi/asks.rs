//! Calls that change no account: sealing and opening without a store, and questions to a store.

use std::fs;

use otp_core::{Code, Coded, Key, KeyId, Record, UnixTime};
use otp_reference::{is_free_text, set_checksum};

use super::calls;
use super::given::{Bytes, Granted, Room, Text, arrives};
use super::sources::{account_faults, grant_faults};
use super::world::{Known, Sealed, State, World};
use crate::change::Change;

impl World {
    pub(super) fn seal(&mut self, account: &Text, secret: &Bytes, grant: &Granted, record: u8, key: u8) {
        let room = |number: u8| match number {
            255 => None,
            number => Some(usize::from(number) * 8),
        };
        let mut rooms = [Room::new(room(record)), Room::new(room(key))];
        let [record, key] = &mut rooms;
        let len = secret.pointer().1;
        let (answer, record_len, key_len) = calls::seal(account, secret, grant, record, key);
        let mut faults = account_faults(account);
        faults.extend(grant_faults(grant, len, 0));
        faults.extend(grant.wants_pages().then_some(Code::Usage));
        let asks = record.is_null() && key.is_null();
        if faults.is_empty() && !asks {
            let small = answer.is_err() && (record.len() < record_len || key.len() < key_len);
            faults.extend((small || secret.arrive().is_none()).then_some(Code::Usage));
        }
        if self.judge(answer, &faults).is_none() || asks {
            record.written(0);
            key.written(0);
            return;
        }
        let text = key.written(key_len + 1).strip_suffix(b"\0").unwrap();
        let key = str::from_utf8(text).unwrap().to_owned();
        let sealed =
            Sealed { key, record: record.written(record_len).to_vec(), secret: secret.arrive().unwrap().to_vec() };
        self.sealed.push(sealed);
    }

    pub(super) fn open(&self, which: usize, key: Option<&Change>, record: Option<&Change>, odd: u8, room: u8) {
        let Some(sealed) = self.sealed.get(which % self.sealed.len().max(1)) else {
            return;
        };
        let (mut text, mut bytes) = (sealed.key.clone().into_bytes(), sealed.record.clone());
        if let Some(change) = key {
            change.apply(&mut text);
        }
        if let Some(change) = record {
            change.apply(&mut bytes);
        }
        set_checksum(&mut bytes);
        let expected = Key::parse(text.trim_ascii(), vec![0; text.len()])
            .and_then(|key| otp_core::open(key, &Record::decode(&bytes)?, UnixTime::now()))
            .map(|secret| secret.expose().to_vec());
        // Mixed case is not allowed.
        let same =
            [sealed.key.clone(), sealed.key.to_ascii_uppercase()].iter().any(|key| key.as_bytes() == text.trim_ascii());
        if same && bytes == sealed.record {
            assert_eq!(expected.as_ref(), Ok(&sealed.secret));
        }
        let (text, bytes) = match odd {
            250 => (Bytes::Null { len: 1 }, Bytes::Here(bytes)),
            251 => (Bytes::Here(text), Bytes::Null { len: 1 }),
            252 => (Bytes::Huge(text), Bytes::Here(bytes)),
            253 => (Bytes::Here(text), Bytes::Huge(bytes)),
            _ => (Bytes::Here(text), Bytes::Here(bytes)),
        };
        let len = sealed.secret.len();
        let len = [len, len + 1, 1000, 65_535, len.saturating_sub(1), 0][usize::from(room) % 6];
        let mut room = Room::new(Some(len).filter(|_| odd != 254));
        let (answer, len) = calls::open(&text, &bytes, &mut room);
        let (expected, needed) = match expected {
            _ if (250..254).contains(&odd) => (Err(Code::Usage), 0),
            Err(error) => (Err(error.code()), 0),
            Ok(secret) if secret.len() > room.len() => (Err(Code::Usage), secret.len()),
            Ok(secret) => {
                let len = secret.len();
                (Ok(secret), len)
            }
        };
        let opened = answer.map(|()| room.written(len).to_vec());
        assert_eq!((&opened, len), (&expected, needed));
        if opened.is_err() {
            room.written(0);
        }
    }

    pub(super) fn list(&self, (store, mut faults): (Text, Vec<Code>), prefix: &Text, most: usize) {
        faults.extend(prefix_faults(prefix).into_iter().chain((most == 0).then_some(Code::Usage)));
        let mut expected: Vec<String> = self.below(prefix).map(|at| self.keys[at].account.clone()).collect();
        expected.sort();
        expected.dedup();
        expected.truncate(most);
        self.judge(calls::store_list(&store, prefix, most), &faults).inspect(|listed| assert_eq!(*listed, expected));
    }

    pub(super) fn info(&self, (store, mut faults): (Text, Vec<Code>), account: &Text, most: u8) {
        faults.extend(account_faults(account));
        faults.extend((most == 0).then_some(Code::Usage));
        let mut live: Vec<&Known> = self.live(account).map(|at| &self.keys[at]).collect();
        faults.extend(live.is_empty().then_some(Code::NotFound));
        // In the order of bytes: in the text's order, digits would come first.
        live.sort_by_key(|known| KeyId::parse(&known.id).unwrap());
        live.truncate(most.into());
        let Some(infos) = self.judge(calls::account_info(&store, account, most.into()), &faults) else {
            return;
        };
        assert_eq!(infos.len(), live.len());
        for (info, known) in infos.iter().zip(live) {
            assert_eq!((&info.id, &info.holder, info.expires), (&known.id, &known.holder, known.expires));
            assert_eq!(info.has_grace, known.state == State::Grace);
        }
    }

    pub(super) fn verify(
        &self,
        (store, mut faults): (Text, Vec<Code>),
        prefix: &Text,
        ask: bool,
        damage: Option<usize>,
    ) {
        faults.extend(prefix_faults(prefix));
        let below: Vec<usize> = self.below(prefix).collect();
        let damaged = damage.filter(|at| self.is_there(*at)).map(|at| {
            let known = &self.keys[at];
            let path = self.home.path().join(format!("store/{}/{}.otp", known.account, known.id));
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[1..]).unwrap();
            (at, path, bytes)
        });
        let answer = calls::store_verify(&store, prefix, ask);
        let found = damaged.map(|(at, path, bytes)| {
            fs::write(path, bytes).unwrap();
            at
        });
        let Some((told, records, count)) = self.judge(answer, &faults) else {
            return;
        };
        let expected: Vec<&Known> = found.iter().filter(|at| below.contains(at)).map(|at| &self.keys[*at]).collect();
        assert_eq!((records, count), (below.len() as u64, expected.len() as u64));
        let code = i32::from(Code::Damaged.number());
        let expected = expected.iter().filter(|_| ask).map(|known| (known.account.clone(), known.id.clone(), code));
        assert_eq!(told, expected.collect::<Vec<_>>());
    }

    /// A template with text around one field. Names with characters that have a meaning in templates are left out.
    pub(super) fn format(&self, handle: usize, name: &Text) {
        let Some(name) = name.as_ref().filter(|name| !name.iter().any(|byte| b"{}|\0".contains(byte))) else {
            assert_eq!(calls::account_format(handle, &None, &mut Room::new(Some(9))), (Err(Code::Usage), 0));
            return;
        };
        let template = Some([b"<{{{", &name[..], b"}>"].concat());
        let text = str::from_utf8(name).ok().filter(|name| is_free_text(name, 255));
        let expected = match (self.accounts.get(&handle), text) {
            (None, _) | (_, None) => Err(Code::Usage),
            (Some((.., fields)), Some(name)) => {
                let field = fields.iter().find(|field| field.0 == name).ok_or(Code::Other);
                field.map(|(_, value)| [b"<{", &value[..], b">"].concat())
            }
        };
        let needed = expected.as_ref().map_or(0, |text| text.len() + 1);
        let mut none = Room::new(None);
        let refused = expected.as_ref().err().copied().unwrap_or(Code::Usage);
        assert_eq!(calls::account_format(handle, &template, &mut none), (Err(refused), needed));
        let mut short = Room::new(Some(needed.saturating_sub(1)));
        assert_eq!(calls::account_format(handle, &template, &mut short), (Err(refused), needed));
        short.written(0);
        let Ok(expected) = expected else { return };
        let mut room = Room::new(Some(needed));
        assert_eq!(calls::account_format(handle, &template, &mut room), (Ok(()), expected.len()));
        assert_eq!(room.written(needed).split_last(), Some((&0, &expected[..])));
    }

    pub(super) fn write(&self, handle: usize, index: usize, path: u8) {
        let name = format!("written-{path}");
        let (path, mut faults) = match path {
            255 => (None, vec![Code::Usage]),
            254 => (Some(Vec::new()), vec![Code::Usage]),
            253 => (Some(self.path("none/key")), vec![Code::Other]),
            _ => (Some(self.path(&name)), Vec::new()),
        };
        let file = self.home.path().join(name);
        faults.extend(file.exists().then_some(Code::Exists));
        let key = self.given.get(&handle).and_then(|keys| keys.get(index));
        faults.extend(key.is_none().then_some(Code::Usage));
        if self.judge(calls::keys_write(handle, index, &path), &faults).is_some() {
            let text = &self.keys[*key.unwrap()].text;
            assert_eq!(fs::read_to_string(file).unwrap(), format!("{text}\n"));
        }
    }
}

fn prefix_faults(prefix: &Text) -> Option<Code> {
    // NULL means all.
    (prefix.is_some() && arrives(prefix).is_none()).then_some(Code::Usage)
}
