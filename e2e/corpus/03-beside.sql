=== denied: a program run by COPY FROM
COPY playground FROM PROGRAM 'echo 1'
=== denied: a program run by COPY TO
COPY (SELECT 1) TO PROGRAM 'cat >/dev/null'
=== denied: a program run by COPY in lower case with a comment
copy/**/playground/**/from/**/program/**/'echo 1'
=== denied: a server file read by COPY
COPY playground FROM '/etc/passwd'
=== denied: a server file written by COPY
COPY (SELECT 1) TO '/tmp/sluice-corpus-out'
=== denied: a server file read by a function
SELECT pg_read_file('/etc/passwd')
=== denied: a server file read by a function in a sub-select
SELECT (SELECT pg_read_binary_file('PG_VERSION'))
=== denied: a server folder listed
SELECT * FROM pg_ls_dir('.')
=== denied: a server file's state read
SELECT * FROM pg_stat_file('PG_VERSION')
=== denied: the server's logs listed
SELECT * FROM pg_ls_logdir()
=== denied: a large object read from a server file
SELECT lo_import('/etc/passwd')
=== denied: a large object written to a server file
SELECT lo_export(1, '/tmp/sluice-corpus-out')
=== denied: SQL given as text to query_to_xml
SELECT query_to_xml('DELETE FROM ledger RETURNING 1', true, false, '')
=== denied: SQL given as text to query_to_xml that only reads
SELECT query_to_xml('SELECT ssn FROM customers', true, false, '')
=== denied: a table read as XML by name
SELECT table_to_xml('customers', true, false, '')
=== denied: a schema read as XML
SELECT schema_to_xml('public', true, false, '')
=== denied: a database read as XML
SELECT database_to_xml(true, false, '')
=== denied: a cursor read as XML
SELECT cursor_to_xml('c', 1, true, false, '')
=== denied: SQL given as text to dblink
SELECT * FROM dblink('dbname=postgres', 'DROP TABLE ledger') AS t(x text)
=== denied: SQL given as text to dblink_exec
SELECT dblink_exec('dbname=postgres', 'DROP TABLE ledger')
=== denied: SQL given as text to ts_stat
SELECT * FROM ts_stat('SELECT to_tsvector(ssn) FROM customers')
=== denied: SQL given as text to ts_rewrite
SELECT ts_rewrite('a'::tsquery, 'SELECT ssn::tsquery, ssn::tsquery FROM customers')
=== denied: SQL given as text to crosstab
SELECT * FROM crosstab('DELETE FROM ledger RETURNING 1,2,3') AS t(a int, b int)
=== denied: another session ended
SELECT pg_terminate_backend(1)
=== denied: another session's statement cancelled
SELECT pg_cancel_backend(1)
=== denied: the server's configuration reloaded
SELECT pg_reload_conf()
=== denied: the log rotated
SELECT pg_rotate_logfile()
=== denied: a replication slot made
SELECT pg_create_physical_replication_slot('s')
=== denied: a WAL switch
SELECT pg_switch_wal()
=== denied: a backup begun
SELECT pg_backup_start('x')
=== denied: a library loaded
LOAD 'auto_explain'
=== denied: an extension made
CREATE EXTENSION dblink
=== denied: a foreign server made
CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw
=== denied: a subscription made
CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p
=== denied: another role taken
SET ROLE with_trust
=== denied: another role taken by the setting's name
SET role = 'with_trust'
=== denied: another role taken by a function
SELECT set_config('role', 'with_trust', false)
=== denied: another session user taken
SET SESSION AUTHORIZATION with_trust
=== denied: another session user taken by the setting's name
SET session_authorization TO 'with_trust'
=== denied: another session user taken by a local setting
SET LOCAL SESSION AUTHORIZATION with_trust
=== denied: the role's setting reset together with everything
--! first: BEGIN
RESET SESSION AUTHORIZATION
=== denied: row security switched off for the session
SET row_security = off
=== denied: strings made to mean something else
SET standard_conforming_strings = off
=== denied: strings made to mean something else by a function
SELECT set_config('standard_conforming_strings', 'off', false)
=== denied: strings made to mean something else for a transaction
--! first: BEGIN
SET LOCAL standard_conforming_strings TO off
=== denied: backslashes permitted in quotes
SET backslash_quote = on
=== denied: the client's encoding turned against the reading
SET client_encoding = 'SJIS'
=== denied: the client's encoding turned by its SQL name
SET NAMES 'GBK'
=== denied: the client's encoding turned by a function
SELECT set_config('client_encoding', 'BIG5', false)
=== denied: triggers switched off for the session
SET session_replication_role = replica
=== denied: a library loaded at the next connection
SET local_preload_libraries = 'x'
=== denied: a library loaded for the session
SET session_preload_libraries = 'x'
=== denied: function bodies no longer checked
SET dynamic_library_path = '/tmp'
=== denied: the vault read
SELECT * FROM vault
=== denied: the vault read with its schema
SELECT * FROM public.vault
=== denied: the vault read with a quoted name
SELECT * FROM "vault"
=== denied: the vault read with a Unicode name
SELECT * FROM U&"v\0061ult"
=== denied: the vault read in upper case
SELECT * FROM VAULT
=== denied: the vault read by TABLE
TABLE vault
=== denied: the vault read in a sub-select
SELECT (SELECT secret FROM vault)
=== denied: the vault read in a join
SELECT * FROM playground CROSS JOIN vault
=== denied: the vault read in a WITH
WITH v AS (SELECT * FROM vault) SELECT * FROM v
=== denied: the vault read by a recursive WITH
WITH RECURSIVE v AS (SELECT id FROM vault UNION SELECT id + 1 FROM v WHERE id < 3) SELECT * FROM v
=== denied: the vault read in an EXISTS
SELECT 1 WHERE EXISTS (SELECT FROM vault WHERE secret LIKE 't%')
=== denied: the vault read in an IN
SELECT id FROM playground WHERE word IN (SELECT secret FROM vault)
=== denied: the vault read in a UNION
SELECT word FROM playground UNION ALL SELECT secret FROM vault
=== denied: the vault read in an ORDER BY
SELECT id FROM playground ORDER BY (SELECT secret FROM vault)
=== denied: the vault read in a LIMIT
SELECT id FROM ledger LIMIT (SELECT id FROM vault)
=== denied: the vault read in an INSERT
INSERT INTO playground SELECT id, secret FROM vault
=== denied: the vault read in a RETURNING
INSERT INTO playground VALUES (1, 'x') RETURNING (SELECT secret FROM vault)
=== denied: the vault read in a DEFAULT of VALUES
VALUES ((SELECT secret FROM vault))
=== denied: the vault read in a window
SELECT id, sum(id) OVER (ORDER BY (SELECT secret FROM vault)) FROM playground
=== denied: the vault read in a GROUPING SET
SELECT count(*) FROM playground GROUP BY GROUPING SETS ((id), ((SELECT secret FROM vault)))
=== denied: the vault read in a TABLESAMPLE
SELECT * FROM vault TABLESAMPLE BERNOULLI (100)
=== denied: the vault read for update
SELECT * FROM vault FOR UPDATE
=== denied: the vault read by COPY
COPY vault TO STDOUT
=== denied: the vault read by COPY of a query
COPY (SELECT * FROM vault) TO STDOUT WITH (FORMAT binary)
=== denied: the vault read by a cursor
DECLARE c CURSOR WITH HOLD FOR SELECT * FROM vault
=== denied: the vault read by a statement that is only prepared
PREPARE v AS SELECT * FROM vault
=== unknown: a statement run that was never prepared
EXECUTE v
=== denied: the vault read by EXPLAIN ANALYZE
EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM vault
=== denied: the vault read in a function's argument
SELECT upper((SELECT secret FROM vault))
=== denied: the vault read in an array
SELECT ARRAY(SELECT secret FROM vault)
=== denied: the vault read as rows of JSON
SELECT json_agg(v) FROM vault v
=== denied: the vault read through ONLY and an inheritance star
SELECT * FROM ONLY vault
=== denied: the vault read with an alias that hides its name
SELECT playground.secret FROM vault AS playground
=== denied: the vault read in a JOIN's condition
SELECT 1 FROM playground JOIN ledger ON (SELECT true FROM vault)
=== denied: the vault read by ROWS FROM
SELECT * FROM ROWS FROM (generate_series(1, (SELECT id FROM vault))) g
=== denied: the vault read in a CASE
SELECT CASE WHEN (SELECT secret FROM vault) LIKE 't%' THEN 1 END
=== denied: the vault copied into a new table
CREATE TABLE stolen AS SELECT * FROM vault
=== denied: the vault selected into a new table
SELECT * INTO stolen FROM vault
=== denied: the vault selected into a temporary table
SELECT * INTO TEMP stolen FROM vault
=== denied: the vault written
INSERT INTO vault VALUES (2, 'x')
=== denied: the vault filled by COPY
COPY vault FROM STDIN
=== denied: the vault locked
LOCK TABLE vault IN ACCESS EXCLUSIVE MODE
=== denied: a view made over the vault
CREATE VIEW v AS SELECT * FROM vault
=== denied: a foreign key that probes the vault
CREATE TABLE probe (id int REFERENCES vault)
=== denied: a temporary table made
CREATE TEMP TABLE t AS SELECT * FROM customers
=== denied: a table made like another
CREATE TABLE t (LIKE customers INCLUDING ALL)
=== denied: a prepared transaction
--! first: BEGIN
PREPARE TRANSACTION 'later'
=== denied: a prepared transaction committed
COMMIT PREPARED 'later'
=== denied: an import of a foreign schema
IMPORT FOREIGN SCHEMA public FROM SERVER s INTO public
=== allowed: a plain SELECT
SELECT count(*) FROM ledger
=== allowed: a text that only looks like a DROP
SELECT 'DROP TABLE ledger'
=== allowed: a quoted name that only looks like a DROP
SELECT 1 AS "DROP TABLE ledger"
=== allowed: a comment that only looks like a DROP
SELECT 1 /* DROP TABLE ledger */ -- DROP TABLE ledger
=== allowed: a dollar-quoted text that only looks like a DROP
SELECT $x$ ; DROP TABLE ledger; -- $x$
=== allowed: an escape string that only looks like its end
SELECT E'\'; DROP TABLE ledger; --'
=== allowed: a plain string with a backslash before its end
SELECT 'a\'
=== allowed: adjacent strings
SELECT 'DROP TABLE '
'ledger'
=== allowed: a harmless setting
SET statement_timeout = '10s'
=== allowed: a harmless setting by a function
SELECT set_config('application_name', 'me', true)
=== allowed: a setting shown
SHOW server_version
=== allowed: a search path
SET search_path = public
=== allowed: a notification
NOTIFY doors, 'open'
=== allowed: a lock on the playground
--! first: BEGIN
LOCK TABLE playground IN SHARE MODE
=== allowed: a sequence advanced
SELECT nextval('tickets')
=== allowed: an empty statement
--! simple
;
