-- Batches. A batch is a message; which messages came in it stands here.

-- A message and its batch may go each at its own time, so there is no reference to the batch.
CREATE TABLE batch_members (
    message INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    batch INTEGER NOT NULL,
    ordinal INTEGER NOT NULL
) STRICT;
CREATE INDEX batch_members_by_batch ON batch_members (batch, ordinal);

-- What waits for others, to go with them in a batch; as long as that, whatever has been delivered.
CREATE INDEX deliveries_gathering ON deliveries (destination, id) WHERE state = 'gathering';

-- The batch that a delivery went in, a message with a delivery of its own.
CREATE TABLE gathered (
    delivery INTEGER PRIMARY KEY REFERENCES deliveries (id) ON DELETE CASCADE,
    batch INTEGER NOT NULL
) STRICT;
CREATE INDEX gathered_by_batch ON gathered (batch);

-- Somebody asked that what had gathered by then goes now.
CREATE TABLE send_now (
    destination TEXT PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
