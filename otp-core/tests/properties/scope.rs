//! Which accounts a list covers.

use otp_core::AccountName;
use otp_core::store::Scope;
use proptest::prelude::*;

use crate::config;

/// A few names, many of which are prefixes of others.
fn near_names() -> impl Strategy<Value = AccountName> {
    "[ab]([-.a]?b)?(/[ab]([-.a]?b)?){0,3}".prop_map(|name| AccountName::parse(&name).unwrap())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_scope_holds_the_names_that_start_with_all_its_parts(top in near_names(), name in near_names()) {
        let parts = |name: &AccountName| name.as_str().split('/').map(str::to_owned).collect::<Vec<_>>();
        let scope = Scope::Below(&top);
        prop_assert_eq!(scope.contains(&name), parts(&name).starts_with(&parts(&top)));
        prop_assert!(Scope::All.contains(&name) && scope.contains(&top));
        let below = AccountName::parse(&format!("{top}/{name}")).unwrap();
        prop_assert!(scope.contains(&below) && !Scope::Below(&below).contains(&top));
    }
}
