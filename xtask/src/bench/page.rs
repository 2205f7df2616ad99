//! The results of a run, as text for a terminal, as JSON, as `docs/performance.md`, and as a chart.

use std::fmt::Write as _;
use std::fs;

use otp_test_tools::turns::Figure;
use serde_json::json;
use xtask::Result;
use xtask::sh::{output, program};

use super::{Findings, open};

/// The page, with a line `{{TABLE}}` in the place of each table of that name.
const TEMPLATE: &str = include_str!("performance.md");

pub(super) fn tables(found: &Findings) -> String {
    let mut text = String::new();
    for table in names(found) {
        let _ = writeln!(text, "\n{table:<62} {:>11} {:>8}  nine in ten", "time", "ratio");
        for Figure { name, seconds, ratio, low, high, .. } in rows(found, table) {
            let _ = writeln!(text, "  {name:<60} {:>11} {ratio:>8.2}  {low:.2} to {high:.2}", time(*seconds));
        }
    }
    text.push('\n');
    for (what, bytes) in &found.sizes {
        let _ = writeln!(text, "{what:<62} {bytes:>8} bytes");
    }
    if !found.missing.is_empty() {
        let _ = writeln!(text, "\nnot installed here, or without the right answer: {}", found.missing.join(", "));
    }
    text
}

pub(super) fn json(found: &Findings) -> serde_json::Value {
    let figure = |figure: &Figure| {
        let Figure { table, name, seconds, ratio, low, high } = figure;
        json!({ "table": table, "name": name, "seconds": seconds, "ratio": ratio, "low": low, "high": high })
    };
    json!({
        "machine": machine(),
        "figures": found.figures.iter().map(figure).collect::<Vec<_>>(),
        "sizes": found.sizes.iter().map(|(what, bytes)| json!({ "what": what, "bytes": bytes })).collect::<Vec<_>>(),
        "missing": found.missing,
    })
}

/// `docs/performance.md`: the template, with the tables of this run.
pub(super) fn page(found: &Findings, command: &str) -> Result<String> {
    let commit = output(program("git").args(["rev-parse", "--short=12", "HEAD"]))?;
    let mut page = String::new();
    for line in TEMPLATE.lines() {
        match line.strip_prefix("{{").and_then(|line| line.strip_suffix("}}")) {
            None => page.push_str(line),
            Some("run") => {
                let _ = write!(page, "Commit {}, `{}`.\n\n{}", commit.trim(), command.trim(), machine());
            }
            Some("missing") if found.missing.is_empty() => page.push_str("Every peer was there."),
            Some("missing") => {
                let _ = write!(page, "Not installed, or without the right answer here: {}.", found.missing.join(", "));
            }
            Some("sizes") => {
                page.push_str("| what | bytes |\n| --- | ---: |");
                for (what, bytes) in &found.sizes {
                    let _ = write!(page, "\n| {what} | {bytes} |");
                }
            }
            Some(name) => page.push_str(&markdown(found, name)?),
        }
        page.push('\n');
    }
    Ok(page)
}

fn markdown(found: &Findings, table: &str) -> Result<String> {
    let mut text = format!("| {table} | time | times the first | nine in ten |\n| --- | ---: | ---: | --- |");
    let mut rows = rows(found, table).peekable();
    rows.peek().ok_or_else(|| format!("this run has no table {table:?}, which the page shows"))?;
    for Figure { name, seconds, ratio, low, high, .. } in rows {
        let _ = write!(text, "\n| {name} | {} | **{ratio:.2}** | {low:.2} to {high:.2} |", time(*seconds));
    }
    Ok(text)
}

/// The openers as bars, on a logarithmic scale.
#[allow(clippy::cast_precision_loss, reason = "a chart has a few rows")]
pub(super) fn chart(found: &Findings) -> String {
    let rows: Vec<&Figure> = rows(found, open::OPEN).collect();
    let (left, wide, step) = (270.0, 420.0, 22.0);
    let most = rows.iter().map(|row| row.high).fold(10.0, f64::max).log10();
    let at = |ratio: f64| left + wide * ratio.max(1.0).log10() / most;
    let height = step * rows.len() as f64 + 50.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>{}: times a static program that does nothing</title>\n<rect width=\"760\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"10\" y=\"20\" font-weight=\"bold\">{}, times a program that does nothing (each grey line: ten times)</text>\n",
        open::OPEN,
        open::OPEN
    );
    let mut power = 1.0;
    while power <= 10_f64.powf(most) {
        let x = at(power);
        let _ = writeln!(svg, "<line x1=\"{x:.1}\" y1=\"30\" x2=\"{x:.1}\" y2=\"{height}\" stroke=\"#ddd\"/>");
        power *= 10.0;
    }
    for (number, Figure { name, ratio, low, high, .. }) in rows.iter().enumerate() {
        let y = 38.0 + step * number as f64;
        let colour = if name.starts_with("otp") { "#1b7f5a" } else { "#8a94a6" };
        let (end, middle) = (at(*ratio), y + 7.0);
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>\
             <rect x=\"{left}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"14\" fill=\"{colour}\"/>\
             <line x1=\"{:.1}\" y1=\"{middle:.1}\" x2=\"{:.1}\" y2=\"{middle:.1}\" stroke=\"#222\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{ratio:.2}</text>",
            left - 6.0,
            y + 11.0,
            (end - left).max(1.0),
            at(*low),
            at(*high),
            at(*high) + 5.0,
            y + 11.0,
        );
    }
    svg + "</svg>\n"
}

fn names(found: &Findings) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for figure in &found.figures {
        if !names.contains(&figure.table.as_str()) {
            names.push(&figure.table);
        }
    }
    names
}

fn rows<'f>(found: &'f Findings, table: &'f str) -> impl Iterator<Item = &'f Figure> {
    found.figures.iter().filter(move |figure| figure.table == table)
}

/// Processor, cores, operating system and compiler.
fn machine() -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split(": ").nth(1)?.to_owned())
    });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let said = |name: &str, arguments: &[&str]| {
        output(program(name).args(arguments)).map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
    };
    let (system, compiler) = (said("uname", &["-srm"]), said("rustc", &["--version"]));
    let processor = processor.unwrap_or_else(|| "unknown processor".to_owned());
    format!("{processor}, {cores} cores; {system}; {compiler}.")
}

fn time(seconds: f64) -> String {
    match seconds {
        ..1e-6 => format!("{:.0} ns", seconds * 1e9),
        ..1e-3 => format!("{:.1} us", seconds * 1e6),
        ..1.0 => format!("{:.2} ms", seconds * 1e3),
        _ => format!("{seconds:.2} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use otp_test_tools::turns::figures;

    #[test]
    fn a_page_has_each_table_or_says_which_is_missing() {
        let found = Findings {
            figures: figures("a table", &["the floor", "ours"], &[vec![0.5e-3], vec![1e-3]]),
            ..Findings::default()
        };
        let text = markdown(&found, "a table").unwrap();
        assert!(text.ends_with("| ours | 1.00 ms | **2.00** | 2.00 to 2.00 |"), "{text}");
        assert!(markdown(&found, "another").unwrap_err().contains("another"));
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        for (seconds, shown) in [(5e-9, "5 ns"), (1.5e-6, "1.5 us"), (0.25, "250.00 ms"), (2.0, "2.00 s")] {
            assert_eq!(time(seconds), shown);
        }
    }
}
