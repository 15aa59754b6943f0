//! Statements of many kinds over a shop's tables. `{u}` stands for a word that is another each time, so that
//! no two are alike in shape.

/// The shop: three of its columns are sensitive.
pub(super) const SCHEMA: &str = "\
CREATE TABLE customers (id bigint PRIMARY KEY, name text, email text, ssn text, city text, created timestamptz);
CREATE TABLE products (id bigint PRIMARY KEY, sku text, name text, price numeric(10,2), parent bigint);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, status text, card text, total numeric(12,2), placed_at timestamptz, payload jsonb);
CREATE TABLE items (order_id bigint, product_id bigint, quantity int, price numeric(10,2));
CREATE VIEW buyers AS SELECT c.id, c.name, c.email, count(o.id) AS orders, sum(o.total) AS spent FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id;
CREATE FUNCTION full_name(c customers) RETURNS text LANGUAGE sql STABLE AS 'SELECT c.name || '' <'' || c.email || ''>''';
";

/// The columns that carry a class: schema, table, column, class.
pub(super) const SENSITIVE: [(&str, &str, &str); 3] = [
    ("customers", "email", "email"),
    ("customers", "ssn", "us_ssn"),
    ("orders", "card", "credit_card"),
];

/// A name and a text for each.
pub(super) const STATEMENTS: [(&str, &str); 30] = [
    ("point select", "SELECT id, name, email AS {u} FROM customers WHERE id = 42"),
    ("a star", "SELECT * FROM customers AS {u} WHERE id = 42"),
    ("a whole row", "SELECT {u} FROM customers AS {u} WHERE id = 42"),
    ("a field of a row", "SELECT ({u}).email FROM customers AS {u} LIMIT 10"),
    (
        "an expression",
        "SELECT upper(name) || ' <' || lower(email) || '>' AS {u}, length(ssn) FROM customers",
    ),
    (
        "a CASE",
        "SELECT id, CASE WHEN city = 'Berlin' THEN email ELSE coalesce(ssn, name) END AS {u} FROM customers",
    ),
    (
        "casts",
        "SELECT ssn::varchar(4) AS {u}, total::int, placed_at::date FROM customers JOIN orders ON customer_id = customers.id",
    ),
    ("count", "SELECT count(*) AS {u} FROM orders WHERE status = 'paid'"),
    (
        "aggregates",
        "SELECT city AS {u}, count(*), min(email), array_agg(ssn ORDER BY name) FROM customers GROUP BY city HAVING count(*) > 3",
    ),
    (
        "a window",
        "SELECT customer_id AS {u}, card, row_number() OVER (PARTITION BY customer_id ORDER BY placed_at DESC), lag(card) OVER w FROM orders WINDOW w AS (PARTITION BY customer_id ORDER BY id)",
    ),
    (
        "a join",
        "SELECT {u}.email, o.total FROM customers {u} JOIN orders o ON o.customer_id = {u}.id WHERE o.placed_at > now() - interval '7 days'",
    ),
    (
        "a join of an ORM",
        "SELECT orders.id AS orders_id, orders.customer_id AS orders_customer_id, orders.total AS orders_total, orders.placed_at AS orders_placed_at, customers_1.id AS customers_1_id, customers_1.name AS customers_1_name, customers_1.email AS {u} FROM orders LEFT OUTER JOIN customers AS customers_1 ON customers_1.id = orders.customer_id WHERE orders.customer_id = 5 AND orders.placed_at > '2024-01-01' AND orders.status IN ('new', 'paid') ORDER BY orders.placed_at DESC LIMIT 50 OFFSET 100",
    ),
    (
        "LATERAL",
        "SELECT c.name, {u}.card FROM customers c CROSS JOIN LATERAL (SELECT card, total FROM orders o WHERE o.customer_id = c.id ORDER BY placed_at DESC LIMIT 3) {u}",
    ),
    (
        "a scalar sub-select",
        "SELECT id, (SELECT max(card) FROM orders WHERE customer_id = c.id) AS {u} FROM customers c",
    ),
    (
        "EXISTS",
        "SELECT name AS {u} FROM customers c WHERE EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id AND o.card LIKE '4%')",
    ),
    (
        "a CTE",
        "WITH {u} AS (SELECT customer_id, sum(total) AS spent FROM orders GROUP BY customer_id) SELECT c.email, {u}.spent FROM {u} JOIN customers c ON c.id = {u}.customer_id ORDER BY spent DESC LIMIT 20",
    ),
    (
        "a recursive CTE",
        "WITH RECURSIVE {u}(id, path) AS (SELECT id, name FROM products WHERE parent IS NULL UNION ALL SELECT p.id, {u}.path || '/' || p.name FROM products p JOIN {u} ON p.parent = {u}.id) SELECT * FROM {u}",
    ),
    (
        "UNION",
        "SELECT email AS {u} FROM customers UNION SELECT name FROM products UNION ALL SELECT 'none'",
    ),
    ("a view", "SELECT name, email AS {u}, spent FROM buyers WHERE orders > 2"),
    ("a function by its body", "SELECT full_name({u}) FROM customers {u} WHERE id = 7"),
    (
        "row_to_json",
        "SELECT row_to_json({u}) FROM (SELECT c.email, jsonb_build_object('card', o.card, 'total', o.total) AS last FROM customers c JOIN orders o ON o.customer_id = c.id) {u}",
    ),
    (
        "JSON accessors",
        "SELECT payload -> 'customer' ->> 'ssn' AS {u}, payload #>> '{a,b}' FROM orders WHERE payload @> '{\"state\": \"paid\"}'",
    ),
    (
        "a set-returning function",
        "SELECT {u}.day, count(o.id) FROM generate_series(now() - interval '30 days', now(), '1 day') AS {u}(day) LEFT JOIN orders o ON o.placed_at::date = {u}.day::date GROUP BY {u}.day",
    ),
    (
        "INSERT",
        "INSERT INTO orders AS {u} (id, customer_id, status, card, total, placed_at) VALUES (1, 42, 'new', '4242', 12.50, now()) ON CONFLICT (id) DO UPDATE SET status = excluded.status RETURNING {u}.card",
    ),
    (
        "UPDATE",
        "UPDATE customers AS {u} SET city = 'Lyon', created = now() WHERE id = 42 RETURNING {u}.email, {u}.ssn",
    ),
    (
        "DELETE in a CTE",
        "WITH {u} AS (DELETE FROM items WHERE order_id = 1 RETURNING *) SELECT sum(quantity * price) FROM {u}",
    ),
    (
        "INSERT from a query",
        "INSERT INTO products (id, sku, name) SELECT {u}.id + 1000000, 'x', {u}.name FROM products {u} WHERE {u}.id = 1 AND {u}.price > 5",
    ),
    ("EXPLAIN", "EXPLAIN SELECT {u}.email FROM customers {u} WHERE ssn = '078-05-1120'"),
    ("COPY out", "COPY (SELECT id, email AS {u} FROM customers WHERE city = 'Berlin') TO STDOUT"),
    (REPORT, LONG_REPORT),
];

/// The longest of them.
pub(super) const REPORT: &str = "a report of 117 lines";

const LONG_REPORT: &str = include_str!("report.sql");
