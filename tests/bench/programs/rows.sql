CREATE TABLE words(id INTEGER PRIMARY KEY, word TEXT, weight INTEGER);
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < @ROWS@)
INSERT INTO words SELECT n, printf('word %d', n * 7919 % 100003), n % 97 FROM number;
CREATE INDEX by_word ON words(word);
SELECT weight, count(DISTINCT word), group_concat(substr(word, 6, 2)) FROM words GROUP BY weight;
SELECT a.word, b.word FROM words a JOIN words b ON a.word = b.word WHERE a.id < b.id LIMIT 5000;
