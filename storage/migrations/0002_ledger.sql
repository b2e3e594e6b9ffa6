-- A request is asked for a task, may be asked anew (attempt), and waits for its job before it is
-- sent: state is waiting | answered | failed (certainly not paid) | unknown (perhaps paid).
alter table requests add column task varchar default 'oss-instruct';
alter table requests add column attempt integer default 0;
alter table requests add column parser integer default 0;
alter table requests add column subject varchar;  -- what it is about: its sample, or else its seed
update requests set subject = seed_id;

-- What the request is about beyond its seed, as JSON: append-only beside the raw answer.
alter table responses add column about varchar default '{}';

-- One row per time that a request was sent and may have been paid for; money is summed here.
create table tries (
    key varchar not null,
    received_at timestamptz not null,
    job_id varchar not null,
    model varchar not null,
    outcome varchar not null,        -- answered, or why there is no body
    prompt_tokens integer not null,
    completion_tokens integer not null,
    seconds double not null,
    cost double,                     -- US dollars; null where the price or the usage is not known
    reserved double,                 -- the most it can have cost; null where the price is not known
    primary key (key, received_at)
);

insert into tries
select key, received_at, job_id, model, coalesce(case when state = 'failed' then reason end, 'answered'),
    prompt_tokens, completion_tokens, seconds, cost, null
from requests;

-- US dollars per million tokens, as somebody typed them in.
create table prices (
    model varchar primary key,
    input double not null,
    output double not null
);
