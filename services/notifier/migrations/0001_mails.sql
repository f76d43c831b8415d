-- the ledger: each mail once, with its whole message, from the event that asked for it until it is settled

create table mails (
    id bigint generated always as identity primary key,
    event_id text not null,
    recipient text not null,
    template text not null,
    thread text not null,               -- the project or the account: its mails to one recipient leave in order
    account text,                       -- the addressee's, where it has one
    author text,                        -- the account whose personal data the message carries
    language text not null,
    message_id text not null,
    message bytea,                      -- as it goes over the wire; gone once it is to be forgotten
    state text not null default 'pending' check (state in ('pending', 'leased', 'sent', 'failed', 'dropped')),
    attempts int not null default 0,
    refusals int not null default 0,    -- attempts that the server answered with a refusal of this very mail
    due_at timestamptz not null default clock_timestamp(),
    lease bigint,                       -- the advisory lock that the replica holds which is sending it
    leased_until timestamptz,
    forget boolean not null default false,  -- the message does not stay once it is sent
    error text,
    traceparent text,
    created_at timestamptz not null default clock_timestamp(),
    settled_at timestamptz,
    unique (event_id, recipient, template)
);
create index mails_due on mails (due_at, id) where state = 'pending';
create index mails_open on mails (thread, recipient, id) where state in ('pending', 'leased');
create index mails_leased on mails (id) where state = 'leased';
create index mails_author on mails (author);
create index mails_settled on mails (settled_at) where settled_at is not null;

create table forgotten_accounts (
    account text primary key,
    forgotten_at timestamptz not null default clock_timestamp()
);
