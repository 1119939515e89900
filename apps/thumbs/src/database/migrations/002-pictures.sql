-- The thumbnails themselves, where STORE is database. A picture comes before its row in thumbnails, and goes after it, as
-- a file does; so it does not refer to the video.
create table pictures (
  video_id uuid not null,
  n int not null,
  png bytea not null,
  primary key (video_id, n)
);
