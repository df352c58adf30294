-- Which context fields the constraints of strategies and segments name, so that the question where a field is used
-- does not have to look into every list of constraints.

CREATE TABLE strategy_fields (
    strategy_id {text} NOT NULL REFERENCES feature_strategies (id) ON DELETE CASCADE,
    field       {text} NOT NULL,
    PRIMARY KEY (strategy_id, field)
){keyed};
CREATE INDEX strategy_fields_by_field ON strategy_fields (field, strategy_id);

CREATE TABLE segment_fields (
    segment_id {int} NOT NULL REFERENCES segments (id) ON DELETE CASCADE,
    field      {text} NOT NULL,
    PRIMARY KEY (segment_id, field)
){keyed};
CREATE INDEX segment_fields_by_field ON segment_fields (field, segment_id);
