-- What people decide about messages, and what is pruned.

-- The message that this one is an edited copy of. No reference: the two are pruned each at its own time.
ALTER TABLE messages ADD COLUMN parent INTEGER;
-- The line of the audit by which somebody dismissed a message that has no deliveries.
ALTER TABLE messages ADD COLUMN resolved INTEGER;
CREATE INDEX messages_by_parent ON messages (parent) WHERE parent IS NOT NULL;
CREATE INDEX messages_resolved ON messages (resolved) WHERE resolved IS NOT NULL;

-- The line of the audit by which somebody queued a delivery, and the one by which somebody took it from where it stood.
ALTER TABLE deliveries ADD COLUMN ordered INTEGER;
ALTER TABLE deliveries ADD COLUMN changed INTEGER;
CREATE INDEX deliveries_ordered ON deliveries (ordered) WHERE ordered IS NOT NULL;
CREATE INDEX deliveries_changed ON deliveries (changed) WHERE changed IS NOT NULL;

-- Sources that take nothing and destinations that get nothing until somebody says otherwise.
CREATE TABLE pauses (
    side TEXT NOT NULL,
    name TEXT NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (side, name)
) STRICT, WITHOUT ROWID;

-- What content was, once it is gone: its hash stays, so that all else can still be verified.
CREATE TABLE pruned (
    kind TEXT NOT NULL,
    id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (kind, id, number)
) STRICT, WITHOUT ROWID;

-- The line behind which the audit begins, and its hash. Lines up to it may be taken away, no others.
CREATE TABLE audit_start (line INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
INSERT INTO audit_start VALUES (0, zeroblob(32));
DROP TRIGGER audit_is_not_cut;
CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
WHEN old.id > (SELECT line FROM audit_start)
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

-- Keys outlive their messages without being looked for in them each time a message goes.
CREATE TABLE dedupe_keys (
    source TEXT NOT NULL,
    sender BLOB NOT NULL,
    control_id BLOB NOT NULL,
    content BLOB NOT NULL,
    at INTEGER NOT NULL,
    message INTEGER NOT NULL,
    PRIMARY KEY (source, sender, control_id, content)
) STRICT, WITHOUT ROWID;
INSERT INTO dedupe_keys SELECT source, sender, control_id, content, at, message FROM dedupe;
DROP TABLE dedupe;
ALTER TABLE dedupe_keys RENAME TO dedupe;
