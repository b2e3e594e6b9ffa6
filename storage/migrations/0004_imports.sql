-- Where an imported sample comes from: the file it was read from, and what that file knew of it.
create table origins (
    sample_id varchar primary key,
    file varchar not null,
    line bigint not null,
    format varchar not null,
    corpus varchar not null,
    repository varchar not null,
    path varchar not null,
    first_line integer not null,
    last_line integer not null,
    licence varchar not null,
    prompt_id varchar,
    model varchar,
    endpoint varchar,
    extra json not null,             -- other short values of the row: an index, a system message
    imported_at timestamptz not null
);
