/** The frame around every page: navigation, command palette, live state, and who is signed in. */
import { Modal } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Outlet, useLocation } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState, lazy, Suspense } from 'react';
import { ApiProblem, post } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import { followLedger } from '../api/stream.ts';
import { Icon, Mark } from '../parts/icon.tsx';
import { Problem } from '../parts/layout.tsx';
import { AppLink, useOpen } from '../parts/link.tsx';
import { ColorScheme } from './color-scheme.tsx';
import { LiveState } from './live-state.tsx';
import { LoginPage } from './login-page.tsx';
import { Navigation } from './navigation.tsx';
import { DESTINATIONS, useShortcuts } from './shortcuts.ts';

const CommandPalette = lazy(() => import('./command-palette.tsx'));

export function Shell() {
  const me = useQuery(queries.me());
  const client = useQueryClient();
  const isSignedIn = me.data !== undefined;

  useEffect(() => (isSignedIn ? followLedger(client) : undefined), [isSignedIn, client]);

  if (me.error instanceof ApiProblem && me.error.status === 401) return <LoginPage />;
  if (me.error !== null && me.data === undefined) {
    return (
      <main className="main" style={{ maxWidth: 620, marginInline: 'auto', paddingTop: 80 }}>
        <h1 style={{ marginBottom: 14 }}>LoomStack is out of reach</h1>
        <Problem error={me.error} onRetry={() => void me.refetch()} />
      </main>
    );
  }
  if (me.data === undefined) return <div role="status" aria-label="Loading LoomStack" />;
  return (
    <SignedIn
      name={me.data.principal.name}
      roles={me.data.principal.roles}
      organisation={me.data.organisation}
      version={me.data.version}
    />
  );
}

function SignedIn({
  name,
  roles,
  organisation,
  version,
}: {
  name: string;
  roles: string[];
  organisation: string;
  version: string;
}) {
  const [isNavigationOpen, setNavigationOpen] = useState(false);
  const [isHelpOpen, setHelpOpen] = useState(false);
  const location = useLocation();
  const main = useRef<HTMLElement>(null);
  const router = useOpen();
  const open = useCallback((href: string) => router(href), [router]);
  const showHelp = useCallback(() => setHelpOpen(true), []);
  useShortcuts(open, showHelp);

  // A new page starts at its top for a screen reader too, and the drawer of a phone closes.
  const isFirst = useRef(true);
  useEffect(() => {
    setNavigationOpen(false);
    if (isFirst.current) isFirst.current = false;
    else main.current?.focus({ preventScroll: true });
  }, [location.pathname]);

  const signOut = async () => {
    await post('/v1/logout');
    window.location.assign('/');
  };

  return (
    <div className="shell">
      <a className="skip-link" href="#content">
        Skip to content
      </a>
      <header className="topbar">
        <button
          type="button"
          className="icon-button"
          aria-label="Open navigation"
          aria-expanded={isNavigationOpen}
          onClick={() => setNavigationOpen(true)}
        >
          <Icon name="menu" size={18} />
        </button>
        <AppLink className="brand" href="/">
          <Mark size={22} />
          LoomStack
        </AppLink>
        <LiveState compact />
        <button type="button" className="icon-button" aria-label="Search" onClick={openPalette}>
          <Icon name="search" size={18} />
        </button>
      </header>
      {isNavigationOpen && (
        <button
          type="button"
          className="sidebar-scrim"
          aria-label="Close navigation"
          onClick={() => setNavigationOpen(false)}
        />
      )}
      <section aria-label="Sidebar" className="sidebar" data-open={isNavigationOpen || undefined}>
        <AppLink className="brand" href="/">
          <Mark size={26} />
          <span className="brand-text">
            LoomStack
            {organisation !== '' && <small className="cut">{organisation}</small>}
          </span>
        </AppLink>
        <button type="button" className="search-button" onClick={openPalette}>
          <Icon name="search" size={14} />
          Search
          <kbd className="key">{isMac() ? '⌘K' : 'Ctrl K'}</kbd>
        </button>
        <Navigation path={location.pathname} />
        <div className="sidebar-foot">
          <LiveState />
          <div className="row spread" style={{ paddingInline: 6 }}>
            <ColorScheme />
            <button
              type="button"
              className="icon-button"
              aria-label="Keyboard shortcuts"
              title="Keyboard shortcuts (?)"
              onClick={showHelp}
            >
              <Icon name="keyboard" size={16} />
            </button>
          </div>
          <div className="who">
            <span className="who-name grow">
              <span className="cut">{name}</span>
              <span className="quiet small cut" title={`Version ${version}`}>
                {roles.length >= 5 ? 'Owner, all roles' : roles.join(', ') || 'no role'}
              </span>
            </span>
            <button
              type="button"
              className="icon-button"
              aria-label="Sign out"
              title="Sign out"
              onClick={() => void signOut()}
            >
              <Icon name="logout" size={15} />
            </button>
          </div>
        </div>
      </section>
      <main id="content" className="main" ref={main} tabIndex={-1}>
        <div className="main-inner">
          <Outlet />
        </div>
      </main>
      <Suspense>
        <CommandPalette onHelp={showHelp} />
      </Suspense>
      <Modal opened={isHelpOpen} onClose={() => setHelpOpen(false)} title="Keyboard shortcuts">
        <ShortcutTable />
      </Modal>
    </div>
  );
}

/** The palette loads on its own; the key event reaches it however it was asked for. */
function openPalette() {
  void import('@mantine/spotlight').then(({ spotlight }) => spotlight.open());
}

function isMac(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}

function ShortcutTable() {
  const rows: [string[], string][] = [
    [[isMac() ? '⌘ K' : 'Ctrl K'], 'Search and commands'],
    [['/'], 'Filter the list on this page'],
    [['J', 'K'], 'Next and previous row of a table'],
    [['Enter'], 'Open the row'],
    ...DESTINATIONS.map(({ key, label }): [string[], string] => [['G', key.toUpperCase()], label]),
    [['?'], 'This list'],
  ];
  return (
    <table className="table">
      <caption className="visually-hidden">Keyboard shortcuts</caption>
      <thead className="visually-hidden">
        <tr>
          <th scope="col">Action</th>
          <th scope="col">Keys</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([keys, what]) => (
          <tr key={what}>
            <td>{what}</td>
            <td data-align="end">
              {keys.map((key) => (
                <kbd key={key} className="key" style={{ marginInlineStart: 4 }}>
                  {key}
                </kbd>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
