//! Which standard stream or descriptor an input comes from.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Refuses to read two inputs from one stream: the first would take all of it.
///
/// Each has a name for messages, and the descriptor that it is read from, if any.
pub(crate) fn check_distinct(uses: &[(&str, Option<i32>)]) -> Result<()> {
    for (number, (first, stream)) in uses.iter().enumerate() {
        if let Some((second, _)) = uses[number + 1..].iter().find(|(_, other)| stream.is_some() && other == stream) {
            let message = format!("{first} and {second} can't come from one stream");
            return Err(Error::usage_with(message, "give one of them another way"));
        }
    }
    Ok(())
}

/// The descriptor that a path stands for, if it is `-` or names one of this process's.
pub(crate) fn of_path(path: Option<&Path>) -> Option<i32> {
    let path = path?.to_str()?;
    if matches!(path, "-" | "/dev/stdin") {
        return Some(0);
    }
    let own = format!("/proc/{}/fd/", std::process::id());
    let folders = ["/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/", &own];
    let number = folders.iter().find_map(|folder| path.strip_prefix(folder))?;
    number.parse().ok()
}

/// Whether a path leads to an open descriptor, even through links.
#[cfg(unix)]
pub(crate) fn leads_to_descriptor(path: &Path) -> bool {
    let mut path = path.to_owned();
    // As many links as Linux follows.
    for _ in 0..40 {
        let (Some(name), Some(parent)) = (path.file_name(), path.parent()) else { return false };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let Ok(dir) = parent.canonicalize() else { return false };
        if dir == Path::new("/dev/fd") || (dir.starts_with("/proc") && dir.ends_with("fd")) {
            return true;
        }
        match dir.join(name).read_link() {
            Ok(target) => path = dir.join(target),
            Err(_) => return false,
        }
    }
    false
}

/// The path of an open descriptor.
pub(crate) fn descriptor(number: i32) -> PathBuf {
    format!("/dev/fd/{number}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_stand_for_a_descriptor() {
        let own = format!("/proc/{}/fd/7", std::process::id());
        for (path, number) in [
            ("-", Some(0)),
            ("/dev/stdin", Some(0)),
            ("/dev/fd/3", Some(3)),
            ("/proc/self/fd/12", Some(12)),
            (&own, Some(7)),
            ("./-", None),
            ("/dev/fd/x", None),
            ("/proc/1/fd/3", None),
            ("key", None),
        ] {
            assert_eq!(of_path(Some(Path::new(path))), number, "{path}");
        }
        assert_eq!(of_path(None), None);
    }

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
