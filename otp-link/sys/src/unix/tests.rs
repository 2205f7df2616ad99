//! Tests of the platform code for Unix.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Read;

use rustix::io::fcntl_getfd;

use super::*;

#[test]
fn each_swap_is_named_by_its_path() {
    let titles = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
    assert!(devices_in(titles).is_empty() && devices_in("").is_empty());
    let swaps = format!("{titles}/dev/sda2 partition\t1000\t0\t-2\n/swap\tfile\t1000\t0\t-3\n");
    assert_eq!(devices_in(&swaps), ["/dev/sda2", "/swap"]);
    assert_eq!(swap_devices(), std::fs::read_to_string("/proc/swaps").ok().map(|swaps| devices_in(&swaps)));
}

#[test]
fn only_what_is_gone_when_it_is_read_is_a_stream() {
    let home = tempfile::tempdir().unwrap();
    assert!(!is_stream(&File::open(home.path()).unwrap()).unwrap());
    assert!(!is_stream(&create_private(&home.path().join("file")).unwrap()).unwrap());
    assert!(is_stream(&File::open("/dev/null").unwrap()).unwrap());
    let (reader, _writer) = io::pipe().unwrap();
    assert!(is_stream(&File::from(OwnedFd::from(reader))).unwrap());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_in_memory_needs_no_name() {
    let home = tempfile::tempdir_in("/dev/shm").unwrap();
    let path = home.path().join("key");
    let file = unnamed_private(&path).unwrap();
    assert!(fcntl_getfd(&file).unwrap().contains(FdFlags::CLOEXEC));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    give_name(&file, &path).unwrap();
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn a_name_alone_lies_in_the_current_directory() {
    for (path, dir) in [("key", "."), ("keys/key", "keys"), ("/key", "/"), ("/", "/")] {
        assert_eq!(parent(Path::new(path)), Path::new(dir), "{path}");
    }
    assert!(sync_parent(Path::new("/there/is/no/such/directory/key")).is_err());
}

#[test]
fn directories_are_made_below_directories_alone() {
    let home = tempfile::tempdir().unwrap();
    make_private_dirs(&home.path().join("a/b/c")).unwrap();
    assert!(home.path().join("a/b/c").is_dir());
    create_private(&home.path().join("file")).unwrap();
    let error = make_private_dirs(&home.path().join("file/below")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
}

#[test]
fn what_is_opened_closes_when_the_process_becomes_another() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("key");
    let closes = |file: &File| fcntl_getfd(file).unwrap().contains(FdFlags::CLOEXEC);
    assert!(closes(&create_private(&path).unwrap()));
    assert!(closes(&open_with_status(&path).unwrap().0));
}

#[test]
fn a_memory_file_holds_its_bytes_and_takes_no_others() {
    let mut file = sealed_memory_file("test", b"a secret").unwrap();
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"a secret");
    if cfg!(target_os = "linux") {
        assert!(file.write_all(b"more").is_err());
        assert!(file.set_len(0).is_err());
    }
}

#[test]
fn a_descriptor_is_taken_twice_and_closed_by_neither() {
    let given = sealed_memory_file("test", b"a secret").unwrap();
    for _ in 0..2 {
        let mut bytes = Vec::new();
        let mut taken = take_fd(given.as_raw_fd()).unwrap();
        taken.rewind().unwrap();
        taken.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"a secret");
    }
    assert_eq!(given.metadata().unwrap().len(), 8);
}

#[test]
fn what_is_not_open_is_an_error() {
    for number in [-1, i32::MAX, i32::MIN] {
        assert!(take_fd(number).is_err(), "{number}");
    }
}

#[test]
fn a_group_is_private_if_nobody_else_is_in_it() {
    let passwd = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:100::/home/bob:/bin/sh\n";
    let group = "root:x:0:\nusers:x:100:\nann:x:1000:ann\nstaff:x:50:ann,bob\n";
    for (gid, uid, private) in
        [(1000, 1000, true), (0, 0, true), (100, 1000, false), (50, 1000, false), (100, 1001, true), (1000, 9, false)]
    {
        assert_eq!(is_alone_in(gid, uid, passwd, group), private, "{gid} {uid}");
    }
    let crowded = "ann:x:1000:ann,bob\n";
    assert!(!is_alone_in(1000, 1000, passwd, crowded));
}
