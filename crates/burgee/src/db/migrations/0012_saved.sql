-- Searches for flags that people keep under a name.
CREATE TABLE saved_searches (
    user_id {int} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    {text} NOT NULL,
    query   {text} NOT NULL,
    PRIMARY KEY (user_id, name)
){keyed};
