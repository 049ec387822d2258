/** Shapes of what the graph answers, as the API shows them. */
import { z } from 'zod';
import { FRESHNESS } from './freshness.ts';
import { EdgeKind, EntityKind, Evidence, Method } from './schema.ts';

export const EntitySummary = z.object({
  /** `kind:key`, as routes take it. */
  id: z.string(),
  kind: EntityKind,
  key: z.string(),
  title: z.string(),
  freshness: z.enum(FRESHNESS),
  properties: z.record(z.string(), z.unknown()),
  /** When the newest word of it was said; null when it is only named by others. */
  confirmedAt: z.date().nullable(),
});

export const SourceWord = z.object({
  system: z.string(),
  object: z.string(),
  revision: z.string(),
  confirmedAt: z.date(),
  extractor: z.string(),
  extractorVersion: z.int(),
  method: Method,
  confidence: z.number(),
  evidence: Evidence.nullable(),
  properties: z.record(z.string(), z.unknown()),
  /** True in the world. */
  validFrom: z.date(),
  validTo: z.date().nullable(),
  /** Known to us. */
  seenFrom: z.date(),
  seenTo: z.date().nullable(),
});

export const Relation = z.object({
  kind: EdgeKind,
  direction: z.enum(['out', 'in']),
  slot: z.string(),
  other: EntitySummary,
  freshness: z.enum(FRESHNESS),
  sources: z.array(SourceWord),
});

export const Disagreement = z.object({
  about: z.string(),
  sides: z.array(
    z.object({ says: z.string(), system: z.string(), object: z.string(), confirmedAt: z.date() }),
  ),
});

export const EntityPage = z.object({
  entity: EntitySummary,
  sources: z.array(SourceWord),
  relations: z.array(Relation),
  hasMoreRelations: z.boolean(),
  disagreements: z.array(Disagreement),
});

export const Neighbourhood = z.object({
  entities: z.array(EntitySummary.extend({ distance: z.int() })),
  edges: z.array(
    z.object({
      kind: EdgeKind,
      slot: z.string(),
      from: z.string(),
      to: z.string(),
      confidence: z.number(),
    }),
  ),
  more: z.array(
    z.object({
      of: z.string(),
      kind: EdgeKind,
      direction: z.enum(['out', 'in']),
      otherKind: EntityKind,
      count: z.int(),
    }),
  ),
});

export const KnownPerson = z.object({
  id: z.string(),
  name: z.string(),
  identities: z.array(z.object({ id: z.string(), name: z.string() })),
  evidence: z.array(
    z.object({
      a: z.string(),
      b: z.string(),
      because: z.string(),
      confidence: z.number(),
      source: z.string(),
    }),
  ),
});

export const Contradiction = z.object({
  a: EntitySummary,
  b: EntitySummary,
  sources: z.array(SourceWord),
});

export const StaleKnowledge = z.object({ entity: EntitySummary, because: z.array(z.string()) });

export const OwnershipMap = z.object({
  folders: z.array(
    z.object({
      folder: z.string(),
      /** Catalog component declared there. */
      component: z.string().nullable(),
      files: z.int(),
      changes: z.int(),
      /** How few people did half of the recent work: 1 means that it hangs on one person. */
      busFactor: z.int(),
      declared: z.array(z.string()),
      /** Whether the people who do the work are among the declared owners, where these are people. */
      people: z.array(
        z.object({
          id: z.string(),
          name: z.string(),
          /** Of the decayed changes, 0 to 1. */
          share: z.number(),
          lastAt: z.date(),
          isActive: z.boolean(),
        }),
      ),
    }),
  ),
});

export const Landscape = z.object({
  nodes: z.array(
    EntitySummary.extend({
      /** Ids of what it is part of and who owns it, by the catalog. */
      system: z.string().nullable(),
      domain: z.string().nullable(),
      owner: z.string().nullable(),
    }),
  ),
  edges: z.array(
    z.object({ kind: EdgeKind, from: z.string(), to: z.string(), confidence: z.number() }),
  ),
  isTruncated: z.boolean(),
});

export const BearingControl = z.object({
  control: EntitySummary,
  bonds: z.array(
    z.object({
      pattern: z.string(),
      dataClass: z.string().nullable(),
      /** The service it comes through; null when it is written for the thing itself. */
      through: EntitySummary.nullable(),
      writtenIn: z.string(),
    }),
  ),
});

export const ControlReach = z.object({
  services: z.array(z.object({ service: EntitySummary, because: z.array(z.string()) })),
  patterns: z.array(
    z.object({
      repository: z.string(),
      pattern: z.string(),
      dataClass: z.string().nullable(),
      files: z.int(),
      writtenIn: z.string(),
    }),
  ),
  fileCount: z.int(),
  /** The first of them by path. */
  files: z.array(z.object({ repository: z.string(), path: z.string() })),
  /** The newest changes to any of them. */
  changes: z.array(
    z.object({
      repository: z.string(),
      sha: z.string(),
      subject: z.string(),
      author: z.string(),
      at: z.date(),
      files: z.int(),
    }),
  ),
});
