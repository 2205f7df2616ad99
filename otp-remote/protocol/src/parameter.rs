//! The parameters that a store's URL may have after its question mark.

/// The schemes that `otp-remote` serves, and the parameters that each allows. Other helpers have others.
pub const PARAMETERS: [(&str, &[&str]); 5] = [
    ("s3", &["endpoint", "region", "style", "profile", "insecure"]),
    ("az", &["insecure"]),
    ("gs", &["insecure"]),
    ("https", &["insecure"]),
    ("http", &["insecure"]),
];

/// Parts of the parameter names under which clients of such stores pass secrets.
const SECRETS: [&str; 9] = ["key", "secret", "token", "passw", "passphrase", "pwd", "signature", "credential", "sas"];

/// The parameters of a scheme, if `otp-remote` serves it; `None` for any other.
#[must_use]
pub fn parameters_of(scheme: &str) -> Option<&'static [&'static str]> {
    PARAMETERS.iter().find(|(known, _)| *known == scheme).map(|(_, names)| *names)
}

/// Whether a parameter with that name holds a secret, in any scheme.
#[must_use]
pub fn is_secret(parameter: &str) -> bool {
    let small = parameter.to_ascii_lowercase();
    small == "sig" || SECRETS.iter().any(|secret| small.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_parameter_that_a_scheme_has_is_a_secret() {
        for (scheme, names) in PARAMETERS {
            assert!(names.iter().all(|name| !is_secret(name)), "{scheme}");
        }
    }

    #[test]
    fn the_names_that_other_clients_use_for_secrets_are_known() {
        for name in [
            "secret_access_key",
            "AWS_SECRET_ACCESS_KEY",
            "X-Amz-Security-Token",
            "X-Amz-Signature",
            "X-Amz-Credential",
            "sig",
            "sas",
            "sas_token",
            "account_key",
            "password",
            "passwd",
            "PWD",
            "access_token",
        ] {
            assert!(is_secret(name), "{name}");
        }
        assert!(!["design", "signal", "region"].into_iter().any(is_secret));
    }
}
