=== held: a DELETE of one row
DELETE FROM ledger WHERE id = 1
=== held: a DELETE behind a comment
/* SELECT 1 */ DELETE FROM ledger WHERE id = 1
=== held: an UPDATE of one row
UPDATE ledger SET amount = 0 WHERE id = 1
=== held: a DELETE with a bound parameter
--! extended
--! with: 1
DELETE FROM ledger WHERE id = $1::int
=== held: a DELETE that returns what it removed
DELETE FROM ledger WHERE id = 1 RETURNING *
=== held: a DELETE inside a WITH
WITH gone AS (DELETE FROM ledger WHERE id = 1 RETURNING *) SELECT * FROM gone
=== held: a DELETE inside a WITH that nobody reads
WITH gone AS (DELETE FROM ledger WHERE id = 1) SELECT 1
=== held: a DELETE in a WITH inside a WITH
WITH a AS (SELECT 1), b AS (DELETE FROM ledger WHERE id = 1 RETURNING id) SELECT * FROM a, b
=== held: an UPDATE inside a WITH of an INSERT
WITH moved AS (UPDATE ledger SET amount = 0 WHERE id = 1 RETURNING id, memo) INSERT INTO playground SELECT * FROM moved
=== held: a DELETE through EXPLAIN ANALYZE
EXPLAIN ANALYZE DELETE FROM ledger WHERE id = 1
=== held: a DELETE through EXPLAIN with options
EXPLAIN (COSTS off, ANALYZE true, TIMING off) DELETE FROM ledger WHERE id = 1
=== held: a DELETE through EXPLAIN with ANALYZE written as a number
EXPLAIN (ANALYZE 1) DELETE FROM ledger WHERE id = 1
=== held: a DELETE through EXPLAIN ANALYSE in British
EXPLAIN ANALYSE DELETE FROM ledger WHERE id = 1
=== held: a DELETE prepared and run in one query string
--! simple
PREPARE d AS DELETE FROM ledger WHERE id = 1; EXECUTE d
=== held: a DELETE prepared under the name of a harmless statement and run, in one query string
--! simple
--! first: PREPARE d AS SELECT 1
DEALLOCATE d; PREPARE d AS DELETE FROM ledger WHERE id = 1; EXECUTE d
=== denied: a DELETE of every row that is only prepared
PREPARE d AS DELETE FROM ledger
=== held: an upsert that updates
INSERT INTO ledger VALUES (1, 0, 'x') ON CONFLICT (id) DO UPDATE SET amount = 0
=== held: a MERGE that deletes
MERGE INTO ledger l USING playground p ON l.id = p.id WHEN MATCHED THEN DELETE
=== held: a MERGE that updates
MERGE INTO ledger l USING (SELECT 1 AS id) p ON l.id = p.id WHEN MATCHED THEN UPDATE SET amount = 0
=== held: a DELETE through COPY
COPY (DELETE FROM ledger WHERE id = 1 RETURNING *) TO STDOUT
=== held: an UPDATE through COPY
COPY (UPDATE ledger SET amount = 0 WHERE id = 1 RETURNING id) TO STDOUT (FORMAT csv)
=== held: a DELETE with USING
DELETE FROM ledger USING playground WHERE ledger.id = 1
=== held: a DELETE with ONLY
DELETE FROM ONLY ledger WHERE id = 1
=== held: a DELETE with a quoted name
DELETE FROM "public"."ledger" WHERE id = 1
=== held: a DELETE with a Unicode name
DELETE FROM U&"\006cedger" WHERE id = 1
=== held: a DELETE of what the search path finds in another schema
--! first: SET search_path = archive
DELETE FROM ledger WHERE id = 1
=== held: a DELETE inside a transaction
--! first: BEGIN
DELETE FROM ledger WHERE id = 1
=== held: a DELETE as the last of several statements
--! simple
SELECT 1; DELETE FROM ledger WHERE id = 1
=== held: an UPDATE of a view
UPDATE customer_names SET name = 'x' WHERE id = 1
=== held: a DELETE at the position of a cursor
--! first: BEGIN
--! first: DECLARE c CURSOR FOR SELECT * FROM playground FOR UPDATE
DELETE FROM ledger WHERE CURRENT OF c
=== denied: a DELETE without a condition
DELETE FROM ledger
=== denied: a DELETE that is always true
DELETE FROM ledger WHERE true
=== denied: a DELETE whose condition is a tautology of numbers
DELETE FROM ledger WHERE 1 = 1
=== denied: a DELETE whose condition compares a column with itself
DELETE FROM ledger WHERE id = id
=== denied: a DELETE whose condition is a tautology of texts
DELETE FROM ledger WHERE 'a' = 'a'
=== denied: a DELETE whose condition is not false
DELETE FROM ledger WHERE NOT false
=== denied: a DELETE whose tautology hides behind OR
DELETE FROM ledger WHERE id = 1 OR true
=== denied: a DELETE whose tautology hides behind OR with numbers
DELETE FROM ledger WHERE id = 1 OR 1 = 1
=== denied: an UPDATE without a condition
UPDATE ledger SET amount = 0
=== denied: an UPDATE that is always true
UPDATE ledger SET amount = 0 WHERE 2 > 1
=== denied: a DELETE without a condition inside a WITH
WITH gone AS (DELETE FROM ledger RETURNING id) SELECT count(*) FROM gone
=== denied: a DELETE without a condition that EXPLAIN executes
EXPLAIN ANALYZE DELETE FROM ledger
=== denied: an anonymous block
DO $$ BEGIN DELETE FROM ledger; END $$
=== denied: an anonymous block with another quote
DO LANGUAGE plpgsql $body$ BEGIN EXECUTE 'DRO' || 'P TABLE ledger'; END $body$
=== denied: an anonymous block in an escape string
DO E'BEGIN D\x45LETE FROM ledger; END'
=== denied: an anonymous block in a Unicode string
DO U&'BEGIN D\0045LETE FROM ledger; END'
=== denied: an anonymous block in adjacent strings
DO 'BEGIN DELETE '
'FROM ledger; END'
=== denied: a procedure call
CALL wipe_by_call()
=== denied: a function that deletes, in a select list
SELECT wipe_ledger()
=== denied: a function that deletes, in a FROM
SELECT * FROM wipe_ledger()
=== denied: a function that deletes, in a WHERE
SELECT 1 WHERE wipe_ledger() = 1
=== denied: a function that deletes, in an ORDER BY
SELECT id FROM playground ORDER BY wipe_ledger()
=== denied: a function that deletes, in a LIMIT
SELECT id FROM playground LIMIT wipe_ledger()
=== denied: a function that deletes, in a VALUES list
VALUES (wipe_ledger())
=== denied: a function that deletes, in an INSERT
INSERT INTO playground VALUES (wipe_ledger(), 'x')
=== denied: a function that deletes, in a CASE
SELECT CASE WHEN true THEN wipe_ledger() ELSE 0 END
=== denied: a function that deletes, in a sub-select of a JOIN
SELECT * FROM playground p JOIN LATERAL (SELECT wipe_ledger()) w ON true
=== denied: a function that deletes, in a FILTER
SELECT count(*) FILTER (WHERE wipe_ledger() = 1) FROM playground
=== denied: a function that deletes, with a quoted name
SELECT "public"."wipe_ledger"()
=== denied: a function that deletes, in an EXECUTE's argument in one query string
--! simple
PREPARE q (int) AS SELECT $1; EXECUTE q(wipe_ledger())
=== denied: a function that deletes, in a cursor
DECLARE c CURSOR WITH HOLD FOR SELECT wipe_ledger()
=== denied: a function that deletes, in a COPY
COPY (SELECT wipe_ledger()) TO STDOUT
=== denied: a function that deletes, through EXPLAIN ANALYZE
EXPLAIN ANALYZE SELECT wipe_ledger()
=== denied: a function made and run at once
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'DELETE FROM ledger; SELECT 1'
=== denied: a function with an atomic body
CREATE FUNCTION f() RETURNS int BEGIN ATOMIC DELETE FROM ledger; SELECT 1; END
=== denied: a procedure made
CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC DELETE FROM ledger; END
=== denied: an operator made of a function
CREATE OPERATOR @#@ (FUNCTION = wipe_ledger, RIGHTARG = int)
=== denied: a cast made of a function
CREATE CAST (text AS mood) WITH INOUT AS IMPLICIT
=== denied: an aggregate made of a function
CREATE AGGREGATE a(int) (SFUNC = int4pl, STYPE = int)
=== held: a lock is no change, but a DELETE behind it is
--! simple
LOCK TABLE playground; DELETE FROM ledger WHERE id = 1
=== allowed: a DELETE of the playground
DELETE FROM playground WHERE id = 1
=== allowed: an UPDATE of the playground
UPDATE playground SET word = 'x' WHERE id = 1
=== allowed: an INSERT into the playground
INSERT INTO playground VALUES (1, 'one')
=== allowed: a plan of a DELETE that is not run
EXPLAIN DELETE FROM playground WHERE id = 1
=== held: ONLY with parentheses and an alias
UPDATE ONLY (ledger) AS playground SET amount = 0 WHERE playground.id = 1
=== held: the playground as an alias of another table
DELETE FROM ledger AS playground WHERE playground.id = 1
=== held: a WITH called playground over another table
WITH playground AS (SELECT 1 AS id) DELETE FROM ledger USING playground WHERE ledger.id = playground.id
=== held: a DELETE prepared in SQL and run later
--! first: PREPARE d AS DELETE FROM ledger WHERE id = 1
EXECUTE d
=== denied: a function that deletes, in the argument of an EXECUTE
--! first: PREPARE q (int) AS SELECT $1
EXECUTE q(wipe_ledger())
