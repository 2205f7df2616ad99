//! [`Mapping`]: which column or member of another program's export is used for what.

/// Which columns of a table, or members of JSON objects, are used for what.
///
/// An empty one takes them by their names. Any other takes only what it names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping(Vec<Taken>);

/// What is taken for a member of the manifest, or for a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) member: String,
    /// Several for an account's title.
    pub(super) columns: Vec<String>,
    /// Whether a table may lack them.
    pub(super) is_optional: bool,
}

impl Mapping {
    /// That of the CSV files that `KeePassXC` exports: the account is named by group and title.
    #[must_use]
    pub fn keepassxc(self) -> Self {
        let mut mapping = self;
        let title = vec!["Group".into(), "Title".into()];
        mapping.0.push(Taken { member: "account".into(), columns: title, is_optional: false });
        mapping = mapping.with("username", "Username").with("password", "Password");
        // Not every version exports them.
        for (member, column) in [("url", "URL"), ("notes", "Notes"), ("totp", "TOTP")] {
            mapping = mapping.taking(member, column, true);
        }
        mapping
    }

    /// The same mapping, which also uses a column for a member of the manifest, or for a field, in place of any that
    /// was named for it before.
    #[must_use]
    pub fn with(self, member: &str, column: &str) -> Self {
        self.taking(member, column, false)
    }

    fn taking(mut self, member: &str, column: &str, is_optional: bool) -> Self {
        self.0.retain(|taken| taken.member != member);
        self.0.push(Taken { member: member.to_owned(), columns: vec![column.to_owned()], is_optional });
        self
    }

    /// Whether everything is taken by its name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn all(&self) -> &[Taken] {
        &self.0
    }

    /// What a name becomes: the member that takes it, or the name itself.
    pub(super) fn renamed<'n>(&'n self, name: &'n str) -> &'n str {
        self.0
            .iter()
            .find(|taken| taken.columns.iter().any(|column| column == name))
            .map_or(name, |taken| &taken.member)
    }
}
