//! Help, man page and completions.

use otp_core::Code;
use otp_test_tools::lacks;

use crate::world::World;

const COMMANDS: [&[&str]; 18] = [
    &[],
    &["add"],
    &["get"],
    &["run"],
    &["presets"],
    &["issue"],
    &["rotate"],
    &["revoke"],
    &["remove"],
    &["list"],
    &["info"],
    &["verify"],
    &["doctor"],
    &["import", "secure-python-link"],
    &["key", "inspect"],
    &["audit", "show"],
    &["completions"],
    &["man"],
];

/// The table of exit codes, one a line.
fn exit_codes() -> Vec<String> {
    Code::ALL.iter().map(|code| format!("{}  {}", code.number(), code.summary())).collect()
}

/// The options that a help text names: two dashes, then lower-case letters and dashes.
fn options(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !(c.is_ascii_lowercase() || c == '-'));
    let mut found: Vec<&str> = words.filter(|word| word.len() > 3 && word.starts_with("--")).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn every_help_fits_a_terminal_and_has_an_example() {
    let world = World::empty();
    for command in COMMANDS {
        for help in ["--help", "-h"] {
            let text = world.otp(command).arg(help).prints();
            for line in text.lines() {
                assert!(line.chars().count() <= 100, "{command:?}: {line}");
                assert_eq!(line, line.trim_end(), "{command:?}");
            }
            let example = match command {
                [] => "Start with: otp add ".to_owned(),
                _ => format!("otp {}", command.join(" ")),
            };
            assert!(text.lines().any(|line| line.starts_with("Example") || line.starts_with("Start")), "{text}");
            assert!(text.contains(&example), "{text}");
        }
    }
}

#[test]
fn the_two_ways_to_ask_for_help_give_the_same() {
    let world = World::empty();
    for command in &COMMANDS[1..] {
        let asked = world.otp(&["help"]).args(command).prints();
        assert_eq!(world.otp(command).arg("--help").prints(), asked, "{command:?}");
    }
}

#[test]
fn help_and_man_page_have_the_exit_codes() {
    let world = World::empty();
    let (help, man) = (world.otp(&["--help"]).prints(), world.otp(&["man"]).prints());
    assert!(help.contains("  0  done") && man.contains("  0  done"));
    let codes = exit_codes();
    assert_eq!(codes.len(), 18);
    for line in &codes {
        assert!(help.contains(line), "{line}");
    }
    if lacks("groff") {
        return;
    }
    let rendered = world.sh("otp man | groff -man -Tascii -ww -P-cbou", &[]).prints();
    let flat = rendered.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in codes {
        assert!(flat.contains(&line.replace("  ", " ")), "{line}: {rendered}");
    }
}

#[test]
fn the_man_page_renders_without_a_warning_and_names_everything() {
    if lacks("groff") {
        return;
    }
    let world = World::empty();
    // -ww: all warnings, which go to standard error.
    let page = world.sh("otp man | groff -man -Tascii -ww -rLL=100n -P-cbou", &[]).prints();
    for command in COMMANDS {
        let title = format!("otp {}", command.join(" ")).trim().to_uppercase();
        assert!(page.contains(&title), "{title}");
        for option in options(&world.otp(command).arg("--help").prints()) {
            assert!(page.contains(option), "{command:?} {option}");
        }
    }
    assert!(page.contains("Example: otp get --key-file nightly.key"));
}

#[test]
fn completions_name_every_option() {
    let world = World::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = world.otp(&["completions", shell]).prints();
        for option in ["--key-file", "--new-key-dir", "--fields-only", "--password-stdin", "--extra-entropy"] {
            let option = if shell == "fish" { &option[2..] } else { option };
            assert!(script.contains(option), "{shell} {option}");
        }
    }
    world.otp(&["completions", "tcsh"]).fails(2);
}

#[test]
fn bash_completes() {
    if lacks("bash") {
        return;
    }
    let world = World::empty();
    world.sh("otp completions bash >completions; bash -n completions", &[]).succeeds();
    let complete = "source <(otp completions bash); COMP_WORDS=(otp get --key-f); COMP_CWORD=2; \
        set +u; _otp otp --key-f get; echo \"${COMPREPLY[*]}\"";
    assert_eq!(world.shell("bash", complete, &[]).prints(), "--key-file --key-fd --key-file-mode");
}

#[test]
fn zsh_and_fish_read_their_completions() {
    let world = World::empty();
    for shell in ["zsh", "fish"].into_iter().filter(|shell| !lacks(shell)) {
        world.sh(&format!("otp completions {shell} >c; {shell} -n c"), &[]).succeeds();
    }
}

#[test]
fn the_version_is_the_packages() {
    let world = World::empty();
    assert_eq!(world.otp(&["--version"]).prints(), format!("otp {}", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_verbose_version_names_commit_target_and_features() {
    let world = World::empty();
    for arguments in [["--version", "--verbose"], ["--verbose", "--version"], ["-V", "--verbose"]] {
        let text = world.otp(&arguments).prints();
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(concat!("otp ", env!("CARGO_PKG_VERSION"))));
        let names: Vec<&str> = lines.filter_map(|line| line.split_once(' ')).map(|(name, _)| name).collect();
        assert_eq!(names, ["commit", "target", "features", "formats"], "{text}");
        assert!(text.contains(std::env::consts::ARCH) && text.contains(otp_core::key::PREFIX.trim_end_matches('_')));
    }
    world.otp(&["--verbose", "list"]).fails(2);
}
