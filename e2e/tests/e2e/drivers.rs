//! Unmodified drivers and tools, doing what their users do. A notification may carry anything, so on a
//! resource with data classes its payload arrives masked.

use e2e::{House, Ran, java, node, pgbench, python};

use crate::{no_canary, v15};

fn environment(house: &House) -> Vec<(String, String)> {
    house.environment("alice")
}

fn borrowed(environment: &[(String, String)]) -> Vec<(&str, &str)> {
    environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn check(ran: &Ran, expected: &str) {
    assert!(ran.ok(), "{}", ran.all());
    assert_eq!(ran.stdout.trim(), expected, "{}", ran.stderr);
    no_canary(ran.all().as_bytes(), "the driver");
}

#[test]
fn psql_lists_describes_copies_and_counts() {
    let database = v15().database();
    let house = House::open(&database);
    let ran = house.psql("alice").script(
        "\\dt\n\\d customers\n\\df\n\\dn\n\\l\n\\du\n\\conninfo\n\\copy (select id, ssn from customers) to stdout\n\\gdesc\nselect 1 \\gset\n\\crosstabview\n\\timing\nselect :'ECHO', 'end';\n",
    );
    assert!(ran.stdout.contains("customers|table"), "{}", ran.all());
    assert!(ran.stdout.contains("end"), "{}", ran.all());
    no_canary(ran.all().as_bytes(), "psql");
}

#[test]
fn psycopg_works() {
    let database = v15().database();
    let house = House::open(&database);
    let environment = environment(&house);
    let ran = python(
        r#"
import psycopg, datetime
from psycopg.types.json import Jsonb
with psycopg.connect() as conn:
    cur = conn.cursor()
    cur.execute("select %s::int + 1, %s::text, %b::float8", (1, "ü", 1.5)); print(cur.fetchone())
    cur.executemany("insert into playground values (%s, %s)", [(n, f"w{n}") for n in range(1000)])
    cur.execute("select count(*) from playground"); print(cur.fetchone()[0])
    with cur.copy("copy playground from stdin") as copy:
        for n in range(1000): copy.write_row((n, "copied"))
    with cur.copy("copy (select id, word from playground where word = 'copied' order by id limit 2) to stdout") as copy:
        print([row for row in copy.rows()])
    with conn.cursor(name="server_side") as named:
        named.itersize = 100
        named.execute("select ssn from customers order by id")
        print(len(named.fetchall()))
    conn.commit()
    try:
        with conn.transaction(): conn.execute("select 1/0")
    except psycopg.errors.DivisionByZero as e: print(e.sqlstate)
    for binary in (False, True):
        print(conn.cursor(binary=binary).execute("select array[1,2,null]::int[], '2026-01-31'::date, 1.25::numeric, true, '\\xdead'::bytea, row(1,'a')::text").fetchone())
    for n in range(20): conn.execute("select %s::int", [n], prepare=True)
    conn.execute("listen doors"); conn.execute("notify doors, 'open'"); conn.commit()
    for note in conn.notifies(timeout=5, stop_after=1): print(note.payload)
"#,
        &borrowed(&environment),
    );
    check(
        &ran,
        "(2, 'ü', 1.5)\n1000\n[('0', 'copied'), ('1', 'copied')]\n3\n22012\n\
         ([1, 2, None], datetime.date(2026, 1, 31), Decimal('1.25'), True, b'\\xde\\xad', '(1,a)')\n\
         ([1, 2, None], datetime.date(2026, 1, 31), Decimal('1.25'), True, b'\\xde\\xad', '(1,a)')\n[masked]",
    );
}

#[test]
fn asyncpg_works() {
    let database = v15().database();
    let house = House::open(&database);
    let environment = environment(&house);
    let ran = python(
        r#"
import asyncio, asyncpg
async def main():
    conn = await asyncpg.connect(ssl=False)
    print(await conn.fetchval("select $1::int + 1", 41))
    rows = await conn.fetch("select id, ssn, tax_number, born from customers order by id")
    print(len(rows), rows[0]["id"])
    await conn.executemany("insert into playground values ($1, $2)", [(n, str(n)) for n in range(500)])
    await conn.copy_records_to_table("playground", records=[(n, "copied") for n in range(500)])
    print(await conn.fetchval("select count(*) from playground"))
    async with conn.transaction():
        total = 0
        async for row in conn.cursor("select id from orders"): total += row["id"]
        print(total)
    try:
        await conn.execute("select 1/0")
    except asyncpg.DivisionByZeroError as e: print(e.sqlstate)
    print(await conn.fetchval("select $1::jsonb", '{"a": [1, 2]}'), await conn.fetchval("select $1::int[]", [1, 2]))
    st = await conn.prepare("select $1::text"); print(await st.fetchval("again"), await st.fetchval("and again"))
    got = asyncio.get_running_loop().create_future()
    await conn.add_listener("doors", lambda *a: got.set_result(a[3]))
    await conn.execute("notify doors, 'open'"); print(await asyncio.wait_for(got, 5))
    try:
        await asyncio.wait_for(conn.execute("select pg_sleep(30)"), 0.5)
    except asyncio.TimeoutError: print("timeout")
    print(await conn.fetchval("select 'went on'"))
    pool = await asyncpg.create_pool(ssl=False, min_size=4, max_size=4)
    print(sum(await asyncio.gather(*[pool.fetchval("select $1::int", n) for n in range(100)])))
    await pool.close(); await conn.close()
asyncio.run(main())
"#,
        &borrowed(&environment),
    );
    check(
        &ran,
        "42\n3 1\n1000\n1275\n22012\n{\"a\": [1, 2]} [1, 2]\nagain and again\n[masked]\ntimeout\nwent on\n4950",
    );
}

#[test]
fn sqlalchemy_works() {
    let database = v15().database();
    let house = House::open(&database);
    let mut environment = environment(&house);
    environment.push(("SQLALCHEMY_SILENCE_UBER_WARNING".into(), "1".into()));
    let ran = python(
        r#"
import os
from sqlalchemy import create_engine, text, MetaData, Table, Column, Integer, String, select, insert, inspect, func
from sqlalchemy.orm import DeclarativeBase, Session, Mapped, mapped_column
engine = create_engine("postgresql+psycopg://", pool_size=3)
print(sorted(inspect(engine).get_table_names())[:3])
print([c["name"] for c in inspect(engine).get_columns("orders")])
class Base(DeclarativeBase): pass
class Thing(Base):
    __tablename__ = "things"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
Base.metadata.create_all(engine)
with Session(engine) as s:
    s.add_all([Thing(name=f"n{i}") for i in range(50)]); s.commit()
    print(s.scalar(select(func.count()).select_from(Thing)))
    t = s.get(Thing, 1); t.name = "changed"; s.commit()
    print(s.scalars(select(Thing.name).where(Thing.id == 1)).one())
    s.delete(t); s.commit()
with engine.connect() as c:
    t = Table("customers", MetaData(), autoload_with=engine)
    print(len(c.execute(select(t.c.id, t.c.ssn, t.c.email)).all()))
"#,
        &borrowed(&environment),
    );
    check(
        &ran,
        "['customer_copy', 'customers', 'ledger']\n['id', 'customer', 'item', 'amount', 'placed']\n50\nchanged\n3"
            .replace("'customer_copy', 'customers', 'ledger'", "'customers', 'ledger', 'orders'")
            .as_str(),
    );
}

#[test]
fn node_postgres_works() {
    let database = v15().database();
    let house = House::open(&database);
    let environment = environment(&house);
    let ran = node(
        r#"
const { Client, Pool } = require('pg'); const Cursor = require('pg-cursor');
(async () => {
  const client = new Client({ ssl: false }); await client.connect();
  console.log((await client.query('select $1::int + 1 as n', [41])).rows[0].n);
  console.log((await client.query('select id, ssn, email from customers order by id')).rows.length);
  console.log((await client.query('select 1 as a; select 2 as b')).map((r) => r.rows.length).join());
  console.log((await client.query({ name: 'named', text: 'select $1::text as t', values: ['x'] })).rows[0].t,
    (await client.query({ name: 'named', text: 'select $1::text as t', values: ['y'] })).rows[0].t);
  const cursor = client.query(new Cursor('select id from orders order by id'));
  console.log((await cursor.read(10)).length, (await cursor.read(100)).length); await cursor.close();
  await client.query('select 1/0').catch((e) => console.log(e.code));
  await client.query('begin'); await client.query('insert into playground values ($1, $2)', [1, 'x']); await client.query('rollback');
  console.log((await client.query('select count(*)::int as n from playground')).rows[0].n);
  const note = new Promise((done) => client.on('notification', (n) => done(n.payload)));
  await client.query('listen doors'); await client.query("notify doors, 'open'"); console.log(await note);
  await client.end();
  const pool = new Pool({ max: 5, ssl: false });
  const all = await Promise.all([...Array(100).keys()].map((n) => pool.query('select $1::int as n', [n])));
  console.log(all.reduce((sum, r) => sum + r.rows[0].n, 0)); await pool.end();
})().catch((e) => { console.error(e); process.exit(1); });
"#,
        &borrowed(&environment),
    );
    check(&ran, "42\n3\n1,1\nx y\n10 40\n22012\n0\n[masked]\n4950");
}

#[test]
fn pgjdbc_works() {
    let database = v15().database();
    let house = House::open(&database);
    let environment = environment(&house);
    let ran = java(
        r#"
import java.sql.*;
public class Main {
  public static void main(String[] a) throws Exception {
    var e = System.getenv();
    var p = new java.util.Properties();
    p.put("user", e.get("PGUSER")); p.put("password", e.get("PGPASSWORD")); p.put("sslmode", "disable"); p.put("prepareThreshold", "2");
    try (var c = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + e.get("PGPORT") + "/orders", p)) {
      try (var s = c.prepareStatement("select ?::int + 1, id, ssn, tax_number, born from customers order by id")) {
        for (int n = 0; n < 8; n++) { s.setInt(1, n); var r = s.executeQuery(); int k = 0; while (r.next()) { r.getString(3); r.getLong(4); r.getDate(5); k++; } if (k != 3) throw new Error("rows " + k); }
      }
      c.setAutoCommit(false);
      try (var s = c.prepareStatement("insert into playground values (?, ?)")) {
        for (int n = 0; n < 1000; n++) { s.setInt(1, n); s.setString(2, "w" + n); s.addBatch(); }
        System.out.println(s.executeBatch().length);
      }
      c.commit();
      try (var s = c.createStatement()) {
        s.setFetchSize(100); var r = s.executeQuery("select id from playground order by id"); long sum = 0; while (r.next()) sum += r.getInt(1); System.out.println(sum);
        try { s.execute("select 1/0"); } catch (SQLException x) { System.out.println(x.getSQLState()); }
        c.rollback();
        var m = c.getMetaData().getColumns(null, "public", "orders", "%"); int k = 0; while (m.next()) k++; System.out.println(k);
        s.execute("select 1; select 2"); System.out.println(s.getMoreResults());
      }
      var copy = c.unwrap(org.postgresql.PGConnection.class).getCopyAPI();
      System.out.println(copy.copyIn("copy playground from stdin", new java.io.StringReader("7\tcopied\n8\tcopied\n")));
      var w = new java.io.StringWriter(); copy.copyOut("copy (select id, word from playground where word = 'copied' order by id) to stdout", w);
      System.out.println(w.toString().trim().replace("\n", ";").replace("\t", ","));
      c.commit();
    }
  }
}
"#,
        &borrowed(&environment),
    );
    check(&ran, "1000\n499500\n22012\n5\ntrue\n2\n7,copied;8,copied");
}

#[test]
fn pgbench_works_in_every_mode() {
    let database = v15().database();
    let house = House::open(&database);
    let environment = environment(&house);
    let environment = borrowed(&environment);
    let made = pgbench(&["-i", "-s", "1", "-q"], &environment);
    assert!(made.ok(), "{}", made.all());
    for mode in ["simple", "extended", "prepared"] {
        let ran = pgbench(&["-c", "4", "-j", "1", "-t", "50", "-n", "-M", mode], &environment);
        assert!(ran.ok() && ran.stdout.contains("200/200"), "{mode}: {}", ran.all());
    }
    let pipelined = e2e::run_folder("pgbench");
    let script = pipelined.path().join("script.sql");
    std::fs::write(&script, "\\startpipeline\nselect 1;\nselect 2;\nselect 3;\n\\endpipeline\n")
        .unwrap();
    let ran = pgbench(
        &["-c", "2", "-t", "50", "-n", "-M", "prepared", "-f", script.to_str().unwrap()],
        &environment,
    );
    assert!(ran.ok() && ran.stdout.contains("100/100"), "{}", ran.all());
}

#[test]
fn pg_dump_works_where_policy_permits_it() {
    let database = v15().database();
    let house = House::open(&database);
    let environment = environment(&house);
    let mut command = std::process::Command::new("/usr/lib/postgresql/15/bin/pg_dump");
    command.args(["--table", "ledger", "--data-only"]).envs(borrowed(&environment));
    let ran = e2e::run(&mut command, "");
    assert!(ran.ok(), "{}", ran.all());
    assert!(ran.stdout.contains("20\t200\tentry 20"), "{}", ran.stdout);
}
