/** A run as a graph, with the state of every step. */
import type { Step } from '../../api/types.ts';
import { stateLook } from '../../parts/badges.tsx';
import StepGraph from '../../parts/step-graph.tsx';

const EMPHASIS: Partial<Record<string, 'strong' | 'faint'>> = {
  running: 'strong',
  waiting: 'strong',
  failed: 'strong',
  blocked: 'faint',
  skipped: 'faint',
  cancelled: 'faint',
};

export default function RunGraph({
  steps,
  selected,
  onSelect,
}: {
  steps: readonly Step[];
  selected: string;
  onSelect: (name: string) => void;
}) {
  return (
    <StepGraph
      label="Graph of the run"
      selected={selected}
      onSelect={onSelect}
      steps={steps.map(({ name, needs, state, attempt }) => {
        const look = stateLook(state);
        return {
          name,
          needs,
          look,
          detail: attempt > 1 ? `${look.label}, attempt ${attempt}` : look.label,
          emphasis: EMPHASIS[state],
          isRunning: state === 'running',
          isAhead: state === 'blocked',
        };
      })}
    />
  );
}
