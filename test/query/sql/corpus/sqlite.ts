import { other, read, unseen, write, type Case } from './case.js'

export const SQLITE: readonly Case[] = [
  // Words that are not what they look like.
  read('SELECT [from].[where], `a.b` FROM "from"', ['from']),
  read(`SELECT id FROM 'books'`, ['books']),
  read(`SELECT 'it''s FROM loans', id FROM BOOKS`, ['books']),
  read('SELECT "no such column FROM loans", id FROM books', ['books'], {
    notRun: 'a string only where the build allows it',
  }),
  read('SELECT [id] FROM [main].[books]', ['main.books']),
  read('SELECT id FROM books -- FROM loans', ['books']),
  read('SELECT id FROM books /* FROM loans', ['books']),
  read('SELECT /* /* */ id FROM books', ['books']),
  read(`SELECT x'1F', .5, 1., 1e3, 0x1F, -id FROM books`, ['books']),
  read(
    'SELECT id FROM books WHERE id=-1 OR id<>~1 OR title==?1 OR title=:t OR title=@t OR title=$t',
    ['books'],
    { notRun: 'needs names' },
  ),
  read('SELECT id AS [from loans] FROM books', ['books']),
  read('SELECT(id)FROM(books)', ['books']),
  read('SELECT count(*) FROM books AS "order by"', ['books']),
  read('SELECT id FROM books, copies USING (id)', ['books', 'copies']),
  read('SELECT b.id FROM books b INDEXED BY sqlite_autoindex_books_1', ['books'], {
    notRun: 'no such index',
  }),
  read('SELECT b.id FROM books b NOT INDEXED', ['books']),
  // Where tables hide.
  read('SELECT id FROM books WHERE id IN picked', ['books', 'picked']),
  read('SELECT id FROM books WHERE id NOT IN main.picked AND 1 IN (SELECT 1 FROM loans)', [
    'books',
    'main.picked',
    'loans',
  ]),
  read(`SELECT id FROM books WHERE id IN "picked" OR id IN ()`, ['books', 'picked']),
  read(`SELECT id FROM books WHERE title IN json_each('["t1"]')`, ['books'], {
    notRun: 'more than one column',
  }),
  read(
    'SELECT id FROM books WHERE (id, year) IN (VALUES (1, 1991), ((SELECT max(id) FROM loans), 2))',
    ['books', 'loans'],
  ),
  read('SELECT EXISTS (SELECT 1 FROM loans), NOT EXISTS (SELECT 1 FROM copies) FROM books', [
    'books',
    'loans',
    'copies',
  ]),
  read(
    'SELECT (SELECT max(id) FROM loans WHERE loans.id = books.id) FROM books ORDER BY (SELECT 1 FROM copies) LIMIT (SELECT 2 FROM picked)',
    ['books', 'loans', 'copies', 'picked'],
  ),
  read('SELECT CASE id WHEN (SELECT 1 FROM loans) THEN 1 END FROM books', ['books', 'loans']),
  read(
    'SELECT sum(price) FILTER (WHERE id IN picked) OVER (PARTITION BY (SELECT 1 FROM loans)) FROM books',
    ['books', 'picked', 'loans'],
  ),
  read('SELECT rank() OVER w FROM books WINDOW w AS (ORDER BY (SELECT 1 FROM loans))', [
    'books',
    'loans',
  ]),
  read(
    'SELECT * FROM books b JOIN (copies c JOIN loans l ON l.copy_id = c.id) ON c.book_id = b.id',
    ['books', 'copies', 'loans'],
  ),
  read('SELECT * FROM (SELECT id FROM loans UNION ALL SELECT id FROM copies) x, main.books', [
    'loans',
    'copies',
    'main.books',
  ]),
  read('SELECT * FROM ((SELECT 1 AS id) a JOIN books b ON b.id = a.id)', ['books']),
  read(
    'SELECT * FROM books LEFT OUTER JOIN loans USING (id) NATURAL JOIN attic.books',
    ['books', 'loans', 'attic.books'],
    { notRun: 'the authorizer is blind to NATURAL' },
  ),
  read(`SELECT value FROM authors, json_each(authors.bio, '$.loans') AS loans`, ['authors']),
  read(
    'SELECT id FROM books UNION SELECT id FROM loans EXCEPT SELECT id FROM copies INTERSECT VALUES (1)',
    ['books', 'loans', 'copies'],
  ),
  read('VALUES ((SELECT max(id) FROM loans))', ['loans']),
  read(`SELECT body FROM pages WHERE pages MATCH 'from' ORDER BY bm25(pages)`, ['pages']),
  read(
    `SELECT title FROM books WHERE title GLOB 'FROM loans*' AND title LIKE '%x%' ESCAPE '!' AND title IS NOT 'x' AND title NOTNULL`,
    ['books'],
  ),
  read("SELECT CAST(year AS VARCHAR(10)), year COLLATE NOCASE, bio ->> '$.x' FROM books, authors", [
    'books',
    'authors',
  ]),
  read(`SELECT highlight(pages, 0, '[', ']') FROM pages('from')`, ['pages']),
  read('SELECT * FROM books window, loans offset, copies', ['books', 'loans', 'copies']),
  // WITH.
  read('WITH loans AS (SELECT id FROM books) SELECT * FROM loans, main.loans', [
    'books',
    'main.loans',
  ]),
  read('WITH a AS (SELECT * FROM loans), loans AS (SELECT id FROM books) SELECT * FROM a', [
    'books',
  ]),
  read('WITH t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t, books', [
    'books',
  ]),
  read('SELECT * FROM (WITH loans AS (SELECT 1) SELECT * FROM loans) x, loans', ['loans']),
  read(
    'WITH x AS MATERIALIZED (SELECT * FROM loans) SELECT (WITH loans AS (SELECT 2) SELECT * FROM loans) FROM x',
    ['loans'],
  ),
  // Not the same twice.
  read(`SELECT date('now'), id FROM books`, ['books'], { why: 'time' }),
  read(`SELECT strftime('%s', 'NOW'), id FROM books`, ['books'], { why: 'time' }),
  read(`SELECT strftime('%s'), id FROM books`, ['books'], { why: 'time' }),
  read('SELECT date("now"), id FROM books', ['books'], {
    why: 'time',
    notRun: 'a string only where the build allows it',
  }),
  read('SELECT datetime(), id FROM books', ['books'], { why: 'time' }),
  read(`SELECT unixepoch('subsec'), id FROM books`, ['books'], { why: 'time' }),
  read(`SELECT julianday(added), date(added, '+1 day', 'start of month') FROM books`, ['books']),
  read(`SELECT datetime(added, 'localtime') FROM books`, ['books'], { why: 'settings' }),
  read('SELECT id FROM books WHERE added < current_timestamp', ['books'], { why: 'time' }),
  read('SELECT id, randomblob(4) FROM books', ['books'], { why: 'volatile' }),
  read('SELECT last_insert_rowid(), changes(), id FROM books', ['books'], { why: 'session' }),
  read('SELECT name FROM sqlite_schema', ['sqlite_schema'], {
    why: 'catalogue',
    notRun: 'a catalogue',
  }),
  read(`SELECT name FROM pragma_table_info('books')`, [], {
    why: 'catalogue',
    notRun: 'a catalogue',
  }),
  read('SELECT * FROM pragma_database_list', ['pragma_database_list'], {
    why: 'catalogue',
    notRun: 'a catalogue',
  }),
  // Calls of what we do not know.
  unseen('SELECT touch(1), id FROM books', { reads: ['books'], notRun: 'no such function' }),
  unseen(`SELECT id FROM books WHERE title REGEXP 'x'`, {
    reads: ['books'],
    notRun: 'no such function',
  }),
  unseen(`SELECT load_extension('x')`, { notRun: 'not allowed' }),
  unseen('DETACH attic', { notRun: 'would end the others' }),
  unseen('SELECT * FROM books WHERE id = $a::b(c)', {
    why: 'syntax',
    notRun: 'a parameter of Tcl',
  }),
  // Changes.
  write(
    'INSERT INTO log(what) SELECT title FROM books WHERE true ON CONFLICT DO NOTHING RETURNING (SELECT 1 FROM loans)',
    ['log'],
    { reads: ['books', 'loans'] },
  ),
  write(
    `INSERT INTO members(email) VALUES ('m1@x') ON CONFLICT (email) DO UPDATE SET name = (SELECT title FROM books) WHERE id IN picked`,
    ['members'],
    { reads: ['books', 'picked'], may: ['members'] },
  ),
  write(
    `INSERT INTO members(id, email) VALUES (1, 'a') ON CONFLICT (id) DO NOTHING ON CONFLICT (email) DO UPDATE SET name = excluded.name`,
    ['members'],
    { may: ['members'] },
  ),
  write('INSERT OR IGNORE INTO attic.books DEFAULT VALUES', ['attic.books']),
  write('INSERT INTO log(what) WITH x AS (SELECT title FROM books) SELECT title FROM x', ['log'], {
    reads: ['books'],
  }),
  write(
    'WITH log AS (SELECT title FROM books) INSERT INTO log(what) SELECT title FROM log',
    ['log'],
    { reads: ['books'] },
  ),
  write('WITH x AS (SELECT 1 AS id) REPLACE INTO picked SELECT x.id FROM x, loans', ['picked'], {
    reads: ['loans'],
  }),
  write('REPLACE INTO picked VALUES (1), ((SELECT max(id) FROM books))', ['picked'], {
    reads: ['books'],
  }),
  write(
    'UPDATE OR REPLACE books AS b SET (title, year) = (SELECT name, 1 FROM authors WHERE authors.id = b.author_id) WHERE id IN picked',
    ['books'],
    { reads: ['authors', 'picked'], may: ['books'] },
  ),
  write(
    'UPDATE books SET price = CASE WHEN books.id IN picked THEN 1 ELSE 2 END FROM copies, loans WHERE copies.book_id = books.id RETURNING id',
    ['books'],
    { reads: ['picked', 'copies', 'loans'], may: ['books'] },
  ),
  write(
    'WITH loans AS (SELECT id FROM picked) DELETE FROM main.loans WHERE id IN (SELECT id FROM loans)',
    ['main.loans'],
    { reads: ['picked'], may: ['main.loans'] },
  ),
  write(
    'DELETE FROM fines AS f NOT INDEXED WHERE EXISTS (SELECT 1 FROM loans WHERE loans.id = f.loan_id)',
    ['fines'],
    { reads: ['loans'], may: ['fines'] },
  ),
  write('DELETE FROM picked; SELECT id FROM books', ['picked'], {
    reads: ['books'],
    may: ['picked'],
    notRun: 'one statement at a time',
  }),
  other('ddl', 'CREATE TEMP TABLE t9 AS SELECT id FROM books', {
    writes: ['t9'],
    reads: ['books'],
  }),
  other('ddl', 'CREATE VIEW IF NOT EXISTS main.v9 (a) AS SELECT id FROM books', {
    writes: ['main.v9'],
    may: ['books'],
  }),
  other(
    'ddl',
    'CREATE TRIGGER IF NOT EXISTS g9 AFTER UPDATE OF title ON books WHEN new.id > 0 BEGIN UPDATE loans SET note = CASE WHEN 1 THEN 2 END; END',
    { may: ['books', 'loans'] },
  ),
  other('ddl', 'ALTER TABLE fines RENAME TO fines2', {
    writes: ['fines', 'fines2'],
    may: ['fines2'],
    notRun: 'the authorizer sees the catalogue',
  }),
  other('ddl', 'DROP TABLE IF EXISTS picked', { writes: ['picked'] }),
  other('session', 'PRAGMA main.user_version', { notRun: 'a catalogue' }),
  other('session', 'EXPLAIN QUERY PLAN DELETE FROM fines', { may: ['fines'] }),
  other('tx', 'BEGIN IMMEDIATE TRANSACTION', { notRun: 'a transaction of its own' }),
  other('tx', 'RELEASE SAVEPOINT "a b"', { notRun: 'no such savepoint' }),
  // Shapes ORMs send.
  read(
    `select "id", "title", (select coalesce(json_group_array(json_array("id", "shelf")), json_array()) as "data" from "copies" "books_copies" where "books_copies"."book_id" = "books"."id") as "copies" from "books" "books" where "books"."year" in (?, ?) order by "books"."id" desc limit ?`,
    ['books', 'copies'],
    { params: [1991, 1992, 5] },
  ),
]
