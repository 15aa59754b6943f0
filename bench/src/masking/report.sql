WITH months AS (
    SELECT date_trunc('month', day)::date AS month
    FROM generate_series('2024-01-01'::date, '2024-12-01'::date, interval '1 month') AS day
),
paid AS (
    SELECT
        o.id,
        o.customer_id,
        o.card,
        o.total,
        date_trunc('month', o.placed_at)::date AS month,
        row_number() OVER (PARTITION BY o.customer_id ORDER BY o.placed_at) AS nth
    FROM orders o
    WHERE o.status IN ('paid', 'shipped', 'returned')
      AND o.placed_at >= '2024-01-01'
      AND o.placed_at < '2025-01-01'
),
lines AS (
    SELECT
        i.order_id,
        p.sku,
        p.name AS product,
        i.quantity,
        i.quantity * i.price AS amount,
        i.price - p.price AS discount
    FROM items i
    JOIN products p ON p.id = i.product_id
),
small AS (
    SELECT
        paid.month,
        count(DISTINCT paid.customer_id) AS customers,
        count(*) FILTER (WHERE paid.nth = 1) AS first_orders,
        sum(paid.total) AS total,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY paid.total) AS middle
    FROM paid
    WHERE paid.total >= 0
    GROUP BY paid.month
),
middle AS (
    SELECT
        paid.month,
        count(DISTINCT paid.customer_id) AS customers,
        count(*) FILTER (WHERE paid.nth = 1) AS first_orders,
        sum(paid.total) AS total,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY paid.total) AS middle
    FROM paid
    WHERE paid.total >= 500
    GROUP BY paid.month
),
large AS (
    SELECT
        paid.month,
        count(DISTINCT paid.customer_id) AS customers,
        count(*) FILTER (WHERE paid.nth = 1) AS first_orders,
        sum(paid.total) AS total,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY paid.total) AS middle
    FROM paid
    WHERE paid.total >= 5000
    GROUP BY paid.month
),
best AS (
    SELECT DISTINCT ON (paid.month)
        paid.month,
        c.name,
        c.email,
        right(paid.card, 4) AS card_end,
        sum(paid.total) OVER (PARTITION BY paid.month, c.id) AS spent
    FROM paid
    JOIN customers c ON c.id = paid.customer_id
    ORDER BY paid.month, spent DESC, c.name
),
goods AS (
    SELECT
        paid.month,
        lines.sku,
        max(lines.product) AS product,
        sum(lines.quantity) AS pieces,
        sum(lines.amount) AS amount,
        rank() OVER (PARTITION BY paid.month ORDER BY sum(lines.amount) DESC) AS place
    FROM lines
    JOIN paid ON paid.id = lines.order_id
    GROUP BY paid.month, lines.sku
)
SELECT
    months.month AS {u},
    coalesce(small.customers, 0) AS small_customers,
    coalesce(small.total, 0) AS small_total,
    round(small.middle::numeric, 2) AS small_middle,
    coalesce(middle.customers, 0) AS middle_customers,
    coalesce(middle.total, 0) AS middle_total,
    round(middle.middle::numeric, 2) AS middle_middle,
    coalesce(large.customers, 0) AS large_customers,
    coalesce(large.total, 0) AS large_total,
    round(large.middle::numeric, 2) AS large_middle,
    best.name AS best_customer,
    best.email AS best_email,
    best.card_end,
    CASE
        WHEN best.spent > 10000 THEN 'gold'
        WHEN best.spent > 1000 THEN 'silver'
        ELSE 'none'
    END AS tier,
    (
        SELECT string_agg(goods.product || ' (' || goods.pieces || ')', ', ' ORDER BY goods.place)
        FROM goods
        WHERE goods.month = months.month AND goods.place <= 3
    ) AS best_goods,
    small.total - lag(small.total) OVER (ORDER BY months.month) AS change
FROM months
LEFT JOIN small ON small.month = months.month
LEFT JOIN middle ON middle.month = months.month
LEFT JOIN large ON large.month = months.month
LEFT JOIN best ON best.month = months.month
WHERE months.month <= current_date
ORDER BY months.month DESC
LIMIT 12
