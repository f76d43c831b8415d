-- what every service that emits or consumes events keeps beside its own tables

create table outbox (
    id bigint generated always as identity primary key,
    event_id uuid not null default uuidv7(),
    topic text not null,
    key text not null,
    type text not null,
    traceparent text,
    payload text not null,
    created_at timestamptz not null default clock_timestamp(),
    sent_at timestamptz
);
create index outbox_unsent on outbox (id) where sent_at is null;
create index outbox_sent on outbox (sent_at) where sent_at is not null;

create table inbox (
    consumer text not null,
    event_id text not null,
    seen_at timestamptz not null default clock_timestamp(),
    primary key (consumer, event_id)
);
create index inbox_seen on inbox (seen_at);

create table parked (
    id bigint generated always as identity primary key,
    consumer text not null,
    topic text not null,
    partition int not null,
    "offset" bigint not null,
    key text not null,
    event_id text,
    type text,
    headers jsonb not null,
    value bytea,
    error text not null,
    held boolean not null default false,
    parked_at timestamptz not null default clock_timestamp(),
    unique (consumer, topic, partition, "offset")
);
create index parked_aggregate on parked (consumer, topic, key);

create table idempotency (
    who text not null,
    key text not null,
    fingerprint bytea not null,
    status int not null,
    headers jsonb not null,
    body text not null,
    created_at timestamptz not null default clock_timestamp(),
    primary key (who, key)
);
create index idempotency_age on idempotency (created_at);
