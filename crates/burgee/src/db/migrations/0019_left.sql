-- What any owner was called who is gone: a person's account may be gone, too.
ALTER TABLE flag_owners RENAME COLUMN group_name TO left_name;
