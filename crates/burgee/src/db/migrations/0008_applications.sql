-- Which applications use the server, as their SDKs tell.
CREATE TABLE applications (
    name       {text} PRIMARY KEY,
    -- The name in small letters.
    search     {text} NOT NULL,
    strategies {text} NOT NULL,
    -- Whether the log of events has it.
    announced  {bool} NOT NULL,
    created_at {int} NOT NULL,
    seen_at    {int} NOT NULL
){keyed};

CREATE INDEX applications_to_announce ON applications (name) WHERE announced = FALSE;

-- What people wrote about an application.
CREATE TABLE application_details (
    application {text} PRIMARY KEY,
    url         {text},
    color       {text},
    icon        {text},
    description {text}
){keyed};

-- Whose flags it gets; the project `*` stands for all.
CREATE TABLE application_usage (
    application {text} NOT NULL REFERENCES applications (name) ON DELETE CASCADE,
    project     {text} NOT NULL,
    environment {text} NOT NULL,
    seen_at     {int} NOT NULL,
    PRIMARY KEY (application, project, environment)
){keyed};

CREATE INDEX application_usage_by_project ON application_usage (project, application);

CREATE TABLE application_instances (
    application {text} NOT NULL REFERENCES applications (name) ON DELETE CASCADE,
    environment {text} NOT NULL,
    instance    {text} NOT NULL,
    sdk         {text},
    ip          {text},
    seen_at     {int} NOT NULL,
    PRIMARY KEY (application, environment, instance)
){keyed};

CREATE INDEX application_instances_by_age ON application_instances (seen_at);
