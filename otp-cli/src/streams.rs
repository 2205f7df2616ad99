//! Which standard stream or descriptor something is read from.

use std::path::Path;

use crate::error::{Error, Result};

/// Refuses to read two things from one stream: the first would take all of it.
///
/// Each is what people call it, and the number of the descriptor that it is read from, if it is.
pub(crate) fn check_distinct(uses: &[(&str, Option<i32>)]) -> Result<()> {
    for (number, (first, stream)) in uses.iter().enumerate() {
        if let Some((second, _)) = uses[number + 1..].iter().find(|(_, other)| stream.is_some() && other == stream) {
            let message = format!("{first} and {second} can't come from one stream");
            return Err(Error::usage_with(message, "give one of them another way"));
        }
    }
    Ok(())
}

/// The descriptor that a file is read from, if it is `-`.
pub(crate) fn of_path(path: Option<&Path>) -> Option<i32> {
    (path == Some(Path::new("-"))).then_some(0)
}

#[cfg(test)]
mod tests {
    use super::check_distinct;

    #[test]
    fn two_uses_of_one_stream_are_refused_and_two_streams_are_not() {
        for (streams, refused) in [
            ([None, None, None], false),
            ([Some(0), None, Some(3)], false),
            ([Some(0), None, Some(0)], true),
            ([None, Some(3), Some(3)], true),
        ] {
            let [key, password, entropy] = streams;
            let uses = [("key", key), ("password", password), ("extra entropy", entropy)];
            assert_eq!(check_distinct(&uses).is_err(), refused, "{streams:?}");
        }
    }
}
