/** What a broken or missing page shows; the shell around it keeps working. */
import { Button } from '@mantine/core';
import { useRouter, type ErrorComponentProps } from '@tanstack/react-router';
import { EmptyState, PageHeader, Problem } from '../parts/layout.tsx';
import { AppLink } from '../parts/link.tsx';

export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <>
      <PageHeader title="This page broke" description="The rest of the console still works." />
      <Problem
        error={error}
        onRetry={() => {
          reset();
          void router.invalidate();
        }}
      />
    </>
  );
}

export function NotFoundPage() {
  return (
    <>
      <PageHeader title="No such page" />
      <div className="panel">
        <EmptyState
          icon="search"
          title="There is nothing at this address"
          text="It may have been mistyped. Every record can be found by its id with the command palette."
          action={
            <Button component={AppLink} href="/" variant="default" mt={8}>
              Go to the overview
            </Button>
          }
        />
      </div>
    </>
  );
}
