=== masked: a column of a class
SELECT ssn FROM customers ORDER BY id
=== masked 2,3: several columns, one of them harmless
SELECT id, ssn, email FROM customers ORDER BY id
=== masked: a column behind an alias
SELECT ssn AS id FROM customers ORDER BY customers.id
=== masked: a column behind an alias of its table
SELECT c.ssn FROM customers c ORDER BY id
=== masked: a column behind renamed columns of an alias
SELECT x.c FROM customers AS x (a, b, d, c) ORDER BY a
=== masked: a column with a quoted name
SELECT "ssn" FROM "customers" ORDER BY "id"
=== masked: a column with a Unicode name
SELECT U&"\0073sn" FROM customers ORDER BY id
=== masked 3,4,5,6,7,8,10,11,12: a star
SELECT * FROM customers ORDER BY id
=== masked 3,4,5,6,7,8,10,11,12: TABLE
TABLE customers ORDER BY id
=== masked 3,4,5,6,7,8,10,11,12: a star in a sub-select
SELECT * FROM (SELECT * FROM customers) x ORDER BY id
=== masked 2: a natural join with another table
SELECT o.id, c.ssn FROM orders o JOIN customers c ON c.id = o.customer ORDER BY o.id
=== masked: a sub-select
SELECT x.s FROM (SELECT ssn AS s, id FROM customers) x ORDER BY x.id
=== masked: a WITH
WITH x AS (SELECT ssn, id FROM customers) SELECT ssn FROM x ORDER BY id
=== masked: a materialised WITH
WITH x AS MATERIALIZED (SELECT ssn AS name, id FROM customers) SELECT name FROM x ORDER BY id
=== masked: a recursive WITH
WITH RECURSIVE x (s, n) AS (SELECT ssn, 1 FROM customers WHERE id = 1 UNION ALL SELECT s, n + 1 FROM x WHERE n < 2) SELECT s FROM x
=== masked: a LATERAL join
SELECT l.s FROM orders o, LATERAL (SELECT ssn AS s FROM customers WHERE id = o.customer) l ORDER BY o.id
=== masked: DISTINCT
SELECT DISTINCT ssn FROM customers ORDER BY ssn
=== masked: GROUP BY
SELECT ssn FROM customers GROUP BY ssn ORDER BY ssn
=== masked: UNION with a harmless table
SELECT memo FROM ledger WHERE id = 0 UNION SELECT ssn FROM customers
=== masked: UNION ALL the other way round
SELECT ssn FROM customers UNION ALL SELECT memo FROM ledger WHERE id = 0
=== masked: EXCEPT
SELECT ssn FROM customers EXCEPT SELECT memo FROM ledger
=== masked: INTERSECT
SELECT ssn FROM customers INTERSECT SELECT ssn FROM customers
=== masked: a scalar sub-select
SELECT (SELECT ssn FROM customers WHERE id = 1)
=== masked: a whole row
SELECT customers FROM customers ORDER BY id
=== masked: a whole row behind an alias
SELECT c FROM customers c ORDER BY id
=== masked: a whole row as text
SELECT c::text FROM customers c ORDER BY id
=== masked: a row made of columns
SELECT ROW(ssn, email) FROM customers ORDER BY id
=== masked: a field of a whole row
SELECT (c).ssn FROM customers c ORDER BY id
=== masked: all fields of a whole row
SELECT ((SELECT x FROM (SELECT ssn, email FROM customers WHERE id = 1) x)).*
=== masked: row_to_json
SELECT row_to_json(c) FROM customers c ORDER BY id
=== masked: to_jsonb and an accessor
SELECT to_jsonb(c) ->> 'ssn' FROM customers c ORDER BY id
=== masked: json_agg
SELECT json_agg(c) FROM customers c
=== masked: json_build_object
SELECT json_build_object('id', ssn) FROM customers ORDER BY id
=== masked: json_object_agg
SELECT json_object_agg(ssn, id) FROM customers
=== masked: xmlelement
SELECT xmlelement(name x, ssn)::text FROM customers ORDER BY id
=== masked: array_agg
SELECT array_agg(ssn) FROM customers
=== masked: ARRAY of a sub-select
SELECT ARRAY(SELECT ssn FROM customers ORDER BY id)
=== masked: string_agg
SELECT string_agg(ssn, ',' ORDER BY id) FROM customers
=== masked: an element of an array
SELECT (ARRAY[ssn])[1] FROM customers ORDER BY id
=== masked: unnest
SELECT unnest(ARRAY[ssn]) FROM customers ORDER BY id
=== masked: upper
SELECT upper(email) FROM customers ORDER BY id
=== masked: reverse
SELECT reverse(ssn) FROM customers ORDER BY id
=== masked: substr
SELECT substr(ssn, 1, 6) FROM customers ORDER BY id
=== masked: left
SELECT left(ssn, 5) FROM customers ORDER BY id
=== masked: a single letter
SELECT ascii(substr(ssn, 1, 1)) FROM customers ORDER BY id
=== masked: replace
SELECT replace(ssn, '-', '') FROM customers ORDER BY id
=== masked: translate
SELECT translate(ssn, '0123456789', 'abcdefghij') FROM customers ORDER BY id
=== masked: regexp_replace
SELECT regexp_replace(ssn, '(\d)', '\1.', 'g') FROM customers ORDER BY id
=== masked: regexp_matches
SELECT regexp_matches(ssn, '(\d+)-(\d+)') FROM customers ORDER BY id
=== masked: split_part
SELECT split_part(ssn, '-', 1) FROM customers ORDER BY id
=== masked: string_to_table
SELECT string_to_table(ssn, '-') FROM customers ORDER BY id
=== masked: concatenation
SELECT 'x' || ssn FROM customers ORDER BY id
=== masked: concat
SELECT concat(id, '/', ssn) FROM customers ORDER BY id
=== masked: format
SELECT format('%s', ssn) FROM customers ORDER BY id
=== masked: overlay
SELECT overlay(ssn PLACING 'x' FROM 1 FOR 1) FROM customers ORDER BY id
=== masked: padding
SELECT lpad(ssn, 20, '*') FROM customers ORDER BY id
=== masked: encode in hexadecimal
SELECT encode(ssn::bytea, 'hex') FROM customers ORDER BY id
=== masked: encode in base 64
SELECT encode(convert_to(ssn, 'UTF8'), 'base64') FROM customers ORDER BY id
=== masked: a hash anyone could reverse
SELECT md5(ssn) FROM customers ORDER BY id
=== masked: a digest anyone could reverse
SELECT sha256(ssn::bytea) FROM customers ORDER BY id
=== masked: length, which says something
SELECT length(email) FROM customers ORDER BY id
=== masked: a cast to another type
SELECT replace(ssn, '-', '')::bigint FROM customers ORDER BY id
=== masked: a cast that changes nothing
SELECT ssn::varchar FROM customers ORDER BY id
=== masked: a cast by function
SELECT text(ssn) FROM customers ORDER BY id
=== masked: a COLLATE
SELECT ssn COLLATE "C" FROM customers ORDER BY id
=== masked: COALESCE
SELECT coalesce(ssn, 'none') FROM customers ORDER BY id
=== masked: NULLIF
SELECT nullif(ssn, '') FROM customers ORDER BY id
=== masked: CASE that returns it
SELECT CASE WHEN id > 0 THEN ssn END FROM customers ORDER BY id
=== masked: CASE that reveals it bit by bit
SELECT CASE WHEN ssn LIKE '5%' THEN 'yes' ELSE 'no' END FROM customers ORDER BY id
=== masked: a comparison
SELECT ssn < '5' FROM customers ORDER BY id
=== masked: GREATEST
SELECT greatest(ssn, '') FROM customers ORDER BY id
=== masked: min and max
SELECT min(ssn), max(ssn) FROM customers
=== masked: mode
SELECT mode() WITHIN GROUP (ORDER BY ssn) FROM customers
=== masked: a percentile
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY ssn) FROM customers
=== masked: first_value over a window
SELECT first_value(ssn) OVER (ORDER BY id) FROM customers
=== masked: lag over a window
SELECT lag(ssn, 0) OVER (ORDER BY id) FROM customers
=== masked: a sum of a number of a class
SELECT sum(tax_number) FROM customers WHERE id = 1
=== masked: a number of a class
SELECT tax_number FROM customers ORDER BY id
=== masked: arithmetic on a number of a class
SELECT tax_number + 1 FROM customers ORDER BY id
=== masked: arithmetic that hides a number of a class
SELECT tax_number # 12345 FROM customers ORDER BY id
=== masked: a number as text
SELECT to_char(tax_number, '999999999999') FROM customers ORDER BY id
=== masked: a number in hexadecimal
SELECT to_hex(tax_number) FROM customers ORDER BY id
=== masked: as many rows as the number's digit says
SELECT substr(ssn, g, 1) FROM customers, generate_series(1, 11) g WHERE id = 1 ORDER BY g
=== masked: a date of a class
SELECT born FROM customers ORDER BY id
=== masked: bytes of a class
SELECT photo FROM customers ORDER BY id
=== masked: bytes of a class as text
SELECT convert_from(photo, 'UTF8') FROM customers ORDER BY id
=== masked: JSON with a number found by content
SELECT profile FROM customers ORDER BY id
=== masked: a value inside JSON found by content
SELECT profile ->> 'ssn' FROM customers ORDER BY id
=== masked: JSON's keys and values as rows
SELECT value FROM customers, jsonb_each_text(profile) WHERE key = 'ssn' ORDER BY id
=== masked: a card in a notes column found by content
SELECT notes FROM customers WHERE id = 1
=== masked: an address in a notes column found by content
SELECT notes FROM customers WHERE id = 2
=== masked: an IBAN in a notes column found by content
SELECT notes FROM customers WHERE id = 3
=== masked: a view of a masked column
SELECT number FROM customer_secrets ORDER BY id
=== masked 2,3: a view with a star
SELECT * FROM customer_secrets ORDER BY id
=== masked 2,3: a view of expressions
SELECT * FROM customer_hints ORDER BY id
=== masked 2: a materialised view
SELECT * FROM customer_copy ORDER BY id
=== masked: a RETURNING
INSERT INTO customers (id, name, ssn) VALUES (90, 'x', '536-22-8726') RETURNING ssn
=== masked: a RETURNING of an expression
INSERT INTO customers (id, name, ssn) VALUES (91, 'x', '536-22-8726') RETURNING 'n' || ssn
=== masked: a FETCH from a cursor
--! first: BEGIN
--! first: DECLARE c CURSOR FOR SELECT ssn FROM customers ORDER BY id
FETCH ALL FROM c
=== masked: a FETCH backwards from a cursor
--! first: BEGIN
--! first: DECLARE c SCROLL CURSOR FOR SELECT reverse(ssn) FROM customers ORDER BY id
FETCH LAST FROM c
=== masked: a FETCH from a cursor that outlives its transaction
--! first: DECLARE c CURSOR WITH HOLD FOR SELECT ssn || '' FROM customers ORDER BY id
FETCH ALL FROM c
=== masked: an EXECUTE of a prepared statement
--! first: PREPARE p AS SELECT ssn FROM customers ORDER BY id
EXECUTE p
=== masked: an EXECUTE of a prepared expression
--! first: PREPARE p AS SELECT ssn || '' FROM customers ORDER BY id
EXECUTE p
=== masked: an EXECUTE with an argument
--! first: PREPARE p (text) AS SELECT ssn || $1 FROM customers ORDER BY id
EXECUTE p ('x')
=== masked: COPY of a table
COPY customers TO STDOUT
=== masked: COPY of a column
COPY customers (ssn) TO STDOUT
=== masked: COPY of a query
COPY (SELECT ssn FROM customers ORDER BY id) TO STDOUT
=== masked: COPY of an expression
COPY (SELECT reverse(ssn) FROM customers ORDER BY id) TO STDOUT
=== masked: COPY as CSV
COPY (SELECT ssn FROM customers ORDER BY id) TO STDOUT (FORMAT csv, FORCE_QUOTE *)
=== masked: COPY with another delimiter
COPY (SELECT ssn, ssn FROM customers ORDER BY id) TO STDOUT (DELIMITER '|')
=== masked: COPY with the old syntax
COPY customers (ssn, email) TO STDOUT WITH DELIMITER ',' NULL 'x' CSV
=== masked: a value in a cast's error
SELECT ssn::int FROM customers WHERE id = 1
=== masked: a value in a cast's error inside a WHERE
SELECT 1 FROM customers WHERE email::int = 1
=== masked: a value in a date's error
SELECT ssn::date FROM customers WHERE id = 1
=== masked: a value in an enumeration's error
SELECT ssn::mood FROM customers WHERE id = 1
=== masked: a value in a unique key's error
INSERT INTO customers (id, name, email) VALUES (92, 'x', 'ada.canary@leak-example.com')
=== masked: a value in a failing row's error
INSERT INTO customers (id, name, ssn, email) VALUES (93, NULL, '536-22-8726', 'ada.canary@leak-example.com')
=== masked: a value in a function's error
SELECT to_timestamp(ssn, 'YYYY') FROM customers WHERE id = 1
=== masked: a value in a regular expression's error
SELECT regexp_match('x', '(' || ssn) FROM customers WHERE id = 1
=== masked: a value in JSON's error
SELECT ssn::json FROM customers WHERE id = 1
=== masked: a value in XML's error
SELECT xmlparse(document '<' || ssn) FROM customers WHERE id = 1
=== masked: a value in a setting's error
SELECT ssn::regclass FROM customers WHERE id = 1
=== denied: a value put into a setting
SELECT set_config('application_name', ssn, false) FROM customers WHERE id = 1
=== denied: a value put into a setting of one's own
SELECT set_config('my.own', (SELECT ssn FROM customers WHERE id = 1), false)
=== denied: a value sent as a notification
SELECT pg_notify('doors', ssn) FROM customers WHERE id = 1
=== denied: values stored in another table
INSERT INTO playground SELECT id, ssn FROM customers
=== denied: values stored in another table by way of a WITH
WITH x AS (SELECT id, ssn FROM customers) INSERT INTO playground SELECT * FROM x
=== denied: a value stored by an UPDATE of another table
UPDATE playground SET word = (SELECT ssn FROM customers WHERE id = 1) WHERE id = 1
=== denied: values stored by a MERGE
MERGE INTO playground p USING customers c ON false WHEN NOT MATCHED THEN INSERT VALUES (c.id, c.ssn)
=== denied: values stored in a large object
SELECT lo_from_bytea(0, ssn::bytea) FROM customers WHERE id = 1
=== denied: a value used as a sequence's number
SELECT setval('tickets', (SELECT tax_number FROM customers WHERE id = 1))
=== denied: a value shown by a function of one's own
SELECT first_ssn()
=== denied: a value shown by a function that says it is stable
SELECT harmless_looking()
=== denied: a value said in a notice
SELECT complain()
=== denied: a value said in an error's detail
SELECT fail_with_data()
=== masked: the statistics of a column
--! owner: ANALYZE customers
SELECT most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE tablename = 'customers' AND attname = 'ssn'
=== allowed: a count
SELECT count(*) FROM customers
=== allowed: a constant over a table with classes
SELECT 1 FROM customers
=== allowed: the time, with a table with classes beside it
SELECT count(*), 'x' FROM customers
=== allowed: columns of no class
SELECT id, name, balance FROM customers ORDER BY id
=== allowed: a table of no class
SELECT id, amount, memo FROM ledger ORDER BY id
=== allowed: expressions over a table of no class
SELECT sum(amount), upper(min(memo)) FROM ledger
=== allowed: a view of harmless columns
SELECT id, name FROM customer_names ORDER BY id
