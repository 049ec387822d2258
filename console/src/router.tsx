/** Addresses of the console; each page is a bundle of its own. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router';
import { ErrorPage, NotFoundPage } from './shell/error-page.tsx';
import { Shell } from './shell/shell.tsx';

const root = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage });

const page = <Path extends string>(
  path: Path,
  load: () => Promise<Record<string, unknown>>,
  name: string,
) =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(load as never, name as never),
  });

const routes = root.addChildren([
  page('/', () => import('./pages/overview.tsx'), 'OverviewPage'),
  page('/inbox', () => import('./pages/inbox/inbox.tsx'), 'InboxPage'),
  page('/inbox/$id', () => import('./pages/inbox/inbox.tsx'), 'InboxPage'),
  page('/changes', () => import('./pages/changes.tsx'), 'ChangesPage'),
  page('/changes/$id', () => import('./pages/change/change.tsx'), 'ChangePage'),
  page('/sessions', () => import('./pages/sessions/sessions.tsx'), 'SessionsPage'),
  page('/sessions/$id', () => import('./pages/sessions/session.tsx'), 'SessionPage'),
  page('/packs/$id', () => import('./pages/sessions/pack.tsx'), 'PackPage'),
  page('/runs', () => import('./pages/runs/runs.tsx'), 'RunsPage'),
  page('/queue', () => import('./pages/queue/queue.tsx'), 'QueuePage'),
  page('/devboxes', () => import('./pages/devboxes/devboxes.tsx'), 'DevboxesPage'),
  page('/collisions', () => import('./pages/collisions/collisions.tsx'), 'CollisionsPage'),
  page('/workflows', () => import('./pages/workflows/workflows.tsx'), 'WorkflowsPage'),
  page('/runs/$id', () => import('./pages/runs/run.tsx'), 'RunPage'),
  page('/board', () => import('./pages/board/board.tsx'), 'BoardPage'),
  page('/work', () => import('./pages/work.tsx'), 'WorkPage'),
  page('/xray', () => import('./pages/xray/repositories.tsx'), 'XrayRepositoriesPage'),
  page('/xray/$id', () => import('./pages/xray/xray.tsx'), 'XrayPage'),
  page('/trace', () => import('./pages/trace.tsx'), 'TracePage'),
  page('/policy', () => import('./pages/policy/policy.tsx'), 'PolicyPage'),
  page('/autonomy', () => import('./pages/autonomy/autonomy.tsx'), 'AutonomyPage'),
  page('/context', () => import('./pages/context/explorer.tsx'), 'ExplorerPage'),
  page('/context/entity', () => import('./pages/context/entity.tsx'), 'EntityPage'),
  page('/context/map', () => import('./pages/context/map.tsx'), 'MapPage'),
  page('/context/preview', () => import('./pages/context/preview.tsx'), 'PreviewPage'),
  page('/context/ownership', () => import('./pages/context/ownership.tsx'), 'OwnershipPage'),
  page('/context/attention', () => import('./pages/context/attention.tsx'), 'AttentionPage'),
  page('/context/lessons', () => import('./pages/context/lessons.tsx'), 'LessonsPage'),
  page('/agents', () => import('./pages/agents/agents.tsx'), 'AgentsPage'),
  page('/connections', () => import('./pages/connections/connections.tsx'), 'ConnectionsPage'),
  page('/connections/$name', () => import('./pages/connections/connection.tsx'), 'ConnectionPage'),
  page('/audit', () => import('./pages/audit.tsx'), 'AuditPage'),
  page('/settings', () => import('./pages/settings/settings.tsx'), 'SettingsPage'),
]);

export function createConsoleRouter() {
  return createRouter({
    routeTree: routes,
    defaultErrorComponent: ErrorPage,
    defaultNotFoundComponent: NotFoundPage,
    // Plain text, so that a commit such as 12345e6 is not read as a number.
    parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search) => {
      const text = new URLSearchParams(search as Record<string, string>).toString();
      return text === '' ? '' : `?${text}`;
    },
    defaultPreload: 'intent',
    scrollRestoration: true,
    defaultPendingMs: 200,
  });
}
