//! A model of a disk: the changes that a program made, and what the disk may hold after a power failure.
//!
//! Everything that was synced is there. Anything else may be there or not, in any order:
//!
//! - Each name in a directory is in its state at the last sync of that directory, or after any later change of this name,
//!   independently of other names. Only a rename changes both of its names or neither.
//! - A file holds its bytes at its own last sync, and the first of its later changes; of the last of these, if it is a
//!   write, half of the bytes, all of them, or zeros in their place.
//! - Syncing a file does not make its name durable, and syncing a directory does not make the directory's own name durable.

use std::collections::BTreeMap;

/// A file or directory of the model: its place in [`Disk::inodes`].
pub(crate) type Inode = usize;

/// The top directory.
pub(crate) const ROOT: Inode = 0;

#[derive(Clone, Debug)]
enum Content {
    File { durable: Vec<u8>, unsynced: Vec<Edit> },
    Directory { durable: Names, unsynced: Vec<Chain> },
}

/// A change of a file's bytes.
#[derive(Clone, Debug)]
enum Edit {
    Write { at: usize, bytes: Vec<u8> },
    Cut { len: usize },
}

type Names = BTreeMap<String, Inode>;

/// A change of one name, or of two in a rename.
type Change = Vec<(String, Option<Inode>)>;

/// Changes that share names, in order. Chains are independent of one another.
type Chain = Vec<Change>;

/// A disk with every change made to it.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    inodes: Vec<(Content, u32)>,
}

/// The object at a path below the root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    File(Vec<u8>, u32),
    Directory(u32),
}

/// The contents of a disk, by path.
pub(crate) type Tree = BTreeMap<String, Node>;

impl Disk {
    pub(crate) fn new() -> Self {
        Self { inodes: vec![(Content::Directory { durable: Names::new(), unsynced: Vec::new() }, 0o700)] }
    }

    pub(crate) fn make_file(&mut self, mode: u32) -> Inode {
        self.make(Content::File { durable: Vec::new(), unsynced: Vec::new() }, mode)
    }

    pub(crate) fn make_directory(&mut self, mode: u32) -> Inode {
        self.make(Content::Directory { durable: Names::new(), unsynced: Vec::new() }, mode)
    }

    fn make(&mut self, content: Content, mode: u32) -> Inode {
        self.inodes.push((content, mode));
        self.inodes.len() - 1
    }

    /// Writes at a position in a file, over existing bytes or after them.
    pub(crate) fn write(&mut self, file: Inode, at: usize, bytes: &[u8]) {
        let Content::File { unsynced, .. } = &mut self.inodes[file].0 else {
            return;
        };
        match unsynced.last_mut() {
            // Consecutive writes count as one.
            Some(Edit::Write { at: start, bytes: before }) if *start + before.len() == at => before.extend(bytes),
            _ => unsynced.push(Edit::Write { at, bytes: bytes.to_vec() }),
        }
    }

    /// Truncates a file.
    pub(crate) fn cut(&mut self, file: Inode, len: usize) {
        if let Content::File { unsynced, .. } = &mut self.inodes[file].0 {
            unsynced.push(Edit::Cut { len });
        }
    }

    /// A change of mode counts as durable at once: a store creates everything with its narrowest mode.
    pub(crate) fn set_mode(&mut self, inode: Inode, mode: u32) {
        self.inodes[inode].1 = mode;
    }

    /// Points a name at an inode, or removes it.
    pub(crate) fn set_name(&mut self, directory: Inode, name: &str, to: Option<Inode>) {
        self.change(directory, vec![(name.to_owned(), to)]);
    }

    /// Renames within a directory.
    pub(crate) fn rename(&mut self, directory: Inode, from: &str, to: &str) {
        let moved = self.find(directory, from);
        self.change(directory, vec![(from.to_owned(), None), (to.to_owned(), moved)]);
    }

    fn change(&mut self, directory: Inode, change: Change) {
        let Content::Directory { unsynced, .. } = &mut self.inodes[directory].0 else {
            return;
        };
        let meets =
            |chain: &Chain| chain.iter().flatten().any(|(name, _)| change.iter().any(|(other, _)| name == other));
        // Chains that share a name with this change become one.
        let mut chain: Chain = unsynced.extract_if(.., |chain| meets(chain)).flatten().collect();
        chain.push(change);
        unsynced.push(chain);
    }

    pub(crate) fn sync(&mut self, inode: Inode) {
        match &mut self.inodes[inode].0 {
            Content::File { durable, unsynced } => unsynced.drain(..).for_each(|edit| edit.apply(durable)),
            Content::Directory { durable, unsynced } => {
                for change in unsynced.drain(..).flatten() {
                    apply(durable, &change);
                }
            }
        }
    }

    pub(crate) fn sync_all(&mut self) {
        for inode in 0..self.inodes.len() {
            self.sync(inode);
        }
    }

    /// The inode that a name leads to while the power is on.
    pub(crate) fn find(&self, directory: Inode, name: &str) -> Option<Inode> {
        let Content::Directory { durable, unsynced } = &self.inodes[directory].0 else {
            return None;
        };
        let changed = unsynced.iter().flatten().flatten().rfind(|(other, _)| other == name);
        changed.map_or_else(|| durable.get(name).copied(), |(_, to)| *to)
    }

    /// How many states each file and chain that is not durable may be in. State 0 is the durable one.
    pub(crate) fn choices(&self) -> Vec<usize> {
        let mut choices = Vec::new();
        for (content, _) in &self.inodes {
            match content {
                Content::File { unsynced, .. } if unsynced.is_empty() => {}
                Content::File { unsynced, .. } => choices.push(1 + unsynced.iter().map(Edit::states).sum::<usize>()),
                Content::Directory { unsynced, .. } => choices.extend(unsynced.iter().map(|chain| chain.len() + 1)),
            }
        }
        choices
    }

    /// The contents of the disk if each file and chain is in its chosen state, in the order of [`Disk::choices`].
    pub(crate) fn tree(&self, chosen: &[usize]) -> Tree {
        let mut chosen = chosen.iter().copied();
        let mut files = BTreeMap::new();
        let mut directories = BTreeMap::new();
        for (inode, (content, mode)) in self.inodes.iter().enumerate() {
            match content {
                Content::File { durable, unsynced } => {
                    let state = if unsynced.is_empty() { 0 } else { chosen.next().unwrap_or(0) };
                    files.insert(inode, Node::File(file_in_state(durable, unsynced, state), *mode));
                }
                Content::Directory { durable, unsynced } => {
                    let mut names = durable.clone();
                    for chain in unsynced {
                        let done = chosen.next().unwrap_or(0);
                        chain[..done].iter().for_each(|change| apply(&mut names, change));
                    }
                    directories.insert(inode, (names, *mode));
                }
            }
        }
        let mut tree = Tree::new();
        let mut waiting = vec![(String::new(), ROOT)];
        while let Some((path, inode)) = waiting.pop() {
            match (files.get(&inode), directories.get(&inode)) {
                (Some(file), _) => drop(tree.insert(path, file.clone())),
                (None, Some((names, mode))) => {
                    waiting.extend(names.iter().map(|(name, inode)| (format!("{path}/{name}"), *inode)));
                    tree.insert(path, Node::Directory(*mode));
                }
                (None, None) => {}
            }
        }
        tree
    }
}

fn apply(names: &mut Names, change: &Change) {
    for (name, to) in change {
        match to {
            Some(inode) => names.insert(name.clone(), *inode),
            None => names.remove(name),
        };
    }
}

impl Edit {
    /// How many states it may be in, apart from being absent.
    fn states(&self) -> usize {
        match self {
            Self::Write { .. } => 3,
            Self::Cut { .. } => 1,
        }
    }

    fn apply(self, file: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let end = at + bytes.len();
                file.resize(file.len().max(end), 0);
                file[at..end].copy_from_slice(&bytes);
            }
            Self::Cut { len } => file.truncate(len),
        }
    }

    /// The part of it that is left in a state; in the last state, all of it.
    fn in_state(&self, state: usize) -> Self {
        match self {
            Self::Write { at, bytes } if state == 1 => {
                Self::Write { at: *at, bytes: bytes[..bytes.len() / 2].to_vec() }
            }
            Self::Write { at, bytes } if state == 2 => Self::Write { at: *at, bytes: vec![0; bytes.len()] },
            whole => whole.clone(),
        }
    }
}

fn file_in_state(durable: &[u8], unsynced: &[Edit], mut state: usize) -> Vec<u8> {
    let mut file = durable.to_vec();
    for edit in unsynced {
        if state == 0 {
            break;
        }
        edit.in_state(state.min(edit.states())).apply(&mut file);
        state = state.saturating_sub(edit.states());
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_synced_is_in_every_state_and_what_was_not_is_in_some() {
        let mut disk = Disk::new();
        let file = disk.make_file(0o600);
        disk.write(file, 0, b"a");
        disk.write(file, 1, b"b");
        disk.set_name(ROOT, "name", Some(file));
        assert_eq!(disk.choices(), [2, 4]);
        assert!(!disk.tree(&[0, 3]).contains_key("/name"));
        assert_eq!(disk.tree(&[1, 1])["/name"], Node::File(b"a".to_vec(), 0o600));
        disk.sync(file);
        assert_eq!(disk.choices(), [2]);
        disk.sync(ROOT);
        assert!(disk.choices().is_empty());
        assert_eq!(disk.tree(&[])["/name"], Node::File(b"ab".to_vec(), 0o600));
        disk.set_name(ROOT, "name", None);
        assert!(disk.tree(&[0]).contains_key("/name") && !disk.tree(&[1]).contains_key("/name"));
    }

    #[test]
    fn bytes_that_are_overwritten_and_cut_off_are_gone_once_both_are_synced() {
        let mut disk = Disk::new();
        let file = disk.make_file(0o600);
        disk.set_name(ROOT, "name", Some(file));
        disk.write(file, 0, b"abcd");
        disk.sync_all();
        disk.write(file, 2, b"xx");
        disk.cut(file, 2);
        let held = |disk: &Disk, state: &[usize]| match &disk.tree(state)["/name"] {
            Node::File(bytes, _) => bytes.clone(),
            Node::Directory(_) => Vec::new(),
        };
        let states: Vec<Vec<u8>> = (0..disk.choices()[0]).map(|state| held(&disk, &[state])).collect();
        assert_eq!(states, [&b"abcd"[..], b"abxd", b"ab\0\0", b"abxx", b"ab"]);
        disk.sync(file);
        assert_eq!(held(&disk, &[]), b"ab");
    }

    #[test]
    fn a_rename_changes_both_names_or_none_and_other_names_do_not_wait_for_it() {
        let mut disk = Disk::new();
        let directory = disk.make_directory(0o700);
        disk.set_name(ROOT, "temporary", Some(directory));
        let other = disk.make_file(0o600);
        disk.set_name(ROOT, "other", Some(other));
        disk.rename(ROOT, "temporary", "final");
        assert_eq!(disk.choices(), [2, 3]);
        let names = |chosen: &[usize]| disk.tree(chosen).into_keys().skip(1).collect::<Vec<_>>().join(" ");
        assert_eq!(names(&[0, 0]), "");
        assert_eq!(names(&[0, 1]), "/temporary");
        assert_eq!(names(&[0, 2]), "/final");
        assert_eq!(names(&[1, 2]), "/final /other");
    }
}
