-- The statements that make the rights in a database, its extensions and its users' groups what they shall be; none if
-- nothing differs. Parameters: extensions, separated by commas; owner of the database; user for backups; user for monitoring.
WITH wanted AS (
  SELECT string_to_array(%s, ',') AS extensions, %s::name AS owner, %s::name AS backup, %s::name AS monitor
)
SELECT statement FROM (
  SELECT 1, 'GRANT pg_monitor TO ' || quote_ident(monitor) AS statement FROM wanted
    WHERE NOT pg_has_role(monitor, 'pg_monitor', 'MEMBER')
  UNION ALL
  SELECT 1, 'GRANT pg_read_all_data TO ' || quote_ident(backup) FROM wanted
    WHERE NOT pg_has_role(backup, 'pg_read_all_data', 'MEMBER')
  UNION ALL
  SELECT 2, 'ALTER DATABASE ' || quote_ident(datname) || ' OWNER TO ' || quote_ident(owner) FROM wanted, pg_database
    WHERE datname = current_database() AND datdba <> owner::regrole
  UNION ALL
  SELECT 3, 'REVOKE ALL ON DATABASE ' || quote_ident(current_database()) || ' FROM PUBLIC'
    WHERE has_database_privilege('public', current_database(), 'CONNECT,TEMPORARY,CREATE')
  UNION ALL
  -- Until PostgreSQL 14 the first superuser has the schema; from 15 on it is the database owner's by itself.
  SELECT 3, 'ALTER SCHEMA public OWNER TO pg_database_owner' FROM pg_namespace WHERE nspname = 'public' AND nspowner = 10
  UNION ALL
  SELECT 4, 'GRANT CONNECT ON DATABASE ' || quote_ident(current_database()) || ' TO ' || quote_ident(name)
    FROM wanted, unnest(ARRAY[backup, monitor]) AS name
    WHERE has_database_privilege('public', current_database(), 'CONNECT')
      OR NOT has_database_privilege(name, current_database(), 'CONNECT')
  UNION ALL
  SELECT 5, 'REVOKE ALL ON SCHEMA public FROM PUBLIC' WHERE has_schema_privilege('public', 'public', 'USAGE,CREATE')
  UNION ALL
  -- What pg_stat_statements tells is there. Who may use a schema sees names in it, but no rows.
  SELECT 6, 'GRANT USAGE ON SCHEMA public TO ' || quote_ident(monitor) FROM wanted
    WHERE has_schema_privilege('public', 'public', 'USAGE') OR NOT has_schema_privilege(monitor, 'public', 'USAGE')
  UNION ALL
  SELECT 7, 'CREATE EXTENSION ' || quote_ident(name) FROM wanted, unnest(extensions) AS name
    WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = name)
  UNION ALL
  SELECT 8, 'ALTER EXTENSION ' || quote_ident(name) || ' UPDATE' FROM wanted, pg_available_extensions
    WHERE name = ANY(extensions) AND installed_version <> default_version
) AS steps (place, statement)
ORDER BY place, statement
