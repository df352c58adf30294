-- What the record of events is searched by.
CREATE INDEX events_by_environment ON events (environment, id) WHERE environment IS NOT NULL;
CREATE INDEX events_by_group ON events (group_id, id) WHERE group_id IS NOT NULL;
