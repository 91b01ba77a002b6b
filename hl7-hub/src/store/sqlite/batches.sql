-- Batches. A batch is a message; which messages came in it stands here.

CREATE TABLE batch_members (
    message INTEGER PRIMARY KEY REFERENCES messages (id),
    batch INTEGER NOT NULL REFERENCES messages (id),
    ordinal INTEGER NOT NULL
) STRICT;
CREATE INDEX batch_members_by_batch ON batch_members (batch, ordinal);
