-- The reverse of the leak suite: what people ask for every day over the same database. `--! clear:` names
-- the columns into which no classed column flows; what is masked of them is masked for nothing.
--! clear: all
SELECT id, name, country, joined FROM people ORDER BY id;
--! clear: all
SELECT country, count(*) FROM people GROUP BY country ORDER BY country;
--! clear: all
SELECT country, count(*) AS members, sum(salary) AS paid, avg(salary)::numeric(10, 2) AS mean FROM people GROUP BY country ORDER BY country;
--! clear: all
SELECT date_trunc('month', joined) AS month, count(*) FROM people GROUP BY 1 ORDER BY 1;
--! clear: all
SELECT extract(year FROM joined) AS year, level, count(*) FROM people GROUP BY 1, 2 ORDER BY 1, 2;
--! clear: all
SELECT level, min(salary), max(salary) FROM people GROUP BY level ORDER BY level;
--! clear: all
SELECT upper(name), lower(country), length(name) FROM people ORDER BY id;
--! clear: all
SELECT name || ' (' || country || ')' AS who FROM people ORDER BY id;
--! clear: all
SELECT id, CASE WHEN salary > 3000 THEN 'high' ELSE 'low' END AS band FROM people ORDER BY id;
--! clear: all
SELECT id, salary * 12 AS a_year, round(salary * 0.3, 2) AS tax FROM people ORDER BY id;
--! clear: all
SELECT count(*), sum(salary), min(joined), max(joined) FROM people;
--! clear: all
SELECT count(DISTINCT country) FROM people;
--! clear: all
SELECT name, rank() OVER (ORDER BY salary DESC) FROM people ORDER BY 2;
--! clear: all
SELECT name, country, row_number() OVER (PARTITION BY country ORDER BY joined) FROM people ORDER BY 2, 3;
--! clear: all
SELECT id, salary, sum(salary) OVER (ORDER BY id) AS so_far FROM people ORDER BY id;
--! clear: all
SELECT id, salary - lag(salary) OVER (ORDER BY id) AS more FROM people ORDER BY id;
--! clear: all
SELECT country, salary / sum(salary) OVER (PARTITION BY country) AS share FROM people ORDER BY id;
--! clear: all
SELECT DISTINCT country FROM people ORDER BY 1;
--! clear: all
SELECT coalesce(name, 'nobody'), nullif(country, 'US') FROM people ORDER BY id;
--! clear: all
SELECT country, string_agg(name, ', ' ORDER BY name) FROM people GROUP BY country ORDER BY 1;
--! clear: all
SELECT country, array_agg(id ORDER BY id) FROM people GROUP BY country ORDER BY 1;
--! clear: all
SELECT country, level, count(*) FROM people GROUP BY ROLLUP (country, level) ORDER BY 1, 2;
--! clear: all
SELECT country, sum(salary) FROM people GROUP BY country HAVING sum(salary) > 6000 ORDER BY 1;
--! clear: all
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY salary) FROM people;
--! clear: all
SELECT current_date - joined > 0 FROM people ORDER BY id;
--! clear: all
SELECT json_build_object('id', id, 'name', name) FROM people ORDER BY id;
--! clear: all
SELECT row_to_json(x) FROM (SELECT id, name FROM people ORDER BY id) x;
--! clear: all
SELECT c.title, count(p.id) FROM countries c LEFT JOIN people p ON p.country = c.country GROUP BY c.title ORDER BY 1;
--! clear: all
SELECT c.title, sum(p.salary) FROM countries c JOIN people p USING (country) GROUP BY c.title ORDER BY 1;
--! clear: all
SELECT p.name, count(*), sum(y.amount) FROM people p JOIN payments y ON y.person = p.id GROUP BY p.name ORDER BY 1;
--! clear: all
SELECT y.currency, date_trunc('month', y.placed) AS month, sum(y.amount) FROM payments y GROUP BY 1, 2 ORDER BY 1, 2;
--! clear: all
SELECT p.country, y.currency, sum(y.amount) FROM people p JOIN payments y ON y.person = p.id GROUP BY 1, 2 ORDER BY 1, 2;
--! clear: all
SELECT to_char(placed, 'YYYY-MM') AS month, count(*) FROM payments GROUP BY 1 ORDER BY 1;
--! clear: all
SELECT p.id, (SELECT count(*) FROM payments y WHERE y.person = p.id) AS payments FROM people p ORDER BY 1;
--! clear: all
SELECT p.name FROM people p WHERE EXISTS (SELECT 1 FROM payments y WHERE y.person = p.id AND y.amount > 50) ORDER BY 1;
--! clear: all
SELECT name FROM people WHERE country IN (SELECT country FROM countries WHERE title LIKE 'G%') ORDER BY 1;
--! clear: all
SELECT l.currency, l.total FROM people p, LATERAL (SELECT currency, sum(amount) AS total FROM payments y WHERE y.person = p.id GROUP BY currency) l ORDER BY 1, 2;
--! clear: all
WITH totals AS (SELECT person, sum(amount) AS total FROM payments GROUP BY person) SELECT p.name, t.total FROM totals t JOIN people p ON p.id = t.person ORDER BY 1;
--! clear: all
WITH by_month AS (SELECT date_trunc('month', placed) AS month, sum(amount) AS total FROM payments GROUP BY 1) SELECT month, total, total - lag(total) OVER (ORDER BY month) FROM by_month ORDER BY 1;
--! clear: all
WITH RECURSIVE months (m) AS (SELECT min(joined) FROM people UNION ALL SELECT (m + interval '1 month')::date FROM months WHERE m < '2020-12-01') SELECT m, (SELECT count(*) FROM people WHERE joined <= m) FROM months ORDER BY 1;
--! clear: all
SELECT id, amount FROM payments UNION ALL SELECT id, salary FROM people ORDER BY 1, 2;
--! clear: all
SELECT country FROM people EXCEPT SELECT 'US' ORDER BY 1;
--! clear: all
SELECT * FROM v_harmless ORDER BY id;
--! clear: all
SELECT country, count(*), avg(salary) FROM v_harmless GROUP BY country ORDER BY 1;
--! clear: all
SELECT country, count(*) FROM v_plain GROUP BY country ORDER BY 1;
--! clear: all
SELECT * FROM m_totals ORDER BY country;
--! clear: all
SELECT upper(country), members + 1, paid / members FROM m_totals ORDER BY 1;
--! clear: all
SELECT country, members FROM v_gathered ORDER BY 1;
--! clear: all
SELECT day, sum(fee), count(*) FROM visits GROUP BY day ORDER BY day;
--! clear: all
SELECT date_part('month', day) AS month, sum(fee) FROM visits WHERE day >= '2026-01-01' GROUP BY 1 ORDER BY 1;
--! clear: all
SELECT p.country, sum(v.fee) FROM visits v JOIN people p ON p.id = v.person GROUP BY 1 ORDER BY 1;
--! clear: all
SELECT id, fee * 1.19 FROM visits_2026_high ORDER BY id;
--! clear: all
SELECT label, count(*) FROM animals GROUP BY label ORDER BY 1;
--! clear: all
SELECT upper(breed), label FROM dogs ORDER BY 1;
--! clear: all
SELECT f_harmless(salary) FROM people ORDER BY id;
--! clear: all
SELECT f_harmless(sum(amount)) FROM payments;
--! clear: 1 2
SELECT id, upper(name), upper(ssn) FROM people ORDER BY id;
--! clear: 1 3
SELECT country, max(ssn), count(*) FROM people GROUP BY country ORDER BY 1;
--! clear: 1 2 4
SELECT p.id, p.salary + 0, p.ssn, y.amount * 2 FROM people p JOIN payments y ON y.person = p.id ORDER BY y.id;
--! clear: 1 2 3
SELECT x.who, x.n, x.n * 2, x.card FROM (SELECT p.name AS who, y.amount AS n, y.card FROM people p JOIN payments y ON y.person = p.id) x ORDER BY 2;
--! clear: 1 3
WITH x AS (SELECT id, ssn, salary FROM people) SELECT id + 0, ssn, salary * 2 FROM x ORDER BY 1;
--! clear: 1 2 3 4 5
SELECT * FROM (SELECT id, upper(name), country, joined, salary, badge FROM people) x ORDER BY 1;
--! clear: 2
SELECT a, upper(country) FROM v_plain ORDER BY id;
--! clear: all
SELECT title, now() > '2000-01-01', 1 + 1 FROM countries, people ORDER BY 1;
--! clear: all
SELECT generate_series, count(p.id) FROM generate_series(1, 3) LEFT JOIN people p ON p.id = generate_series GROUP BY 1 ORDER BY 1;
