/** The rules by which changes of a repository are judged now, in readable words. */
import { useQuery } from '@tanstack/react-query';
import { policyQueries } from '../../api/policy.ts';
import type { PolicySummary } from '../../api/types.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { plural, shortSource } from '../../parts/format.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { EmptyState, Facts, Loading, Panel, Problem } from '../../parts/layout.tsx';
import type { Tone } from '../../parts/badges.tsx';
import { Problems } from './problems.tsx';

interface Group {
  title: string;
  note: string;
  kinds: readonly string[];
  icon: IconName;
  tone: Tone;
}

/** In the order in which a reader asks: what may go alone, what is asked, when nothing may. */
const GROUPS: readonly Group[] = [
  {
    title: 'May ship alone',
    note: 'grants; everything else waits for a person',
    kinds: ['grant', 'narrowing'],
    icon: 'check',
    tone: 'good',
  },
  {
    title: 'Asks for more',
    note: 'each adds a requirement, the strictest sum counts',
    kinds: ['requirement'],
    icon: 'people',
    tone: 'warn',
  },
  {
    title: 'Holds',
    note: 'nothing lands meanwhile, whoever agrees',
    kinds: ['hold', 'freeze'],
    icon: 'lock',
    tone: 'bad',
  },
  {
    title: 'Built in',
    note: 'no file can remove these',
    kinds: ['built-in'],
    icon: 'policy',
    tone: 'neutral',
  },
];

export function InForce({ repository }: { repository: string }) {
  const query = useQuery(policyQueries.inForce(repository));
  if (query.data === undefined) {
    return (
      <Panel title="In force" flush>
        {query.error === null ? (
          <Loading rows={4} />
        ) : (
          <div className="panel-body">
            <Problem error={query.error} onRetry={() => void query.refetch()} />
          </div>
        )}
      </Panel>
    );
  }
  return <Summary policy={query.data} />;
}

function Summary({ policy }: { policy: PolicySummary }) {
  const isBuiltIn = policy.source === 'built-in';
  const written = policy.rules.filter(({ kind }) => kind !== 'built-in');
  return (
    <div className="stack">
      {policy.refused !== null && (
        <Panel
          title="The newest file is refused"
          note="the last good version stays in force until it is mended"
        >
          <div className="stack" style={{ '--gap': '10px' } as object}>
            <p className="small">
              <code className="wrap-anywhere">{policy.refused.source}</code>
            </p>
            <Problems problems={policy.refused.problems} />
          </div>
        </Panel>
      )}
      <Panel title="In force" note={plural(policy.rules.length, 'rule')}>
        <Facts
          items={[
            ['Version', <code key="v">{policy.version}</code>],
            [
              'Source',
              isBuiltIn ? (
                'built in: neither the organisation nor the repository has a file'
              ) : (
                <code key="s" title={policy.source}>
                  {shortSource(policy.source)}
                </code>
              ),
            ],
          ]}
        />
      </Panel>
      {written.length === 0 && (
        <Panel title="Your rules" flush>
          <EmptyState
            small
            title="No rule written yet"
            text="Every change takes the default lane. Write the first rule under Edit and see what it would have done before you publish it."
          />
        </Panel>
      )}
      {GROUPS.map((group) => {
        const rules = policy.rules.filter(({ kind }) => group.kinds.includes(kind));
        return rules.length === 0 ? null : (
          <Panel key={group.title} title={group.title} note={group.note} flush>
            <DataTable
              label={group.title}
              rows={rules}
              rowKey={(rule) => rule.id}
              columns={[
                {
                  key: 'because',
                  header: 'In words',
                  cell: (rule) => (
                    <span className="rule-words" data-tone={group.tone}>
                      <Icon name={group.icon} size={14} />
                      <span className="grow">
                        <span className="rule-because">{rule.because || rule.id}</span>
                        <span className="quiet small rule-terms">{rule.words}</span>
                      </span>
                    </span>
                  ),
                },
                {
                  key: 'id',
                  header: 'Rule',
                  hide: 'phone',
                  width: 240,
                  cell: (rule) => <code className="wrap-anywhere">{rule.id}</code>,
                },
                {
                  key: 'line',
                  header: 'Line',
                  align: 'end',
                  width: 80,
                  cell: (rule) => (rule.line === 0 ? '–' : rule.line),
                },
              ]}
            />
          </Panel>
        );
      })}
    </div>
  );
}
