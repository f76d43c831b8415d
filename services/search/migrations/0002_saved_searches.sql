-- who saved searches: one row for each address, gone with its last search; these and `saved_searches` are all that the
-- service keeps of people
create table subscribers (
    id uuid primary key default uuidv7(),
    version int not null default 1,     -- of what is told of it on bourse.alerts
    account text unique,
    email text not null,
    email_key text not null unique,     -- the address as it is compared
    language text not null,
    created_at timestamptz not null default clock_timestamp()
);

create table saved_searches (
    id uuid primary key default uuidv7(),
    subscriber uuid not null references subscribers (id) on delete cascade,
    name text not null,
    query jsonb not null,               -- parameter to its values, as a search is asked
    -- its selection in the narrowest of its facets, as `country:SN`, or `*`: a sheet without any of these cannot match
    keys text[] not null,
    frequency text not null check (frequency in ('immediate', 'daily', 'weekly')),
    confirmation bytea unique,          -- digest of the token that was mailed; null where the account vouches
    confirmed_at timestamptz,           -- it hears of what was not to be found before
    created_at timestamptz not null default clock_timestamp()
);
create index saved_searches_subscriber on saved_searches (subscriber, id);
create index saved_searches_keys on saved_searches using gin (keys) where confirmed_at is not null;
create index saved_searches_unconfirmed on saved_searches (created_at) where confirmed_at is null;

-- what can be found, and since when it can: written after the index, with the inbox
create table published_sheets (
    project text primary key,
    version bigint not null,
    gone boolean not null,
    since timestamptz not null
);

-- publications that the saved searches have not been asked about
create table to_match (
    id bigint generated always as identity primary key,
    project text not null
);

-- a search found a sheet: once, whatever becomes of the sheet; told in the e-mail that leaves at or after `due_at`
create table matches (
    search uuid not null references saved_searches (id) on delete cascade,
    project text not null,
    found_at timestamptz not null,
    due_at timestamptz not null,
    told_at timestamptz,
    primary key (search, project)
);
create index matches_due on matches (due_at) where told_at is null;
create index matches_pending on matches (search) where told_at is null;
create index matches_found on matches (found_at);

-- accounts that were deleted: a token of theirs may live on for minutes
create table forgotten_accounts (
    account text primary key,
    forgotten_at timestamptz not null default clock_timestamp()
);

-- what the links in the e-mails are signed with: made by the first replica that needs it
create table link_key (
    id boolean primary key default true check (id),  -- only one row
    key bytea not null
);
