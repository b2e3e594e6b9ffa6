-- Which sample was evolved into which. `round` counts from the first sample of the family, whose id
-- is `root_id`: it is no evolution itself.
create table evolutions (
    sample_id varchar primary key,
    parent_id varchar not null,
    parent_revision integer not null,
    root_id varchar not null,
    heuristic varchar not null,
    round integer not null,
    request_key varchar not null
);

-- What followed a job that evolved samples, noted once: another job, or why there is none.
create table evolution_rounds (
    job_id varchar primary key,
    next_job varchar,
    sentence varchar not null,
    noted_at timestamptz not null
);

-- Append-only: what judges said of one revision of a sample. A suggestion, never a decision.
create table judgements (
    request_key varchar primary key,
    sample_id varchar not null,
    revision integer not null,
    model varchar not null,
    meets_problem integer not null,  -- 1 (worst) to 5, as the other two
    logic integer not null,
    edge_cases integer not null,
    reason varchar not null,
    judged_at timestamptz not null
);
