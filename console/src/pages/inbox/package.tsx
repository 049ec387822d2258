/** The ten slots a person decides on: the question first, what weighs most beside it, the lines below. */
import { useQuery } from '@tanstack/react-query';
import { useMemo, type ReactNode } from 'react';
import type { EscalationPackage, EscalationSlots } from '../../api/inbox.ts';
import { queries } from '../../api/queries.ts';
import { Badge, type Tone } from '../../parts/badges.tsx';
import { CommandLine } from '../../parts/copy.tsx';
import { humanise, plural } from '../../parts/format.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { Loading } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { When } from '../../parts/time.tsx';
import '../change/change.css';
import { parsePatch } from '../change/patch.ts';
import { BlastRadius } from './blast-radius.tsx';
import { HunkView } from './hunk.tsx';

export function Package({ escalation }: { escalation: EscalationPackage }) {
  const { slots } = escalation;
  return (
    <div className="slots">
      <Slot name="You" isWide>
        <WhyYou slot={slots.whyYou} />
      </Slot>
      <Slot name="Rules">
        <Rules slot={slots.rules} />
      </Slot>
      <Slot name="Risk" isSecond>
        <Risk slot={slots.risk} />
      </Slot>
      <Slot name="Reaches">
        <Reaches slot={slots.blastRadius} />
      </Slot>
      <Slot name="Evidence" isSecond>
        <Evidence slot={slots.evidence} />
      </Slot>
      <Slot name="Read" isWide>
        <Hunks escalation={escalation} />
      </Slot>
      <Slot name="From">
        <Provenance slot={slots.provenance} changeId={escalation.changeId} />
      </Slot>
      <Slot name="Undo" isSecond>
        <div className="stack" style={{ '--gap': '7px' } as object}>
          <CommandLine command={slots.rollback.command} />
          <p className="small soft">{slots.rollback.canary}</p>
        </div>
      </Slot>
    </div>
  );
}

function Slot({
  name,
  isWide = false,
  isSecond = false,
  children,
}: {
  name: string;
  isWide?: boolean;
  /** Stands to the right of another where there is room for two. */
  isSecond?: boolean;
  children: ReactNode;
}) {
  return (
    <section
      className="slot"
      data-wide={isWide || undefined}
      data-second={isSecond || undefined}
      aria-label={name}
    >
      <h3>{name}</h3>
      {children}
    </section>
  );
}

function WhyYou({ slot }: { slot: EscalationSlots['whyYou'] }) {
  return (
    <p className="small">
      {slot.reasons.join('; ')}.{' '}
      {slot.standsInFor !== null && <>You stand in for {slot.standsInFor}. </>}
      <span className="quiet">
        {slot.next === null
          ? 'Nobody comes after you.'
          : `Next, if you do not answer: ${slot.next}.`}
      </span>
    </p>
  );
}

function Rules({ slot }: { slot: EscalationSlots['rules'] }) {
  if (slot.rules.length === 0) return <p className="small">{slot.text}</p>;
  return (
    <ul className="slot-list">
      {slot.rules.map((rule) => (
        <li key={`${rule.id}-${rule.line}`}>
          <span>{rule.words}</span>
          <code className="quiet small wrap-anywhere">
            {rule.id} · {rule.line === 0 ? 'built in' : `${rule.file}:${rule.line}`}
          </code>
        </li>
      ))}
    </ul>
  );
}

function Risk({ slot }: { slot: EscalationSlots['risk'] }) {
  const highest = Math.max(1, ...slot.factors.map(({ points }) => Math.abs(points)));
  return (
    <div className="slot-risk">
      <p>
        <strong className="slot-figure">{Math.round(slot.percentile)}</strong>{' '}
        <span className="quiet small">of 100 in this repository</span>
      </p>
      <ul className="slot-factors">
        {slot.factors.map(({ name, points, explanation }) => (
          <li key={name} title={explanation}>
            <span>{humanise(name)}</span>
            <span className="bar" aria-hidden="true">
              <span style={{ width: `${(Math.abs(points) / highest) * 100}%` }} />
            </span>
            <span className="number">
              {points > 0 ? '+' : ''}
              {Math.round(points * 10) / 10}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

const UNDO: Record<
  EscalationSlots['blastRadius']['reversibility']['level'],
  { label: string; tone: Tone; icon: IconName }
> = {
  easy: { label: 'Easy to undo', tone: 'good', icon: 'retry' },
  'with-care': { label: 'Undo with care', tone: 'warn', icon: 'alert' },
  hard: { label: 'Hard to undo', tone: 'bad', icon: 'alert' },
};

function Reaches({ slot }: { slot: EscalationSlots['blastRadius'] }) {
  return (
    <div className="stack" style={{ '--gap': '7px' } as object}>
      <BlastRadius reach={slot} />
      <p className="row row-wrap" style={{ gap: 6 }}>
        {slot.tiers.map((tier) => (
          <Badge key={tier} look={{ label: tier, tone: 'info', icon: 'flow' }} />
        ))}
        {slot.data.map(({ name, standard }) => (
          <Badge
            key={name}
            look={{
              label: standard === null ? name : `${name} · ${standard}`,
              tone: 'caution',
              icon: 'lock',
            }}
          />
        ))}
        <Badge look={UNDO[slot.reversibility.level]} />
      </p>
      <p className="small soft">{slot.reversibility.because}</p>
    </div>
  );
}

const CHECKS: Record<
  EscalationSlots['evidence']['checks'],
  { label: string; tone: Tone; icon: IconName }
> = {
  passed: { label: 'Checks passed', tone: 'good', icon: 'check' },
  failed: { label: 'Checks failed', tone: 'bad', icon: 'cross' },
  unknown: { label: 'No check has spoken', tone: 'warn', icon: 'info' },
};

function Evidence({ slot }: { slot: EscalationSlots['evidence'] }) {
  return (
    <div className="stack" style={{ '--gap': '6px' } as object}>
      <p className="row row-wrap" style={{ gap: 6 }}>
        <Badge look={CHECKS[slot.checks]} />
        {slot.tests.map((each) => (
          <Badge
            key={each}
            look={{
              label: humanise(each),
              tone: each === 'tests added' ? 'good' : 'bad',
              icon: each === 'tests added' ? 'check' : 'alert',
            }}
          />
        ))}
      </p>
      {slot.findings.map((finding) => (
        <p key={finding} className="small">
          {finding}
        </p>
      ))}
      {slot.incidents.map(({ title, severity, at, url }) => (
        <p key={`${title}${at}`} className="row small" data-tone="warn">
          <Icon name="incident" size={13} />
          <span className="wrap-anywhere">
            {url === null ? (
              title
            ) : (
              <a href={url} target="_blank" rel="noreferrer">
                {title}
              </a>
            )}{' '}
            <span className="quiet">
              {severity}, <When at={at} />
            </span>
          </span>
        </p>
      ))}
      {slot.findings.length + slot.incidents.length === 0 && (
        <p className="small soft">{slot.text}</p>
      )}
    </div>
  );
}

function Hunks({ escalation }: { escalation: EscalationPackage }) {
  const { hunks, total, text } = escalation.slots.hunks;
  const patch = useQuery({
    ...queries.diff(escalation.changeId, escalation.headSha),
    enabled: hunks.length > 0,
  });
  const lines = useMemo(() => parsePatch(patch.data?.text ?? ''), [patch.data]);
  if (hunks.length === 0) return <p className="small">{text}</p>;
  return (
    <>
      <p className="quiet small">
        {total === null
          ? 'The most telling places of a patch too long to count.'
          : total > hunks.length
            ? `The ${hunks.length} most telling of ${plural(total, 'place')}.`
            : `All of it: ${plural(hunks.length, 'place')}.`}
      </p>
      {patch.data === undefined && patch.error === null && <Loading rows={3} />}
      <ol className="hunks" aria-label="Places to read">
        {hunks.map((hunk) => (
          <HunkView
            key={`${hunk.path}:${hunk.startLine}`}
            hunk={hunk}
            lines={patch.data === undefined ? null : (lines.get(hunk.path) ?? null)}
          />
        ))}
      </ol>
    </>
  );
}

function Provenance({ slot, changeId }: { slot: EscalationSlots['provenance']; changeId: string }) {
  return (
    <div className="stack" style={{ '--gap': '4px' } as object}>
      <p className="small">{slot.text}</p>
      <p className="row row-wrap small" style={{ gap: '2px 12px' }}>
        <AppLink href={`/changes/${changeId}`}>The change</AppLink>
        {slot.sessionId !== null && (
          <AppLink href={`/sessions/${slot.sessionId}`}>Agent session</AppLink>
        )}
        {slot.workItemId !== null && (
          <AppLink href={`/work?item=${slot.workItemId}`}>Work item</AppLink>
        )}
        {slot.contextPackId !== null && (
          <AppLink href={`/packs/${slot.contextPackId}`}>Context it was given</AppLink>
        )}
      </p>
    </div>
  );
}
