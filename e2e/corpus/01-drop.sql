=== denied: a plain DROP
DROP TABLE ledger
=== denied: a DROP in mixed case with odd spacing
dRoP	tAbLe
 ledger
=== denied: a DROP behind a line comment
-- only reading
DROP TABLE ledger
=== denied: a DROP behind a nested comment
/* a /* nested */ comment */ DROP TABLE ledger
=== denied: a DROP with a comment between its words
DROP/* TABLE playground */TABLE ledger
=== denied: a DROP whose comment seems to end early
/* '*/ DROP TABLE ledger -- ' */
=== denied: a DROP behind an empty statement
--! simple
;;; DROP TABLE ledger
=== denied: a DROP as the second statement
--! simple
SELECT 1; DROP TABLE ledger
=== denied: a DROP as the last of many statements
--! simple
SELECT 1; SELECT 2; SELECT 3; SELECT 4; SELECT 5; DROP TABLE ledger
=== denied: a DROP between transaction control
--! simple
BEGIN; DROP TABLE ledger; COMMIT
=== denied: a DROP that would be rolled back
--! simple
BEGIN; DROP TABLE ledger; ROLLBACK
=== denied: a DROP inside an open transaction
--! first: BEGIN
DROP TABLE ledger
=== denied: a DROP after a savepoint
--! first: BEGIN
--! first: SAVEPOINT here
DROP TABLE ledger
=== denied: a DROP with IF EXISTS and CASCADE
DROP TABLE IF EXISTS ledger CASCADE
=== denied: a DROP of several tables, the first one harmless
DROP TABLE playground, ledger
=== denied: a DROP with a quoted name
DROP TABLE "ledger"
=== denied: a DROP with a name in Unicode escapes
DROP TABLE U&"l\0065dger"
=== denied: a DROP with a name in Unicode escapes with another escape letter
DROP TABLE U&"l!0065dger" UESCAPE '!'
=== denied: a DROP with its schema
DROP TABLE public.ledger
=== denied: a DROP with database and schema
DROP TABLE orders.public.ledger
=== denied: a DROP found through the search path
--! first: SET search_path = archive, public
DROP TABLE ledger
=== denied: a DROP of a schema with all in it
DROP SCHEMA archive CASCADE
=== denied: a DROP of a view
DROP VIEW customer_names
=== denied: a DROP of a materialised view
DROP MATERIALIZED VIEW customer_copy
=== denied: a DROP of a function
DROP FUNCTION wipe_ledger()
=== denied: a DROP of a sequence
DROP SEQUENCE tickets
=== denied: a DROP of a type
DROP TYPE mood
=== denied: a DROP of a domain
DROP DOMAIN positive
=== denied: a DROP of an extension
DROP EXTENSION plpgsql CASCADE
=== denied: a DROP of all that a role owns
DROP OWNED BY app
=== denied: a DROP of a role
DROP ROLE with_trust
=== denied: a DROP of a database
DROP DATABASE postgres
=== denied: a TRUNCATE
TRUNCATE ledger
=== denied: a TRUNCATE of several tables at once
TRUNCATE TABLE playground, ONLY ledger RESTART IDENTITY CASCADE
=== denied: an ALTER that drops a column
ALTER TABLE ledger DROP COLUMN amount
=== denied: an ALTER that renames the table away
ALTER TABLE ledger RENAME TO ledger_old
=== denied: an ALTER that moves the table to another schema
ALTER TABLE ledger SET SCHEMA archive
=== denied: an ALTER of a column's type that runs an expression
ALTER TABLE ledger ALTER amount TYPE int USING 0
=== denied: an ALTER of everything at once
ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_global
=== denied: an ALTER of the owner
ALTER TABLE ledger OWNER TO with_trust
=== denied: a table made over the old one by CREATE OR REPLACE VIEW
CREATE OR REPLACE VIEW customer_names AS SELECT id, ssn AS name FROM customers
=== denied: a rule that empties the table on a harmless insert
CREATE RULE r AS ON INSERT TO playground DO ALSO DELETE FROM ledger
=== denied: a trigger that runs a function
CREATE TRIGGER t AFTER INSERT ON playground EXECUTE FUNCTION suppress_redundant_updates_trigger()
=== denied: an event trigger
CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION wipe_ledger()
=== denied: a schema made with a DROP's twin inside
CREATE SCHEMA s CREATE TABLE t (id int) CREATE VIEW v AS SELECT * FROM customers
=== denied: a role made
CREATE ROLE intruder SUPERUSER LOGIN PASSWORD 'x'
=== denied: privileges given away
GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC
=== denied: membership of a role given
GRANT pg_execute_server_program TO app
=== denied: default privileges changed
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC
=== denied: ownership reassigned
REASSIGN OWNED BY app TO with_trust
=== denied: row security switched off on a table
ALTER TABLE customers DISABLE ROW LEVEL SECURITY
=== denied: a partition detached
ALTER TABLE ledger DETACH PARTITION playground
=== denied: a security label
SECURITY LABEL ON TABLE ledger IS 'x'
=== denied: a comment used as a store
COMMENT ON TABLE ledger IS 'x'
=== denied: a server setting changed for all
ALTER SYSTEM SET log_statement = 'none'
=== denied: a setting changed for the role
ALTER ROLE app SET search_path = archive
=== denied: a setting changed for the database
ALTER DATABASE postgres SET statement_timeout = 1
=== denied: VACUUM FULL
VACUUM FULL ledger
=== denied: CLUSTER
CLUSTER ledger USING ledger_pkey
=== denied: REINDEX
REINDEX TABLE ledger
=== denied: a materialised view refreshed
REFRESH MATERIALIZED VIEW customer_copy
=== denied: a DROP prepared to be run later
--! simple
PREPARE p AS SELECT 1; DROP TABLE ledger
