-- `record` is null once the last member is gone: its personal data is erased, its ref is never given again
create table authorities (
    ref text primary key,
    record jsonb,
    created_at timestamptz not null default now()
);

-- `email_key` is the address as it is compared; before its owner confirmed it, anyone may claim it, each in a row
create table accounts (
    id uuid primary key default uuidv7(),
    version int not null default 1,
    email text not null,
    email_key text not null,
    name text not null,
    language text not null,
    role text not null check (role in ('authority', 'agent', 'daect', 'admin')),
    password_hash text not null,
    authority text references authorities (ref),
    post text,
    countries text[] not null default '{}',
    demonstration boolean not null default false,
    verification bytea unique,
    verified_at timestamptz,
    created_at timestamptz not null default now(),
    check ((role = 'authority') = (authority is not null)),
    check ((role = 'agent') = (post is not null))
);
create unique index accounts_verified_email on accounts (email_key) where verified_at is not null;
create index accounts_claimed_email on accounts (email_key, created_at) where verified_at is null;
create index accounts_claimed_age on accounts (created_at) where verified_at is null;
create index accounts_authority on accounts (authority) where authority is not null;

-- a used token is kept until it expires: seen again, its whole family is revoked
create table refresh_tokens (
    hash bytea primary key,
    family uuid not null,
    account uuid not null references accounts (id) on delete cascade,
    expires_at timestamptz not null,
    used_at timestamptz
);
create index refresh_tokens_family on refresh_tokens (family);
create index refresh_tokens_account on refresh_tokens (account);

-- the last key whose time has come signs; a key is published until the tokens of its time have expired
create table signing_keys (
    kid text primary key,
    jwk jsonb not null,
    active_from timestamptz not null
);
