//! [`Mapping`]: which column or member of another program's export is taken for what.

/// Which columns of a table, or members of JSON objects, are taken for what.
///
/// An empty one takes them by their names. Any other takes nothing but what it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping(Vec<(String, Vec<String>)>);

impl Mapping {
    /// That of the CSV files that `KeePassXC` exports: the account is named by group and title.
    #[must_use]
    pub fn keepassxc(self) -> Self {
        let mut mapping = self;
        mapping.0.push(("account".into(), vec!["Group".into(), "Title".into()]));
        for (member, column) in
            [("username", "Username"), ("password", "Password"), ("url", "URL"), ("notes", "Notes"), ("totp", "TOTP")]
        {
            mapping = mapping.with(member, column);
        }
        mapping
    }

    /// The same one, which also takes a column for a member of the manifest, or for a field. One that was named for it before
    /// counts no more.
    #[must_use]
    pub fn with(mut self, member: &str, column: &str) -> Self {
        self.0.retain(|(other, _)| other != member);
        self.0.push((member.to_owned(), vec![column.to_owned()]));
        self
    }

    /// Whether everything is taken by its name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each member with its columns; the account's title may be in several.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(member, columns)| (member.as_str(), columns.as_slice()))
    }

    /// What a name becomes: the member that takes it, or the name itself.
    pub(super) fn renamed<'n>(&'n self, name: &'n str) -> &'n str {
        let takes = |columns: &[String]| columns.iter().any(|column| column == name);
        self.pairs().find(|(_, columns)| takes(columns)).map_or(name, |(member, _)| member)
    }
}
