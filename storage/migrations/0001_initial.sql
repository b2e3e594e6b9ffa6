-- Primary keys only: no secondary index and no foreign key. Text lives in append-only tables, what
-- changes in narrow ones: updating a wide column makes the next checkpoint stall every reader.

create table corpora (
    name varchar primary key,
    documents bigint not null,
    languages json not null,
    licences json not null,
    drawn_at timestamptz not null
);

create table seeds (
    id varchar primary key,
    position bigint not null,
    corpus varchar not null,
    repository varchar not null,
    path varchar not null,
    first_line integer not null,
    last_line integer not null,
    language varchar not null,
    licence varchar not null,
    snippet varchar not null,
    before varchar not null,
    after varchar not null,
    job_id varchar not null
);

create table prompts (
    id varchar primary key,
    name varchar not null,
    system varchar not null,
    "user" varchar not null,
    created_at timestamptz not null
);

-- The ledger: one narrow row per request, whatever became of it.
create table requests (
    key varchar primary key,
    job_id varchar not null,
    seed_id varchar not null,
    prompt_id varchar not null,
    endpoint varchar not null,
    model varchar not null,
    parameters json not null,
    state varchar not null,          -- answered | failed
    reason varchar,                  -- why there is no sample, null where there is one
    prompt_tokens integer not null,
    completion_tokens integer not null,
    seconds double not null,
    cost double,                     -- US dollars; null where the price is not known
    received_at timestamptz not null
);

create table responses (
    key varchar not null,
    received_at timestamptz not null,
    raw varchar not null,
    primary key (key, received_at)
);

create table samples (
    id varchar not null,
    revision integer not null,
    seed_id varchar not null,
    request_key varchar not null,
    problem varchar not null,
    solution varchar not null,
    language varchar not null,
    source varchar not null,
    created_at timestamptz not null,
    primary key (id, revision)
);

create table sample_state (
    sample_id varchar primary key,
    position bigint not null,
    revision integer not null,
    seed_id varchar not null,
    language varchar not null,
    licence varchar not null,
    repository varchar not null,
    model varchar not null,
    verdict varchar not null,        -- undecided | accepted | rejected
    decided_by varchar,
    decided_at timestamptz
);

create table findings (
    sample_id varchar not null,
    check_name varchar not null,
    reason varchar not null,
    detail json not null,
    job_id varchar not null,
    primary key (sample_id, check_name, reason)
);

create table metrics (
    sample_id varchar primary key,
    category varchar not null,
    category_score float not null,
    nearest_task varchar not null,
    similarity float not null,
    problem_tokens integer not null,
    solution_tokens integer not null,
    cluster integer not null,
    x float not null,
    y float not null,
    job_id varchar not null
);

create table embeddings (
    text_hash varchar primary key,
    vector float[] not null
);

-- What the last analysis says of the whole: cluster titles, versions of what made it.
create table analyses (
    job_id varchar primary key,
    samples bigint not null,
    clusters json not null,
    versions json not null,
    ended_at timestamptz not null
);

-- Append-only; a decision is undone by a later row that names it.
create table decisions (
    id varchar primary key,
    position bigint not null,
    sample_id varchar not null,
    revision integer not null,
    verdict varchar not null,        -- accepted | rejected | skipped | undone
    undoes varchar,
    reviewer varchar not null,
    decided_at timestamptz not null
);

create table datasets (
    id varchar primary key,
    name varchar not null,
    content_hash varchar not null,
    rows bigint not null,
    filter varchar not null,
    path varchar not null,
    created_at timestamptz not null
);

create table dataset_rows (
    dataset_id varchar not null,
    position integer not null,
    sample_id varchar not null,
    revision integer not null,
    primary key (dataset_id, position)
);

create table runs (
    job_id varchar primary key,
    dataset_id varchar not null,
    recipe varchar not null,
    base_model varchar not null,
    benchmark varchar not null,
    tasks integer not null,
    state varchar not null,
    result json not null,
    created_at timestamptz not null
);

create table answers (
    job_id varchar not null,
    model varchar not null,          -- base | tuned
    task_id varchar not null,
    prompt varchar not null,
    raw varchar not null,
    code varchar not null,
    verdict varchar not null,
    detail varchar not null,
    primary key (job_id, model, task_id)
);

-- What was taken in from each job's folder so far: byte offsets by file name.
create table jobs (
    id varchar primary key,
    kind varchar not null,
    state varchar not null,
    error varchar,
    taken json not null,
    created_at timestamptz not null,
    ended_at timestamptz
);
