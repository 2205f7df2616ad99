//! The presets, and what each client takes.

use super::Item::{Argument, File, Variable};
use super::Piece::{Driver, Include, May, Must, NoDriver};
use super::{FileAs, Preset};

/// Programs that start as `MariaDB` and `MySQL` clients do, and take an option file as the first argument.
const MARIADB: &[&str] = &[
    "mariadb",
    "mariadb-admin",
    "mariadb-check",
    "mariadb-dump",
    "mariadb-import",
    "mariadb-show",
    "mysql",
    "mysqladmin",
    "mysqlcheck",
    "mysqldump",
    "mysqlimport",
    "mysqlshow",
];

/// Comes after the system's own options, and overrides them; no file of the user's is read at all.
const OPTION_FILE: &[super::Piece] = &[
    Include("/etc/mysql/my.cnf"),
    Include("/etc/my.cnf"),
    Must("[client]\nuser={username|mycnf}\npassword={password|mycnf}\n"),
    May("host={host|mycnf}\n", ""),
    May("port={port|mycnf}\n", ""),
    May("socket={socket|mycnf}\n", ""),
    // The other programs refuse a database in an option file.
    May("[mysql]\ndatabase={database|mycnf}\n", ""),
];

/// What the names of `PostgreSQL`'s driver of ODBC have in them.
const POSTGRESQL: &[&str] = &["psql", "postgres"];

/// Every preset, in the order of the documentation.
pub(super) static ALL: &[Preset] = &[
    Preset {
        name: "psql",
        about: "psql, pg_dump and all else that uses libpq, such as psycopg",
        items: &[
            Variable("PGUSER", &[Must("{username}")]),
            Variable("PGHOST", &[May("{host}", "")]),
            Variable("PGPORT", &[May("{port}", "")]),
            Variable("PGDATABASE", &[May("{database}", "")]),
            File(
                FileAs::Variable("PGPASSFILE"),
                &[
                    May("{host|pgpass}", "*"),
                    May(":{port|pgpass}", ":*"),
                    Must(":*:{username|pgpass}:{password|pgpass}\n"),
                ],
            ),
        ],
        // A service's settings and these two would be used instead.
        unset: &["PGPASSWORD", "PGSERVICE", "PGHOSTADDR"],
        programs: &[],
    },
    Preset {
        name: "mariadb",
        about: "the clients of MariaDB; ~/.my.cnf is not read",
        items: &[File(FileAs::FirstArgument { option: "--defaults-file=", is_joined: true }, OPTION_FILE)],
        unset: &["MYSQL_PWD"],
        programs: MARIADB,
    },
    Preset {
        name: "mysql",
        about: "the clients of MySQL; neither ~/.my.cnf nor ~/.mylogin.cnf is read",
        items: &[
            File(FileAs::FirstArgument { option: "--defaults-file=", is_joined: true }, OPTION_FILE),
            // They read it even if an option file is named, and it would win.
            Variable("MYSQL_TEST_LOGIN_FILE", &[Must("/dev/null")]),
        ],
        unset: &["MYSQL_PWD"],
        programs: MARIADB,
    },
    Preset {
        name: "redis-cli",
        about: "redis-cli and valkey-cli; user, host, port and database stand in the command line, the password does not",
        items: &[
            Variable("REDISCLI_AUTH", &[Must("{password}")]),
            Argument("--user", &[Must("{username}")]),
            Argument("-h", &[May("{host}", "")]),
            Argument("-p", &[May("{port}", "")]),
            Argument("-n", &[May("{database}", "")]),
        ],
        unset: &[],
        programs: &["redis-cli", "valkey-cli"],
    },
    Preset {
        name: "curl",
        about: "curl, which logs in at this host alone; give it a URL without a login",
        items: &[File(
            FileAs::FirstArgument { option: "--netrc-file", is_joined: false },
            &[Must("machine {host|netrc}\nlogin {username|netrc}\npassword {password|netrc}\n")],
        )],
        unset: &[],
        programs: &["curl"],
    },
    Preset {
        name: "odbc",
        about: "programs that use unixODBC: the data source otp; those of the user are hidden",
        items: &[File(
            FileAs::Variable("ODBCINI"),
            &[
                Must("[otp]\nDriver={driver}\n"),
                NoDriver(&["freetds", "tdsodbc"]),
                // psqlodbc alone decodes '%' there.
                Driver {
                    has: true,
                    names: POSTGRESQL,
                    pieces: &[Must("Username={username}\nPassword={password|url}\n"), May("Servername={host}\n", "")],
                },
                Driver {
                    has: false,
                    names: POSTGRESQL,
                    pieces: &[Must("UID={username}\nPWD={password}\n"), May("Server={host}\n", "")],
                },
                May("Port={port}\n", ""),
                May("Socket={socket}\n", ""),
                May("Database={database}\n", ""),
            ],
        )],
        unset: &[],
        programs: &[],
    },
    Preset {
        name: "sqlcmd",
        about: "sqlcmd of SQL Server, in C and in Go",
        items: &[
            Variable("SQLCMDUSER", &[Must("{username}")]),
            Variable("SQLCMDPASSWORD", &[Must("{password}")]),
            Variable("SQLCMDSERVER", &[May("{host}", ""), May(",{port}", "")]),
            Variable("SQLCMDDBNAME", &[May("{database}", "")]),
        ],
        unset: &[],
        programs: &[],
    },
    Preset {
        name: "url",
        about: "frameworks that read a URL, such as Django with dj-database-url; --set scheme=postgresql",
        items: &[Variable(
            "DATABASE_URL",
            &[
                Must("{scheme}://{username|url}:{password|url}@"),
                May("{host|url}", ""),
                May(":{port|url}", ""),
                May("/{database|url}", "/"),
            ],
        )],
        unset: &[],
        programs: &[],
    },
];
