CREATE EXTENSION amcheck;
CREATE TABLE accounts (id bigserial PRIMARY KEY, owner text NOT NULL, balance numeric(12, 2), since timestamptz);
INSERT INTO accounts (owner, balance, since)
    SELECT 'owner ' || i, i / 7.0, '2026-01-01 00:00:00+00'::timestamptz + i * interval '1 minute'
    FROM generate_series(1, 5000) AS i;
CREATE TABLE "Odd name" ("select" int, t json, long text);
INSERT INTO "Odd name" SELECT i, '{"a": 1}', repeat(md5(i::text), 1000) FROM generate_series(1, 50) AS i;
CREATE TABLE nothing ();
INSERT INTO nothing DEFAULT VALUES;
VACUUM ANALYZE;
