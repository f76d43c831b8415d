-- the feed: the sheets that were published last, without reading the others
create index project_newest on project (changed_at desc, id desc) where sheet is not null;
