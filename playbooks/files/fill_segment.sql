-- Fills the segment of the log that is written, but for less than a fifth, a little at a time, with messages that nobody reads.
--
-- A server that shuts down fills that segment to its end, and every standby gets all of it and writes it to its disk, while clients wait. What comes
-- behind it goes into another segment, which has to be made; a checkpoint makes it beforehand, where the segment before is three quarters full
-- (PreallocXlogFiles in src/backend/access/transam/xlog.c).
CHECKPOINT;
DO $$
DECLARE
  piece constant bigint := 256 * 1024;
  most constant bigint := 64 * 1024 * 1024;
  segment constant bigint := pg_size_bytes(current_setting('wal_segment_size'));
  filled bigint := 0;
BEGIN
  WHILE segment - pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') % segment > segment * 3 / 16 AND filled < most LOOP
    PERFORM pg_logical_emit_message(false, 'switchover', repeat(' ', piece::int));
    PERFORM pg_sleep(0.02);
    filled := filled + piece;
  END LOOP;
END $$;
CHECKPOINT;
