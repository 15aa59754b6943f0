-- ## CASE, COALESCE and their kin
SELECT CASE WHEN id > 0 THEN ssn ELSE 'x' END FROM people;
SELECT CASE id WHEN 1 THEN 'one' WHEN 2 THEN badge ELSE nick END FROM people;
SELECT CASE ssn WHEN 'x' THEN 1 ELSE 2 END, CASE WHEN ssn > 'a' THEN 'harmless' END FROM people;
SELECT COALESCE(ssn, 'x'), COALESCE(NULL, account), NULLIF(ssn, 'x'), NULLIF('x', ssn) FROM people;
SELECT GREATEST(ssn, 'a'), LEAST(account, 999999999999999) FROM people;
SELECT ssn IS NULL, ssn = 'x', ssn LIKE 'a%', ssn IS DISTINCT FROM badge FROM people;
SELECT (ssn > 'a')::text || ssn FROM people;

-- ## Casts
SELECT ssn::varchar(30), CAST(account AS text), account::numeric, rate::bigint, score::text FROM people;
SELECT born::text, born::timestamp, seen::date, seen AT TIME ZONE 'UTC', home::text, token::text FROM people;
SELECT photo::text, encode(photo, 'escape'), convert_from(photo, 'UTF8') FROM people;
SELECT profile::text, settings::jsonb, words::text, numbers::text, span::text, reach::text, doc::text, attrs::text FROM people;
SELECT ssn::bytea, ssn::name, badge::char(30), pin::text, nick::text, ssn::sealed_text FROM people;
SELECT account::bit(64), ssn::citext FROM people;
SELECT ('(' || account || ',1)')::point FROM people;
SELECT account::float8, account::money FROM people;
SELECT ssn::"char" FROM people;
SELECT ssn COLLATE "C" FROM people;

-- ## Operators
SELECT ssn || '', '' || ssn, ssn || badge, name || ssn FROM people;
SELECT account + 0, account - 1, account * 1, account / 1, -account, +account, @ account, account | 0, account # 0, account << 0 FROM people;
SELECT account % 1000000000000000, account ^ 1, rate * 2, score + 0 FROM people;
SELECT born + 0, born - 1, born - date '2000-01-01', seen + interval '0', age(born, date '2000-01-01') FROM people;
SELECT born + interval '1 day', date_trunc('day', seen), extract(epoch FROM seen), extract(julian FROM born) FROM people;
SELECT home | '::', home & 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', home + 0, host(home), text(home), abbrev(home), set_masklen(home, 64) FROM people;
SELECT span * int8range(0, 999999999999999), lower(span), upper(stay), stay + stay, span -|- span FROM people;
SELECT ssn |+| badge, OPERATOR(public.|+|) ssn FROM people;
SELECT ssn OPERATOR(public.|+|) 'x' FROM people;
SELECT words || ARRAY['x'], words[1], words[1:2], numbers[2], words @> ARRAY['x'] FROM people;
SELECT attrs -> 'secret', attrs || 'a=>b', attrs - 'a'::text, %% attrs, %# attrs FROM people;

-- ## Text
SELECT upper(ssn), lower(ssn), initcap(ssn), reverse(ssn), trim(ssn), btrim(ssn, 'x'), lpad(ssn, 30), rpad(ssn, 30, '*') FROM people;
SELECT left(ssn, 19), right(ssn, 18), substr(ssn, 2), substring(ssn FROM 3 FOR 16), substring(ssn FROM 'c.*'), overlay(ssn PLACING 'xx' FROM 1) FROM people;
SELECT left(ssn, 10), substr(ssn, 11) FROM people;
SELECT substr(ssn, 1, 5), substr(ssn, 6, 5), substr(ssn, 11, 5), substr(ssn, 16, 5) FROM people;
SELECT replace(ssn, 'cnr', 'CNR'), translate(ssn, 'xyz', 'xyz'), repeat(ssn, 2), concat(ssn), concat_ws('-', ssn, badge) FROM people;
SELECT format('%s and %L and %I', ssn, badge, nick), quote_literal(ssn), quote_ident(ssn), quote_nullable(ssn) FROM people;
SELECT encode(ssn::bytea, 'hex'), encode(ssn::bytea, 'base64'), encode(('a' || ssn)::bytea, 'base64'), encode(('ab' || ssn)::bytea, 'base64') FROM people;
SELECT encode(ssn::bytea, 'escape'), upper(encode(ssn::bytea, 'hex')), convert_to(ssn, 'UTF8'), convert_to(ssn, 'LATIN1') FROM people;
SELECT split_part(ssn, 'x', 1) || 'x' || split_part(ssn, 'x', 2), string_to_array(ssn, 'q'), starts_with(ssn, 'x') FROM people;
SELECT regexp_replace(ssn, '(.)(.*)', '\1\2'), regexp_match(ssn, '.*'), regexp_substr(ssn, '.*'), regexp_split_to_array(ssn, '') FROM people;
SELECT regexp_matches(ssn, '.', 'g') FROM people WHERE id = 1;
SELECT regexp_split_to_table(ssn, '') FROM people WHERE id = 1;
SELECT string_to_table(ssn, NULL) FROM people WHERE id = 1;
SELECT s FROM people, regexp_split_to_table(ssn, '') WITH ORDINALITY AS t (s, o) WHERE id = 1 ORDER BY o;
SELECT substr(ssn, n, 1) FROM people, generate_series(1, 20) n WHERE id = 1;
SELECT ascii(substr(ssn, n, 1)) FROM people, generate_series(1, 20) n WHERE id = 1;
SELECT chr(ascii(substr(ssn, n, 1))) FROM people, generate_series(1, 20) n WHERE id = 1;
SELECT get_byte(ssn::bytea, n) FROM people, generate_series(0, 19) n WHERE id = 1;
SELECT get_byte(photo, n), substr(photo, n + 1, 1) FROM people, generate_series(0, 19) n WHERE id = 1;
SELECT (SELECT string_agg(chr(ascii(c)), '') FROM regexp_split_to_table(ssn, '') c) FROM people;
SELECT array_to_string(ARRAY(SELECT substr(ssn, n, 1) FROM generate_series(20, 1, -1) n), '') FROM people;
SELECT unistr(ssn), normalize(ssn), string_agg(ssn, ''), min(ssn COLLATE "C") FROM people GROUP BY ssn;
SELECT to_tsvector('simple', ssn), to_tsquery('simple', ssn), plainto_tsquery(badge), ts_headline(ssn, 'x'::tsquery) FROM people;
SELECT unnest(tsvector_to_array(to_tsvector('simple', ssn))) FROM people;
SELECT ts_lexize('simple', ssn), show_trgm(ssn) FROM people;
SELECT alias, token FROM ts_debug('simple', (SELECT ssn FROM people WHERE id = 1));
SELECT parse_ident(ssn), to_ascii(ssn), soundex(ssn), levenshtein(ssn, '') FROM people;
SELECT length(ssn), octet_length(ssn), md5(ssn) FROM people;
SELECT decode(encode(ssn::bytea, 'hex'), 'hex'), substring(ssn::bytea FROM 1 FOR 20) FROM people;
SELECT position('q' IN ssn), strpos(ssn, 'q'), count(*) FROM people GROUP BY ssn;

-- ## Numbers, times, other types
SELECT to_char(account, '999999999999999'), to_char(account, '999,999,999,999,999'), to_char(rate, '9.99999999999999EEEE'), to_hex(account) FROM people;
SELECT abs(account), ceil(rate), floor(rate), round(rate), trunc(rate, 0), mod(account, 999999999999999), div(rate, 1), power(account, 1) FROM people;
SELECT account / 1000000, account % 1000000 FROM people;
SELECT scale(rate), trim_scale(rate), width_bucket(account, 0, 1000, 10), log(account), sqrt(account::numeric * account) FROM people;
SELECT generate_series(account, account + 1) FROM people;
SELECT to_char(born, 'YYYY-MM-DD'), to_char(born, 'DD.MM.YYYY'), to_char(seen, 'YYYYMMDD'), date_part('epoch', born), make_date(extract(year FROM born)::int, extract(month FROM born)::int, extract(day FROM born)::int) FROM people;
SELECT to_char(born, 'J'), date_bin('1 day', seen, '2001-01-01'), isfinite(born), justify_days(age(born)) FROM people;
SELECT to_timestamp(account / 1000), to_timestamp(extract(epoch FROM born)) FROM people;
SELECT lower(span), upper(span), lower(stay), multirange(span), int8multirange(span), range_merge(span, span) FROM people;
SELECT uuid_send(token), uuid_out(token), textsend(ssn), int8send(account), date_send(born), numeric_send(rate), textout(ssn), int8out(account) FROM people;
SELECT network(home), hostmask(home), inet_send(home), masklen(home), family(home), host(broadcast(home)) FROM people;
SELECT bit_count(photo), set_byte(photo, 0, 99), sha256(photo), trim('x'::bytea FROM photo) FROM people;
SELECT pg_typeof(ssn), pg_column_size(ssn), hashtext(ssn) FROM people;
SELECT int8range(account, account + 1), daterange(born, born), numrange(rate, NULL) FROM people;
SELECT point(account, account), box(point(0, 0), point(account, 1)), circle(point(0, 0), account) FROM people;
SELECT make_interval(secs => account / 1000000), account * interval '1 us' FROM people;
SELECT numeric_out(rate), trim(both 'x' from badge), pin || '', nick || '' FROM people;

-- ## Arrays
SELECT ARRAY[ssn], ARRAY[account, 1], ARRAY[[ssn], [badge]], ARRAY[born] FROM people;
SELECT (ARRAY[ssn, badge])[2], (ARRAY['x', ssn])[id] FROM people;
SELECT array_append('{}', ssn), array_prepend(badge, words), array_cat(words, words), array_remove(words, 'x'), array_replace(words, 'x', 'y') FROM people;
SELECT unnest(words), unnest(numbers) FROM people;
SELECT array_to_string(words, ','), array_to_json(words), cardinality(words), array_position(words, 'x'), array_fill(ssn, ARRAY[2]) FROM people;
SELECT i, words[i] FROM people, generate_subscripts(words, 1) i;
SELECT (array_agg(ssn))[1], trim_array(words, 1), array_dims(words) FROM people GROUP BY words;
SELECT string_to_array(ssn || ',x', ','), ARRAY(SELECT unnest(words)), words = words FROM people;

-- ## Values that a client binds beside
--! with: x
SELECT coalesce(ssn, $1) FROM people;
--! with: 1
SELECT ssn FROM people WHERE id = $1;
--! with: 1
SELECT $1::text, badge FROM people WHERE id = $1::int;
--! with: secret
SELECT profile ->> $1 FROM people;
--! with: 0
SELECT account + $1 FROM people;
