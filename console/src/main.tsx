/** Starts the console: theme, data and routes. */
import '@fontsource-variable/inter/wght.css';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/parts.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiProblem } from './api/client.ts';
import { shouldRetry } from './api/queries.ts';
import { createConsoleRouter } from './router.tsx';
import { colorSchemeManager, cssVariables, theme } from './theme.ts';

/** A session that ends while a page is open leads to the login page at once. */
function onFailure(error: Error, queryKey?: readonly unknown[]) {
  if (error instanceof ApiProblem && error.status === 401 && queryKey?.[0] !== 'me') {
    void client.resetQueries({ queryKey: ['me'] });
  }
}

const client = new QueryClient({
  queryCache: new QueryCache({ onError: (error, query) => onFailure(error, query.queryKey) }),
  mutationCache: new MutationCache({ onError: (error) => onFailure(error) }),
  defaultOptions: {
    queries: { retry: shouldRetry, staleTime: 5_000, refetchOnWindowFocus: 'always' },
  },
});

const router = createConsoleRouter();

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      colorSchemeManager={colorSchemeManager}
      cssVariablesResolver={cssVariables}
    >
      <QueryClientProvider client={client}>
        <Notifications position="bottom-right" limit={3} />
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
