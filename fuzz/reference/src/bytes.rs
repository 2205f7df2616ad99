//! Numbers, byte strings and flags, as encoded in records.

pub(crate) fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 127 {
        bytes.push(u8::try_from(number % 128 + 128).unwrap());
        number /= 128;
    }
    bytes.push(u8::try_from(number).unwrap());
}

pub(crate) fn push_bytes(bytes: &mut Vec<u8>, value: &[u8]) {
    push_number(bytes, value.len() as u64);
    bytes.extend(value);
}

pub(crate) fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(taken)
}

pub(crate) fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u128;
    for place in 0..10 {
        let byte = take(rest, 1)?[0];
        number += u128::from(byte % 128) << (7 * place);
        if byte < 128 {
            // Only the shortest form is valid.
            return u64::try_from(number).ok().filter(|_| byte > 0 || place == 0);
        }
    }
    None
}

pub(crate) fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = take_number(rest)?;
    take(rest, usize::try_from(len).ok()?)
}

pub(crate) fn take_text(rest: &mut &[u8]) -> Option<String> {
    String::from_utf8(take_bytes(rest)?.to_vec()).ok()
}

pub(crate) fn take_flag(rest: &mut &[u8]) -> Option<bool> {
    match take(rest, 1)?[0] {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}
