//! Access lists: who can read and write a file or directory, and lists for what is made here.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1, SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce, INHERIT_ONLY_ACE,
    OWNER_SECURITY_INFORMATION, SECURITY_ATTRIBUTES,
};
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_APPEND_DATA, FILE_DELETE_CHILD, FILE_FLAG_BACKUP_SEMANTICS, FILE_READ_DATA, FILE_WRITE_ATTRIBUTES,
    FILE_WRITE_DATA, FILE_WRITE_EA, GetVolumeInformationByHandleW, READ_CONTROL, WRITE_DAC, WRITE_OWNER,
};
use windows_sys::Win32::System::SystemServices::{
    ACCESS_ALLOWED_ACE_TYPE, ACCESS_ALLOWED_CALLBACK_ACE_TYPE, FILE_PERSISTENT_ACLS,
};

use super::paths::wide;
use super::sid::{self, ADMINISTRATORS, CREATOR_OWNER, Local, OWNER_RIGHTS, SYSTEM, TRUSTED_INSTALLER};

const GENERIC_ALL: u32 = 0x1000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
const GENERIC_READ: u32 = 0x8000_0000;
/// Rights that reveal what is in a file.
const READ: u32 = FILE_READ_DATA | GENERIC_READ | GENERIC_ALL;
/// Rights to remove a file, or what is in a directory, so that another can be put in its place; or to let others do so.
const REPLACE: u32 = FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER | GENERIC_ALL;
/// Rights to change a file, or to put more into a directory. Attributes alone allow neither.
const WRITE: u32 = FILE_WRITE_DATA | FILE_APPEND_DATA | GENERIC_WRITE | REPLACE;
const _: () = assert!(WRITE & (FILE_WRITE_ATTRIBUTES | FILE_WRITE_EA) == 0);

/// Somebody in an access list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a question of its own about one entry")]
pub struct Party {
    /// The identifier, such as `S-1-5-32-545`.
    pub sid: String,
    /// Whether they can read it.
    pub reads: bool,
    /// Whether they can change it, or what it allows.
    pub writes: bool,
    /// Whether they can remove it, or what is in it, and put something else there.
    pub replaces: bool,
    /// Whether they are this user, its owner, the system or its administrators.
    pub is_trusted: bool,
}

/// Who can read and write a file or directory. Entries that deny something are ignored: they can only take rights away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessList {
    /// The owner's identifier.
    pub owner: String,
    /// Whether the owner is this user, the system or its administrators.
    pub owner_is_trusted: bool,
    /// Everybody in the list, once each.
    pub parties: Vec<Party>,
    /// Whether the volume keeps access lists at all. If not, everybody is in the list.
    pub is_kept: bool,
}

impl Party {
    /// The name that people know, such as `BUILTIN\Users`. The system may have to ask others for it.
    #[must_use]
    pub fn name(&self) -> String {
        sid::name(&self.sid)
    }
}

impl AccessList {
    /// Those who are neither this user, nor the owner, nor the system or its administrators.
    pub fn others(&self) -> impl Iterator<Item = &Party> {
        self.parties.iter().filter(|party| !party.is_trusted)
    }

    /// The permission bits that say the same about others: what the group has, everybody has.
    #[must_use]
    pub fn mode(&self) -> u32 {
        let any = |of: fn(&Party) -> bool| u32::from(self.others().any(of));
        let bits = any(|party| party.reads) * 4 + any(|party| party.writes) * 2;
        0o600 | bits << 3 | bits
    }
}

/// Who can read and write what a path leads to.
///
/// # Errors
///
/// The system's.
pub fn access_list(path: &Path) -> io::Result<AccessList> {
    // A directory can be opened with this flag alone.
    let flags = FILE_FLAG_BACKUP_SEMANTICS;
    access_of(&OpenOptions::new().access_mode(READ_CONTROL).custom_flags(flags).open(path)?, None)
}

/// Who can read and write an open file or directory. A part of something may trust the owner of the whole, too.
///
/// # Errors
///
/// The system's.
pub fn access_of(file: &File, owner_of_whole: Option<&str>) -> io::Result<AccessList> {
    let user = sid::user_sid()?;
    let is_known = |sid: &str| sid == user || [SYSTEM, ADMINISTRATORS, TRUSTED_INSTALLER].contains(&sid);
    let (mut owner, mut list, mut descriptor) = (ptr::null_mut(), ptr::null_mut::<ACL>(), ptr::null_mut());
    // SAFETY: the handle is open as long as `file` is borrowed, and each pointer is a place for what is asked for.
    let failed = unsafe {
        GetSecurityInfo(
            file.as_raw_handle(),
            SE_FILE_OBJECT,
            OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
            &raw mut owner,
            ptr::null_mut(),
            &raw mut list,
            ptr::null_mut(),
            &raw mut descriptor,
        )
    };
    // Owner and list are in it.
    let _descriptor = Local(descriptor);
    if failed != 0 {
        return Err(io::Error::from_raw_os_error(failed.cast_signed()));
    }
    // A whole is on one volume: anything that leads to another is a link.
    let is_kept = owner_of_whole.is_some() || keeps_access_lists(file)?;
    let owner = sid::text(owner)?;
    // No list at all is everything for everybody; so is what a volume can't keep.
    let entries = if list.is_null() || !is_kept { vec![everything_for_everybody()] } else { entries(list)? };
    let mut parties: Vec<Party> = Vec::new();
    for (sid, mask) in entries {
        let (reads, writes, replaces) = (mask & READ != 0, mask & WRITE != 0, mask & REPLACE != 0);
        if let Some(known) = parties.iter_mut().find(|party| party.sid == sid) {
            (known.reads, known.writes) = (known.reads || reads, known.writes || writes);
            known.replaces |= replaces;
        } else if reads || writes {
            let is_owner = sid == owner || [CREATOR_OWNER, OWNER_RIGHTS].contains(&sid.as_str());
            let is_trusted = is_known(&sid) || is_owner || owner_of_whole == Some(&sid);
            parties.push(Party { sid, reads, writes, replaces, is_trusted });
        }
    }
    Ok(AccessList { owner_is_trusted: is_known(&owner), owner, parties, is_kept })
}

fn everything_for_everybody() -> (String, u32) {
    ("S-1-1-0".to_owned(), GENERIC_ALL)
}

/// Who is allowed what, in the order of the list.
fn entries(list: *const ACL) -> io::Result<Vec<(String, u32)>> {
    // SAFETY: the caller has the list from the system, and keeps the descriptor that it lies in.
    let count = unsafe { (*list).AceCount };
    let mut entries = Vec::new();
    for at in 0..u32::from(count) {
        let mut entry = ptr::null_mut();
        // SAFETY: as above; `entry` is a place for a pointer into the list.
        if unsafe { GetAce(list, at, &raw mut entry) } == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: each entry begins with this header.
        let header = unsafe { entry.cast::<ACE_HEADER>().read_unaligned() };
        let allows = [ACCESS_ALLOWED_ACE_TYPE, ACCESS_ALLOWED_CALLBACK_ACE_TYPE].contains(&u32::from(header.AceType));
        if !allows || u32::from(header.AceFlags) & INHERIT_ONLY_ACE != 0 {
            continue;
        }
        let entry = entry.cast::<ACCESS_ALLOWED_ACE>();
        // SAFETY: entries of these two types begin with this structure, which ends where the identifier begins.
        let (mask, sid) = unsafe { ((&raw const (*entry).Mask).read_unaligned(), (&raw mut (*entry).SidStart).cast()) };
        entries.push((sid::text(sid)?, mask));
    }
    Ok(entries)
}

/// Whether the volume of an open file keeps access lists, as NTFS does and FAT does not.
fn keeps_access_lists(file: &File) -> io::Result<bool> {
    let mut flags = 0;
    // SAFETY: the handle is open; nothing but the flags is asked for, and they have a place.
    let answered = unsafe {
        GetVolumeInformationByHandleW(
            file.as_raw_handle(),
            ptr::null_mut(),
            0,
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut flags,
            ptr::null_mut(),
            0,
        )
    };
    if answered == 0 { Err(io::Error::last_os_error()) } else { Ok(flags & FILE_PERSISTENT_ACLS != 0) }
}

/// A list for what is made here: everything for this user, the system and its administrators, and nothing inherited.
pub(super) struct Private {
    _descriptor: Local,
    attributes: SECURITY_ATTRIBUTES,
}

impl Private {
    /// For a file, or for a directory and all that will be in it.
    pub(super) fn new(is_directory: bool) -> io::Result<Self> {
        let user = sid::user_sid()?;
        let inherit = if is_directory { "OICI" } else { "" };
        let entry = |sid: &str| format!("(A;{inherit};FA;;;{sid})");
        let text = format!("D:P{}{}{}", entry(&user), entry(SYSTEM), entry(ADMINISTRATORS));
        let text = wide(text)?;
        let mut descriptor = ptr::null_mut();
        // SAFETY: the text ends with a NUL, and `descriptor` is a place for a pointer.
        let made = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                ptr::null_mut(),
            )
        };
        if made == 0 {
            return Err(io::Error::last_os_error());
        }
        let len = u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or(0);
        let attributes = SECURITY_ATTRIBUTES { nLength: len, lpSecurityDescriptor: descriptor, bInheritHandle: 0 };
        Ok(Self { _descriptor: Local(descriptor), attributes })
    }

    /// What the system's calls take; valid as long as this is.
    pub(super) fn attributes(&self) -> *const SECURITY_ATTRIBUTES {
        &raw const self.attributes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(parties: &[(bool, bool, bool)]) -> AccessList {
        let party = |(is_trusted, reads, writes): &(bool, bool, bool)| Party {
            sid: String::new(),
            reads: *reads,
            writes: *writes,
            replaces: *writes,
            is_trusted: *is_trusted,
        };
        let parties = parties.iter().map(party).collect();
        AccessList { owner: String::new(), owner_is_trusted: true, parties, is_kept: true }
    }

    #[test]
    fn what_others_may_do_counts_and_what_the_trusted_may_do_does_not() {
        assert_eq!(list(&[]).mode(), 0o600);
        assert_eq!(list(&[(true, true, true)]).mode(), 0o600);
        assert_eq!(list(&[(true, true, true), (false, true, false)]).mode(), 0o644);
        assert_eq!(list(&[(false, false, true)]).mode(), 0o622);
        assert_eq!(list(&[(false, true, false), (false, false, true)]).mode(), 0o666);
    }
}
