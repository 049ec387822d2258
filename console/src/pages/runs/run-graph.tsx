/** The run as the graph it is: dagre places the steps, colour, icon and word tell their state. */
import { Graph, layout } from '@dagrejs/dagre';
import { useMediaQuery } from '@mantine/hooks';
import {
  Controls,
  Handle,
  Position,
  ReactFlow,
  type Edge,
  type Node,
  type NodeProps,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { useMemo } from 'react';
import type { Step } from '../../api/types.ts';
import { stateLook } from '../../parts/badges.tsx';
import { humanise } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import './run-graph.css';

const NODE = { width: 148, height: 50 };

type StepNode = Node<{ step: Step; isVertical: boolean; isSelected: boolean }, 'step'>;

function StepBox({ data: { step, isVertical, isSelected } }: NodeProps<StepNode>) {
  const look = stateLook(step.state);
  return (
    <div
      className="graph-step"
      data-tone={look.tone}
      data-state={step.state}
      data-selected={isSelected || undefined}
    >
      <Handle type="target" position={isVertical ? Position.Top : Position.Left} />
      <span className="graph-step-icon">
        <Icon name={look.icon} size={15} />
      </span>
      <span className="graph-step-text">
        <span className="cut">{humanise(step.name)}</span>
        <span className="graph-step-state cut">
          {look.label}
          {step.attempt > 1 ? `, attempt ${step.attempt}` : ''}
        </span>
      </span>
      <Handle type="source" position={isVertical ? Position.Bottom : Position.Right} />
    </div>
  );
}

const NODE_TYPES = { step: StepBox };

/** Places the steps so that every edge points the same way. */
function place(steps: readonly Step[], isVertical: boolean) {
  const graph = new Graph();
  graph.setGraph({ rankdir: isVertical ? 'TB' : 'LR', nodesep: 18, ranksep: 26 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const step of steps) graph.setNode(step.name, { ...NODE });
  for (const step of steps) {
    for (const need of step.needs) if (graph.hasNode(need)) graph.setEdge(need, step.name);
  }
  layout(graph);

  const placeOf = (name: string) => {
    const { x, y } = graph.node(name) as { x: number; y: number };
    return { x: x - NODE.width / 2, y: y - NODE.height / 2 };
  };
  const { height = 0, width = 0 } = graph.graph() as { height?: number; width?: number };
  return { placeOf, height, width };
}

export default function RunGraph({
  steps,
  selected,
  onSelect,
}: {
  steps: readonly Step[];
  selected: string;
  onSelect: (name: string) => void;
}) {
  const isVertical = useMediaQuery('(max-width: 860px)') ?? false;
  const shape = steps.map(({ name, needs }) => `${name}<${needs.join()}`).join(';');
  // The shape of a run never changes while its states do: it is placed once.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  const placed = useMemo(() => place(steps, isVertical), [shape, isVertical]);

  const nodes: StepNode[] = steps.map((step) => ({
    id: step.name,
    type: 'step',
    position: placed.placeOf(step.name),
    data: { step, isVertical, isSelected: step.name === selected },
    ...NODE,
    ariaLabel: `${humanise(step.name)}: ${stateLook(step.state).label}`,
  }));
  const edges: Edge[] = steps.flatMap((step) =>
    step.needs.map((need) => ({
      id: `${need}-${step.name}`,
      source: need,
      target: step.name,
      animated: step.state === 'running',
      className: step.state === 'blocked' ? 'graph-edge-ahead' : 'graph-edge-done',
      focusable: false,
    })),
  );

  return (
    <div
      className="graph"
      style={{ height: Math.min(Math.max(placed.height + 96, 190), isVertical ? 760 : 440) }}
      onKeyDown={(event) => {
        const id = (event.target as HTMLElement).dataset['id'];
        if ((event.key === 'Enter' || event.key === ' ') && id !== undefined) {
          event.preventDefault();
          onSelect(id);
        }
      }}
    >
      <ReactFlow
        key={`${shape}${isVertical}`}
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onNodeClick={(_, node) => onSelect(node.id)}
        fitView
        fitViewOptions={{ padding: 0.04, maxZoom: 1 }}
        minZoom={0.3}
        maxZoom={1.5}
        nodesDraggable={false}
        nodesConnectable={false}
        elementsSelectable={false}
        nodesFocusable
        zoomOnScroll={false}
        preventScrolling={false}
        aria-label="Graph of the run"
      >
        <Controls showInteractive={false} orientation="horizontal" position="top-right" />
      </ReactFlow>
    </div>
  );
}
