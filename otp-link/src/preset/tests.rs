use otp_core::Account;

use super::*;

fn account(fields: &[(&str, &[u8])]) -> Account<LockedBuf> {
    let mut account = Account::in_memory();
    for (name, value) in fields {
        account.set(name, value).unwrap();
    }
    account
}

fn login(preset: &str, fields: &[(&str, &[u8])], settings: &[(&str, &str)]) -> Result<Vec<(String, Vec<u8>)>> {
    let login = Preset::from_name(preset).unwrap().login(&account(fields).fields(), settings)?;
    let file = |place| match place {
        FileAs::Variable(name) => name.to_owned(),
        FileAs::FirstArgument { option, .. } => option.to_owned(),
    };
    let named = login.variables.iter().chain(&login.arguments).map(|(name, value)| ((*name).to_owned(), value));
    let files = login.files.iter().map(|(place, value)| (file(*place), value));
    Ok(named.chain(files).map(|(name, value)| (name, value.as_ref().to_vec())).collect())
}

const LOGIN: [(&str, &[u8]); 2] = [("username", b"al:ice"), ("password", b"p\\'\" ")];
const WHOLE: [(&str, &[u8]); 5] = [LOGIN[0], LOGIN[1], ("host", b"db"), ("port", b"99"), ("database", b"sales")];

#[test]
fn every_preset_reads_its_templates_and_gives_a_password_once() {
    for preset in Preset::all() {
        for text in preset.items.iter().flat_map(Item::pieces).flat_map(Piece::templates) {
            Template::parse(text).unwrap();
        }
        let fields: Vec<(&str, &[u8])> = [&WHOLE[..], &[("driver", b"x"), ("scheme", b"s")]].concat();
        let made = account(
            &[("username", &b"USER"[..]), ("password", b"WORD")]
                .into_iter()
                .chain(fields[2..].iter().copied())
                .collect::<Vec<_>>(),
        );
        let login = preset.login(&made.fields(), &[]).unwrap();
        let has = |value: &LockedBuf| value.as_ref().windows(4).any(|part| part == b"WORD");
        let variables = login.variables.iter().filter(|(_, value)| has(value)).count();
        let files = login.files.iter().filter(|(_, value)| has(value)).count();
        assert_eq!(variables + files, 1, "{}", preset.name);
        assert!(!login.arguments.iter().any(|(_, value)| has(value)), "{}", preset.name);
        assert!(!preset.settings().contains(&"password") && preset.settings().contains(&"username"), "{}", preset.name);
        assert!(preset.sets().count() > 0 && Preset::from_name(preset.name()).is_some());
    }
}

#[test]
fn what_an_account_has_is_set_and_what_it_lacks_is_left_to_the_client() {
    let text = |preset, fields: &[(&str, &[u8])], settings: &[(&str, &str)]| -> Vec<(String, String)> {
        let items = login(preset, fields, settings).unwrap().into_iter();
        items.map(|(name, value)| (name, String::from_utf8(value).unwrap())).collect()
    };
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    assert_eq!(text("psql", &LOGIN, &[]), pairs(&[("PGUSER", "al:ice"), ("PGPASSFILE", "*:*:*:al\\:ice:p\\\\'\" \n")]));
    assert_eq!(
        text("psql", &WHOLE, &[("host", "other"), ("database", "x")]),
        pairs(&[
            ("PGUSER", "al:ice"),
            ("PGHOST", "other"),
            ("PGPORT", "99"),
            ("PGDATABASE", "x"),
            ("PGPASSFILE", "other:99:*:al\\:ice:p\\\\'\" \n")
        ])
    );
    let options = text("mariadb", &WHOLE, &[]);
    let expected =
        "[client]\nuser=\"al:ice\"\npassword=\"p\\\\'\\\" \"\nhost=\"db\"\nport=\"99\"\n[mysql]\ndatabase=\"sales\"\n";
    assert!(options[0].0 == "--defaults-file=" && options[0].1.ends_with(expected), "{options:?}");
    assert_eq!(
        text("url", &LOGIN, &[("scheme", "postgresql")]),
        pairs(&[("DATABASE_URL", "postgresql://al%3Aice:p%5C%27%22%20@/")])
    );
    assert_eq!(text("sqlcmd", &WHOLE, &[])[2], ("SQLCMDSERVER".to_owned(), "db,99".to_owned()));
    assert_eq!(text("redis-cli", &LOGIN, &[]).len(), 2);
}

#[test]
fn a_driver_of_odbc_gets_the_names_that_it_reads() {
    let file = |driver: &str, password: &[u8]| {
        login("odbc", &[("username", b"u"), ("password", password)], &[("driver", driver)])
            .map(|items| String::from_utf8(items[0].1.clone()).unwrap())
    };
    let pg = file("PostgreSQL Unicode", b" p+%").unwrap();
    assert_eq!(pg, "[otp]\nDriver=PostgreSQL Unicode\nUsername=u\nPassword=%20p%2B%25\n");
    assert_eq!(file("libmaodbc.so", b"p").unwrap(), "[otp]\nDriver=libmaodbc.so\nUID=u\nPWD=p\n");
    assert_eq!(file("ODBC Driver 18", b"p}").unwrap(), "[otp]\nDriver=ODBC Driver 18\nUID=u\nPWD=p}\n");
    for (password, cause) in [
        (&b" p"[..], Unencodable::Blank),
        (b"p\t", Unencodable::Blank),
        (b"a\nb", Unencodable::Byte(b'\n')),
        (&[b'x'; 901], Unencodable::TooLong(900)),
    ] {
        match file("MariaDB", password) {
            Err(Error::Unencodable { field, cause: found, .. }) => assert_eq!((&*field, found), ("password", cause)),
            other => panic!("{other:?}"),
        }
    }
    let refused = file("libtdsodbc.so", b"p");
    assert!(matches!(refused, Err(Error::Preset { fault: PresetFault::Driver, .. })), "it would log in as nobody");
    assert!(file("psqlodbcw.so", &[b' '; 301]).is_err(), "unixODBC would cut it off");
}

#[test]
fn what_is_missing_or_misplaced_is_named() {
    let fault = |result: Result<()>| match result {
        Err(Error::Preset { fault, .. }) => fault,
        other => panic!("{other:?}"),
    };
    let missing = |field: &str| PresetFault::Missing { field: field.to_owned() };
    assert_eq!(fault(login("url", &LOGIN, &[]).map(drop)), missing("scheme"));
    assert_eq!(fault(login("curl", &LOGIN, &[]).map(drop)), missing("host"));
    assert_eq!(fault(login("odbc", &LOGIN, &[]).map(drop)), missing("driver"));
    assert!(matches!(login("psql", &LOGIN[..1], &[]), Err(Error::NoField { field }) if field == "password"));
    let nul: [(&str, &[u8]); 2] = [("username", b"u"), ("password", b"a\0b")];
    for preset in ["psql", "mariadb", "redis-cli", "sqlcmd"] {
        let refused = matches!(login(preset, &nul, &[]), Err(Error::Unencodable { field, .. }) if field == "password");
        assert!(refused, "{preset}");
    }

    let check = |preset: &str, program: &str, settings: &[(&str, &str)]| {
        Preset::from_name(preset).unwrap().check(Path::new(program), settings)
    };
    check("sqlcmd", "any", &[("host", "h"), ("username", "u")]).unwrap();
    check("redis-cli", "/opt/bin/redis-cli", &[]).unwrap();
    assert_eq!(fault(check("redis-cli", "backup.sh", &[])), PresetFault::OtherProgram);
    assert_eq!(fault(check("sqlcmd", "sqlcmd", &[("password", "p")])), PresetFault::Secret);
    assert_eq!(fault(check("sqlcmd", "sqlcmd", &[("driver", "p")])), PresetFault::NoSetting { key: "driver".into() });
    if cfg!(windows) {
        assert_eq!(fault(check("psql", "psql", &[])), PresetFault::NotOnWindows);
    }
}
