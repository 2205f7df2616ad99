//! Keys as people read them, one a line. All of it is public.

use otp_core::{AccountName, Holder, UnixTime};
use otp_link::KeyInfo;

/// The headings of the columns of [`line`](self::line()).
pub(crate) const HEADING: &str = "  key id            created               expires               capacity  holder\n";

/// A key of an account.
pub(crate) fn line(info: &KeyInfo) -> String {
    let KeyInfo { header, grace, .. } = info;
    let terms = &header.terms;
    let expires = terms.expires.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let holder = terms.holder.as_ref().map_or("-", Holder::as_str);
    let (id, created, capacity) = (header.id, terms.created, header.capacity.bytes());
    let mut line = format!("  {id}  {created}  {expires:<20}  {capacity:>8}  {holder}");
    if header.pages > 1 {
        line.push_str(&format!(" (page {} of {})", header.page + 1, header.pages));
    }
    if let Some(until) = grace {
        line.push_str(&format!(" (replaced; opens the old secret until {until})"));
    }
    line.push('\n');
    line
}

/// A key that is about to be changed or ended: with its account and age.
pub(crate) fn summary(account: &AccountName, info: &KeyInfo, now: UnixTime) -> String {
    let terms = &info.header.terms;
    let holder =
        terms.holder.as_ref().map_or_else(|| "no holder recorded".to_owned(), |holder| format!("held by {holder}"));
    let expires = terms.expires.map_or_else(|| "never expires".to_owned(), |at| format!("expires {at}"));
    let age = now.as_secs().saturating_sub(terms.created.as_secs()) / 86_400;
    let age = if age == 1 { "1 day".to_owned() } else { format!("{age} days") };
    format!("  {account} {}  {holder}, {age} old, {expires}\n", info.header.id)
}
