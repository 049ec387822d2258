/** Steps of a run as a list, in the order they depend on each other. */
import type { Step } from '../api/types.ts';
import { stateLook } from './badges.tsx';
import { humanise } from './format.ts';
import { Icon } from './icon.tsx';
import { AppLink } from './link.tsx';
import './steps.css';
import { When } from './time.tsx';

/** Dependencies first; steps that could run at once keep the order of the file. */
export function inOrder(steps: readonly Step[]): Step[] {
  const done = new Set<string>();
  const ordered: Step[] = [];
  let left = [...steps];
  while (left.length > 0) {
    const next = left.filter((step) => step.needs.every((name) => done.has(name)));
    const batch = next.length > 0 ? next : left;
    for (const step of batch) {
      done.add(step.name);
      ordered.push(step);
    }
    left = left.filter((step) => !done.has(step.name));
  }
  return ordered;
}

export function StepList({
  steps,
  hrefOf,
}: {
  steps: readonly Step[];
  hrefOf: (step: Step) => string;
}) {
  return (
    <ol className="steps" aria-label="Steps">
      {inOrder(steps).map((step) => {
        const look = stateLook(step.state);
        return (
          <li key={step.id}>
            <AppLink className="step" href={hrefOf(step)} data-tone={look.tone}>
              <span className="step-icon" data-state={step.state}>
                <Icon name={look.icon} size={13} />
              </span>
              <span className="grow">
                <span className="step-name">{humanise(step.name)}</span>
                {step.message !== null && step.message !== '' && (
                  <span className="step-message">{step.message}</span>
                )}
              </span>
              <span className="step-state">
                <span>{look.label}</span>
                {step.endedAt !== null && (
                  <span className="quiet">
                    <When at={step.endedAt} />
                  </span>
                )}
              </span>
            </AppLink>
          </li>
        );
      })}
    </ol>
  );
}
