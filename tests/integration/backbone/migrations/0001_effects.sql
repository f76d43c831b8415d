create table effects (
    id bigint generated always as identity primary key,
    project text not null,
    version bigint not null,
    event_id text not null unique
);
