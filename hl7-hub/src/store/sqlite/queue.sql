-- What a queue costs.

-- A list of three or more has SQLite make a table for it each time that it looks whether a row is in the index.
DROP INDEX deliveries_queued;
CREATE INDEX deliveries_queued ON deliveries (destination, lane, id)
    WHERE state = 'queued' OR state = 'sending' OR state = 'held';
