create table posts (
    code text primary key,
    city text not null,
    country text not null,
    name jsonb not null,
    languages text[] not null,
    lat double precision not null,
    lon double precision not null,
    time_zone text not null,
    email text,
    contacts jsonb not null default '[]',
    version bigint not null default 1,
    updated_at timestamptz not null default now()
);

-- a country is covered by one post at most
create table post_countries (
    country text primary key,
    post text not null references posts (code) on delete cascade
);
create index post_countries_post on post_countries (post);

create table reviews (
    project text primary key,
    version bigint not null default 1,
    revision int not null,
    submission_version bigint not null,
    state text not null check (
        state in ('in_review', 'changes_requested', 'rejected', 'published', 'unpublished', 'withdrawn')
    ),
    post text not null,
    kind text not null,
    countries text[] not null,
    title text not null,
    authority_ref text not null,
    authority_name text not null,
    record jsonb not null,
    author jsonb not null,
    on_behalf boolean not null,
    demonstration boolean not null,
    reason text,
    fields jsonb not null default '[]',
    submitted_at timestamptz not null,
    decided_at timestamptz,
    published_revision int,
    first_published_at timestamptz
);
create index reviews_queue on reviews (post, state, submitted_at, project);
create index reviews_waiting on reviews (state, submitted_at, project);
create index reviews_countries on reviews using gin (countries);
create index reviews_title on reviews using gin (title gin_trgm_ops);

-- who did what to a review, and when: only ever added to
create table audit (
    id bigint generated always as identity primary key,
    project text not null,
    revision int not null,
    at timestamptz not null default clock_timestamp(),
    actor text not null,
    role text not null,
    action text not null,
    from_state text not null,
    to_state text not null,
    reason text,
    fields jsonb not null default '[]'
);
create index audit_project on audit (project, id);
