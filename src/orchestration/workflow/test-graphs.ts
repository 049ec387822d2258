/** Support for tests: graphs drawn at random, and what a simple model says is done when they run. */
import * as fc from 'fast-check';
import type { GraphStep, WorkflowGraph } from '../workflow-graph.ts';
import { aGraph } from './test-engine.ts';

/** A step of a drawn graph: plain, repeated, or once for each of some items; some share a limit. */
export const PART = fc.record({
  needs: fc.array(fc.nat(4), { maxLength: 2 }),
  shape: fc.constantFrom('plain', 'repeat', 'for-each'),
  count: fc.integer({ min: 1, max: 3 }),
  places: fc.constantFrom(0, 0, 1, 2),
});
export type Part = typeof PART extends fc.Arbitrary<infer Value> ? Value : never;

const plain = (name: string, needs: string[]): GraphStep =>
  aGraph({ [name]: [] }, { [name]: { needs } }).steps[0]!;

/** The graph, and by the model the names of all that is done when it runs. */
export function drawn(parts: readonly Part[]): { graph: WorkflowGraph; names: string[] } {
  const names: string[] = [];
  const steps = parts.map(({ needs, shape, count, places }, index): GraphStep => {
    const name = `s${index}`;
    const needed = [...new Set(needs.filter((need) => need < index))].map((need) => `s${need}`);
    const limit = places === 0 ? {} : { limit: { key: `drawn-${places}`, places, rate: null } };
    const step = { ...plain(name, needed), ...limit };
    if (shape === 'plain') {
      names.push(name);
      return step;
    }
    const body = [{ ...plain('a', []), ...limit }, plain('b', ['a'])];
    // A step that waits for those it grew would keep a place they need.
    const { limit: _limit, ...growing } = { limit: undefined, ...step };
    const first = shape === 'repeat' ? 1 : 0;
    for (let turn = first; turn < first + count; turn += 1) {
      names.push(`${name}/${turn}/a`, `${name}/${turn}/b`);
    }
    return shape === 'repeat'
      ? {
          ...growing,
          kind: 'repeat',
          control: {
            type: 'repeat',
            until: { b: { turn: count } },
            max: 5,
            onExhausted: 'fail',
            body,
          },
        }
      : {
          ...growing,
          kind: 'for-each',
          control: {
            type: 'for-each',
            over: { items: Array.from({ length: count }, (_, item) => item) },
            max: 5,
            atOnce: count === 3 ? 2 : null,
            body,
          },
        };
  });
  return { graph: withPatience({ name: 'drawn', source: 'test', steps }), names };
}

/** Failures drawn by the script must not end a run: that has its own tests. */
export function withPatience(graph: WorkflowGraph): WorkflowGraph {
  return {
    ...graph,
    steps: graph.steps.map((step) => Object.assign({ ...step }, { maxAttempts: 1_000 })),
  };
}
