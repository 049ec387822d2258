/**
 * Which boxes and lines of a landscape are shown: whole domains and systems as one box until they are
 * opened, or a service with what is around it. So 500 services stay a drawing of a few dozen. Pure.
 */
import type { Landscape, LandscapeNode } from '../../api/context-types.ts';

export interface Box {
  /** Id of an entity, or of a group that has none of its own. */
  id: string;
  title: string;
  kind: 'service' | 'system' | 'domain';
  /** Services in it; 1 for a service itself. */
  size: number;
  /** Group it lies in, as its colour and small print say. */
  place: string;
  isFocus: boolean;
}

export interface Line {
  from: string;
  to: string;
  /** How many dependencies it stands for. */
  count: number;
  /** Nobody declares it: their files change together. */
  isCoupling?: true;
}

export interface View {
  boxes: Box[];
  /** Drawn: the strongest, so few that one can follow them. */
  lines: Line[];
  /** Every line; `lines` are those that are drawn. */
  all: Line[];
}

export interface Services {
  services: Map<string, LandscapeNode>;
  /** Consumers of an interface depend on who provides it. */
  dependencies: { from: string; to: string; isCoupling?: true }[];
  names: Map<string, string>;
}

/** Beyond so many boxes nobody finds their way. */
export const MOST_BOXES = 40;
/** Lines per box that one can still follow. */
const LINES_PER_BOX = 2.5;
const LEAST_LINES = 20;
const NO_DOMAIN = 'domain:none';
const NO_SYSTEM = 'system:none';

/** Services and resources, with interfaces folded into dependencies of their consumers. */
export function servicesOf(landscape: Landscape): Services {
  const services = new Map<string, LandscapeNode>();
  const names = new Map<string, string>();
  for (const node of landscape.nodes) {
    names.set(node.id, node.title === node.key ? node.key.replace(/^default\//, '') : node.title);
    if (node.kind === 'component' || node.kind === 'resource') services.set(node.id, node);
  }
  const providers = new Map<string, string[]>();
  for (const { kind, from, to } of landscape.edges) {
    if (kind === 'provides_api') providers.set(to, [...(providers.get(to) ?? []), from]);
  }
  const seen = new Set<string>();
  const declared: { from: string; to: string }[] = [];
  const coupled: [string, string][] = [];
  const add = (from: string, to: string) => {
    const key = `${from} ${to}`;
    if (from === to || seen.has(key) || !services.has(from) || !services.has(to)) return;
    seen.add(key);
    declared.push({ from, to });
  };
  for (const { kind, from, to } of landscape.edges) {
    if (kind === 'co_changed') coupled.push([from, to]);
    if (kind === 'depends_on') add(from, to);
    // A component may depend on an interface outright, too.
    if (kind === 'consumes_api' || kind === 'depends_on')
      for (const provider of providers.get(to) ?? []) add(from, provider);
  }
  const dependencies: Services['dependencies'] = declared;
  for (const [from, to] of coupled) {
    // What a catalog explains needs no second line.
    const isExplained = seen.has(`${from} ${to}`) || seen.has(`${to} ${from}`);
    if (isExplained || !services.has(from) || !services.has(to)) continue;
    dependencies.push({ from, to, isCoupling: true });
  }
  return { services, dependencies, names };
}

/** Domain and system of a service, widest first; a landscape without domains has no such level. */
function groupsOf(service: LandscapeNode, hasDomains: boolean, hasSystems: boolean): string[] {
  const domain = service.domain ?? NO_DOMAIN;
  const system = service.system ?? (service.domain === null ? NO_SYSTEM : `${NO_SYSTEM}@${domain}`);
  return [...(hasDomains ? [domain] : []), ...(hasSystems ? [system] : [])];
}

/** Everything, with groups closed unless they are open or so few that nothing is gained. */
export function viewOfAll(all: Services, open: string): View {
  const list = [...all.services.values()];
  const hasDomains = list.some(({ domain }) => domain !== null);
  const hasSystems = list.some(({ system }) => system !== null);
  const isSmall = list.length <= MOST_BOXES;
  const systems = new Set(list.map(({ system }) => system));
  const opensDomains = systems.size <= MOST_BOXES / 2;
  // A system can only be opened within its domain.
  const opened = new Set([open]);
  for (const service of list) {
    if (service.system === open && service.domain !== null) opened.add(service.domain);
  }

  const closedOf = (service: LandscapeNode) =>
    isSmall
      ? undefined
      : groupsOf(service, hasDomains, hasSystems).find(
          (group) => !opened.has(group) && !(opensDomains && group.startsWith('domain:')),
        );
  const sizes = new Map<string | undefined, number>();
  for (const service of list) sizes.set(closedOf(service), (sizes.get(closedOf(service)) ?? 0) + 1);

  const boxOf = new Map<string, Box>();
  const standIn = new Map<string, string>();
  for (const service of list) {
    const group = closedOf(service);
    // A group of one says less than the one in it.
    const closed = sizes.get(group) === 1 ? undefined : group;
    const id = closed ?? service.id;
    standIn.set(service.id, id);
    const box = boxOf.get(id);
    if (box === undefined) {
      boxOf.set(id, {
        id,
        title:
          all.names.get(id) ?? (id.startsWith('domain:') ? 'Without a domain' : 'Without a system'),
        kind: closed === undefined ? 'service' : id.startsWith('domain:') ? 'domain' : 'system',
        size: 1,
        place: placeOf(all, service, id),
        isFocus: false,
      });
    } else box.size += 1;
  }
  const boxes = [...boxOf.values()];
  // Of an opened group one asks what its own parts need; the rest is only where that leads.
  const inside = list.filter(({ system, domain }) => system === open || domain === open);
  const asked = new Set(inside.map(({ id }) => standIn.get(id)!));
  return withLines(boxes, all, (id) => standIn.get(id), asked, asked.size > 0);
}

function placeOf(all: Services, { system, domain }: LandscapeNode, id: string): string {
  const place = id === system ? domain : id === domain ? null : (system ?? domain);
  return place === null ? '' : (all.names.get(place) ?? '');
}

/** A service and what is within so many steps of it, either way; too wide a rim stands as its systems. */
export function viewAround(all: Services, focus: string, depth: number): View {
  const next = new Map<string, string[]>();
  const link = (from: string, to: string) => next.set(from, [...(next.get(from) ?? []), to]);
  for (const { from, to } of all.dependencies) {
    link(from, to);
    link(to, from);
  }
  const distances = new Map([[focus, 0]]);
  let frontier = [focus];
  for (let distance = 1; distance <= depth; distance += 1) {
    const reached: string[] = [];
    for (const id of frontier) {
      for (const other of next.get(id) ?? []) {
        if (distances.has(other)) continue;
        distances.set(other, distance);
        reached.push(other);
      }
    }
    frontier = reached;
  }

  const standIn = new Map<string, string>();
  const boxes = new Map<string, Box>();
  // Nearer rings keep their services; a ring that would fill the drawing is shown as its systems.
  let shown = 0;
  for (let distance = 0; distance <= depth; distance += 1) {
    const ring = [...distances].filter(([, at]) => at === distance).map(([id]) => id);
    const isFolded = distance > 0 && shown + ring.length > MOST_BOXES;
    for (const id of ring) {
      const service = all.services.get(id);
      if (service === undefined) continue;
      const group = service.system ?? service.domain ?? NO_SYSTEM;
      const standing = isFolded ? group : id;
      standIn.set(id, standing);
      const box = boxes.get(standing);
      if (box !== undefined) box.size += 1;
      else {
        boxes.set(standing, {
          id: standing,
          title: all.names.get(standing) ?? 'Without a system',
          kind: !isFolded ? 'service' : standing.startsWith('domain:') ? 'domain' : 'system',
          size: 1,
          place: placeOf(all, service, standing),
          isFocus: id === focus,
        });
      }
    }
    shown = boxes.size;
  }
  return withLines([...boxes.values()], all, (id) => standIn.get(id), new Set([focus]), false);
}

function withLines(
  boxes: Box[],
  all: Services,
  standInOf: (id: string) => string | undefined,
  asked: ReadonlySet<string>,
  isOpened: boolean,
): View {
  const lines = new Map<string, Line>();
  for (const dependency of all.dependencies) {
    const [from, to] = [standInOf(dependency.from), standInOf(dependency.to)];
    if (from === undefined || to === undefined || from === to) continue;
    const { isCoupling } = dependency;
    const key = `${from} ${to}${isCoupling === true ? ' together' : ''}`;
    const line = lines.get(key);
    if (line === undefined) {
      lines.set(key, { from, to, count: 1, ...(isCoupling === true ? { isCoupling } : {}) });
    } else line.count += 1;
  }
  const strongest = [...lines.values()].toSorted(
    (a, b) => touches(b, asked) - touches(a, asked) || b.count - a.count,
  );
  const drawn = strongest.filter((line) => !isOpened || touches(line, asked) > 0);
  const most = Math.max(LEAST_LINES, Math.round(boxes.length * LINES_PER_BOX));
  return {
    boxes: boxes.toSorted((a, b) => (a.title < b.title ? -1 : 1)),
    lines: drawn.slice(0, most),
    all: strongest,
  };
}

function touches({ from, to }: Line, asked: ReadonlySet<string>): number {
  return Number(asked.has(from)) + Number(asked.has(to));
}
