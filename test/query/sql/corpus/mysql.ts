import { other, read, unseen, write, type Case } from './case.js'

export const MYSQL: readonly Case[] = [
  // Words that are not what they look like.
  read('SELECT `from`.`where` FROM `from`', ['from']),
  read('SELECT `a.b` AS `from` FROM `from`', ['from']),
  read('SELECT * FROM 2024_stats s WHERE s.1st > 0', ['2024_stats']),
  read(`SELECT id 'FROM loans', title "x" FROM books`, ['books']),
  read(`SELECT 'it''s', 'it\\'s FROM loans', id FROM books`, ['books']),
  read(`SELECT "it\\"s FROM loans", id FROM books`, ['books']),
  // Without NO_BACKSLASH_ESCAPES the text goes on; with it, loans is read.
  read(`SELECT 'a\\', id, ' FROM loans -- ', id FROM books`, ['loans'], {
    may: ['books'],
    notRun: 'no such column',
  }),
  read(`SELECT 'a' 'b' "c", N'FROM loans', _utf8mb4'x', x'1F', b'01', 0x1F, 0b01 FROM books`, [
    'books',
  ]),
  read('SELECT 5--1, id FROM books', ['books']),
  read('SELECT 5 -- FROM loans\n, id FROM books', ['books']),
  read('SELECT 5 # FROM loans\n, id FROM books # x', ['books']),
  read('SELECT /* /* FROM loans */ id FROM books', ['books']),
  read('SELECT id FROM books /*!99999 JOIN loans */', ['books'], { may: ['loans'] }),
  read('SELECT id FROM books /*! , loans */', ['books', 'loans'], {
    notRun: 'an ambiguous column',
  }),
  read('SELECT books.id FROM books /*!, loans */', ['books', 'loans']),
  read('SELECT books.id FROM books /*M!100100 , loans */', ['books', 'loans']),
  read('SELECT/*!50000 STRAIGHT_JOIN*/ books.id FROM books', ['books']),
  read('SELECT /*+ SET_VAR(sort_buffer_size=1) FROM loans */ id FROM books', ['books']),
  read('SELECT `id`FROM`books`', ['books']),
  read('SELECT(id)FROM(books)', ['books']),
  read('SELECT .5, 1., 1e3, 1.5E-2, -id FROM books', ['books']),
  read(
    "SELECT DATE'2024-01-01', TIMESTAMP '2024-01-01 00:00:00', INTERVAL 1 DAY + added FROM books",
    ['books'],
  ),
  read('SELECT * FROM Books B, books', ['Books', 'books'], {
    notRun: 'names depend on the file system',
  }),
  read('SELECT * FROM test.books, attic.books a', ['test.books', 'attic.books']),
  read('SELECT * FROM books window, loans offset, copies', ['books', 'loans', 'copies'], {
    notRun: 'names in some versions only',
  }),
  read('SELECT id FROM books OFFSET 1 ROWS', ['books']),
  read('SELECT 1 FROM DUAL', []),
  read('SELECT * FROM `dual`', ['dual'], { notRun: 'no such table' }),
  // Where tables hide.
  read(
    'SELECT * FROM books WHERE id = ANY (SELECT copy_id FROM loans) AND id <> ALL (SELECT id FROM copies WHERE 1 = 0)',
    ['books', 'loans', 'copies'],
  ),
  read('SELECT * FROM books WHERE (id, author_id) IN (SELECT id, member_id FROM loans)', [
    'books',
    'loans',
  ]),
  read('SELECT * FROM (books, copies) LEFT JOIN (loans l, members m) ON l.copy_id = copies.id', [
    'books',
    'copies',
    'loans',
    'members',
  ]),
  read(
    'SELECT STRAIGHT_JOIN * FROM books FORCE INDEX FOR JOIN (PRIMARY) USE INDEX FOR ORDER BY (), copies',
    ['books', 'copies'],
    { notRun: 'hints that exclude each other' },
  ),
  read('SELECT * FROM books b IGNORE INDEX (PRIMARY), copies c', ['books', 'copies']),
  read('SELECT * FROM visits PARTITION (p0) v, books', ['visits', 'books']),
  read(
    'SELECT IF(id > (SELECT COUNT(*) FROM loans), 1, 2), IFNULL(title, (SELECT MAX(note) FROM loans)) FROM books',
    ['books', 'loans'],
  ),
  read(
    "SELECT GROUP_CONCAT(DISTINCT title ORDER BY year DESC SEPARATOR ' FROM loans ') FROM books GROUP BY year WITH ROLLUP",
    ['books'],
  ),
  read(
    "SELECT LEFT(title, 2), RIGHT(title, 1), REPLACE(title, 'a', 'b'), INSERT(title, 1, 1, 'x'), MOD(id, 2), CHAR(65 USING utf8mb4) FROM books",
    ['books'],
  ),
  read(
    'SELECT CAST(year AS CHAR(4)), CONVERT(year, DECIMAL(10, 2)), CONVERT(title USING utf8mb4), CAST(title AS DATE) FROM books',
    ['books'],
  ),
  read(
    "SELECT EXTRACT(YEAR FROM added), TRIM(LEADING 'x' FROM title), SUBSTRING(title FROM 1 FOR 2), POSITION('a' IN title) FROM books",
    ['books'],
  ),
  read(
    'SELECT title FROM books WHERE MATCH (title) AGAINST (? IN NATURAL LANGUAGE MODE)',
    ['books'],
    { params: ['t1'] },
  ),
  read(
    "SELECT title FROM books WHERE title REGEXP '^FROM loans' OR title RLIKE (SELECT note FROM loans LIMIT 1) OR title SOUNDS LIKE 'x'",
    ['books', 'loans'],
  ),
  read("SELECT bio -> '$.x', bio FROM authors", ['authors'], { notRun: 'MySQL only' }),
  read(
    "SELECT jt.a FROM authors, JSON_TABLE(bio, '$[*]' COLUMNS (a INT PATH '$.loans', NESTED PATH '$.b[*]' COLUMNS (c INT PATH '$'))) AS jt",
    ['authors'],
  ),
  read('SELECT id FROM books ORDER BY (SELECT MAX(id) FROM loans) LIMIT 1, 2', ['books', 'loans']),
  read(
    'SELECT id FROM books UNION DISTINCT (SELECT id FROM loans ORDER BY id LIMIT 1) ORDER BY 1 LIMIT 3',
    ['books', 'loans'],
  ),
  read('(SELECT id FROM books) UNION ALL (SELECT id FROM loans)', ['books', 'loans']),
  read('SELECT EXISTS (SELECT * FROM loans WHERE books.id = loans.id) e FROM books', [
    'books',
    'loans',
  ]),
  read('SELECT x.a FROM (SELECT 1 AS a UNION SELECT id FROM loans) x JOIN (VALUES (1), (2)) v', [
    'loans',
  ]),
  read('VALUES (1, (SELECT MAX(id) FROM loans)), (2, 3)', ['loans']),
  read('VALUES ROW(1, 2), ROW((SELECT MAX(id) FROM loans), 3)', ['loans'], {
    notRun: 'MySQL 8 only',
  }),
  read(
    'SELECT COUNT(*) OVER (PARTITION BY year ORDER BY (SELECT 1 FROM loans LIMIT 1)) FROM books',
    ['books', 'loans'],
  ),
  read('WITH loans AS (SELECT id FROM books) SELECT * FROM loans, test.loans l', [
    'books',
    'test.loans',
  ]),
  read('WITH loans AS (SELECT * FROM loans) SELECT * FROM loans', ['loans']),
  read(
    'WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t',
    [],
  ),
  read(
    'WITH RECURSIVE b AS (SELECT * FROM copies), copies AS (SELECT id FROM books) SELECT * FROM b',
    ['copies', 'books'],
    { may: ['copies'] },
  ),
  read('WITH Loans AS (SELECT 1 AS id) SELECT * FROM loans', ['loans'], { may: ['loans'] }),
  read('SELECT (WITH x AS (SELECT 1 AS a FROM loans) SELECT MAX(a) FROM x) FROM books', [
    'books',
    'loans',
  ]),
  read("SELECT {d '2024-01-01'} FROM books", ['books'], {
    kind: 'unknown',
    effects: 'unknown',
    cacheable: false,
    why: 'syntax',
  }),
  // Not the same twice.
  read('SELECT CURRENT_TIMESTAMP, id FROM books', ['books'], { why: 'time' }),
  read('SELECT SYSDATE(6), id FROM books', ['books'], { why: 'time' }),
  read('SELECT UTC_DATE, id FROM books', ['books'], { why: 'time' }),
  read('SELECT UNIX_TIMESTAMP(), id FROM books', ['books'], { why: 'time' }),
  read('SELECT UNIX_TIMESTAMP(added), id FROM books', ['books'], { why: 'settings' }),
  read("SELECT DATE_FORMAT(added, '%M') FROM books", ['books'], { why: 'settings' }),
  read('SELECT YEAR(added), DATE(added), DATE_ADD(added, INTERVAL 1 DAY) FROM books', ['books']),
  read('SELECT id FROM books ORDER BY RAND()', ['books'], { why: 'volatile' }),
  read('SELECT UUID() FROM books', ['books'], { why: 'volatile' }),
  read('SELECT NEXT VALUE FOR tickets FROM books', ['books'], {
    why: 'volatile',
    may: ['tickets'],
  }),
  read('SELECT SLEEP(0), id FROM books', ['books'], { why: 'volatile' }),
  read('SELECT @a, id FROM books', ['books'], { why: 'session' }),
  read('SELECT @`a b`, @@global.sql_mode, id FROM books', ['books'], { why: 'session' }),
  read('SELECT id FROM books WHERE title = CURRENT_USER', ['books'], { why: 'session' }),
  read('SELECT DATABASE(), CONNECTION_ID(), FOUND_ROWS(), id FROM books', ['books'], {
    why: 'session',
  }),
  read('SELECT SQL_CALC_FOUND_ROWS id FROM books LIMIT 1', ['books'], { why: 'session' }),
  read('SELECT id FROM books LIMIT 1 ROWS EXAMINED 100', ['books'], { why: 'partial' }),
  read('SELECT id FROM books INTO @x', ['books'], { why: 'session', notRun: 'more than one row' }),
  read("SELECT id FROM books INTO OUTFILE '/nowhere/x' FIELDS TERMINATED BY ','", ['books'], {
    why: 'into',
    notRun: 'writes a file',
  }),
  read('SELECT * FROM information_schema.tables', ['information_schema.tables'], {
    why: 'catalogue',
    notRun: 'a catalogue',
  }),
  read('SELECT * FROM visits FOR SYSTEM_TIME AS OF TIMESTAMP(NOW()) v', ['visits'], {
    why: 'time',
    notRun: 'not a versioned table',
  }),
  // Calls of what we do not know.
  unseen('SELECT touch(1)'),
  unseen('SELECT test.touch(1), LOWER(title) FROM books', { reads: ['books'] }),
  unseen('SELECT `touch`(id) FROM books', { reads: ['books'] }),
  unseen('SELECT COUNT (*) FROM books', { reads: ['books'], notRun: 'no such stored function' }),
  unseen('SELECT attic.COUNT(*) FROM books', {
    reads: ['books'],
    notRun: 'no such stored function',
  }),
  unseen('DO touch(1)', { kind: 'session' }),
  unseen('SET @a = touch(1)', { kind: 'session' }),
  unseen("EXECUTE IMMEDIATE 'DELETE FROM fines'"),
  unseen('EXECUTE s', { notRun: 'nothing prepared' }),
  unseen('BEGIN NOT ATOMIC DELETE FROM fines; END', { notRun: 'many statements' }),
  unseen('SELECT * FROM ?? WHERE id = 1', { why: 'syntax', notRun: 'the client puts a name in' }),
  // Locks.
  other('lock', 'SELECT * FROM books WHERE id = ? FOR UPDATE NOWAIT', {
    reads: ['books'],
    params: [1],
  }),
  other('lock', 'SELECT * FROM books FOR SHARE OF books SKIP LOCKED', {
    reads: ['books'],
    notRun: 'MySQL 8 only',
  }),
  other('lock', 'SELECT * FROM (SELECT * FROM books LOCK IN SHARE MODE) x', { reads: ['books'] }),
  other('lock', 'SELECT RELEASE_ALL_LOCKS(), id FROM books', { reads: ['books'] }),
  other('lock', 'UNLOCK TABLES', { notRun: 'ends what the test looks at' }),
  // Changes.
  write(
    'INSERT INTO log(what) SELECT title FROM books ON DUPLICATE KEY UPDATE what = CONCAT(VALUES(what), (SELECT MAX(note) FROM loans))',
    ['log'],
    { reads: ['books', 'loans'] },
  ),
  write('INSERT log VALUES (NULL, (SELECT MAX(title) FROM books)), (DEFAULT, 1 + 2)', ['log'], {
    reads: ['books'],
  }),
  write('INSERT INTO log(what) VALUE (?) RETURNING id, (SELECT 1 FROM books LIMIT 1)', ['log'], {
    reads: ['books'],
    params: ['x'],
    notRun: 'MariaDB refuses the query',
  }),
  write('INSERT INTO log() VALUES ()', ['log']),
  write(
    'INSERT INTO log SET what = (SELECT MAX(title) FROM books) ON DUPLICATE KEY UPDATE what = 1',
    ['log'],
    { reads: ['books'] },
  ),
  write('INSERT HIGH_PRIORITY IGNORE INTO visits PARTITION (p0, p1) (id, day) VALUES (9, 2025)', [
    'visits',
  ]),
  write('INSERT INTO log(what) TABLE log', ['log'], { reads: ['log'], notRun: 'MySQL 8 only' }),
  write(
    "INSERT INTO log(what) VALUES ('a') AS new ON DUPLICATE KEY UPDATE what = new.what",
    ['log'],
    { notRun: 'MySQL 8 only' },
  ),
  write('REPLACE INTO fines(loan_id, amount) SELECT id, 1 FROM loans', ['fines'], {
    reads: ['loans'],
  }),
  write('REPLACE fines SET loan_id = 1, amount = 2', ['fines']),
  write(
    'UPDATE LOW_PRIORITY IGNORE books SET year = (SELECT 1 FROM loans LIMIT 1) WHERE id = 1',
    ['books'],
    { reads: ['loans'], may: ['books'] },
  ),
  write(
    'UPDATE books, authors SET books.year = 1, authors.name = 1 WHERE books.author_id = authors.id',
    ['books', 'authors'],
    { may: ['books', 'authors'] },
  ),
  write('UPDATE books b JOIN authors a ON a.id = b.author_id SET title = a.name', ['books'], {
    reads: ['authors'],
    may: ['books', 'authors'],
  }),
  write('UPDATE (SELECT id FROM copies) c JOIN books b ON b.id = c.id SET b.year = 1', ['books'], {
    reads: ['copies'],
    may: ['books'],
  }),
  write('UPDATE attic.books SET attic.books.title = 1', ['attic.books'], { may: ['attic.books'] }),
  write(
    'WITH x AS (SELECT id FROM copies) UPDATE books JOIN x ON x.id = books.id SET books.year = 1',
    ['books'],
    { reads: ['copies'], may: ['books'], notRun: 'MySQL 8 only' },
  ),
  write(
    'DELETE b.*, c FROM books AS b INNER JOIN copies AS c INNER JOIN loans WHERE b.id = c.book_id',
    ['books', 'copies'],
    { reads: ['loans'], may: ['books', 'copies'] },
  ),
  write(
    'DELETE FROM b, copies USING books b JOIN copies ON copies.book_id = b.id',
    ['books', 'copies'],
    { may: ['books', 'copies'] },
  ),
  write(
    'DELETE attic.books FROM attic.books, copies WHERE attic.books.id = copies.id',
    ['attic.books'],
    { reads: ['copies'], may: ['attic.books', 'copies'] },
  ),
  write('DELETE QUICK FROM visits PARTITION (p0) WHERE id = 1 ORDER BY id LIMIT 1', ['visits'], {
    may: ['visits'],
  }),
  write('DELETE FROM fines WHERE loan_id IN (SELECT id FROM loans) RETURNING loan_id', ['fines'], {
    reads: ['loans'],
    may: ['fines'],
  }),
  write('TRUNCATE fines', ['fines'], { notRun: 'ends the transaction' }),
  write(
    "LOAD DATA INFILE '/x' REPLACE INTO TABLE log (@a) SET what = (SELECT MAX(title) FROM books)",
    ['log'],
    { reads: ['books'], notRun: 'needs a file' },
  ),
  write('SET STATEMENT max_statement_time = 10 FOR DELETE FROM fines', ['fines'], {
    may: ['fines'],
  }),
  write('ANALYZE FORMAT=JSON DELETE FROM fines', ['fines'], { may: ['fines'] }),
  write('SELECT 1; DELETE FROM fines; SELECT id FROM books', ['fines'], {
    reads: ['books'],
    may: ['fines'],
  }),
  other('ddl', 'CREATE TEMPORARY TABLE t9 ENGINE=InnoDB SELECT id FROM books', {
    reads: ['books'],
    writes: ['t9'],
  }),
  other('ddl', 'CREATE TABLE t8 LIKE books', {
    writes: ['t8'],
    may: ['books'],
    notRun: 'ends the transaction',
  }),
  other(
    'ddl',
    'CREATE ALGORITHM=MERGE DEFINER=`root`@`%` SQL SECURITY INVOKER VIEW v9 AS SELECT id FROM books',
    { writes: ['v9'], may: ['books'], notRun: 'ends the transaction' },
  ),
  other('ddl', 'RENAME TABLE fines TO old_fines, attic.books TO attic.b2', {
    writes: ['fines', 'old_fines', 'attic.books', 'attic.b2'],
    notRun: 'ends the transaction',
  }),
  other('ddl', 'ALTER TABLE visits EXCHANGE PARTITION p0 WITH TABLE fines', {
    writes: ['visits', 'fines'],
    notRun: 'ends the transaction',
  }),
  unseen('DROP DATABASE attic', { kind: 'ddl', notRun: 'ends the transaction' }),
  other(
    'ddl',
    'CREATE PROCEDURE p1(IN a INT) BEGIN IF a > 1 THEN UPDATE books SET year = IF(a, 1, 2); END IF; l1: LOOP LEAVE l1; END LOOP; END',
    { notRun: 'ends the transaction' },
  ),
  other('ddl', 'CREATE PROCEDURE p2() BEGIN SELECT 1; END; DELETE FROM fines', {
    writes: ['fines'],
    may: ['fines'],
    notRun: 'ends the transaction',
  }),
  other('session', 'SHOW TABLES', { notRun: 'a catalogue' }),
  other('session', "SET NAMES 'utf8mb4'"),
  other('session', 'EXPLAIN SELECT * FROM books', { may: ['books'] }),
  other('tx', 'ROLLBACK WORK TO SAVEPOINT `a b`', { notRun: 'no such savepoint' }),
  other('tx', "XA COMMIT 'x' ONE PHASE", { notRun: 'no such transaction' }),
  // Shapes ORMs send.
  read(
    'select `books`.`id`, `books_copies`.`data` as `copies` from `books` left join lateral (select json_arrayagg(json_array(`c`.`id`)) as `data` from (select * from `copies` `books_copies` where `books_copies`.`book_id` = `books`.`id`) `c`) `books_copies` on true limit ?',
    ['books', 'copies'],
    { params: [5], notRun: 'MySQL 8 only' },
  ),
  read(
    'SELECT `b`.`id` AS `b_id` FROM `books` `b` LEFT JOIN `copies` `c` ON `c`.`book_id`=`b`.`id` AND (`c`.`shelf` IS NULL OR `c`.`shelf` IN (?, ?)) WHERE ( `b`.`title` LIKE ? ) ORDER BY `b`.`id` ASC LIMIT 10 OFFSET 20',
    ['books', 'copies'],
    { params: ['a', 'b', 't%'] },
  ),
]
