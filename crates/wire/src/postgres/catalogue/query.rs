//! The statement that reads a catalogue.

/// The statement that reads it: one result of six text columns, the first telling what a row is.
///
/// `columns`: whether columns and code are asked for too, which only matter where something is sensitive.
/// Of the server's own functions only those of large objects are, which drivers call by number.
#[must_use]
pub fn query(columns: bool) -> String {
    let mut text = String::from(QUERY);
    if columns {
        text.push('\n');
        text.push_str(COLUMNS);
    }
    text
}

const QUERY: &str = "\
SELECT 'path', ord::text, name, NULL, NULL, NULL \
  FROM unnest(pg_catalog.current_schemas(false)::text[]) WITH ORDINALITY AS path(name, ord) \
UNION ALL SELECT 'relation', c.oid::text, n.nspname::text, c.relname::text, c.relkind::text, NULL \
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 't') \
UNION ALL SELECT 'function', p.oid::text, n.nspname::text, p.proname::text, \
    CASE WHEN p.provolatile = 'v' OR p.prosecdef THEN 'v' ELSE 's' END, NULL \
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
  WHERE p.oid >= 16384 OR p.proname IN ('loread', 'lowrite') OR p.proname LIKE 'lo\\_%' \
UNION ALL SELECT 'type', t.oid::text, t.typname::text, t.typcategory::text, t.typtype::text, \
    CASE WHEN t.typtype = 'd' THEN t.typbasetype WHEN t.typtype IN ('r', 'm') THEN r.rngsubtype \
         ELSE t.typelem END::text \
  FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_range r ON t.oid IN (r.rngtypid, r.rngmultitypid) \
  WHERE t.oid >= 16384 \
UNION ALL SELECT 'child', i.inhrelid::text, i.inhparent::text, NULL, NULL, NULL FROM pg_catalog.pg_inherits i \
UNION ALL SELECT DISTINCT 'view', r.ev_class::text, d.refobjid::text, d.refobjsubid::text, NULL, NULL \
  FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d \
    ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid \
   AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.ev_class \
  WHERE r.ev_class >= 16384";

const COLUMNS: &str = "\
 UNION ALL SELECT 'enum', e.enumtypid::text, e.enumlabel, NULL, NULL, NULL \
  FROM (SELECT DISTINCT ON (enumtypid) enumtypid, enumlabel::text FROM pg_catalog.pg_enum \
        WHERE enumtypid >= 16384 AND enumlabel::text !~ '[^ -~]' ORDER BY enumtypid, enumsortorder) e \
 UNION ALL SELECT 'column', a.attrelid::text, a.attnum::text, a.attname::text, a.atttypid::text, \
    CASE WHEN a.attgenerated = '' THEN '' ELSE 'g' END || CASE WHEN a.attnotnull THEN 'n' ELSE '' END \
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
  WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') \
 UNION ALL SELECT 'comment', d.objoid::text, d.objsubid::text, pg_catalog.left(d.description, 256), NULL, NULL \
  FROM pg_catalog.pg_description d \
  WHERE d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid > 0 AND d.objoid >= 16384 \
 UNION ALL SELECT 'label', s.objoid::text, s.objsubid::text, \
    pg_catalog.left(pg_catalog.string_agg(s.label, '; ' ORDER BY s.provider), 256), NULL, NULL \
  FROM pg_catalog.pg_seclabel s \
  WHERE s.classoid = 'pg_catalog.pg_class'::regclass AND s.objsubid > 0 AND s.objoid >= 16384 \
  GROUP BY s.objoid, s.objsubid \
 UNION ALL SELECT 'definition', c.oid::text, pg_catalog.pg_get_viewdef(c.oid), NULL, NULL, NULL \
  FROM pg_catalog.pg_class c WHERE c.relkind IN ('v', 'm') AND c.oid >= 16384 \
 UNION ALL SELECT 'body', p.oid::text, p.prosrc, NULL, NULL, NULL \
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
  WHERE p.oid >= 16384 AND l.lanname = 'sql' AND p.prokind = 'f' AND p.proconfig IS NULL AND p.pronargdefaults = 0 \
   AND p.prosrc <> '' \
 UNION ALL SELECT 'generated', d.adrelid::text, d.adnum::text, p.refobjsubid::text, NULL, NULL \
  FROM pg_catalog.pg_attrdef d \
  JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated <> '' \
  JOIN pg_catalog.pg_depend p ON p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.objid = d.oid \
   AND p.refclassid = 'pg_catalog.pg_class'::regclass AND p.refobjid = d.adrelid \
   AND p.refobjsubid > 0 AND p.refobjsubid <> d.adnum \
 UNION ALL SELECT 'code', p.oid::text, \
    CASE p.prosrc WHEN '' THEN pg_catalog.pg_get_function_sqlbody(p.oid) ELSE p.prosrc END, \
    l.lanname::text, NULL, NULL \
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
  WHERE p.oid >= 16384 AND l.lanname IN ('plpgsql', 'sql') AND p.prokind <> 'a' \
 UNION ALL SELECT 'trigger', t.tgrelid::text, t.tgname::text, t.tgfoid::text, \
    CASE WHEN t.tgoldtable IS NULL AND t.tgnewtable IS NULL THEN '' ELSE 't' END, NULL \
  FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid = t.tgfoid \
  WHERE p.oid >= 16384 OR p.proname IN ('tsvector_update_trigger', 'tsvector_update_trigger_column') \
 UNION ALL SELECT 'rule', r.ev_class::text, r.rulename::text, pg_catalog.pg_get_ruledef(r.oid), NULL, NULL \
  FROM pg_catalog.pg_rewrite r WHERE r.ev_type <> '1' AND r.ev_class >= 16384 \
 UNION ALL SELECT 'default', d.adrelid::text, d.adnum::text, \
    pg_catalog.pg_get_expr(d.adbin, d.adrelid), NULL, NULL \
  FROM pg_catalog.pg_attrdef d \
  WHERE EXISTS (SELECT FROM pg_catalog.pg_depend p \
    WHERE p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.objid = d.oid \
      AND p.refclassid = 'pg_catalog.pg_proc'::regclass AND p.refobjid >= 16384)";
