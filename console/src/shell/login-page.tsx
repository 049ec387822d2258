/** Shown in place of any page while nobody is signed in; says where a link comes from. */
import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type SyntheticEvent } from 'react';
import { post } from '../api/client.ts';
import { Mark } from '../parts/icon.tsx';
import { CommandLine } from '../parts/copy.tsx';
import { Problem } from '../parts/layout.tsx';
import './login-page.css';

/** People paste the whole link as often as the code in it. */
function codeIn(text: string): string {
  const trimmed = text.trim();
  return /[?&]code=([^&\s]+)/.exec(trimmed)?.[1] ?? trimmed;
}

export function LoginPage() {
  const [text, setText] = useState('');
  const client = useQueryClient();
  const signIn = useMutation({
    mutationFn: (code: string) => post('/v1/login', { code }),
    onSuccess: () => client.resetQueries(),
  });

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (text.trim() !== '') signIn.mutate(codeIn(text));
  };

  return (
    <main className="login">
      <title>Sign in · LoomStack</title>
      <div className="login-card">
        <div className="row" style={{ gap: 12 }}>
          <Mark size={34} />
          <div>
            <h1>Sign in to LoomStack</h1>
            <p className="quiet small">With a one-time link. There is no password to lose.</p>
          </div>
        </div>
        <form onSubmit={submit} className="stack" style={{ '--gap': '10px' } as object}>
          <TextInput
            label="Login link or code"
            description="Works once, within ten minutes."
            placeholder="http://localhost:7400/login?code=…"
            size="sm"
            autoFocus
            autoComplete="one-time-code"
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Button type="submit" size="sm" loading={signIn.isPending} disabled={text.trim() === ''}>
            Sign in
          </Button>
          {signIn.error !== null && <Problem error={signIn.error} />}
        </form>
        <section className="stack login-help" aria-labelledby="login-help">
          <h2 id="login-help">Where do I get a link?</h2>
          <ul className="stack" style={{ '--gap': '10px' } as object}>
            <li>
              You run the server: it prints a fresh link whenever it starts.
              <CommandLine command="npm start" />
            </li>
            <li>Somebody else runs it: an admin makes one for you in Settings, under People.</li>
            <li>
              Scripts and agents do not sign in here, they use a token:
              <CommandLine command="loom token create" />
            </li>
          </ul>
        </section>
      </div>
    </main>
  );
}
