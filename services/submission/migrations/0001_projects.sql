-- `authority` and `project` are the author's working copy, as typed; what was submitted is in `revision`.
-- `edition` counts the author's own writes (the ETag), `version` what other services are told (the events).
create table project (
    id uuid primary key default uuidv7(),
    state text not null default 'draft' check (state in (
        'draft', 'submitted', 'in_review', 'changes_requested', 'rejected', 'published', 'unpublished', 'withdrawn')),
    revision int not null default 0,
    edition int not null default 1,
    version int not null default 0,
    -- who may see and change it: the authority's accounts, and the post (or the DAECT) that deposited it
    authority_ref text,
    post text,
    account text not null,
    demonstration boolean not null default false,
    authority jsonb not null,
    project jsonb not null,
    -- the country whose post reviews what was submitted; null for an offer, which the DAECT reviews
    review_country text,
    published_revision int,
    review jsonb,
    review_version int not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    submitted_at timestamptz
);
create index project_of_authority on project (authority_ref, id desc) where authority_ref is not null;
create index project_of_post on project (post, id desc) where post is not null;

create table revision (
    project uuid not null references project on delete cascade,
    revision int not null,
    record jsonb not null,
    author jsonb not null,
    on_behalf boolean not null,
    submitted_at timestamptz not null default now(),
    primary key (project, revision)
);

-- one row for each deposited file; `submitted` once a revision names it: it is then kept, even if the author drops it
create table document (
    id uuid primary key default uuidv7(),
    project uuid not null references project on delete cascade,
    sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
    size bigint not null check (size > 0),
    media_type text not null,
    name text not null,
    submitted boolean not null default false,
    created_at timestamptz not null default now()
);
create index document_of_project on document (project);
create index document_by_content on document (sha256);
