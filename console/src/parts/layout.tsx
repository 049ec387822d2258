/** The frame of a page: header, panels, facts, and the two answers a list can give: none, or a problem. */
import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId, type ReactNode } from 'react';
import { ApiProblem } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import { CommandLine } from './copy.tsx';
import { Icon, type IconName } from './icon.tsx';
import { AppLink } from './link.tsx';

export function PageHeader({
  title,
  description,
  crumbs = [],
  actions,
  badges,
}: {
  title: string;
  description?: ReactNode;
  crumbs?: { label: string; href: string }[];
  actions?: ReactNode;
  badges?: ReactNode;
}) {
  const { data: me } = useQuery(queries.me());
  return (
    <header className="page-header">
      <title>{[title, me?.organisation, 'LoomStack'].filter(Boolean).join(' · ')}</title>
      <div className="page-header-text">
        {crumbs.length > 0 && (
          <nav aria-label="Breadcrumb" className="crumbs">
            {crumbs.map((crumb) => (
              <span key={crumb.href} className="row" style={{ gap: 6 }}>
                <AppLink href={crumb.href}>{crumb.label}</AppLink>
                <Icon name="right" size={11} />
              </span>
            ))}
          </nav>
        )}
        <div className="row row-wrap" style={{ gap: '4px 10px' }}>
          <h1 className="wrap-anywhere">{title}</h1>
          {badges}
        </div>
        {description !== undefined && <p>{description}</p>}
      </div>
      {actions !== undefined && <div className="row row-wrap">{actions}</div>}
    </header>
  );
}

/** A titled region. */
export function Panel({
  title,
  note,
  actions,
  flush = false,
  foot,
  children,
}: {
  title: string;
  note?: ReactNode;
  actions?: ReactNode;
  /** Children bring their own padding: tables and lists. */
  flush?: boolean;
  foot?: ReactNode;
  children: ReactNode;
}) {
  const id = useId();
  return (
    <section className="panel" aria-labelledby={id}>
      <div className="panel-head">
        <div className="row row-wrap" style={{ gap: '2px 10px' }}>
          <h2 id={id}>{title}</h2>
          {note !== undefined && <p>{note}</p>}
        </div>
        {actions !== undefined && <div className="row">{actions}</div>}
      </div>
      {flush ? children : <div className="panel-body">{children}</div>}
      {foot !== undefined && <div className="panel-foot">{foot}</div>}
    </section>
  );
}

export function Facts({ items }: { items: [label: string, value: ReactNode][] }) {
  return (
    <dl className="facts">
      {items.map(([label, value]) => (
        <div key={label} style={{ display: 'contents' }}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export interface NextStep {
  text: ReactNode;
  command?: string;
}

/** Says why there is nothing yet, and the command that changes that. */
export function EmptyState({
  icon,
  title,
  text,
  steps = [],
  action,
  small = false,
}: {
  icon?: IconName;
  title: string;
  text?: ReactNode;
  steps?: NextStep[];
  action?: ReactNode;
  small?: boolean;
}) {
  return (
    <div className={small ? 'empty empty-small' : 'empty'}>
      {icon !== undefined && !small && (
        <span className="empty-icon">
          <Icon name={icon} size={20} />
        </span>
      )}
      {small ? <h3>{title}</h3> : <h2>{title}</h2>}
      {text !== undefined && <p>{text}</p>}
      {steps.length > 0 && (
        <ol className="empty-steps">
          {steps.map((step, index) => (
            <li key={index}>
              <span>{step.text}</span>
              {step.command !== undefined && <CommandLine command={step.command} />}
            </li>
          ))}
        </ol>
      )}
      {action}
    </div>
  );
}

/** A failure in full: what, what to do, and the numbers support asks for. */
export function Problem({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = error instanceof ApiProblem ? error : undefined;
  const message = error instanceof Error ? error.message : 'Something went wrong.';
  return (
    <div className="problem" data-tone="bad" role="alert">
      <Icon name="alert" />
      <div className="stack" style={{ '--gap': '4px' } as object}>
        <strong>{message}</strong>
        {problem?.hint !== undefined && <span>{problem.hint}</span>}
        <span className="problem-facts">
          {problem !== undefined && (
            <span>
              Code <code>{problem.code}</code>
            </span>
          )}
          {problem?.requestId !== undefined && (
            <span>
              Request <code>{problem.requestId}</code>
            </span>
          )}
        </span>
        {onRetry !== undefined && (
          <div>
            <Button variant="default" size="compact-xs" mt={4} onClick={onRetry}>
              Try again
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

export function Notice({
  tone,
  title,
  children,
}: {
  tone: 'info' | 'warn' | 'bad' | 'good';
  title: string;
  children?: ReactNode;
}) {
  return (
    <div className="problem" data-tone={tone} role={tone === 'bad' ? 'alert' : 'note'}>
      <Icon name={tone === 'good' ? 'check' : tone === 'info' ? 'info' : 'alert'} />
      <div className="stack" style={{ '--gap': '4px' } as object}>
        <strong>{title}</strong>
        {children}
      </div>
    </div>
  );
}

/** Lines in the shape of what will come, so that nothing jumps. */
export function Loading({ rows = 6, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <div className="panel-body stack" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={14} width={`${92 - ((index * 17) % 38)}%`} radius="sm" />
      ))}
    </div>
  );
}

export function Json({ value, label }: { value: unknown; label: string }) {
  return (
    <pre className="json" tabIndex={0} aria-label={label}>
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}

/** One figure with what it counts, and a word on how to read it. */
export function Stat({ value, label, note }: { value: string; label: string; note: ReactNode }) {
  return (
    <p className="stat">
      <span className="stat-value">{value}</span>
      <span className="stat-label">{label}</span>
      <span className="stat-note">{note}</span>
    </p>
  );
}
