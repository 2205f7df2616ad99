//! Who may read a key file, and who may write to its directory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::PathBuf;

use otp_core::{Code, Coded};
use otp_test_tools::TempDir;

use super::*;
use crate::hint::Hint;

struct Scene {
    home: TempDir,
}

impl Scene {
    fn new() -> Self {
        Self { home: otp_test_tools::folder() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn file(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        let parent = path.parent().unwrap();
        if !parent.exists() {
            // Whatever the umask says.
            fs::create_dir_all(parent).unwrap();
            parent.ancestors().take_while(|dir| *dir != self.home.path()).for_each(|dir| chmod(dir, 0o755));
        }
        fs::write(&path, "key").unwrap();
        chmod(&path, mode);
        path
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn is_root() -> bool {
    otp_sys::user() == 0
}

#[test]
fn a_file_of_ones_own_is_private_in_exactly_these_modes() {
    let scene = Scene::new();
    for mode in 0o400..=0o777 {
        let path = scene.file("key", 0o600);
        chmod(&path, mode);
        // Root's own files may be readable by a group, as those of a service are.
        let beyond = if is_root() { 0o037 } else { 0o077 };
        assert_eq!(check_key_file(&path).is_err(), mode & beyond != 0, "{mode:o}");
        open(&path, KeyFileMode::Any, None).unwrap();
    }
    let path = scene.file("key", 0o604);
    let error = check_key_file(&path).unwrap_err();
    assert_eq!(error.code(), Code::UnsafePermissions);
    // What others may have read is not made unread by chmod.
    assert_eq!(error.hint(), Some(Hint::ReplaceExposedKey { path: &path }));
}

#[test]
fn a_credential_may_show_its_access_list_as_group_bits() {
    let scene = Scene::new();
    let directory = scene.home.path();
    for (mode, accepted) in [(0o440, true), (0o470, true), (0o444, false), (0o441, false)] {
        let path = scene.file("any-name", 0o600);
        chmod(&path, mode);
        assert_eq!(open(&path, KeyFileMode::Private, Some(directory)).is_ok(), accepted, "{mode:o}");
    }
    let elsewhere = scene.file("below/key", 0o460);
    assert!(open(&elsewhere, KeyFileMode::Private, Some(directory)).is_err());
}

#[test]
fn a_file_of_another_user_is_refused_and_one_of_root_is_not() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let path = scene.file("key", 0o600);
    chown(&path, Some(65_534), None).unwrap();
    assert!(matches!(check_key_file(&path), Err(Error::KeyOwnedByOther { owner: 65_534, .. })));
    open(&path, KeyFileMode::Any, None).unwrap();
}

#[test]
fn only_a_path_that_root_alone_can_change_is_provided() {
    if !is_root() {
        return;
    }
    let scene = Scene::new();
    let opened = |path: &Path| otp_sys::open_with_status(path).unwrap().1;
    let provided = |path: &Path| platform::only_root_can_replace(path, &opened(path));
    // Kubernetes: links over a dated directory, in a directory that everybody may write to.
    let file = scene.file("secrets/..2026/key", 0o644);
    symlink("..2026", scene.path("secrets/..data")).unwrap();
    let link = scene.path("secrets/key");
    symlink("..data/key", &link).unwrap();
    chmod(&scene.path("secrets"), 0o1777);
    assert!(provided(&link) && provided(&file));
    // Somebody else opened it, and passes it on standard input.
    let open = File::open(&link).unwrap();
    assert!(provided(Path::new(&format!("/proc/self/fd/{}", open.as_raw_fd()))));
    // Docker: any owner of the file itself.
    chown(&file, Some(1234), None).unwrap();
    assert!(provided(&link));
    chmod(&scene.path("secrets"), 0o777);
    assert!(!provided(&link), "anybody could put another file there");
    chmod(&scene.path("secrets"), 0o1777);
    chown(scene.path("secrets/..2026"), Some(1234), None).unwrap();
    assert!(!provided(&link), "its owner could put another file there");
    chown(scene.path("secrets/..2026"), Some(0), None).unwrap();
    let other = scene.file("secrets/..2026/other", 0o644);
    assert!(!platform::only_root_can_replace(&link, &opened(&other)), "another file than the one that was opened");
    assert!(!platform::is_provided(&link, &opened(&link)), "it is not where container runtimes put secrets");
}

#[test]
fn a_directory_that_everybody_can_write_to_is_refused() {
    let scene = Scene::new();
    let key = scene.file("keys/key", 0o600);
    let dir = scene.path("keys");
    for (mode, refused) in
        [(0o777, true), (0o707, true), (0o1777, false), (0o770, false), (0o700, false), (0o755, false)]
    {
        chmod(&dir, mode);
        for outcome in [check_key_file(&key), write_key_file(&dir.join("new"), "k"), make_key_dir(&dir)] {
            match outcome {
                Err(error) => {
                    assert!(refused && matches!(error, Error::DirectoryOpenToOthers { .. }), "{mode:o}: {error:?}");
                    assert_eq!(error.code(), Code::UnsafePermissions);
                    assert_eq!(error.hint(), Some(Hint::RemoveWriteAccess { path: &dir }));
                }
                Ok(()) => assert!(!refused, "{mode:o}"),
            }
        }
        assert_eq!(fs::remove_file(dir.join("new")).is_ok(), !refused, "{mode:o}");
    }
}

#[test]
fn what_can_not_be_written_is_known_before_anything_is_asked() {
    let scene = Scene::new();
    let check = |name: &str| check_new_key_file(&scene.path(name));
    check("new").unwrap();
    scene.file("there", 0o600);
    symlink("nowhere", scene.path("link")).unwrap();
    for name in ["there", "link"] {
        assert!(matches!(check(name), Err(Error::KeyFileExists { .. })), "{name}");
    }
    for name in ["missing/key", "there/key"] {
        assert!(matches!(check(name), Err(Error::KeyNotWritten { .. })), "{name}");
    }
    fs::create_dir(scene.path("open")).unwrap();
    chmod(&scene.path("open"), 0o777);
    assert!(matches!(check("open/key"), Err(Error::DirectoryOpenToOthers { .. })));
    assert!(matches!(write_key_file(&scene.path("open/key"), "text"), Err(Error::DirectoryOpenToOthers { .. })));
}

#[test]
fn a_link_does_not_hide_the_directory_that_it_leads_to() {
    let scene = Scene::new();
    let key = scene.file("open/key", 0o600);
    chmod(&scene.path("open"), 0o777);
    let link = scene.path("link");
    symlink(&key, &link).unwrap();
    for path in [&key, &link] {
        assert!(matches!(check_key_file(path), Err(Error::DirectoryOpenToOthers { .. })), "{}", path.display());
        assert!(matches!(check_parent(path), Err(Error::DirectoryOpenToOthers { .. })), "{}", path.display());
    }
    // Nor do directories that are still to be made.
    assert!(matches!(check_parent(&scene.path("open/a/b/store")), Err(Error::DirectoryOpenToOthers { .. })));
    check_parent(&scene.path("a/b/store")).unwrap();
}

#[test]
fn a_directory_of_credentials_is_known_by_what_it_is() {
    let scene = Scene::new();
    let key = scene.file("credentials/any", 0o440);
    let link = scene.path("link");
    symlink(scene.path("credentials"), &link).unwrap();
    let accepted = |path: &Path, of: &Path| open(path, KeyFileMode::Private, Some(of)).is_ok();
    assert!(accepted(&key, &scene.path("credentials")) && accepted(&link.join("any"), &scene.path("credentials")));
    assert!(accepted(&key, &link));
    chmod(&scene.path("credentials"), 0o777);
    assert!(!accepted(&key, &link), "everybody could replace it");
}
