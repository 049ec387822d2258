-- A repository stays itself when its host calls it something else. `host_key` is the host's own lasting id;
-- `named_at` is when the host's word for the present name was said, so that old news does not rename it back.
alter table loom.repositories
  add column host_key text,
  add column named_at timestamptz,
  add column access_lost_at timestamptz,
  add column access_lost_why text;
create unique index repositories_host_key on loom.repositories (host, host_key)
  where removed_at is null and host_key is not null;

-- Names that led to a repository before. The last one to bear a name has it, as on the hosts.
create table loom.repository_names (
  host text not null,
  name text not null,
  repository_id text not null references loom.repositories (id) on delete cascade,
  until timestamptz not null,
  primary key (host, name)
);
create index repository_names_repository on loom.repository_names (repository_id);
create index repository_names_name on loom.repository_names (name);

-- Both tables are renamed in one transaction, in either order.
alter table loom.active_policies drop constraint active_policies_repository_version_fkey;
alter table loom.active_policies add constraint active_policies_repository_version_fkey
  foreign key (repository, version) references loom.policy_versions (repository, version)
  deferrable initially deferred;
