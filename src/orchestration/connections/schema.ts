/** A connection as the API shows it. */
import { z } from 'zod';
import { Capability } from '#connectors/contract';

export const Connection = z.object({
  /** As in `/webhooks/{name}`. */
  name: z.string(),
  title: z.string(),
  summary: z.string(),
  capabilities: z.array(Capability),
  /** Page in docs. */
  documentation: z.string(),
  /**
   * `off` lacks settings, `paused` was paused by somebody, `waiting` was not heard of yet, `limited` was
   * asked to slow down, `failing` failed last, `healthy` worked last.
   */
  state: z.enum(['off', 'paused', 'waiting', 'limited', 'failing', 'healthy']),
  /** What has to be set before it works; null when all is. */
  missing: z.string().nullable(),
  /** Where the outside system delivers to; null when it delivers nothing. */
  webhookUrl: z.string().nullable(),
  settings: z.array(
    z.object({
      path: z.string(),
      /** Null where it is not set; of a secret `[set]`. */
      value: z.string().nullable(),
      description: z.string(),
      /** Its name in the environment. */
      environment: z.string().nullable(),
      isSecret: z.boolean(),
      /** Whether it can be given by the API; else it is the operator's to set. */
      isGivable: z.boolean(),
    }),
  ),
  /** Who set it up: nobody, whoever runs the server (`file`), or somebody by the API (`page`). */
  origin: z.enum(['none', 'file', 'page']),
  /** What the API can do with it. */
  canTest: z.boolean(),
  canRotateSecret: z.boolean(),
  pause: z.object({ at: z.date(), by: z.string(), reason: z.string().nullable() }).nullable(),
  lastEventAt: z.date().nullable(),
  lastSuccessAt: z.date().nullable(),
  lastError: z.object({ at: z.date(), code: z.string(), message: z.string() }).nullable(),
  /** Repositories its system does not let us into any more. */
  lost: z.array(z.object({ repository: z.string(), since: z.date(), why: z.string() })),
  /** How far what it knows was read: of each repository, space or channel. */
  readings: z.array(
    z.object({
      scope: z.string(),
      /** `failed` is tried again by itself, from where it was. */
      state: z.enum(['reading', 'read', 'failed']),
      /** Part being read: `pulls`. */
      stream: z.string().nullable(),
      via: z.enum(['graphql', 'rest']).nullable(),
      /** Why not the quicker way. */
      why: z.string().nullable(),
      total: z.int().nullable(),
      /** Of `total`, how many were told. */
      told: z.int().nonnegative(),
      /** Objects known by kind, as of the last whole reading. */
      objects: z.record(z.string(), z.int()),
      startedAt: z.date(),
      updatedAt: z.date(),
      finishedAt: z.date().nullable(),
      error: z.string().nullable(),
    }),
  ),
  counts: z.object({
    /** Deliveries that were taken, known ones included. */
    deliveries: z.int().nonnegative(),
    duplicates: z.int().nonnegative(),
    /** Deliveries that were not genuine or not readable. */
    refused: z.int().nonnegative(),
    signals: z.int().nonnegative(),
    /** Objects read for the graph. */
    objects: z.int().nonnegative(),
  }),
  rate: z
    .object({
      limit: z.int().nullable(),
      remaining: z.int().nullable(),
      resetsAt: z.date().nullable(),
      callsLastHour: z.int().nonnegative(),
      callsPerHour: z.int().nonnegative(),
      closedUntil: z.date().nullable(),
    })
    .nullable(),
});
export type Connection = z.infer<typeof Connection>;
