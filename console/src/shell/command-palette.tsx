/** Ctrl K: jump to any page or record, or do something, without leaving the keyboard. */
import { useMantineColorScheme } from '@mantine/core';
import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import '@mantine/spotlight/styles.css';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queries } from '../api/queries.ts';
import { laneLook, stateLook } from '../parts/badges.tsx';
import { Icon } from '../parts/icon.tsx';
import { pageOf, useOpen } from '../parts/link.tsx';
import './command-palette.css';
import { DESTINATIONS } from './shortcuts.ts';

const SHOWN_PER_GROUP = 6;

export default function CommandPalette({ onHelp }: { onHelp: () => void }) {
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState('');
  const open = useOpen();
  const { setColorScheme } = useMantineColorScheme();
  const when = { enabled: isOpen, staleTime: 10_000 };

  const changes = useInfiniteQuery({ ...queries.changes({}), ...when });
  const sessions = useInfiniteQuery({ ...queries.sessions({}), ...when });
  const runs = useInfiniteQuery({ ...queries.runs({}), ...when });
  const work = useInfiniteQuery({ ...queries.work({}), ...when });
  const repositories = useQuery({ ...queries.repositories(), ...when });

  const groups: SpotlightActionGroupData[] = [
    {
      group: 'Pages',
      actions: DESTINATIONS.map(({ href, label, icon, key }) => ({
        id: href,
        label,
        leftSection: <Icon name={icon} />,
        rightSection: <kbd className="key">G {key.toUpperCase()}</kbd>,
        onClick: () => open(href),
      })),
    },
    {
      group: 'Actions',
      actions: [
        {
          id: 'new-work',
          label: 'Create a work item',
          keywords: ['issue', 'ticket', 'task', 'new'],
          leftSection: <Icon name="plus" />,
          onClick: () => open('/work?create=yes'),
        },
        {
          id: 'verify',
          label: 'Verify the audit log',
          keywords: ['ledger', 'checkpoint', 'proof'],
          leftSection: <Icon name="audit" />,
          onClick: () => open('/audit'),
        },
        {
          id: 'new-token',
          label: 'Create an API token',
          keywords: ['secret', 'key'],
          leftSection: <Icon name="key" />,
          onClick: () => open('/settings?tab=tokens&create=yes'),
        },
        {
          id: 'validate',
          label: 'Check a policy file',
          keywords: ['validate', 'rules', 'yaml'],
          leftSection: <Icon name="policy" />,
          onClick: () => open('/policy'),
        },
        ...(['light', 'dark', 'auto'] as const).map((scheme) => ({
          id: `scheme-${scheme}`,
          label: `Colours: ${scheme === 'auto' ? 'as the system' : scheme}`,
          keywords: ['theme', 'mode'],
          leftSection: (
            <Icon name={({ light: 'sun', dark: 'moon', auto: 'auto' } as const)[scheme]} />
          ),
          onClick: () => setColorScheme(scheme),
        })),
        {
          id: 'help',
          label: 'Keyboard shortcuts',
          leftSection: <Icon name="keyboard" />,
          rightSection: <kbd className="key">?</kbd>,
          onClick: onHelp,
        },
      ],
    },
    {
      group: 'Changes',
      actions: (changes.data?.pages[0]?.items ?? []).map((change) => ({
        id: change.id,
        label: change.title,
        description: `${change.repository} · ${change.branch} · ${change.lane === null ? stateLook(change.state).label : laneLook(change.lane).label}`,
        keywords: [change.id, change.headSha, change.authorName],
        leftSection: <Icon name="change" />,
        onClick: () => open(`/changes/${change.id}`),
      })),
    },
    {
      group: 'Sessions',
      actions: (sessions.data?.pages[0]?.items ?? []).map((session) => ({
        id: session.id,
        label: session.intent || session.externalId,
        description: `${session.agent} · ${stateLook(session.state).label}`,
        keywords: [session.id, session.externalId],
        leftSection: <Icon name="session" />,
        onClick: () => open(`/sessions/${session.id}`),
      })),
    },
    {
      group: 'Work items',
      actions: (work.data?.pages[0]?.items ?? []).map((item) => ({
        id: item.id,
        label: item.title,
        description: `${item.repository ?? 'any repository'} · ${stateLook(item.state).label}`,
        keywords: [item.id],
        leftSection: <Icon name="work" />,
        onClick: () => open(pageOf(item.id)),
      })),
    },
    {
      group: 'Runs',
      actions: (runs.data?.pages[0]?.items ?? []).map((run) => ({
        id: run.id,
        label: run.title,
        description: `${run.workflow} · ${stateLook(run.state).label}`,
        keywords: [run.id],
        leftSection: <Icon name="run" />,
        onClick: () => open(`/runs/${run.id}`),
      })),
    },
    {
      group: 'Repositories',
      actions: (repositories.data?.items ?? []).map((repository) => ({
        id: repository.id,
        label: repository.name,
        description: 'Open its X-ray',
        leftSection: <Icon name="folder" />,
        onClick: () => open(`/xray/${repository.id}`),
      })),
    },
  ];

  return (
    <Spotlight
      actions={groups}
      shortcut={['mod + K']}
      scrollable
      maxHeight="min(60vh, 460px)"
      highlightQuery={false}
      overlayProps={{ backgroundOpacity: 0.3, blur: 2 }}
      query={text}
      onQueryChange={setText}
      onSpotlightOpen={() => setOpen(true)}
      onSpotlightClose={() => setOpen(false)}
      filter={(query, all) =>
        withTrace(query, filterGroups(query, all as SpotlightActionGroupData[]), open)
      }
      nothingFound="Nothing matches. Paste an id, a commit or owner/name#12 to trace it."
      searchProps={{
        leftSection: <Icon name="search" size={17} />,
        placeholder: 'Jump to a page, change, session, id or commit',
        'aria-label': 'Search and commands',
      }}
    />
  );
}

/** Every word must occur somewhere; what begins with the text comes first. */
function filterGroups(
  query: string,
  groups: SpotlightActionGroupData[],
): SpotlightActionGroupData[] {
  const words = query.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return groups
    .map(({ group, actions }) => {
      const isShort = group !== 'Pages' && group !== 'Actions';
      const matching = actions.filter((action) => {
        const text = [action.label, action.description, action.keywords, group]
          .flat()
          .join(' ')
          .toLowerCase();
        return words.every((word) => text.includes(word));
      });
      const starts = (label: string | undefined) =>
        words.length > 0 && (label ?? '').toLowerCase().startsWith(words[0]!) ? 0 : 1;
      const sorted = matching.toSorted((a, b) => starts(a.label) - starts(b.label));
      return { group, actions: isShort ? sorted.slice(0, SHOWN_PER_GROUP) : sorted };
    })
    .filter(({ actions }) => actions.length > 0);
}

/** Whatever looks like an id, a commit or `owner/name#12` can be opened though no list holds it. */
function withTrace(
  query: string,
  groups: SpotlightActionGroupData[],
  open: (href: string) => void,
): SpotlightActionGroupData[] {
  const ref = query.trim();
  if (!/^([a-z]+_[0-9a-f]{32}|[0-9a-f]{7,64}|\S+\/\S+[#:]\S+)$/.test(ref)) return groups;
  const isId = /^[a-z]+_[0-9a-f]{32}$/.test(ref);
  return [
    {
      group: 'Go to',
      actions: [
        ...(isId
          ? [
              {
                id: 'open-ref',
                label: `Open ${ref}`,
                leftSection: <Icon name="right" />,
                onClick: () => open(pageOf(ref)),
              },
            ]
          : []),
        {
          id: 'trace-ref',
          label: `Trace ${ref}`,
          leftSection: <Icon name="flow" />,
          onClick: () => open(`/trace?ref=${encodeURIComponent(ref)}`),
        },
      ],
    },
    ...groups,
  ];
}
