-- With which token a token or a login link was made: what an agent makes for itself is still the agent's.

alter table loom.tokens add column made_with text;
alter table loom.login_codes add column made_with text;
