/**
 * A GitHub App by one click: GitHub shows what our manifest asks for, makes the App, and sends the person
 * back to this page with a code, which is exchanged here.
 */
import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { post } from '../../api/client.ts';
import type { GitHubAppMade, GitHubAppManifest } from '../../api/schema.ts';
import { Loading, Notice, Panel, Problem } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { useSearchState } from '../../parts/search-state.ts';

export function GitHubApp({ isSet }: { isSet: boolean }) {
  const [{ code, state }] = useSearchState({ code: '', state: '' });
  if (code !== '' && state !== '') return <Finish code={code} state={state} />;
  return isSet ? null : <Begin />;
}

function Begin() {
  const [organisation, setOrganisation] = useState('');
  const begin = useMutation({
    mutationFn: () =>
      post<GitHubAppManifest>(
        '/v1/connections/github/manifest',
        organisation.trim() === '' ? {} : { organisation: organisation.trim() },
      ),
  });
  const form = useRef<HTMLFormElement>(null);
  // GitHub takes the manifest from a form that the browser sends, with the person's own login there.
  useEffect(() => {
    if (begin.data !== undefined) form.current?.submit();
  }, [begin.data]);
  return (
    <Panel title="Make the App" note="one click, and nothing to copy">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          begin.mutate();
        }}
      >
        <p className="soft small">
          GitHub shows what the App may do before it is made; its keys come straight here.
        </p>
        <TextInput
          label="Organisation on GitHub"
          description="Empty: the App belongs to your own account."
          placeholder="acme"
          maxLength={100}
          value={organisation}
          onChange={(event) => setOrganisation(event.currentTarget.value)}
        />
        <div className="row">
          <Button type="submit" loading={begin.isPending || begin.data !== undefined}>
            Make the App on GitHub
          </Button>
        </div>
        {begin.error !== null && <Problem error={begin.error} />}
      </form>
      {begin.data !== undefined && (
        <form
          ref={form}
          method="post"
          action={`${begin.data.formUrl}?state=${encodeURIComponent(begin.data.state)}`}
          hidden
        >
          <input type="hidden" name="manifest" value={begin.data.manifest} />
        </form>
      )}
    </Panel>
  );
}

function Finish({ code, state }: { code: string; state: string }) {
  const client = useQueryClient();
  const finish = useMutation({
    mutationFn: () => post<GitHubAppMade>('/v1/connections/github/app', { code, state }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['connections'] }),
  });
  // A code counts once, however often the page is drawn.
  const isSent = useRef(false);
  useEffect(() => {
    if (isSent.current) return;
    isSent.current = true;
    finish.mutate();
  }, [finish]);
  return (
    <Panel title="Make the App">
      {finish.isPending && <Loading rows={2} label="Loading the new App" />}
      {finish.error !== null && (
        <div className="stack">
          <Problem error={finish.error} />
          <AppLink href="/connections/github">Begin again</AppLink>
        </div>
      )}
      {finish.data !== undefined && (
        <Notice tone="good" title={`${finish.data.slug} is made and in force`}>
          <span>
            Now <AppLink href={finish.data.installUrl}>install it</AppLink> on the repositories that
            it shall see.
          </span>
        </Notice>
      )}
    </Panel>
  );
}
