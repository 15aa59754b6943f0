//! How the gateway gets into the server, in every way a server may ask.

use e2e::{Client, Database, House, Server, Version};

use crate::v15;

fn resource(database: &Database<'_>, tls: &str, credential: &str, host: &str) -> String {
    format!(
        "name: orders\nprotocol: postgres\naddress: {host}:{}\ndatabase: {}\n{tls}\ncredential: {credential}\nlabels: {{env: prod}}\n",
        database.server.port(),
        database.name,
    )
}

fn outcome(house: &House) -> Result<String, String> {
    let mut client = house.try_client("alice", "orders").map_err(|error| format!("{error:?}"))?;
    Ok(format!(
        "{:?}",
        client.query("SELECT session_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    ))
}

#[test]
fn every_kind_of_credential_opens_the_server() {
    let database = v15().database();
    let (certificate, key) = database.server.client_certificate();
    let password = "password: {env: ORDERS_PASSWORD}";
    for (credential, account) in [
        (format!("{{username: app, {password}}}"), "app"),
        (format!("{{username: with_md5, {password}}}"), "with_md5"),
        (format!("{{username: with_cleartext, {password}}}"), "with_cleartext"),
        ("{username: with_trust}".to_owned(), "with_trust"),
        (
            format!(
                "{{username: with_certificate, client_certificate: {{certificate: {{file: {}}}, key: {{file: {}}}}}}}",
                certificate.display(),
                key.display()
            ),
            "with_certificate",
        ),
    ] {
        let text = resource(&database, "tls: require", &credential, "127.0.0.1");
        let house = House::builder().resource("orders", &text).start();
        let said =
            outcome(&house).unwrap_or_else(|why| panic!("{account}: {why}\n{}", house.log()));
        assert!(said.contains(&format!("D[{account}|t]")), "{said}");
    }
}

#[test]
fn a_password_is_read_from_a_file_without_its_line_break() {
    let database = v15().database();
    let folder = e2e::run_folder("secret");
    let file = folder.path().join("password");
    std::fs::write(&file, "canary-4b9f-upstream-password-d21c\n").unwrap();
    let credential = format!("{{username: app, password: {{file: {}}}}}", file.display());
    let text = resource(&database, "tls: require", &credential, "127.0.0.1");
    let house = House::builder().resource("orders", &text).start();
    assert!(outcome(&house).unwrap().contains("D[app|t]"));
}

#[test]
fn verify_full_believes_only_the_authority_and_the_name() {
    let database = v15().database();
    let other = Server::start(Version::V15, "");
    let credential = "{username: app, password: {env: ORDERS_PASSWORD}}";
    let own = database.server.authority().display().to_string();
    let foreign = other.authority().display().to_string();
    for (tls, host, good) in [
        (format!("tls: verify-full\nca: {{file: {own}}}"), "localhost", true),
        (format!("tls: verify-full\nca: {{file: {own}}}"), "127.0.0.1", true),
        (format!("tls: verify-full\nca: {{file: {own}}}"), "127.0.0.2", false),
        (format!("tls: verify-full\nca: {{file: {foreign}}}"), "localhost", false),
        ("tls: verify-full".to_owned(), "localhost", false),
        ("tls: require".to_owned(), "localhost", true),
        ("tls: disable".to_owned(), "localhost", true),
    ] {
        let text = resource(&database, &tls, credential, host);
        let house = House::builder().resource("orders", &text).start();
        let said = outcome(&house);
        assert_eq!(said.is_ok(), good, "{tls} {host}: {said:?}\n{}", house.log());
        if let Err(why) = said {
            assert!(!why.contains("canary"), "{why}");
        }
    }
}

#[test]
fn a_server_without_tls_is_not_spoken_to_in_clear_unless_written_so() {
    let server = Server::start(Version::V15, "ssl = off");
    let database = server.database();
    let credential = "{username: app, password: {env: ORDERS_PASSWORD}}";
    for (tls, good) in
        [("tls: require", false), ("tls: verify-full", false), ("tls: disable", true)]
    {
        let house = House::builder()
            .resource("orders", &resource(&database, tls, credential, "127.0.0.1"))
            .start();
        assert_eq!(outcome(&house).is_ok(), good, "{tls}");
    }
}

#[test]
fn a_password_in_clear_is_not_sent_without_tls() {
    let server = Server::start(Version::V15, "");
    let database = server.database();
    let access = "host all app 127.0.0.1/32 password\n";
    let file = server.authority().with_file_name("pg_hba.conf");
    let whole = access.to_owned() + &std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, whole).unwrap();
    let reloaded = server.owner("postgres").ran("SELECT pg_reload_conf()");
    assert!(reloaded.ok());
    let credential = "{username: app, password: {env: ORDERS_PASSWORD}}";
    let text = resource(&database, "tls: disable", credential, "127.0.0.1");
    let house = House::builder().resource("orders", &text).start();
    assert!(outcome(&house).is_err());
}

#[test]
fn a_wrong_password_or_a_missing_server_is_said_without_saying_what_was_tried() {
    let database = v15().database();
    let credential = "{username: app, password: {env: WRONG_PASSWORD}}";
    let text = resource(&database, "tls: require", credential, "127.0.0.1");
    let house = House::builder()
        .env("WRONG_PASSWORD", "wrong-secret-value")
        .resource("orders", &text)
        .start();
    let why = outcome(&house).unwrap_err();
    assert!(!why.contains("wrong-secret-value"), "{why}");
    assert!(!house.log().contains("wrong-secret-value"));

    let text = text.replace(&database.server.port().to_string(), &e2e::free_port().to_string());
    let house = House::builder().env("WRONG_PASSWORD", "x").resource("orders", &text).start();
    let error = house.try_client("alice", "orders").map(|_| ()).unwrap_err();
    assert_eq!(error.field('S'), "FATAL");
}

#[test]
fn another_database_of_the_resource_can_be_named() {
    let database = v15().database();
    let house = House::open(&database);
    let person = house.person("alice");
    let path = format!("orders/{}", database.name);
    let mut client =
        Client::sign_in(&house.address(), &person.subject, &path, &person.token).unwrap();
    assert!(format!("{:?}", client.query("SELECT current_database()")).contains(&database.name));
}

#[test]
fn version_18_is_served_as_well() {
    let server = Server::shared(Version::V18);
    let database = server.database();
    let house = House::open(&database);
    let ran = house.psql("alice").ran("SELECT id, ssn FROM customers ORDER BY id");
    assert!(ran.ok(), "{}", ran.stderr);
    crate::no_canary(ran.all().as_bytes(), "version 18");
    let person = house.person("alice");
    let parameters = [("user", person.subject.as_str()), ("database", "orders")];
    let mut client = Client::sign_in_with(&house.address(), 2, &parameters, &person.token).unwrap();
    assert!(format!("{:?}", client.query("SHOW server_version")).contains("D[18."));
}
