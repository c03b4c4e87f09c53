import { other, read, unseen, write, type Case } from './case.js'

export const POSTGRES: readonly Case[] = [
  // Words that are not what they look like.
  read('SELECT l."Select" FROM "Loans" l', ['Loans']),
  read('SELECT "from"."where" FROM "from"', ['from']),
  read('SELECT "a.b" AS from FROM "from"', ['from']),
  read('SELECT title AS select, year AS where FROM books', ['books']),
  read('SELECT b.title AS year, b.price AS order_by FROM books b', ['books']),
  read('SELECT * FROM Books AS LOANS', ['books']),
  read('SELECT * FROM BOOKS, "books" x', ['books']),
  read(`SELECT 'a'\n'b FROM loans', id FROM books`, ['books']),
  read(`SELECT E'it\\'s FROM loans', id FROM books`, ['books']),
  read(`SELECT E'a'\n'\\'; FROM loans --', id FROM books`, ['books']),
  read(`SELECT 'back\\', id FROM books`, ['books']),
  read(`SELECT 'a\\', title FROM books WHERE title <> ' FROM loans '`, ['books']),
  // With standard_conforming_strings off this one reads loans.
  read(`SELECT 'a\\', title, ' FROM loans -- ' FROM books`, ['books'], { may: ['loans'] }),
  read(`SELECT $$ FROM loans $$, id FROM books`, ['books']),
  read(`SELECT $a$ $$ ' FROM loans $a$, id FROM books`, ['books']),
  read(`SELECT $é$ FROM loans $é$, id FROM books`, ['books']),
  read(`SELECT U&'\\0046ROM loans' , id FROM books`, ['books']),
  read(`SELECT * FROM U&"b\\006foks"`, ['books']),
  read(`SELECT * FROM U&"b!006foks" UESCAPE '!'`, ['books']),
  read(`SELECT B'101', X'1F', N'FROM loans' FROM books`, ['books']),
  read('SELECT /* /* */ FROM loans */ id FROM books', ['books']),
  read('SELECT id--FROM loans\rFROM books', ['books']),
  read('SELECT id FROM books--', ['books']),
  read('SELECT id/**/FROM/**/books', ['books']),
  read('SELECT(id)FROM(books CROSS JOIN(VALUES(1))v)', ['books']),
  read('SELECT 1.FROM books', ['books'], { notRun: 'PostgreSQL 15 refuses 1.FROM' }),
  read('SELECT id=-1, id*-id, id<-1, -id FROM books', ['books']),
  read('SELECT id @-1 FROM books', ['books'], {
    notRun: 'no such operator',
    cacheable: false,
    why: 'operator',
  }),
  read('SELECT 1e5, .5, 5., 1.5e-3 FROM books', ['books']),
  // Where tables hide.
  read('SELECT * FROM books WHERE EXISTS (TABLE loans)', ['books', 'loans']),
  read('SELECT * FROM books WHERE id IN (((SELECT copy_id FROM loans)))', ['books', 'loans']),
  read('SELECT ((SELECT 1) UNION (SELECT id FROM loans) ORDER BY 1 LIMIT 1) FROM books', [
    'books',
    'loans',
  ]),
  read('SELECT ARRAY(SELECT id FROM loans), ARRAY[(SELECT max(id) FROM copies)] FROM books', [
    'books',
    'loans',
    'copies',
  ]),
  read('SELECT (ARRAY[1,2])[(SELECT 1 FROM loans LIMIT 1)] FROM books', ['books', 'loans']),
  read('SELECT tags[1:(SELECT count(*)::int FROM loans)] FROM books', ['books', 'loans']),
  read(
    'SELECT id FROM books ORDER BY (SELECT max(id) FROM loans) NULLS LAST LIMIT (SELECT 3 FROM copies LIMIT 1) OFFSET (SELECT 0 FROM fines LIMIT 1)',
    ['books', 'loans', 'copies', 'fines'],
  ),
  read(
    'SELECT year, count(*) FROM books GROUP BY year HAVING count(*) > (SELECT 0 FROM loans LIMIT 1)',
    ['books', 'loans'],
  ),
  read(
    'SELECT sum(price) OVER (ORDER BY (SELECT 1 FROM loans LIMIT 1) ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM books',
    ['books', 'loans'],
  ),
  read(
    'SELECT sum(price) OVER w FROM books WINDOW w AS (PARTITION BY (SELECT 1 FROM loans LIMIT 1))',
    ['books', 'loans'],
  ),
  read('SELECT DISTINCT ON ((SELECT 1 FROM loans LIMIT 1)) id FROM books', ['books', 'loans']),
  read(
    'SELECT CASE (SELECT 1 FROM loans LIMIT 1) WHEN 1 THEN (SELECT 2 FROM copies LIMIT 1) ELSE 3 END FROM books',
    ['books', 'loans', 'copies'],
  ),
  read('SELECT extract(epoch FROM (SELECT due FROM loans LIMIT 1)) FROM books', ['books', 'loans']),
  read(
    `SELECT trim(both 'x' from title), substring(title from 1 for 2), overlay(title placing 'x' from 1 for 1), position('a' in title) FROM books`,
    ['books'],
  ),
  read('SELECT * FROM books WHERE year IS NOT DISTINCT FROM (SELECT 1991 FROM loans LIMIT 1)', [
    'books',
    'loans',
  ]),
  read('SELECT * FROM ((SELECT id FROM loans) UNION ALL SELECT id FROM copies) x', [
    'loans',
    'copies',
  ]),
  read('SELECT * FROM ((SELECT 1 AS id) AS a JOIN books b ON b.id = a.id)', ['books']),
  read(
    'SELECT * FROM ((books b JOIN copies c ON c.book_id = b.id) LEFT JOIN loans l ON l.copy_id = c.id)',
    ['books', 'copies', 'loans'],
  ),
  read('SELECT * FROM books b JOIN copies c JOIN loans l ON l.copy_id = c.id ON c.book_id = b.id', [
    'books',
    'copies',
    'loans',
  ]),
  read('SELECT * FROM books NATURAL LEFT OUTER JOIN attic.books', ['books', 'attic.books']),
  read('SELECT * FROM books b CROSS JOIN LATERAL jsonb_each(to_jsonb(b)) AS loans(k, v)', [
    'books',
  ]),
  read('SELECT * FROM books b, unnest(b.tags) WITH ORDINALITY AS loans(tag, n)', ['books']),
  read(`SELECT * FROM authors a, jsonb_array_elements(a.bio -> 'FROM loans') e`, ['authors']),
  read(
    'SELECT left(title, 2), right(title, 1) FROM books b LEFT JOIN loans l ON left(l.note, 1) = right(b.title, 1)',
    ['books', 'loans'],
  ),
  read('(SELECT id FROM books) EXCEPT ALL (SELECT id FROM loans) ORDER BY 1', ['books', 'loans']),
  read(
    'SELECT id FROM books UNION (SELECT id FROM loans INTERSECT SELECT id FROM copies) LIMIT 5',
    ['books', 'loans', 'copies'],
  ),
  read(
    'SELECT EXISTS (SELECT 1 FROM books) AND NOT EXISTS (VALUES (1), ((SELECT 2 FROM loans LIMIT 1)))',
    ['books', 'loans'],
  ),
  read('TABLE ONLY books', ['books']),
  read('SELECT * FROM books *, ONLY (copies)', ['books', 'copies']),
  // WITH.
  read('WITH loans AS (SELECT id FROM books) SELECT * FROM loans, public.loans p', [
    'books',
    'public.loans',
  ]),
  read('WITH loans AS (SELECT * FROM loans) SELECT * FROM loans', ['loans']),
  read('WITH a AS (WITH loans AS (SELECT 1 AS id) SELECT * FROM loans) SELECT * FROM a, loans', [
    'loans',
  ]),
  read('SELECT * FROM (WITH loans AS (SELECT 1) SELECT * FROM loans) x, loans', ['loans']),
  read('SELECT (WITH loans(n) AS (SELECT count(*) FROM copies) SELECT n FROM loans) FROM books', [
    'copies',
    'books',
  ]),
  read(
    'WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a WHERE n < 3), loans AS (SELECT * FROM a) SELECT * FROM loans',
    [],
  ),
  read(
    'WITH RECURSIVE b AS (SELECT * FROM loans), loans AS (SELECT id FROM books) SELECT * FROM b',
    ['books'],
  ),
  read('WITH "Loans" AS (SELECT 1 AS id) SELECT * FROM loans, "Loans"', ['loans']),
  read(
    'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SEARCH DEPTH FIRST BY n SET o CYCLE n SET c USING p SELECT * FROM t, books',
    ['books'],
  ),
  read('WITH x AS NOT MATERIALIZED (TABLE loans) SELECT count(*) FROM x', ['loans']),
  // Not the same twice.
  read('SELECT * FROM loans WHERE due < now()', ['loans'], { why: 'time' }),
  read('SELECT * FROM loans WHERE due < CURRENT_TIMESTAMP(0)', ['loans'], { why: 'time' }),
  read(`SELECT * FROM loans WHERE due < 'today'`, ['loans'], { why: 'time' }),
  read(`SELECT * FROM loans WHERE due < ' Tomorrow 04:05 '`, ['loans'], { why: 'time' }),
  read(`SELECT * FROM loans WHERE due < E'n\\x6fw'`, ['loans'], { why: 'time' }),
  read(`SELECT * FROM loans WHERE due < $$now$$`, ['loans'], { why: 'time' }),
  read(`SELECT * FROM loans WHERE due = ANY ('{yesterday,2024-01-01}')`, ['loans'], {
    why: 'time',
  }),
  read(`SELECT timestamp 'now' FROM books`, ['books'], { why: 'time' }),
  read(`SELECT age(born) FROM authors`, ['authors'], { why: 'time' }),
  read(`SELECT age(born, '2000-01-01') FROM authors`, ['authors']),
  read('SELECT * FROM books ORDER BY pg_catalog.random()', ['books'], { why: 'volatile' }),
  read('SELECT * FROM books ORDER BY "random"()', ['books'], { why: 'volatile' }),
  read('SELECT gen_random_uuid() FROM books', ['books'], { why: 'volatile' }),
  read('SELECT * FROM books TABLESAMPLE SYSTEM (50) REPEATABLE (1)', ['books'], {
    why: 'volatile',
  }),
  read('SELECT current_user, * FROM books', ['books'], { why: 'session' }),
  read('SELECT * FROM books WHERE title = user', ['books'], { why: 'session' }),
  read(`SELECT current_setting('x.y', true) FROM books`, ['books'], { why: 'session' }),
  read('SELECT pg_backend_pid(), id FROM books', ['books'], { why: 'session' }),
  read(`SELECT nextval('books_id_seq')`, [], {
    kind: 'write',
    why: 'writes',
    notRun: 'a sequence is no table',
  }),
  read(`SELECT currval('books_id_seq') FROM books`, ['books'], {
    why: 'session',
    notRun: 'needs a nextval before',
  }),
  read(`SELECT date_trunc('day', added) FROM books`, ['books'], { why: 'settings' }),
  read(`SELECT date_trunc('day', added, 'UTC') FROM books`, ['books']),
  read(`SELECT to_char(added, 'YYYY') FROM books`, ['books'], { why: 'settings' }),
  read(`SELECT added::date FROM books`, ['books'], { why: 'settings' }),
  read(`SELECT CAST(added AS timestamp) FROM books`, ['books'], { why: 'settings' }),
  read(`SELECT '2024-01-01'::timestamptz, id FROM books`, ['books'], { why: 'settings' }),
  read(
    `SELECT due FROM loans WHERE due > '2024-01-01'::date AND due < CAST($1 AS timestamp(0))`,
    ['loans'],
    { params: ['2024-01-01'] },
  ),
  read(`SELECT date '2024-01-01' + interval '1 day', numeric '1.5' FROM books`, ['books']),
  read(`SELECT * FROM books WHERE to_tsvector(title) @@ to_tsquery('x')`, ['books'], {
    why: 'settings',
  }),
  read(
    `SELECT * FROM books WHERE to_tsvector('english', title) @@ plainto_tsquery('english', $1)`,
    ['books'],
    { params: ['x'] },
  ),
  read(`SELECT 'books'::regclass::oid, id FROM copies`, ['copies'], {
    why: 'catalogue',
    may: ['pg_class'],
  }),
  read(`SELECT relname FROM pg_class`, ['pg_class'], { why: 'catalogue' }),
  read(`SELECT table_name FROM information_schema.tables`, ['information_schema.tables'], {
    why: 'catalogue',
    notRun: 'a view over many catalogues',
  }),
  // Calls of what we do not know.
  unseen('SELECT touch(id) FROM books', { reads: ['books'] }),
  unseen('SELECT public.touch(1), lower(title) FROM books', { reads: ['books'] }),
  unseen('SELECT "touch"(1)'),
  unseen('SELECT * FROM touch(1)'),
  unseen('SELECT * FROM books, LATERAL touch(books.id) t', { reads: ['books'] }),
  unseen('SELECT * FROM ROWS FROM (touch(1), generate_series(1, 2))'),
  unseen(`SELECT query_to_xml('SELECT * FROM loans', true, true, '')`, {
    why: 'function',
    may: ['loans'],
  }),
  unseen(`DO $$ BEGIN DELETE FROM fines; END $$`),
  unseen('WITH x AS (SELECT touch(1)) SELECT * FROM x'),
  unseen('SELECT CASE WHEN true THEN touch(1) END FROM books', { reads: ['books'] }),
  // A cast to an unknown type is not kept, yet writes nothing.
  read('SELECT 1::myint FROM books', ['books'], { why: 'type', notRun: 'no such type' }),
  read('SELECT id OPERATOR(pg_catalog.+) 1, id OPERATOR(+) 1 FROM books', ['books']),
  read('SELECT id OPERATOR(public.+) 1 FROM books', ['books'], {
    why: 'operator',
    notRun: 'no such operator',
  }),
  // Locks.
  other('lock', 'SELECT * FROM books WHERE id = 1 FOR NO KEY UPDATE SKIP LOCKED', {
    reads: ['books'],
    why: 'lock',
  }),
  other('lock', 'SELECT * FROM (SELECT * FROM books FOR KEY SHARE) x', { reads: ['books'] }),
  other('lock', 'SELECT * FROM books b, loans l FOR UPDATE OF b NOWAIT', {
    reads: ['books', 'loans'],
  }),
  other('lock', 'WITH x AS (SELECT * FROM books FOR SHARE) SELECT * FROM x', { reads: ['books'] }),
  other('lock', 'SELECT pg_try_advisory_xact_lock(1), id FROM books', { reads: ['books'] }),
  other('lock', 'SELECT * FROM books WHERE id IN (((SELECT copy_id FROM loans) FOR UPDATE))', {
    reads: ['books', 'loans'],
  }),
  other('lock', 'LOCK TABLE books IN SHARE MODE', { may: ['books'] }),
  // Changes.
  write(
    'WITH x AS (INSERT INTO log(what) VALUES ($1) RETURNING *) SELECT * FROM x, books',
    ['log'],
    { reads: ['books'], params: ['x'] },
  ),
  write('WITH x AS (DELETE FROM fines) SELECT 1', ['fines'], { may: ['fines'] }),
  write('SELECT * FROM (SELECT 1) y, (SELECT id FROM books) z; DELETE FROM fines', ['fines'], {
    reads: ['books'],
    may: ['fines'],
  }),
  write('INSERT INTO log(what) (SELECT title FROM books)', ['log'], { reads: ['books'] }),
  write('INSERT INTO log(what) WITH log AS (SELECT title FROM books) SELECT * FROM log', ['log'], {
    reads: ['books'],
  }),
  write('WITH log AS (SELECT title FROM books) INSERT INTO log(what) SELECT * FROM log', ['log'], {
    reads: ['books'],
  }),
  write('INSERT INTO log TABLE log', ['log'], { reads: ['log'], notRun: 'breaks the key' }),
  write('INSERT INTO log DEFAULT VALUES RETURNING (SELECT max(id) FROM books)', ['log'], {
    reads: ['books'],
  }),
  write(
    `INSERT INTO members AS m (email) VALUES ('z') ON CONFLICT (email) WHERE true DO UPDATE SET name = (SELECT max(title) FROM books) WHERE m.id IN (SELECT id FROM loans) RETURNING *`,
    ['members'],
    { reads: ['books', 'loans'], notRun: 'no such partial index' },
  ),
  write(
    `INSERT INTO members(email) VALUES ('m1@x') ON CONFLICT ON CONSTRAINT members_email_key DO NOTHING`,
    ['members'],
  ),
  write(`INSERT INTO log(what) SELECT title FROM books ON CONFLICT DO NOTHING`, ['log'], {
    reads: ['books'],
  }),
  write(`INSERT INTO log(id, what) OVERRIDING SYSTEM VALUE VALUES (99, 'x')`, ['log'], {
    notRun: 'no identity column',
  }),
  write(
    'UPDATE books SET price = DEFAULT, (title, year) = (SELECT name, 1 FROM authors WHERE authors.id = author_id)',
    ['books'],
    { reads: ['authors'], may: ['books'] },
  ),
  write(
    'UPDATE books b SET tags[1] = CASE WHEN year > 1 THEN (SELECT note FROM loans LIMIT 1) END FROM copies c WHERE c.book_id = b.id RETURNING (SELECT 1 FROM fines LIMIT 1)',
    ['books'],
    { reads: ['loans', 'copies', 'fines'], may: ['books'] },
  ),
  write('UPDATE ONLY (books) SET year = 1 WHERE id = 1', ['books'], { may: ['books'] }),
  write(
    'DELETE FROM ONLY fines f USING (loans l JOIN members m ON m.id = l.member_id) WHERE f.loan_id = l.id',
    ['fines'],
    { reads: ['loans', 'members'], may: ['fines'] },
  ),
  write(
    `MERGE INTO members m USING (SELECT id FROM books) s ON m.id = s.id AND s.id > (SELECT 0 FROM loans LIMIT 1) WHEN MATCHED AND m.name = 'm1' THEN UPDATE SET name = CASE WHEN true THEN 'x' END WHEN NOT MATCHED THEN INSERT (email) VALUES ((SELECT note FROM copies, loans LIMIT 1))`,
    ['members'],
    { reads: ['books', 'loans', 'copies'], may: ['members'] },
  ),
  write('TRUNCATE ONLY fines, attic.books CASCADE', ['fines', 'attic.books']),
  write('UPDATE books SET title = lower(title) WHERE touch(id) = 1', ['books'], {
    effects: 'unknown',
    may: ['books'],
  }),
  write(`COPY log (what) FROM STDIN`, ['log'], { notRun: 'the copy protocol' }),
  write('COPY (DELETE FROM fines RETURNING *) TO STDOUT', ['fines'], {
    may: ['fines'],
    notRun: 'the copy protocol',
  }),
  write('EXPLAIN (COSTS OFF, ANALYZE) DELETE FROM fines', ['fines'], { may: ['fines'] }),
  write('EXPLAIN ANALYZE WITH x AS (DELETE FROM fines RETURNING *) SELECT * FROM x', ['fines'], {
    may: ['fines'],
  }),
  other('session', 'EXPLAIN (FORMAT JSON) SELECT * FROM books', { may: ['books'] }),
  other('ddl', 'SELECT id INTO TEMP TABLE t9 FROM books', { reads: ['books'], writes: ['t9'] }),
  other(
    'ddl',
    'CREATE TABLE t8 (a) WITH (fillfactor = 70) AS WITH x AS (TABLE books) SELECT id FROM x WITH NO DATA',
    { reads: ['books'], writes: ['t8'] },
  ),
  other('ddl', 'CREATE OR REPLACE VIEW v9 (a) AS SELECT id FROM books', {
    may: ['books'],
    writes: ['v9'],
  }),
  other('ddl', 'CREATE INDEX CONCURRENTLY ON books (lower(title))', {
    may: ['books'],
    notRun: 'not in a transaction',
  }),
  other('ddl', 'ALTER TABLE visits DETACH PARTITION visits_old', {
    writes: ['visits', 'visits_old'],
  }),
  other('ddl', 'DROP TABLE IF EXISTS fines, "from" CASCADE', { writes: ['fines', 'from'] }),
  unseen('DROP OWNED BY nobody', { kind: 'ddl', notRun: 'no such role' }),
  unseen('FETCH ALL FROM c', { notRun: 'no such cursor' }),
  read('DECLARE c CURSOR WITH HOLD FOR SELECT * FROM books', ['books'], { why: 'cursor' }),
  other('session', `SET LOCAL search_path = attic`),
  other('session', 'SELECT pg_notify($1, $2) FROM books', { reads: ['books'], params: ['a', 'b'] }),
  other('tx', 'START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY', {
    notRun: 'a transaction of its own',
  }),
  other('tx', 'COMMIT AND CHAIN', { notRun: 'a transaction of its own' }),
  other('tx', "COMMIT PREPARED 'x'", { notRun: 'a transaction of its own' }),
  // Shapes ORMs send.
  read(
    'select "b"."id" as "id", "b"."title" as "title" from "books" as "b" inner join "copies" as "c" on "c"."book_id" = "b"."id" where ("b"."year" > $1 and "c"."shelf" = $2) order by "b"."id" asc limit $3',
    ['books', 'copies'],
    { params: [1, 's', 5] },
  ),
  read(
    'select "books"."id", "books_copies"."data" as "copies" from "books" left join lateral (select coalesce(json_agg(json_build_array("books_copies"."id", "books_copies"."shelf")), \'[]\'::json) as "data" from "copies" "books_copies" where "books_copies"."book_id" = "books"."id") "books_copies" on true',
    ['books', 'copies'],
  ),
  read(
    `SELECT "t0"."id" FROM "public"."books" AS "t0" LEFT JOIN (SELECT COUNT(*) AS "n", "public"."copies"."book_id" FROM "public"."copies" WHERE 1=1 GROUP BY "public"."copies"."book_id") AS "j" ON ("t0"."id" = "j"."book_id") WHERE ("t0"."title" ILIKE $1 AND 1=1) OFFSET $2`,
    ['public.books', 'public.copies'],
    { params: ['t%', 0] },
  ),
  read(`SELECT row_to_json(b), array_to_json(array_agg(b.id)) FROM books b GROUP BY b.*`, [
    'books',
  ]),
  read(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY price), count(*) FILTER (WHERE year > 1) FROM books GROUP BY ROLLUP (year), CUBE (author_id)`,
    ['books'],
  ),
  read(`SELECT string_agg(title, ', ' ORDER BY year DESC), array_agg(DISTINCT year) FROM books`, [
    'books',
  ]),
  read(
    `SELECT bio ->> 'x', bio #>> '{a,b}', bio ? 'k', bio @> '{"a": 1}' FROM authors WHERE bio @? '$.x'`,
    ['authors'],
  ),
  read(
    `SELECT title COLLATE "C" FROM books WHERE title SIMILAR TO '%(a|b)%' ESCAPE '!' AND title !~* 'from loans' ORDER BY title USING <`,
    ['books'],
  ),
  read(
    `SELECT added AT TIME ZONE 'UTC', interval '1 day' * 3 FROM books WHERE (year, price) > (1, 2)`,
    ['books'],
  ),
]
