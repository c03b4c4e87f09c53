/** A library: the tables the statements beside this file speak of. */
export const POSTGRES_SCHEMA = `
CREATE SCHEMA attic;
CREATE TABLE authors(id bigserial PRIMARY KEY, name text, born date, bio jsonb DEFAULT '{}');
CREATE TABLE books(id bigserial PRIMARY KEY, author_id bigint REFERENCES authors(id) ON DELETE CASCADE, title text, year int, price numeric, tags text[] DEFAULT '{}', added timestamptz DEFAULT now());
CREATE TABLE copies(id bigserial PRIMARY KEY, book_id bigint REFERENCES books(id) ON DELETE SET NULL, shelf text);
CREATE TABLE members(id bigserial PRIMARY KEY, email text UNIQUE, name text, branch int DEFAULT 1);
CREATE TABLE loans(id bigserial PRIMARY KEY, copy_id bigint, member_id bigint, due timestamp, note text);
CREATE TABLE "Loans"("Id" bigserial PRIMARY KEY, "Select" text);
CREATE TABLE "from"("where" int PRIMARY KEY, "a.b" text);
CREATE TABLE fines(loan_id bigint, amount numeric, PRIMARY KEY (loan_id, amount));
CREATE TABLE attic.books(id bigint PRIMARY KEY, title text);
CREATE TABLE visits(id bigserial, day date NOT NULL, member_id bigint) PARTITION BY RANGE (day);
CREATE TABLE visits_old PARTITION OF visits FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
CREATE TABLE visits_new PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);
CREATE TABLE log(id bigserial PRIMARY KEY, what text);
CREATE VIEW open_loans AS SELECT l.*, m.name FROM loans l JOIN members m ON m.id = l.member_id;
CREATE FUNCTION touch(bigint) RETURNS int LANGUAGE sql AS 'INSERT INTO log(what) VALUES (''x''); SELECT 1';
INSERT INTO authors(name, born) SELECT 'a' || g, '1950-01-01' FROM generate_series(1, 5) g;
INSERT INTO books(author_id, title, year, price) SELECT g, 't' || g, 1990 + g, g FROM generate_series(1, 5) g;
INSERT INTO copies(book_id, shelf) SELECT g, 's' FROM generate_series(1, 5) g;
INSERT INTO members(email, name) SELECT 'm' || g || '@x', 'm' || g FROM generate_series(1, 5) g;
INSERT INTO loans(copy_id, member_id) SELECT g, g FROM generate_series(1, 5) g;
INSERT INTO visits(day, member_id) VALUES ('2025-01-01', 1), ('2026-05-01', 2);
`

export const MYSQL_SCHEMA: readonly string[] = [
  'CREATE TABLE authors(id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(100), born date, bio json)',
  'CREATE TABLE books(id bigint AUTO_INCREMENT PRIMARY KEY, author_id bigint, title varchar(100), year int, price decimal(10,2), added datetime DEFAULT CURRENT_TIMESTAMP, FULLTEXT(title), FOREIGN KEY (author_id) REFERENCES authors(id) ON DELETE CASCADE)',
  'CREATE TABLE copies(id bigint AUTO_INCREMENT PRIMARY KEY, book_id bigint, shelf varchar(20), FOREIGN KEY (book_id) REFERENCES books(id) ON DELETE SET NULL)',
  'CREATE TABLE members(id bigint AUTO_INCREMENT PRIMARY KEY, email varchar(100) UNIQUE, name varchar(100), branch int DEFAULT 1)',
  'CREATE TABLE loans(id bigint AUTO_INCREMENT PRIMARY KEY, copy_id bigint, member_id bigint, due datetime, note text)',
  'CREATE TABLE `from`(`where` int PRIMARY KEY, `a.b` varchar(20))',
  'CREATE TABLE 2024_stats(id int PRIMARY KEY, `1st` int)',
  'CREATE TABLE fines(loan_id bigint, amount decimal(10,2), PRIMARY KEY (loan_id, amount))',
  'CREATE TABLE log(id bigint AUTO_INCREMENT PRIMARY KEY, what varchar(100))',
  'CREATE DATABASE attic',
  'CREATE TABLE attic.books(id bigint PRIMARY KEY, title varchar(100))',
  'CREATE TABLE visits(id bigint, day int) PARTITION BY RANGE (day) (PARTITION p0 VALUES LESS THAN (2026), PARTITION p1 VALUES LESS THAN MAXVALUE)',
  'CREATE VIEW open_loans AS SELECT l.id, m.name FROM loans l JOIN members m ON m.id = l.member_id',
  'CREATE SEQUENCE tickets',
  "CREATE FUNCTION touch(p bigint) RETURNS int MODIFIES SQL DATA BEGIN INSERT INTO log(what) VALUES ('x'); RETURN 1; END",
  "INSERT INTO authors(name, born) VALUES ('a1', '1950-01-01'), ('a2', '1960-01-01')",
  "INSERT INTO books(author_id, title, year, price) VALUES (1, 't1', 1991, 1), (2, 't2', 1992, 2)",
  "INSERT INTO copies(book_id, shelf) VALUES (1, 's'), (2, 's')",
  "INSERT INTO members(email, name) VALUES ('m1@x', 'm1'), ('m2@x', 'm2')",
  'INSERT INTO loans(copy_id, member_id) VALUES (1, 1), (2, 2)',
  'INSERT INTO visits VALUES (1, 2025), (2, 2026)',
]

export const SQLITE_SCHEMA = `
CREATE TABLE authors(id INTEGER PRIMARY KEY, name TEXT, born TEXT, bio TEXT DEFAULT '{}');
CREATE TABLE books(id INTEGER PRIMARY KEY, author_id INTEGER REFERENCES authors(id) ON DELETE CASCADE, title TEXT, year INTEGER, price REAL, added TEXT);
CREATE TABLE copies(id INTEGER PRIMARY KEY, book_id INTEGER REFERENCES books(id) ON DELETE SET NULL, shelf TEXT);
CREATE TABLE members(id INTEGER PRIMARY KEY, email TEXT UNIQUE, name TEXT, branch INTEGER DEFAULT 1);
CREATE TABLE loans(id INTEGER PRIMARY KEY, copy_id INTEGER, member_id INTEGER, due TEXT, note TEXT);
CREATE TABLE "from"("where" INTEGER PRIMARY KEY, "a.b" TEXT);
CREATE TABLE fines(loan_id INTEGER, amount REAL, PRIMARY KEY (loan_id, amount)) WITHOUT ROWID;
CREATE TABLE log(id INTEGER PRIMARY KEY, what TEXT);
CREATE TABLE picked(id INTEGER);
CREATE VIRTUAL TABLE pages USING fts5(body);
CREATE VIEW open_loans AS SELECT l.id, m.name FROM loans l JOIN members m ON m.id = l.member_id;
ATTACH ':memory:' AS attic;
CREATE TABLE attic.books(id INTEGER PRIMARY KEY, title TEXT);
INSERT INTO authors(name, born) VALUES ('a1', '1950-01-01'), ('a2', '1960-01-01');
INSERT INTO books(author_id, title, year, price) VALUES (1, 't1', 1991, 1), (2, 't2', 1992, 2);
INSERT INTO copies(book_id, shelf) VALUES (1, 's'), (2, 's');
INSERT INTO members(email, name) VALUES ('m1@x', 'm1'), ('m2@x', 'm2');
INSERT INTO loans(copy_id, member_id) VALUES (1, 1), (2, 2);
INSERT INTO picked VALUES (1);
INSERT INTO pages VALUES ('from loans'), ('where');
`
