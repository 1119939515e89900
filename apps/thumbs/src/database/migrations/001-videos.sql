create table videos (
  id uuid primary key,
  name text not null,
  every double precision not null,
  size_bytes bigint,
  duration double precision,
  status text not null check (status in ('waiting', 'uploading', 'done', 'failed')),
  error_code text,
  error_message text,
  -- Which runner made the thumbnails, as that runner called itself.
  runner text,
  -- The advisory lock that the parent of this upload holds for as long as it lives.
  owner int not null,
  created_at timestamptz not null default now(),
  finished_at timestamptz
);

create index videos_newest on videos (created_at desc);

create table thumbnails (
  video_id uuid not null references videos on delete cascade,
  n int not null,
  seconds double precision not null,
  bytes int not null,
  created_at timestamptz not null default now(),
  primary key (video_id, n)
);
