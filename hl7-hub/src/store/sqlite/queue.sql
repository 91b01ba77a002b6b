-- By this a file is known as ours, and not taken for another program's.
PRAGMA application_id = 0x484c3748;

-- What a queue costs, and its order where a destination takes no batches any more.

-- A list of three or more has SQLite make a table for it each time that it looks whether a row is in the index.
DROP INDEX deliveries_queued;
CREATE INDEX deliveries_queued ON deliveries (destination, lane, id)
    WHERE state = 'queued' OR state = 'sending' OR state = 'held';

-- Destinations that take no batches: nothing gathers for them but behind what does already.
CREATE TABLE one_by_one (destination TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
