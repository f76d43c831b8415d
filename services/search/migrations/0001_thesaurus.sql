-- what the DAECT changed of the thesaurus that the service begins with; without a concept: taken away
create sequence thesaurus_versions;
create table thesaurus_changes (
    id text primary key,
    concept jsonb,
    version bigint not null default nextval('thesaurus_versions'),
    changed_at timestamptz not null default now(),
    changed_by text not null
);

-- searches that found nothing, counted by day: no address, no account, no time of day
create table misses (
    day date not null,
    language text not null,
    q text not null,
    times int not null,
    primary key (day, language, q)
);
