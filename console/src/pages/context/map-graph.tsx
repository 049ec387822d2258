/** The drawing of a view: dagre places the boxes, groups show how many services they hold. */
import { Graph, layout } from '@dagrejs/dagre';
import { useMediaQuery } from '@mantine/hooks';
import {
  Controls,
  Handle,
  MarkerType,
  Position,
  ReactFlow,
  type Edge,
  type Node,
  type NodeProps,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { useMemo, useState } from 'react';
import { plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import '../../parts/step-graph.css';
import type { Box, View } from './map-view.ts';

const SIZE = { width: 176, height: 46 };

type BoxNode = Node<{ box: Box; isVertical: boolean; isFaded: boolean }, 'box'>;

function BoxView({ data: { box, isVertical, isFaded } }: NodeProps<BoxNode>) {
  return (
    <div
      className="map-box"
      data-kind={box.kind}
      data-focus={box.isFocus || undefined}
      data-faded={isFaded || undefined}
    >
      <Handle type="target" position={isVertical ? Position.Top : Position.Left} />
      <Icon
        name={box.kind === 'service' ? 'pack' : box.kind === 'system' ? 'run' : 'overview'}
        size={15}
      />
      <span className="graph-step-text">
        <span className="cut">{box.title}</span>
        <span className="map-box-note cut">
          {box.kind === 'service'
            ? box.place || 'service'
            : `${box.kind}, ${plural(box.size, 'service')}`}
        </span>
      </span>
      <Handle type="source" position={isVertical ? Position.Bottom : Position.Right} />
    </div>
  );
}

const NODE_TYPES = { box: BoxView };

function place({ boxes, lines }: View, isVertical: boolean) {
  const graph = new Graph();
  graph.setGraph({ rankdir: isVertical ? 'TB' : 'LR', nodesep: 14, ranksep: isVertical ? 46 : 70 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of boxes) graph.setNode(id, { ...SIZE });
  for (const { from, to, count } of backbone(lines)) graph.setEdge(from, to, { weight: count });
  layout(graph);
  const placeOf = (id: string) => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    return { x: x - SIZE.width / 2, y: y - SIZE.height / 2 };
  };
  const { height = 0 } = graph.graph() as { height?: number };
  return { placeOf, height };
}

/**
 * The strongest line into each box. Groups that all need each other have no order of their own: placed
 * by all lines they would be strung out in one long row.
 */
function backbone(lines: View['lines']): View['lines'] {
  const strongest = new Map<string, View['lines'][number]>();
  for (const line of lines) {
    const known = strongest.get(line.to);
    if (known === undefined || line.count > known.count) strongest.set(line.to, line);
  }
  const isCrowded = lines.length > 1.6 * strongest.size;
  return isCrowded ? [...strongest.values()] : lines;
}

export default function MapGraph({ view, onOpen }: { view: View; onOpen: (box: Box) => void }) {
  const isVertical = useMediaQuery('(max-width: 860px)') ?? false;
  const [pointed, setPointed] = useState<string>();
  const placed = useMemo(() => place(view, isVertical), [view, isVertical]);
  const near = new Set(
    view.lines
      .filter(({ from, to }) => from === pointed || to === pointed)
      .flatMap(({ from, to }) => [from, to]),
  );
  const isFaded = (id: string) => pointed !== undefined && id !== pointed && !near.has(id);
  const most = Math.max(1, ...view.lines.map(({ count }) => count));

  const nodes: BoxNode[] = view.boxes.map((box) => ({
    id: box.id,
    type: 'box',
    position: placed.placeOf(box.id),
    data: { box, isVertical, isFaded: isFaded(box.id) },
    ...SIZE,
    ariaLabel: `${box.title}, ${box.kind === 'service' ? 'service' : `${box.kind} of ${plural(box.size, 'service')}`}`,
  }));
  const edges: Edge[] = view.lines.map(({ from, to, count, isCoupling }) => {
    const isNear = pointed !== undefined && (from === pointed || to === pointed);
    return {
      id: `${from} ${to}${isCoupling === true ? ' together' : ''}`,
      source: from,
      target: to,
      className: isNear ? 'map-line-near' : pointed === undefined ? 'map-line' : 'map-line-faded',
      style: {
        strokeWidth: 1 + (2.5 * (count - 1)) / most,
        ...(isCoupling === true ? { strokeDasharray: '5 4' } : {}),
      },
      ...(isCoupling === true
        ? {}
        : { markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14 } }),
      focusable: false,
    };
  });

  return (
    <div
      className="graph map-graph"
      style={{ height: Math.min(Math.max(placed.height + 80, 320), isVertical ? 620 : 640) }}
      onKeyDown={(event) => {
        const id = (event.target as HTMLElement).dataset['id'];
        const box = view.boxes.find((one) => one.id === id);
        if ((event.key === 'Enter' || event.key === ' ') && box !== undefined) {
          event.preventDefault();
          onOpen(box);
        }
      }}
      onFocus={({ target }) => setPointed((target as HTMLElement).dataset['id'])}
      onBlur={() => setPointed(undefined)}
    >
      <ReactFlow
        key={`${view.boxes.map(({ id }) => id).join()}${isVertical}`}
        nodes={nodes}
        edges={edges}
        nodeTypes={NODE_TYPES}
        onNodeClick={(_, { data }) => onOpen(data.box)}
        onNodeMouseEnter={(_, { id }) => setPointed(id)}
        onNodeMouseLeave={() => setPointed(undefined)}
        fitView
        fitViewOptions={{ padding: 0.05, maxZoom: 1, minZoom: 0.45 }}
        minZoom={0.15}
        maxZoom={1.6}
        nodesDraggable={false}
        nodesConnectable={false}
        elementsSelectable={false}
        nodesFocusable
        zoomOnScroll={false}
        preventScrolling={false}
        aria-label="Graph of dependencies"
      >
        <Controls showInteractive={false} orientation="horizontal" position="top-right" />
      </ReactFlow>
    </div>
  );
}
