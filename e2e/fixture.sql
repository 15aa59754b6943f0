-- What every test's database holds. The values of the sensitive columns are canaries: a test looks
-- for them in all that comes out.
SET ROLE app;
CREATE TABLE customers (
    id int PRIMARY KEY,
    name text NOT NULL,
    email text UNIQUE,
    ssn text,
    card text,
    phone text,
    tax_number bigint,
    born date,
    balance numeric(12, 2),
    notes text,
    profile jsonb,
    photo bytea
);
INSERT INTO customers VALUES
    (1, 'Ada Birch', 'ada.canary@leak-example.com', '536-22-8726', '4539148803436467', '+1 415 555 2671', 536228726,
     '1984-03-17', 1042.50, 'paid with 4539 1488 0343 6467 on Monday', '{"ssn": "536-22-8726", "likes": ["tea"]}', '\x3533362d32322d38373236'),
    (2, 'Ben Cole', 'ben.canary@leak-example.com', '219-09-9999', '5555555555554444', '+1 212 555 0187', 219099999,
     '1990-11-02', 77.00, 'write to ben.canary@leak-example.com', '{"ssn": "219-09-9999"}', '\x3231392d30392d39393939'),
    (3, 'Cy Dunn', 'cy.canary@leak-example.com', '457-55-5462', '378282246310005', '+44 20 7946 0958', 457555462,
     '1979-07-30', 0.00, 'iban GB82 WEST 1234 5698 7654 32', '{"ssn": "457-55-5462"}', '\x3435372d35352d35343632');
CREATE TABLE orders (
    id int PRIMARY KEY,
    customer int NOT NULL REFERENCES customers,
    item text NOT NULL,
    amount numeric(12, 2) NOT NULL CHECK (amount >= 0),
    placed timestamptz NOT NULL DEFAULT now()
);
INSERT INTO orders SELECT n, 1 + n % 3, 'item ' || n, n * 1.5, '2026-01-01T00:00:00Z' FROM generate_series(1, 50) n;
-- Something to lose: tests that must change nothing look at it afterwards.
CREATE TABLE ledger (id int PRIMARY KEY, amount int NOT NULL, memo text);
INSERT INTO ledger SELECT n, n * 10, 'entry ' || n FROM generate_series(1, 20) n;
CREATE TABLE playground (id int, word text);
CREATE VIEW customer_names AS SELECT id, name FROM customers;
CREATE VIEW customer_secrets AS SELECT id, ssn AS number, email AS contact FROM customers;
CREATE VIEW customer_hints AS SELECT id, left(ssn, 3) AS hint, upper(email) AS shout FROM customers;
CREATE MATERIALIZED VIEW customer_copy AS SELECT id, ssn FROM customers;
CREATE SCHEMA archive;
CREATE TABLE archive.ledger (id int PRIMARY KEY, amount int NOT NULL, memo text);
INSERT INTO archive.ledger SELECT * FROM ledger;
CREATE SEQUENCE tickets;
CREATE FUNCTION wipe_ledger() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM ledger; RETURN 1; END $$;
CREATE FUNCTION harmless_looking() RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT max(tax_number) FROM customers); END $$;
CREATE FUNCTION first_ssn() RETURNS text LANGUAGE sql AS 'SELECT ssn FROM customers ORDER BY id LIMIT 1';
CREATE FUNCTION complain() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'the number is %', (SELECT ssn FROM customers WHERE id = 1); END $$;
CREATE FUNCTION fail_with_data() RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'bad row' USING DETAIL = (SELECT ssn FROM customers WHERE id = 1), HINT = (SELECT email FROM customers WHERE id = 1); END $$;
CREATE PROCEDURE wipe_by_call() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM ledger; END $$;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE vault (id int, secret text);
INSERT INTO vault VALUES (1, 'the-vault-stays-closed');
