-- A database in which every value of a classed column is a canary. Made by `app`, past the gateway.
-- No statement of the suite contains a canary: whatever of one a client sees came out of these tables.
--
-- A text canary is `cnryq` and 15 letters of g to z (so it is in no digest written in hexadecimal); a
-- number has 15 digits; a date lies in the years 7000 to 8999; an address begins with fd7a.
CREATE SCHEMA making;
CREATE FUNCTION making.word(label text) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT 'cnryq' || translate(substr(md5(label), 1, 15), '0123456789abcdef', 'ghjkmnpqrstuvwxz') $$;
CREATE FUNCTION making.number(label text) RETURNS bigint LANGUAGE sql IMMUTABLE AS
    $$ SELECT 100000000000000 + ('x' || substr(md5('n' || label), 1, 12))::bit(48)::bigint % 800000000000000 $$;
CREATE FUNCTION making.day(label text) RETURNS date LANGUAGE sql IMMUTABLE AS
    $$ SELECT date '7000-01-01' + ('x' || substr(md5('d' || label), 1, 7))::bit(28)::int % 700000 $$;
CREATE FUNCTION making.address(label text) RETURNS inet LANGUAGE sql IMMUTABLE AS
    $$ SELECT ('fd7a' || regexp_replace(substr(md5('a' || label), 1, 28), '(....)', ':\1', 'g'))::inet $$;

CREATE DOMAIN sealed_text AS text CHECK (length(VALUE) > 3);
CREATE TYPE contact AS (mail text, code bigint);
CREATE TYPE grade AS ENUM ('low', 'middle', 'high');

-- People: one column of each type.
CREATE TABLE people (
    id int PRIMARY KEY,
    name text NOT NULL,
    country text NOT NULL,
    joined date NOT NULL,
    salary numeric(10, 2) NOT NULL CHECK (salary >= 0),
    level grade NOT NULL,
    ssn text NOT NULL UNIQUE,
    account bigint NOT NULL UNIQUE,
    rate numeric(20, 2) NOT NULL,
    score float8 NOT NULL,
    born date NOT NULL,
    seen timestamptz NOT NULL,
    photo bytea NOT NULL,
    token uuid NOT NULL,
    home inet NOT NULL,
    badge varchar(40) NOT NULL,
    pin char(24) NOT NULL,
    profile jsonb NOT NULL,
    settings json NOT NULL,
    words text[] NOT NULL,
    numbers bigint[] NOT NULL,
    span int8range NOT NULL,
    stay daterange NOT NULL,
    reach contact NOT NULL,
    nick sealed_text NOT NULL,
    doc xml NOT NULL,
    attrs hstore NOT NULL,
    -- No rule says anything of these two: what they hold derives from a classed column.
    mirror text GENERATED ALWAYS AS ('<' || ssn || '>') STORED,
    double bigint GENERATED ALWAYS AS (account + 1) STORED
);
INSERT INTO people
SELECT n, (ARRAY['Ada', 'Ben', 'Cy', 'Dot', 'Eve', 'Fay'])[n], (ARRAY['DE', 'FR', 'US'])[1 + n % 3],
    date '2020-01-31' + n * 40, n * 1000.5, (ARRAY['low', 'middle', 'high']::grade[])[1 + n % 3],
    making.word('ssn' || n), making.number('account' || n), making.number('rate' || n) + 0.25, making.number('score' || n),
    making.day('born' || n), making.day('seen' || n)::timestamp AT TIME ZONE 'UTC', convert_to(making.word('photo' || n), 'UTF8'),
    md5('token' || n)::uuid, making.address('home' || n), making.word('badge' || n), making.word('pin' || n),
    jsonb_build_object('secret', making.word('profile' || n), 'number', making.number('profile' || n), 'list', jsonb_build_array(making.word('list' || n)), 'kind', 'vip'),
    json_build_object('secret', making.word('settings' || n), 'inner', json_build_object('deep', making.word('deep' || n))),
    ARRAY[making.word('words1' || n), making.word('words2' || n)], ARRAY[making.number('numbers1' || n), making.number('numbers2' || n)],
    int8range(making.number('span' || n), making.number('span' || n) + 10), daterange(making.day('stay' || n), making.day('stay' || n) + 3),
    (making.word('reach' || n), making.number('reach' || n))::contact, making.word('nick' || n),
    xmlparse(content '<p kind="vip"><s>' || making.word('doc' || n) || '</s></p>'), hstore('secret', making.word('attrs' || n))
FROM generate_series(1, 6) n;

-- Partitioned, twice; the rule names the root alone.
CREATE TABLE visits (id int, person int, day date, fee numeric(8, 2), remark text, code bigint) PARTITION BY RANGE (day);
CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (person);
CREATE TABLE visits_2026_low PARTITION OF visits_2026 FOR VALUES IN (1, 2, 3);
-- Columns in another order, attached later.
CREATE TABLE visits_2026_high (code bigint, remark text, dropped int, fee numeric(8, 2), day date, person int, id int);
ALTER TABLE visits_2026_high DROP COLUMN dropped;
ALTER TABLE visits_2026 ATTACH PARTITION visits_2026_high FOR VALUES IN (4, 5, 6);
INSERT INTO visits SELECT n, 1 + n % 6, date '2025-06-01' + n * 30, n * 2.5, making.word('remark' || n), making.number('code' || n) FROM generate_series(1, 12) n;

-- Inherited; the rule names the parent alone.
CREATE TABLE animals (id int, label text, chip text);
CREATE TABLE dogs (breed text) INHERITS (animals);
CREATE TABLE puppies (age int) INHERITS (dogs);
INSERT INTO animals VALUES (1, 'cat', making.word('chip1'));
INSERT INTO dogs VALUES (2, 'dog', making.word('chip2'), 'collie');
INSERT INTO puppies VALUES (3, 'puppy', making.word('chip3'), 'beagle', 1);

CREATE TABLE payments (
    id int PRIMARY KEY,
    person int REFERENCES people,
    amount numeric(10, 2),
    currency text,
    placed timestamp,
    card text,
    reference bigint
);
INSERT INTO payments SELECT n, 1 + n % 6, n * 3.5, (ARRAY['EUR', 'USD'])[1 + n % 2], timestamp '2026-01-15 10:00' + n * interval '9 days',
    making.word('card' || n), making.number('reference' || n) FROM generate_series(1, 18) n;

-- What the people's tables are joined with, and what may be written to.
CREATE TABLE countries (country text PRIMARY KEY, title text, ssn text);
INSERT INTO countries VALUES ('DE', 'Germany', 'none'), ('FR', 'France', 'none'), ('US', 'United States', 'none');
CREATE TABLE sink (id int, word text, number bigint, whole jsonb);
CREATE TABLE numbers_only (n int PRIMARY KEY CHECK (n < 1000));
INSERT INTO numbers_only SELECT generate_series(1, 10);

CREATE SCHEMA "Odd Schema";
CREATE TABLE "Odd Schema"."Select" ("from" text, "Group By" int, "a.b" text);
INSERT INTO "Odd Schema"."Select" SELECT making.word('odd' || n), n, 'dotted' FROM generate_series(1, 2) n;

-- A schema with harmless tables of the same names.
CREATE SCHEMA other;
CREATE TABLE other.people (id int, ssn text, account bigint);
INSERT INTO other.people VALUES (1, 'harmless', 1);
CREATE TABLE other.payments (id int, card text);

-- A trigger copies what is written here to a table without rules.
CREATE TABLE watched (id int, secret text);
CREATE TABLE copied (id int, secret text);
CREATE FUNCTION copy_watched() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO copied VALUES (NEW.id, NEW.secret); RETURN NEW; END $$;
INSERT INTO watched SELECT n, making.word('watched' || n) FROM generate_series(1, 2) n;
CREATE TRIGGER copies AFTER INSERT OR UPDATE ON watched FOR EACH ROW EXECUTE FUNCTION copy_watched();
CREATE TABLE noisy (id int, secret text);
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE NOTICE 'row % was %', OLD.id, OLD.secret; PERFORM pg_notify('doors', OLD.secret); RETURN NEW; END $$;
INSERT INTO noisy SELECT n, making.word('noisy' || n) FROM generate_series(1, 2) n;
CREATE TRIGGER shouts BEFORE UPDATE ON noisy FOR EACH ROW EXECUTE FUNCTION shout();

CREATE VIEW v_plain AS SELECT id, ssn AS a, account AS b, country FROM people;
CREATE VIEW v_renamed (one, two, three) AS SELECT id, badge, born FROM people;
CREATE VIEW v_nested AS SELECT id, a || '!' AS shout, b + 1 AS more FROM v_plain;
CREATE VIEW v_star AS SELECT * FROM people;
CREATE VIEW v_rows AS SELECT id, p AS whole, to_jsonb(p) AS json FROM people p;
CREATE VIEW v_gathered AS SELECT country, count(*) AS members, string_agg(ssn, ',') AS all_of_them, max(account) AS top FROM people GROUP BY country;
CREATE VIEW v_union AS SELECT id, country AS what FROM people UNION ALL SELECT id, card FROM payments;
CREATE VIEW v_recursive AS WITH RECURSIVE w (n, s) AS (SELECT 1, ssn FROM people WHERE id = 1 UNION ALL SELECT n + 1, s FROM w WHERE n < 3) SELECT * FROM w;
CREATE VIEW v_barrier WITH (security_barrier) AS SELECT id, ssn FROM people WHERE id < 4;
CREATE VIEW v_harmless AS SELECT id, name, country, joined, salary FROM people;
CREATE VIEW v_visits AS SELECT v.id, v.remark, p.country FROM visits v JOIN people p ON p.id = v.person;
CREATE MATERIALIZED VIEW m_plain AS SELECT id, ssn AS a, account AS b, country FROM people;
CREATE MATERIALIZED VIEW m_nested AS SELECT id, shout, more FROM v_nested;
CREATE MATERIALIZED VIEW m_totals AS SELECT country, count(*) AS members, sum(salary) AS paid FROM people GROUP BY country;

CREATE FUNCTION f_ssn(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT ssn FROM people WHERE id = $1';
CREATE FUNCTION f_again(int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT f_ssn($1) || '' $$;
CREATE FUNCTION f_atomic(n int) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT badge FROM people WHERE id = n; END;
CREATE FUNCTION f_rows() RETURNS SETOF people LANGUAGE sql STABLE AS 'SELECT * FROM people ORDER BY id';
CREATE FUNCTION f_table() RETURNS TABLE (a text, b bigint) LANGUAGE sql STABLE AS 'SELECT ssn, account FROM people ORDER BY id';
CREATE FUNCTION f_out(IN n int, OUT a text, OUT b date) LANGUAGE sql STABLE AS 'SELECT ssn, born FROM people WHERE id = $1';
CREATE FUNCTION f_record() RETURNS SETOF record LANGUAGE sql STABLE AS 'SELECT id, ssn FROM people';
CREATE FUNCTION f_twice(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || $1 $$;
CREATE FUNCTION f_of_row(people) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.ssn';
CREATE FUNCTION f_default(x text DEFAULT f_ssn(2)) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1';
CREATE FUNCTION f_many(VARIADIC text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT array_to_string($1, '+') $$;
CREATE FUNCTION f_any(anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION f_harmless(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE FUNCTION pl_ssn(n int) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT ssn FROM people WHERE id = n); END $$;
CREATE FUNCTION pl_dynamic(what text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN EXECUTE 'SELECT ' || what || '::text FROM people WHERE id = 1' INTO r; RETURN r; END $$;
CREATE FUNCTION pl_rows() RETURNS TABLE (a text, b bigint) LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT ssn, account FROM people; END $$;
CREATE FUNCTION pl_letters() RETURNS SETOF text LANGUAGE plpgsql AS $$ DECLARE i int; BEGIN FOR i IN 1..20 LOOP RETURN NEXT (SELECT substr(ssn, i, 1) FROM people WHERE id = 1); END LOOP; END $$;
CREATE FUNCTION pl_cursor() RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'pl'; BEGIN OPEN c FOR SELECT ssn, account FROM people; RETURN c; END $$;
CREATE FUNCTION pl_notice() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'it is %', (SELECT ssn FROM people WHERE id = 1); RETURN 1; END $$;
CREATE FUNCTION pl_fails() RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'it is %', (SELECT ssn FROM people WHERE id = 1) USING DETAIL = (SELECT badge FROM people WHERE id = 1), HINT = (SELECT nick FROM people WHERE id = 1), TABLE = (SELECT pin FROM people WHERE id = 1); END $$;
CREATE FUNCTION pl_hides() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN (SELECT max(id) FROM people); END $$;
CREATE PROCEDURE pr_out(INOUT x text) LANGUAGE plpgsql AS $$ BEGIN x := (SELECT ssn FROM people WHERE id = 1); END $$;
CREATE PROCEDURE pr_notice() LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'account %', (SELECT account FROM people WHERE id = 1); END $$;
CREATE FUNCTION op_join(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT $1 || '-' || $2 $$;
CREATE OPERATOR |+| (LEFTARG = text, RIGHTARG = text, FUNCTION = op_join);
CREATE AGGREGATE first_of (text) (SFUNC = op_join, STYPE = text, INITCOND = '');
CREATE FUNCTION row_says(people) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.badge';

-- A large object, and the statistics of every table.
SELECT lo_from_bytea(424242, convert_to((SELECT ssn FROM people WHERE id = 1), 'UTF8'));

-- The content net: values that detectors know, in text without rules.
CREATE TABLE net_values (v text);
INSERT INTO net_values VALUES
    ('4539148803436467'), ('5555555555554444'), ('378282246310005'), ('2221000000000009'), ('6011111111111117'),
    ('GB82WEST12345698765432'), ('DE89370400440532013000'), ('536-22-8726'), ('219-09-9999'),
    ('ada.net@leak-example.com'), ('ben.net@leak-example.com');
CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL, payload jsonb, raw bytea, tags text[], shape varchar(80), doc xml);
INSERT INTO notes SELECT row_number() OVER (), 'on Monday ' || v || ' was given', jsonb_build_object('text', v), convert_to(v, 'UTF8'), ARRAY['x', v], v,
    xmlelement(name note, v) FROM net_values;

DROP SCHEMA making CASCADE;
ANALYZE;
