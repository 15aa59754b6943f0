-- What the demo's database holds: invented people, with the kinds of data nobody should see by accident.
CREATE TABLE customers (
    id      integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    name    text NOT NULL,
    email   text NOT NULL,
    ssn     text NOT NULL,
    card    text NOT NULL,
    notes   text
);
CREATE TABLE orders (
    id          integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    customer_id integer NOT NULL REFERENCES customers ON DELETE CASCADE,
    item        text NOT NULL,
    amount      numeric(8, 2) NOT NULL
);
INSERT INTO customers (name, email, ssn, card, notes) VALUES
    ('Ada Byron',     'ada.byron@example.com',     '536-22-8726', '4111111111111111', 'prefers letters'),
    ('Blaise Pascal', 'blaise.pascal@example.com', '219-38-4511', '5555555555554444', 'paid once with 4242 4242 4242 4242'),
    ('Emmy Noether',  'emmy.noether@example.com',  '401-77-9038', '378282246310005',  NULL),
    ('Grace Hopper',  'grace.hopper@example.com',  '323-60-1147', '6011111111111117', 'write to amazing.grace@example.org'),
    ('Kurt Goedel',   'kurt.goedel@example.com',   '655-12-3390', '3530111333300000', 'undecided');
INSERT INTO orders (customer_id, item, amount)
    SELECT customer, (ARRAY['compass', 'ledger', 'ribbon', 'abacus'])[1 + (customer + n) % 4], 9.5 * n + customer
    FROM generate_series(1, 5) AS customer, generate_series(1, 4) AS n;
