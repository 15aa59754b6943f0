=== unknown: no SQL at all
GARBAGE OF A CAT
=== unknown: a word more than the grammar takes
SELECT 1 FROM ledger WHERE WHERE true
=== unknown: two statements without a semicolon
SELECT 1 DROP TABLE ledger
=== unknown: a statement that is cut off
DROP TABLE
=== unknown: a string that does not end
SELECT 'DROP TABLE ledger
=== unknown: a quoted name that does not end
DROP TABLE "ledger
=== unknown: a comment that does not end
DROP TABLE ledger /* /* */
=== unknown: a dollar quote that does not end
SELECT $a$ DROP TABLE ledger $b$
=== unknown: one good and one bad statement
--! simple
DROP TABLE ledger; GARBAGE
=== unknown: a good SELECT before a bad statement
--! simple
SELECT 1; GARBAGE
=== unknown: a Unicode escape that is none
SELECT U&'\00'
=== unknown: a DROP behind nine megabytes of comment
/*{{repeat 9437184 x}}*/ DROP TABLE ledger
=== unknown: a DROP behind nine megabytes of spaces
{{repeat 9437184  }}DROP TABLE ledger
=== unknown: a DROP before nine megabytes of comment
DROP TABLE ledger /*{{repeat 9437184 x}}*/
=== unknown: a DROP behind nine megabytes of empty statements
--! simple
{{repeat 9437184 ;}}DROP TABLE ledger
=== unknown: a SELECT with a text of nine megabytes
SELECT '{{repeat 9437184 x}}'
=== unknown: parentheses a hundred thousand deep
SELECT {{repeat 100000 (}}1{{repeat 100000 )}}
=== unknown: sub-selects twenty thousand deep
SELECT * FROM {{repeat 20000 (SELECT * FROM }}ledger{{repeat 20000 ) AS x}}
=== unknown: a sum of a hundred thousand terms
SELECT 1{{repeat 100000 +1}}
=== unknown: NOTs fifty thousand deep
SELECT {{repeat 50000 NOT }}true
=== unknown: casts fifty thousand deep
SELECT 1{{repeat 50000 ::int}}
=== unknown: arrays fifty thousand deep
SELECT {{repeat 50000 ARRAY[}}1{{repeat 50000 ]}}
=== unknown: a UNION of twenty thousand
SELECT 1{{repeat 20000  UNION SELECT 1}}
=== unknown: another server's dialect
DELETE ledger FROM ledger
=== unknown: backticks
DROP TABLE `ledger`
=== unknown: square brackets
DROP TABLE [ledger]
=== unknown: a meta command of a client
\! rm -rf /
=== unknown: a COPY with its data in line
COPY ledger FROM STDIN; 1	2	x
