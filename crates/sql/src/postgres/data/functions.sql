-- The names of pg_catalog's functions that compute and look, and do no more: every overload is
-- immutable or stable, or was found harmless by hand. A line with "!" takes the name off the list.
--
--   for each server: psql -XAtf functions.sql
--   then of all their lines: sort -u, and drop every name that some line takes off.
--
-- Made on PostgreSQL 15.18 and 18.4.
with by_hand (name) as (values
  ('array_sample'), ('array_shuffle'), ('clock_timestamp'), ('current_query'), ('currval'),
  ('gen_random_uuid'), ('lastval'), ('pg_blocking_pids'), ('pg_collation_actual_version'),
  ('pg_control_checkpoint'), ('pg_control_init'), ('pg_control_recovery'), ('pg_control_system'),
  ('pg_current_logfile'), ('pg_current_wal_flush_lsn'), ('pg_current_wal_insert_lsn'),
  ('pg_current_wal_lsn'), ('pg_database_collation_actual_version'), ('pg_database_size'),
  ('pg_get_backend_memory_contexts'), ('pg_get_multixact_members'), ('pg_get_shmem_allocations'),
  ('pg_get_shmem_allocations_numa'), ('pg_get_aios'), ('pg_get_wait_events'),
  ('pg_get_wal_replay_pause_state'), ('pg_get_wal_resource_managers'),
  ('pg_get_wal_summarizer_state'), ('pg_get_loaded_modules'), ('pg_get_sequence_data'),
  ('pg_indexes_size'), ('pg_is_in_recovery'), ('pg_is_wal_replay_paused'), ('pg_jit_available'),
  ('pg_isolation_test_session_is_blocked'), ('pg_last_committed_xact'),
  ('pg_last_wal_receive_lsn'), ('pg_last_wal_replay_lsn'), ('pg_last_xact_replay_timestamp'),
  ('pg_lock_status'), ('pg_notification_queue_usage'), ('pg_partition_ancestors'),
  ('pg_partition_tree'), ('pg_prepared_xact'), ('pg_relation_size'),
  ('pg_safe_snapshot_blocking_pids'), ('pg_sequence_last_value'),
  ('pg_show_replication_origin_status'), ('pg_sleep'), ('pg_sleep_for'), ('pg_sleep_until'),
  ('pg_stat_clear_snapshot'), ('pg_stat_get_backend_io'), ('pg_stat_get_backend_wal'),
  ('pg_stat_get_io'), ('pg_stat_get_recovery_prefetch'), ('pg_stat_have_stats'),
  ('pg_stat_get_xact_blocks_fetched'), ('pg_stat_get_xact_blocks_hit'),
  ('pg_stat_get_xact_function_calls'), ('pg_stat_get_xact_function_self_time'),
  ('pg_stat_get_xact_function_total_time'), ('pg_stat_get_xact_numscans'),
  ('pg_stat_get_xact_tuples_deleted'), ('pg_stat_get_xact_tuples_fetched'),
  ('pg_stat_get_xact_tuples_hot_updated'), ('pg_stat_get_xact_tuples_inserted'),
  ('pg_stat_get_xact_tuples_newpage_updated'), ('pg_stat_get_xact_tuples_returned'),
  ('pg_stat_get_xact_tuples_updated'), ('pg_table_size'), ('pg_tablespace_size'),
  ('pg_total_relation_size'), ('pg_xact_commit_timestamp'), ('pg_xact_commit_timestamp_origin'),
  ('pg_xact_status'), ('random'), ('random_normal'), ('setseed'), ('timeofday'), ('txid_status'),
  ('uuidv4'), ('uuidv7')
),
-- Stable by their mark, and yet they run a text, show other sessions' statements or other
-- relations' values, or check what nobody but CREATE FUNCTION asks them to.
by_hand_not (name) as (values
  ('current_setting'), ('cursor_to_xml'), ('cursor_to_xmlschema'), ('fmgr_c_validator'),
  ('fmgr_internal_validator'), ('fmgr_sql_validator'), ('pg_cursor'), ('pg_mcv_list_items'),
  ('pg_prepared_statement'), ('pg_stat_get_activity'), ('pg_stat_get_backend_activity'),
  ('pg_event_trigger_ddl_commands'), ('ts_stat'), ('ts_rewrite')
)
select case when
      bool_and(provolatile in ('i', 's') or proname in (select name from by_hand))
      and bool_and(prokind in ('f', 'a', 'w') and not prosecdef)
      and proname !~ '_to_xml' and proname !~ '^(lo_|binary_upgrade_)'
      and proname not in (select name from by_hand_not)
    then '' else '!' end || proname
from pg_proc
where pronamespace = 'pg_catalog'::regnamespace
group by proname
-- What nobody can call by name needs no place on the list.
having not bool_and('internal'::regtype = any (proargtypes::oid[])
  or prorettype in ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype,
    'language_handler'::regtype, 'fdw_handler'::regtype, 'index_am_handler'::regtype,
    'table_am_handler'::regtype, 'tsm_handler'::regtype))
order by 1;
-- relations.txt:
--   select relname from pg_class
--   where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v')
-- operators.txt:
--   select distinct oprname from pg_operator where oprnamespace = 'pg_catalog'::regnamespace
