/** A graph as people and programs read it: indented text, a Mermaid or Graphviz drawing, or JSON. */
import type { GraphStep, WorkflowGraph } from '../workflow-graph.ts';
import { graphHash } from './graph.ts';

export const GRAPH_FORMATS = ['text', 'mermaid', 'dot', 'json'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** Ends with a line feed. The graph has passed its checks: it has no circles. */
export function renderWorkflow(graph: WorkflowGraph, format: GraphFormat): string {
  switch (format) {
    case 'text':
      return asText(graph);
    case 'mermaid':
      return asMermaid(graph);
    case 'dot':
      return asDot(graph);
    case 'json':
      return `${JSON.stringify({ ...graph, hash: graphHash(graph) }, null, 2)}\n`;
  }
}

function asText(graph: WorkflowGraph): string {
  const hash = graphHash(graph).slice(0, 12);
  return `${[`${graph.name} (${graph.source}, ${hash})`, ...textOf(graph.steps, 1)].join('\n')}\n`;
}

function textOf(steps: readonly GraphStep[], indent: number): string[] {
  const space = '  '.repeat(indent);
  return layersOf(steps).flatMap((layer, depth) =>
    layer.flatMap((step) => [
      `${space}${depth + 1}. ${step.name} [${step.kind}]${termsOf(step)}  (${step.origin})`,
      ...textOf(step.control?.body ?? [], indent + 2),
    ]),
  );
}

/** What is particular to a step, in words. */
function termsOf({ needs, when, limit, undo, onFailure, control }: GraphStep): string {
  const words = [
    needs.length === 0 ? '' : ` after ${needs.join(', ')}`,
    when === undefined ? '' : `, when ${JSON.stringify(when)}`,
    control?.type === 'repeat'
      ? `, at most ${control.max} times until ${JSON.stringify(control.until)}`
      : '',
    control?.type === 'for-each'
      ? `, for each of ${'items' in control.over ? `${control.over.items.length} items` : `${control.over.from}.${control.over.key}`}`
      : '',
    control?.type === 'workflow' ? `, runs ${control.name}` : '',
    limit === undefined ? '' : `, limit ${limit.key}`,
    undo === undefined ? '' : `, undone by ${undo.kind}`,
    onFailure === undefined ? '' : ', may fail',
  ];
  return words.join('');
}

/** Every step, those of bodies included, with a number and the box it lies in. */
function asMermaid({ steps }: WorkflowGraph): string {
  const lines: string[] = [];
  let count = 0;
  const draw = (
    level: readonly GraphStep[],
    outer: ReadonlyMap<string, string>,
    indent: string,
  ) => {
    const ids = new Map([...outer, ...level.map(({ name }) => [name, `s${count++}`] as const)]);
    for (const step of level) {
      const { name, kind, control } = step;
      const body = control?.body ?? [];
      // Quotes would end the label; Mermaid writes them as an entity.
      const label = `${name}<br/>${kind}`.replaceAll('"', '#quot;');
      if (body.length === 0) {
        lines.push(`${indent}${ids.get(name)}["${label}"]`);
        continue;
      }
      lines.push(`${indent}subgraph ${ids.get(name)}["${label}"]`);
      draw(body, new Map(), `${indent}  `);
      lines.push(`${indent}end`);
    }
    for (const step of level) {
      for (const need of step.needs) {
        if (ids.has(need)) lines.push(`${indent}${ids.get(need)} --> ${ids.get(step.name)}`);
      }
    }
  };
  draw(steps, new Map(), '  ');
  return `${['flowchart LR', ...lines].join('\n')}\n`;
}

function asDot({ name, steps }: WorkflowGraph): string {
  const lines: string[] = [];
  const quote = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const draw = (level: readonly GraphStep[], prefix: string) => {
    const names = new Set(level.map((step) => step.name));
    for (const { name: step, kind, needs, control } of level) {
      const id = `${prefix}${step}`;
      const label = quote(`${step}\n${kind}`).replaceAll('\n', '\\n');
      lines.push(`  ${quote(id)} [label=${label}];`);
      for (const need of needs) {
        if (names.has(need)) lines.push(`  ${quote(`${prefix}${need}`)} -> ${quote(id)};`);
      }
      const body = control?.body ?? [];
      for (const inner of body.filter((one) => one.needs.length === 0)) {
        lines.push(`  ${quote(id)} -> ${quote(`${id}/${inner.name}`)} [style=dashed];`);
      }
      draw(body, `${id}/`);
    }
  };
  draw(steps, '');
  return `${[`digraph ${quote(name)} {`, '  rankdir=LR;', '  node [shape=box];', ...lines, '}'].join('\n')}\n`;
}

/** Steps by how many others must come before them, so that a layer may run at once. */
function layersOf(steps: readonly GraphStep[]): GraphStep[][] {
  const depths = new Map<string, number>();
  const byName = new Map(steps.map((step) => [step.name, step]));
  function depthOf(name: string): number {
    const known = depths.get(name);
    if (known !== undefined) return known;
    // Steps of a body may need some outside of it: those have ended long before.
    const needs = (byName.get(name)?.needs ?? []).filter((need) => byName.has(need));
    const depth = needs.length === 0 ? 0 : 1 + Math.max(...needs.map(depthOf));
    depths.set(name, depth);
    return depth;
  }
  const layers: GraphStep[][] = [];
  for (const step of steps) (layers[depthOf(step.name)] ??= []).push(step);
  return layers;
}
