-- Which version a saved prompt was edited from, and by whom.
create table prompt_origins (
    prompt_id varchar primary key,
    parent_id varchar,
    saved_by varchar not null,
    saved_at timestamptz not null
);

-- Two ways to ask the same seeds. `salt` decides which answer stands left; it never leaves us.
create table comparisons (
    id varchar primary key,
    name varchar not null,
    salt varchar not null,
    created_by varchar not null,
    created_at timestamptz not null
);

create table comparison_arms (
    comparison_id varchar not null,
    arm varchar not null,            -- first | second
    prompt_id varchar not null,
    kind varchar not null,           -- embedded | configured
    endpoint varchar not null,
    model varchar not null,
    choice varchar not null,         -- what the model is chosen by: its name, or a file's path
    temperature double not null,
    primary key (comparison_id, arm)
);

create table comparison_pairs (
    comparison_id varchar not null,
    position integer not null,
    seed_id varchar not null,
    first_key varchar not null,
    second_key varchar not null,
    primary key (comparison_id, position)
);

-- Append-only; the newest of a reviewer on a pair counts, and `undone` takes back what was there.
create table comparison_votes (
    id varchar primary key,
    number bigint not null,
    comparison_id varchar not null,
    position integer not null,
    reviewer varchar not null,
    outcome varchar not null,        -- first | second | both_good | both_bad | undone
    blind boolean not null,          -- false once the reviewer has seen the tally
    voted_at timestamptz not null
);

-- Who has seen the tally, and with it which two were compared.
create table comparison_openings (
    comparison_id varchar not null,
    reviewer varchar not null,
    opened_at timestamptz not null,
    primary key (comparison_id, reviewer)
);
