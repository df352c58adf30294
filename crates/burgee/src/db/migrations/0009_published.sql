-- What clients see is read from the record: which event was the last to change it.

-- The segment that the event is about.
ALTER TABLE events ADD COLUMN segment_id {int};
CREATE INDEX events_by_segment ON events (segment_id, id) WHERE segment_id IS NOT NULL;

DROP INDEX events_that_revise;
CREATE INDEX events_that_revise ON events (environment, project, id) WHERE revises = TRUE;
