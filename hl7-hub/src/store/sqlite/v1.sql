-- The first version of the schema. Once released it stays as it is; a change is a step of its own.
-- Times are milliseconds since 1970. They are shown, never sorted by: numbers say what came first.

CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    source TEXT NOT NULL,
    peer TEXT NOT NULL,
    control_id TEXT NOT NULL,
    message_type TEXT NOT NULL,
    sending_application TEXT NOT NULL,
    sending_facility TEXT NOT NULL,
    receiving_application TEXT NOT NULL,
    receiving_facility TEXT NOT NULL,
    version TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    verdict TEXT NOT NULL,
    state TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT;
CREATE INDEX messages_by_control_id ON messages (control_id);
CREATE INDEX messages_by_patient ON messages (patient_id) WHERE patient_id <> '';
CREATE INDEX messages_by_state ON messages (state);

-- Apart from what is searched, so that a search does not go through it.
CREATE TABLE bodies (
    message INTEGER PRIMARY KEY REFERENCES messages (id),
    body BLOB NOT NULL
) STRICT;

-- The acknowledgments of a message, in the order in which they are sent.
CREATE TABLE replies (
    message INTEGER NOT NULL REFERENCES messages (id),
    number INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (message, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE dedupe (
    source TEXT NOT NULL,
    sender BLOB NOT NULL,
    control_id BLOB NOT NULL,
    content BLOB NOT NULL,
    at INTEGER NOT NULL,
    message INTEGER NOT NULL REFERENCES messages (id),
    PRIMARY KEY (source, sender, control_id, content)
) STRICT, WITHOUT ROWID;

-- The order of a destination is the order of these numbers.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message INTEGER NOT NULL REFERENCES messages (id),
    destination TEXT NOT NULL,
    -- The delivery that was given up and that this one takes the place of.
    parent INTEGER REFERENCES deliveries (id),
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due INTEGER NOT NULL DEFAULT 0,
    maybe_duplicate INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX deliveries_by_message ON deliveries (message);
CREATE INDEX deliveries_by_parent ON deliveries (parent) WHERE parent IS NOT NULL;
-- As long as the queue, whatever has been delivered.
CREATE INDEX deliveries_queued ON deliveries (destination, id) WHERE state IN ('queued', 'sending');
CREATE INDEX deliveries_by_state ON deliveries (destination, state);

-- What is sent, where that is not the message as it came.
CREATE TABLE outgoing (
    delivery INTEGER PRIMARY KEY REFERENCES deliveries (id),
    body BLOB NOT NULL
) STRICT;

CREATE TABLE attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER NOT NULL REFERENCES deliveries (id),
    began INTEGER NOT NULL,
    ended INTEGER,
    outcome TEXT,
    reply BLOB
) STRICT;
CREATE INDEX attempts_by_delivery ON attempts (delivery);
-- A handful at most: what a start looks for.
CREATE INDEX attempts_open ON attempts (id) WHERE ended IS NULL;

-- Only ever added to. `hash` is over the line and the hash of the line before it; `digest` is over what the line is about.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    message INTEGER,
    attempt INTEGER,
    detail TEXT NOT NULL,
    digest BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_message ON audit (message);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
