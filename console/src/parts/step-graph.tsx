/** Steps as the graph they are: dagre places them, colour, icon and word tell more than a shape could. */
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
import type { Tone } from './badges.tsx';
import { humanise } from './format.ts';
import { Icon, type IconName } from './icon.tsx';
import './step-graph.css';

const NODE = { width: 148, height: 50 };

export interface GraphNode {
  name: string;
  needs: readonly string[];
  look: { tone: Tone; icon: IconName };
  /** Second line of the box. */
  detail: string;
  /** Its incoming edges move. */
  isRunning?: boolean;
  /** `strong` where something happens, `faint` where nothing will or did. */
  emphasis?: 'strong' | 'faint' | undefined;
  /** Not reached yet: its incoming edges are dashed. */
  isAhead?: boolean;
}

type StepNode = Node<{ step: GraphNode; isVertical: boolean; isSelected: boolean }, 'step'>;

function StepBox({ data: { step, isVertical, isSelected } }: NodeProps<StepNode>) {
  return (
    <div
      className="graph-step"
      data-tone={step.look.tone}
      data-emphasis={step.emphasis}
      data-selected={isSelected || undefined}
    >
      <Handle type="target" position={isVertical ? Position.Top : Position.Left} />
      <span className="graph-step-icon">
        <Icon name={step.look.icon} size={15} />
      </span>
      <span className="graph-step-text">
        <span className="cut">{humanise(step.name)}</span>
        <span className="graph-step-state cut">{step.detail}</span>
      </span>
      <Handle type="source" position={isVertical ? Position.Bottom : Position.Right} />
    </div>
  );
}

const NODE_TYPES = { step: StepBox };

/** Places the steps so that every edge points the same way. */
function place(steps: readonly GraphNode[], isVertical: boolean) {
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

export default function StepGraph({
  steps,
  selected,
  onSelect,
  label,
}: {
  steps: readonly GraphNode[];
  /** Names the graph for those who do not see it. */
  label: string;
  selected: string;
  onSelect: (name: string) => void;
}) {
  const isVertical = useMediaQuery('(max-width: 860px)') ?? false;
  const shape = steps.map(({ name, needs }) => `${name}<${needs.join()}`).join(';');
  // The shape rarely changes while states do: it is placed once.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  const placed = useMemo(() => place(steps, isVertical), [shape, isVertical]);

  const nodes: StepNode[] = steps.map((step) => ({
    id: step.name,
    type: 'step',
    position: placed.placeOf(step.name),
    data: { step, isVertical, isSelected: step.name === selected },
    ...NODE,
    ariaLabel: `${humanise(step.name)}: ${step.detail}`,
  }));
  const edges: Edge[] = steps.flatMap((step) =>
    step.needs.map((need) => ({
      id: `${need}-${step.name}`,
      source: need,
      target: step.name,
      animated: step.isRunning === true,
      className: step.isAhead === true ? 'graph-edge-ahead' : 'graph-edge-done',
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
        aria-label={label}
      >
        <Controls showInteractive={false} orientation="horizontal" position="top-right" />
      </ReactFlow>
    </div>
  );
}
