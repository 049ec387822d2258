/**
 * `/v1/graph`: what the organisation's things are, how they hang together, and by whose word. Only what
 * the caller may read is shown; what is not, does not exist for them.
 */
import { z } from 'zod';
import { EDGE_KINDS, EntityKind, graphAnswers } from '#context';
import type { Principal } from '#governance';
import { readerOf } from '../../graph-reader.ts';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { pathId, WorkItem } from '../schemas.ts';
import { named } from '../named.ts';

const EntitySummary = named('GraphEntity', graphAnswers.EntitySummary);
const EntityPage = named('GraphEntityPage', graphAnswers.EntityPage);
const Neighbourhood = named('GraphNeighbourhood', graphAnswers.Neighbourhood);
const StaleKnowledge = named('StaleKnowledge', graphAnswers.StaleKnowledge);
const OwnershipMap = named('OwnershipMap', graphAnswers.OwnershipMap);
const KnownPerson = named('GraphPerson', graphAnswers.KnownPerson);
const Landscape = named('GraphLandscape', graphAnswers.Landscape);
const BearingControl = named('BearingControl', graphAnswers.BearingControl);
const ControlReach = named('ControlReach', graphAnswers.ControlReach);
const Contradiction = named(
  'GraphContradiction',
  graphAnswers.Contradiction.extend({
    /** The newest work item made for it. */
    workItem: WorkItem.pick({ id: true, state: true, title: true }).nullable(),
  }),
);

const EXAMPLE_ID = 'component:default/shop';
const entityId = z.string().min(3).max(1_600).meta({ example: EXAMPLE_ID });
const params = z.strictObject({
  id: entityId.meta({
    description: 'Kind and key, URL-encoded.',
    example: 'component%3Adefault%2Fshop',
  }),
});
const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const asOf = {
  validAt: moment.optional().meta({
    description: 'What was true then; now unless given.',
    example: '2026-01-05T09:00:00Z',
  }),
  knownAt: moment.optional().meta({
    description: 'What was known then; now unless given.',
    example: '2026-01-05T09:00:00Z',
  }),
};
const limit = (most: number, usual: number) =>
  z.coerce.number().int().min(1).max(most).default(usual).meta({ description: 'Most items.' });
const offset = z.coerce
  .number()
  .int()
  .min(0)
  .max(100_000)
  .default(0)
  .meta({ description: 'Items to pass over.' });
const because = z.string().trim().min(1).max(1_000);
const identity = z.string().trim().min(3).max(300).meta({ example: 'email:ada@example.org' });
const kindList = (kinds: readonly string[], description: string) =>
  z
    .string()
    .max(500)
    .transform((text) => text.split(','))
    .refine(
      (list) => list.every((kind) => kinds.includes(kind)),
      `is a list of: ${kinds.join(', ')}`,
    )
    .optional()
    .meta({ description, example: kinds[0]! });

export function graphRoutes(services: Services): Route[] {
  const { graph } = services.context;
  const reader = (principal: Principal) => readerOf(services, principal);
  return [
    route({
      method: 'get',
      path: '/v1/graph/entities',
      access: 'context:read',
      tag: 'context',
      summary: 'Search entities',
      description: 'Services, files, people, decisions and the rest by name, the closest first.',
      query: z.strictObject({
        q: z
          .string()
          .max(300)
          .default('')
          .meta({ description: 'Part of a name or key.', example: 'shop' }),
        kind: kindList(EntityKind.options, 'Only these kinds, with commas between.'),
        scope: z
          .string()
          .max(300)
          .optional()
          .meta({ description: 'Only what this repository speaks of.', example: 'acme/shop' }),
        limit: limit(100, 20),
        offset,
        ...asOf,
      }),
      answer: z.object({ items: z.array(EntitySummary) }),
      handle: async ({ query: { q, kind, ...query }, principal }) => ({
        items: await graph.search(await reader(principal), {
          ...query,
          text: q,
          kinds: kind as EntityKind[] | undefined,
        }),
      }),
    }),
    route({
      method: 'get',
      path: '/v1/graph/entities/{id}',
      access: 'context:read',
      tag: 'context',
      summary: 'Show an entity',
      description:
        'Its sources with the times they held, its relations with who says so, and where sources disagree.',
      params,
      query: z.strictObject({
        kind: kindList(EDGE_KINDS, 'Only these kinds of relation, with commas between.'),
        withPast: z
          .enum(['true', 'false'])
          .default('false')
          .meta({ description: 'Also relations that are over.' }),
        limit: limit(500, 200),
        ...asOf,
      }),
      answer: EntityPage,
      handle: async ({ params: { id }, query: { kind, withPast, ...query }, principal }) =>
        graph.entity(await reader(principal), id, {
          ...query,
          kinds: kind,
          withPast: withPast === 'true',
        }),
    }),
    route({
      method: 'get',
      path: '/v1/graph/entities/{id}/neighbourhood',
      access: 'context:read',
      tag: 'context',
      summary: 'Show what is around an entity',
      description:
        'Entities and edges within a few steps, in bounds; of what is too many, how many more.',
      params,
      query: z.strictObject({
        depth: z.coerce.number().int().min(1).max(3).default(1).meta({ description: 'Steps.' }),
        kind: kindList(EDGE_KINDS, 'Only these kinds of relation, with commas between.'),
        limit: limit(500, 80),
        ...asOf,
      }),
      answer: Neighbourhood,
      handle: async ({ params: { id }, query: { kind, ...query }, principal }) =>
        graph.neighbourhood(await reader(principal), id, { ...query, kinds: kind }),
    }),
    route({
      method: 'get',
      path: '/v1/graph/entities/{id}/controls',
      access: 'context:read',
      tag: 'context',
      summary: 'List the controls that bear on an entity',
      description:
        'Regulation by catalogs and by data classes of the policy: of a service, what is written for it and for its files; of a file, also what is written for its service.',
      params,
      answer: z.object({ items: z.array(BearingControl) }),
      handle: async ({ params: { id }, principal }) => ({
        items: await services.context.compliance.controlsOf(await reader(principal), id),
      }),
    }),
    route({
      method: 'get',
      path: '/v1/graph/controls/{id}/reach',
      access: 'context:read',
      tag: 'context',
      summary: 'Show what a control bears on',
      description: 'Services, paths, files, and the newest changes to those files.',
      params: z.strictObject({
        id: entityId.meta({
          description: 'Kind and key of the control, URL-encoded.',
          example: 'control%3Apci',
        }),
      }),
      answer: ControlReach,
      handle: async ({ params: { id }, principal }) =>
        services.context.compliance.reachOf(await reader(principal), id),
    }),
    route({
      method: 'get',
      path: '/v1/graph/stale',
      access: 'context:read',
      tag: 'context',
      summary: 'List knowledge to mend',
      description:
        'Rules, decisions, documents and incidents that are stale, superseded, contradicted or unverified, and why; the oldest first.',
      query: z.strictObject({
        scope: z
          .string()
          .max(300)
          .optional()
          .meta({ description: 'Only of this repository.', example: 'acme/shop' }),
        limit: limit(500, 100),
      }),
      answer: z.object({ items: z.array(StaleKnowledge) }),
      handle: async ({ query, principal }) => ({
        items: await graph.staleKnowledge(await reader(principal), query),
      }),
    }),
    route({
      method: 'get',
      path: '/v1/graph/ownership/{id}',
      access: 'context:read',
      tag: 'context',
      summary: 'Show who owns what in a repository',
      description:
        'By folder: who is declared to own it, who does the work, and how few people did half of it lately (bus factor).',
      params: pathId('Id or name (URL-encoded) of the repository.', 'acme%2Fshop'),
      query: z.strictObject({
        depth: z.coerce
          .number()
          .int()
          .min(1)
          .max(5)
          .default(2)
          .meta({ description: 'Parts of a path that make a folder.' }),
      }),
      answer: OwnershipMap,
      handle: async ({ params: { id }, query: { depth }, principal }) => {
        const { name } = found(await services.context.findRepository(id), 'repository', id);
        return {
          folders: await services.context.ownershipMap(name, await reader(principal), depth),
        };
      },
    }),
    route({
      method: 'get',
      path: '/v1/graph/landscape',
      access: 'context:read',
      tag: 'context',
      summary: 'Show all services',
      description:
        'Services, interfaces and resources of the catalog with their system, domain and owner, and what depends on what.',
      query: z.strictObject({
        scope: z
          .string()
          .max(300)
          .optional()
          .meta({ description: 'Only what this repository speaks of.', example: 'acme/shop' }),
        together: z.enum(['true', 'false']).default('false').meta({
          description: 'Also which services change together, by the history of their files.',
        }),
        ...asOf,
      }),
      answer: Landscape,
      handle: async ({ query, principal }) =>
        graph.landscape(await reader(principal), {
          ...query,
          together: query.together === 'true',
        }),
    }),
    route({
      method: 'get',
      path: '/v1/graph/people',
      access: 'context:read',
      tag: 'context',
      summary: 'List people with many identities',
      description:
        'Who is known by several addresses or accounts, and the evidence for each merge.',
      query: z.strictObject({
        identity: identity.optional().meta({
          description: 'Only the person who bears it.',
          example: 'email:ada@example.org',
        }),
        limit: limit(200, 100),
        offset,
      }),
      answer: z.object({ items: z.array(KnownPerson) }),
      handle: async ({ query, principal }) => ({
        items: await graph.people(await reader(principal), query),
      }),
    }),
    route({
      method: 'post',
      path: '/v1/graph/people/merge',
      access: 'context:curate',
      tag: 'context',
      summary: 'Merge two identities',
      description:
        'Says that two identities are one person. Your word outweighs all other evidence.',
      body: z.strictObject({ a: identity, b: identity, because }),
      bodyExample: { a: 'email:ada@example.org', b: 'github:ada', because: 'She told me.' },
      answer: null,
      handle: ({ body, actor }) => graph.mergePeople(body, actor),
    }),
    route({
      method: 'post',
      path: '/v1/graph/people/split',
      access: 'context:curate',
      tag: 'context',
      summary: 'Split two identities',
      description: 'Says that two identities are not one person, whatever evidence there is.',
      body: z.strictObject({ a: identity, b: identity, because }),
      bodyExample: {
        a: 'email:ada@example.org',
        b: 'github:ada',
        because: 'Two people of one name.',
      },
      answer: null,
      handle: ({ body, actor }) => graph.splitPeople(body, actor),
    }),
    route({
      method: 'get',
      path: '/v1/graph/contradictions',
      access: 'context:read',
      tag: 'context',
      summary: 'List contradictions',
      description:
        'Records that cannot both hold, as somebody said, and nobody has settled; with the work item made for each.',
      query: z.strictObject({}),
      answer: z.object({ items: z.array(Contradiction) }),
      handle: async ({ principal }) => ({
        items: await services.contradictionWork.list(await reader(principal)),
      }),
    }),
    route({
      method: 'post',
      path: '/v1/graph/contradictions',
      access: 'context:record',
      tag: 'context',
      summary: 'Report a contradiction',
      description: 'Nothing is closed by it: a person decides.',
      body: z.strictObject({ a: entityId, b: entityId, because }),
      bodyExample: {
        a: 'decision:acme/shop:docs/adr/0001.md@root',
        b: 'rule:acme/shop:AGENTS.md@root',
        because: 'One wants cents, the other floats.',
      },
      answer: null,
      handle: async ({ body, actor, principal }) =>
        graph.reportContradiction(await reader(principal), body, actor),
    }),
    route({
      method: 'post',
      path: '/v1/graph/contradictions/work-item',
      access: 'work:write',
      tag: 'context',
      summary: 'Open a work item for a contradiction',
      description:
        'One is open per contradiction: who asks again gets the same. It ends when the contradiction is over.',
      body: z.strictObject({ a: entityId, b: entityId }),
      bodyExample: {
        a: 'decision:acme/shop:docs/adr/0001.md@root',
        b: 'rule:acme/shop:AGENTS.md@root',
      },
      status: 201,
      answer: WorkItem,
      handle: async ({ body, actor, principal }) =>
        services.contradictionWork.open(await reader(principal), body, actor),
    }),
    route({
      method: 'post',
      path: '/v1/graph/contradictions/settle',
      access: 'context:curate',
      tag: 'context',
      summary: 'Settle a contradiction',
      description: "Says which of two records holds and takes the other's place, or that both do.",
      body: z.strictObject({
        a: entityId,
        b: entityId,
        holds: z.enum(['a', 'b', 'both']),
        because,
      }),
      bodyExample: {
        a: 'decision:acme/shop:docs/adr/0001.md@root',
        b: 'rule:acme/shop:AGENTS.md@root',
        holds: 'a',
        because: 'The decision is newer.',
      },
      answer: null,
      handle: async ({ body, actor, principal }) =>
        graph.settleContradiction(await reader(principal), body, actor),
    }),
  ];
}
