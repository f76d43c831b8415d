-- What is published, as the events said it. Nothing here that `bourse.publications` and `bourse.posts` do not give again.

create table project (
    id text collate "C" primary key,
    version bigint not null,
    revision int not null,
    changed_at timestamptz not null,
    -- verbatim, as text: jsonb would write numbers and keys its own way; null once the sheet is unpublished
    sheet text,
    kind text not null default '',
    language text not null default '',
    themes text[] not null default '{}',
    countries text[] not null default '{}',
    continents text[] not null default '{}',
    authority text
);
create index project_of_authority on project (authority, id desc) where sheet is not null;

-- the deposited files of the sheets; a row stays, `gone` and without its title, so that its address answers 410
create table document (
    id text not null,
    project text collate "C" not null references project,
    sha256 text not null,
    media_type text not null,
    size bigint not null,
    title text not null,
    gone boolean not null default false,
    primary key (project, id)
);
create index document_by_id on document (id);
create index document_by_content on document (sha256) where not gone;

-- contents that a sheet stopped naming: their public copies are removed unless another sheet names them
create table obsolete_file (
    sha256 text primary key,
    since timestamptz not null default now()
);

create table post (
    code text collate "C" primary key,
    version bigint not null,
    countries text[] not null,
    changed_at timestamptz not null,
    body text not null
);
