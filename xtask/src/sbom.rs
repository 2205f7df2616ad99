//! `cargo xtask sbom`: what the project pulls in, as a bill of materials for each thing that is shipped.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use xtask::Result;
use xtask::sh::{cargo, output, root};

/// Where the bills of materials go, below the build's folder.
const FOLDER: &str = "target/sbom";

/// Writes a `CycloneDX` bill of materials for each thing that is shipped.
pub(crate) fn sbom() -> Result<()> {
    fs::create_dir_all(root().join(FOLDER)).map_err(|error| format!("{FOLDER}: {error}"))?;
    let checksums = checksums()?;
    for package in ["otp-core", "otp-store-fs", "otp-cli", "otp-ffi", "otp-link"] {
        let tree = tree(package)?;
        let path = format!("{FOLDER}/{package}.cdx.json");
        fs::write(root().join(&path), bill(&tree, &checksums)?).map_err(|error| format!("{path}: {error}"))?;
        let names: BTreeSet<String> = tree.iter().map(Entry::purl).collect();
        println!("{path}: {} crates", names.len());
    }
    Ok(())
}

/// A crate in a tree: how deep it stands below the shipped one, and what is known of it.
struct Entry {
    depth: usize,
    name: String,
    version: String,
    license: String,
    repository: String,
}

impl Entry {
    fn purl(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }
}

fn tree(package: &str) -> Result<Vec<Entry>> {
    let format = "\t{p}\t{l}\t{r}";
    let arguments = ["tree", "--locked", "--all-features", "-e", "normal", "--prefix", "depth", "--no-dedupe"];
    let tree = output(cargo(&arguments).args(["-p", package, "--format", format]))?;
    tree.lines().filter(|line| !line.is_empty()).map(entry).collect()
}

fn entry(line: &str) -> Result<Entry> {
    let mut columns = line.split('\t');
    let mut next = || columns.next().ok_or(format!("cargo tree printed {line:?}"));
    let depth = next()?.parse().map_err(|_| format!("cargo tree printed {line:?}"))?;
    // "name v1.2.3", and a path or a remark behind it.
    let mut words = next()?.split(' ');
    let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (license, repository) = (next()?, next()?);
    Ok(Entry {
        depth,
        name: name.into(),
        version: version.trim_start_matches('v').into(),
        license: license.into(),
        repository: repository.into(),
    })
}

/// The checksums of the registry's crates, by name and version, as the lock file has them.
fn checksums() -> Result<BTreeMap<(String, String), String>> {
    let lock = fs::read_to_string(root().join("Cargo.lock")).map_err(|error| format!("Cargo.lock: {error}"))?;
    let value = |package: &str, key: &str| {
        let start = package.find(&format!("{key} = \""))? + key.len() + 4;
        Some(package[start..].split('"').next()?.to_owned())
    };
    let packages = lock.split("[[package]]").skip(1);
    Ok(packages
        .filter_map(|package| {
            Some(((value(package, "name")?, value(package, "version")?), value(package, "checksum")?))
        })
        .collect())
}

/// The bill in `CycloneDX` 1.5, JSON. It holds no time and no serial number, so the same sources give the same bytes.
fn bill(tree: &[Entry], checksums: &BTreeMap<(String, String), String>) -> Result<String> {
    let (shipped, below) = tree.split_first().ok_or("cargo tree printed nothing")?;
    let mut components = BTreeMap::new();
    for entry in below {
        components.insert(entry.purl(), component("library", entry, checksums));
    }
    let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut above: Vec<String> = Vec::new();
    for entry in tree {
        above.truncate(entry.depth);
        if let Some(parent) = above.last() {
            let children = edges.entry(parent.clone()).or_default();
            if !children.contains(&entry.purl()) {
                children.push(entry.purl());
            }
        }
        edges.entry(entry.purl()).or_default();
        above.push(entry.purl());
    }
    let quoted = |texts: &[String]| texts.iter().map(|text| quote(text)).collect::<Vec<_>>().join(", ");
    let edges = edges.into_iter().map(|(parent, mut children)| {
        children.sort();
        format!("    {{\"ref\": {}, \"dependsOn\": [{}]}}", quote(&parent), quoted(&children))
    });
    Ok(format!(
        "{{\n  \"bomFormat\": \"CycloneDX\",\n  \"specVersion\": \"1.5\",\n  \"version\": 1,\n  \"metadata\": {{\"component\": {}}},\n  \
         \"components\": [\n    {}\n  ],\n  \"dependencies\": [\n{}\n  ]\n}}\n",
        component(if shipped.name == "otp-cli" { "application" } else { "library" }, shipped, checksums),
        components.into_values().collect::<Vec<_>>().join(",\n    "),
        edges.collect::<Vec<_>>().join(",\n"),
    ))
}

fn component(kind: &str, entry: &Entry, checksums: &BTreeMap<(String, String), String>) -> String {
    let mut text = format!(
        "{{\"type\": {}, \"bom-ref\": {purl}, \"name\": {}, \"version\": {}, \"purl\": {purl}, \"licenses\": [{{\"expression\": {}}}]",
        quote(kind),
        quote(&entry.name),
        quote(&entry.version),
        // What older crates write for "or".
        quote(&entry.license.replace('/', " OR ")),
        purl = quote(&entry.purl()),
    );
    if let Some(checksum) = checksums.get(&(entry.name.clone(), entry.version.clone())) {
        text.push_str(&format!(", \"hashes\": [{{\"alg\": \"SHA-256\", \"content\": {}}}]", quote(checksum)));
    }
    if !entry.repository.is_empty() {
        text.push_str(&format!(
            ", \"externalReferences\": [{{\"type\": \"vcs\", \"url\": {}}}]",
            quote(&entry.repository)
        ));
    }
    text.push('}');
    text
}

/// A JSON string.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_names_each_crate_once_and_who_needs_it() {
        let lines = [
            "0\totp v1.0.0 (/here)\tMIT\t",
            "1\ta v2.0.0\tMIT/Apache-2.0\thttps://a",
            "2\tb v3.0.0\tMIT\t",
            "1\tb v3.0.0\tMIT\t",
        ];
        let tree: Vec<Entry> = lines.iter().map(|line| entry(line).unwrap()).collect();
        let checksums = [(("a".into(), "2.0.0".into()), "c0ffee".into())].into();
        let bill = bill(&tree, &checksums).unwrap();
        assert_eq!(bill.matches("\"name\": \"b\"").count(), 1);
        assert!(bill.contains(
            "{\"ref\": \"pkg:cargo/otp@1.0.0\", \"dependsOn\": [\"pkg:cargo/a@2.0.0\", \"pkg:cargo/b@3.0.0\"]}"
        ));
        assert!(bill.contains("MIT OR Apache-2.0") && bill.contains("c0ffee"));
        assert_eq!(quote("a\"\\\n"), "\"a\\\"\\\\\\u000a\"");
    }
}
