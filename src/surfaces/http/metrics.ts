/** Figures for Prometheus; one registry per app, so that several may run in one process. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Services } from '../services.ts';

export interface Metrics {
  /** Starts the clock of one request; call the result with what became of it. */
  startRequest(): (method: string, route: string, status: number) => void;
  /** Every figure in the text format of Prometheus, read now. */
  render(): Promise<{ text: string; contentType: string }>;
}

export function createMetrics(services: Services): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'loom_' });
  const registers = [registry];

  const requests = new Counter({
    name: 'loom_http_requests_total',
    help: 'Answered requests.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'loom_http_request_duration_seconds',
    help: 'Time from the request to its answer.',
    labelNames: ['method', 'route'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers,
  });
  const entries = new Gauge({
    name: 'loom_ledger_entries',
    help: 'Entries of the transparency log.',
    registers,
  });
  const outboxWaiting = new Gauge({
    name: 'loom_outbox_waiting',
    help: 'Messages that wait for their delivery.',
    registers,
  });
  const outboxLag = new Gauge({
    name: 'loom_outbox_lag_seconds',
    help: 'Age of the oldest message that waits.',
    registers,
  });
  const outboxFailed = new Gauge({
    name: 'loom_outbox_failed',
    help: 'Messages that were given up.',
    registers,
  });
  const connections = new Gauge({
    name: 'loom_database_connections',
    help: 'Connections of all our processes by state.',
    labelNames: ['state'],
    registers,
  });
  const databaseUp = new Gauge({
    name: 'loom_database_up',
    help: '1 when the database answers.',
    registers,
  });

  async function read(): Promise<void> {
    try {
      const [head, status, states] = await Promise.all([
        services.ledger.head(),
        services.systemStatus(),
        services.db.query<{ state: string; count: number }>(
          `select coalesce(state, 'other') as state, count(*) as count from pg_stat_activity
           where application_name like 'loomstack%' and datname = current_database() group by 1`,
        ),
      ]);
      entries.set(head + 1);
      outboxWaiting.set(status.outbox.waiting);
      outboxLag.set(status.outbox.lagSeconds);
      outboxFailed.set(status.outbox.failed);
      connections.reset();
      for (const { state, count } of states) connections.set({ state }, count);
      databaseUp.set(1);
    } catch (error) {
      // The figures of the process itself are worth most while the database is away.
      services.log.debug({ err: error }, 'figures of the database not read');
      databaseUp.set(0);
    }
  }

  return {
    startRequest() {
      const startedAt = performance.now();
      return (method, route, status) => {
        requests.inc({ method, route, status: String(status) });
        durations.observe({ method, route }, (performance.now() - startedAt) / 1_000);
      };
    },
    async render() {
      await read();
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
}
