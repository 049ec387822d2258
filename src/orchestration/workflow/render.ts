/** A graph as people and programs read it: indented text, a Mermaid diagram, or JSON. */
import type { WorkflowGraph } from '../service.ts';
import { graphHash, successorsOf } from './graph.ts';

export const GRAPH_FORMATS = ['text', 'mermaid', 'json'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** Ends with a line feed. The graph has passed its checks: it has no circles. */
export function renderWorkflow(graph: WorkflowGraph, format: GraphFormat): string {
  switch (format) {
    case 'text':
      return asText(graph);
    case 'mermaid':
      return asMermaid(graph);
    case 'json':
      return `${JSON.stringify({ ...graph, hash: graphHash(graph) }, null, 2)}\n`;
  }
}

function asText(graph: WorkflowGraph): string {
  const lines = [`${graph.name} (${graph.source}, ${graphHash(graph).slice(0, 12)})`];
  for (const [depth, steps] of layersOf(graph).entries()) {
    for (const step of steps) {
      const after = step.needs.length === 0 ? '' : ` after ${step.needs.join(', ')}`;
      const when = step.when === undefined ? '' : `, when ${JSON.stringify(step.when)}`;
      lines.push(`  ${depth + 1}. ${step.name} [${step.kind}]${after}${when}  (${step.origin})`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function asMermaid(graph: WorkflowGraph): string {
  const number = new Map(graph.steps.map(({ name }, index) => [name, `s${index}`]));
  const boxes = graph.steps.map(
    // Quotes would end the label; Mermaid writes them as an entity.
    ({ name, kind }) =>
      `  ${number.get(name)}["${`${name}<br/>${kind}`.replaceAll('"', '#quot;')}"]`,
  );
  const arrows = [...successorsOf(graph)].flatMap(([name, next]) =>
    next.map((successor) => `  ${number.get(name)} --> ${number.get(successor)}`),
  );
  return `${['flowchart LR', ...boxes, ...arrows].join('\n')}\n`;
}

/** Steps by how many others must come before them, so that a layer may run at once. */
function layersOf({ steps }: WorkflowGraph): WorkflowGraph['steps'][] {
  const depths = new Map<string, number>();
  const byName = new Map(steps.map((step) => [step.name, step]));
  function depthOf(name: string): number {
    const known = depths.get(name);
    if (known !== undefined) return known;
    const needs = byName.get(name)?.needs ?? [];
    const depth = needs.length === 0 ? 0 : 1 + Math.max(...needs.map(depthOf));
    depths.set(name, depth);
    return depth;
  }
  const layers: WorkflowGraph['steps'][] = [];
  for (const step of steps) (layers[depthOf(step.name)] ??= []).push(step);
  return layers;
}
