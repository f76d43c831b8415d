-- What a search filters by: exports and the feed are narrowed alike.

alter table project
    add column status text not null default '',
    add column sdgs int[] not null default '{}',
    add column authority_type text not null default '',
    add column has_documents boolean not null default false,
    -- in its own currency: a change of rates needs no new row
    add column budget_total double precision,
    add column budget_currency text,
    -- months, YYYY-MM; an open end is null
    add column period_start text collate "C" not null default '',
    add column period_end text collate "C";

update project set
    status = coalesce(read.sheet ->> 'status', 'open'),
    sdgs = array(select jsonb_array_elements_text(coalesce(read.sheet -> 'sdgs', '[]'))::int),
    authority_type = read.sheet -> 'authority' ->> 'type',
    has_documents = jsonb_array_length(coalesce(read.sheet -> 'documents', '[]')) > 0,
    budget_total = (read.sheet -> 'budget' ->> 'total')::double precision,
    budget_currency = read.sheet -> 'budget' ->> 'currency',
    period_start = read.sheet -> 'period' ->> 'start',
    period_end = read.sheet -> 'period' ->> 'end'
from (select id, sheet::jsonb as sheet from project where sheet is not null) read
where project.id = read.id;
