-- Several lanes to a destination, what is settled behind the reply, and how many there are of what.

-- Which of its destination's lanes sends it; below zero, all of them wait for it.
ALTER TABLE deliveries ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;
-- As long as the queue, whatever has been delivered.
DROP INDEX deliveries_queued;
CREATE INDEX deliveries_queued ON deliveries (destination, lane, id)
    WHERE state IN ('queued', 'sending', 'held');
-- What somebody must look at.
DROP INDEX deliveries_by_state;
CREATE INDEX deliveries_given_up ON deliveries (destination, id) WHERE state IN ('dead', 'held');
-- As long as what is not completed.
DROP INDEX messages_by_state;
CREATE INDEX messages_by_state ON messages (state, id) WHERE state <> 'completed';

-- Deliveries whose destination has stored them, and whose application acknowledgment is waited for.
CREATE TABLE awaiting (
    delivery INTEGER PRIMARY KEY REFERENCES deliveries (id),
    destination TEXT NOT NULL,
    -- MSH-10 and MSH-5.1 as they were sent.
    control_id BLOB NOT NULL,
    receiver BLOB NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX awaiting_by_control_id ON awaiting (control_id);
CREATE INDEX awaiting_by_time ON awaiting (destination, until);

-- How the queue of a destination was divided into lanes when the hub last ran.
CREATE TABLE layouts (
    destination TEXT PRIMARY KEY,
    layout TEXT NOT NULL,
    lanes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How many there are, so that nobody counts millions to show it. Triggers, so that they are right whoever writes.
CREATE TABLE message_counts (
    state TEXT PRIMARY KEY,
    count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER message_counted AFTER INSERT ON messages BEGIN
    INSERT INTO message_counts VALUES (NEW.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER message_moved AFTER UPDATE OF state ON messages WHEN OLD.state <> NEW.state BEGIN
    UPDATE message_counts SET count = count - 1 WHERE state = OLD.state;
    INSERT INTO message_counts VALUES (NEW.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER message_removed AFTER DELETE ON messages BEGIN
    UPDATE message_counts SET count = count - 1 WHERE state = OLD.state;
END;
INSERT INTO message_counts SELECT state, count(*) FROM messages GROUP BY state;

-- What is being sent counts as queued: it changes with each attempt.
CREATE TABLE delivery_counts (
    destination TEXT NOT NULL,
    state TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (destination, state)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER delivery_counted AFTER INSERT ON deliveries BEGIN
    INSERT INTO delivery_counts VALUES (NEW.destination, replace(NEW.state, 'sending', 'queued'), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER delivery_moved AFTER UPDATE OF state ON deliveries
WHEN replace(OLD.state, 'sending', 'queued') <> replace(NEW.state, 'sending', 'queued') BEGIN
    UPDATE delivery_counts SET count = count - 1
        WHERE destination = OLD.destination AND state = replace(OLD.state, 'sending', 'queued');
    INSERT INTO delivery_counts VALUES (NEW.destination, replace(NEW.state, 'sending', 'queued'), 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER delivery_removed AFTER DELETE ON deliveries BEGIN
    UPDATE delivery_counts SET count = count - 1
        WHERE destination = OLD.destination AND state = replace(OLD.state, 'sending', 'queued');
END;
INSERT INTO delivery_counts
    SELECT destination, replace(state, 'sending', 'queued'), count(*) FROM deliveries GROUP BY 1, 2;
