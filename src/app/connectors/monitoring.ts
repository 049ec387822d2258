/** Monitoring and delivery systems: one entry each. They only tell us things; none of them is called. */
import {
  createMonitoringSource,
  type MonitoringSystem,
  SYSTEMS,
  tokenOf,
} from '#connectors/monitoring';
import type { Config } from '#kernel';
import { type ConnectorEntry, shownSecret } from './entry.ts';

const DELIVERY: ReadonlySet<string> = new Set(['argocd', 'flux']);

/** Systems that can only sign are there once their secret is set; those that send a token, always. */
export const monitoringEntries: readonly ConnectorEntry[] = [...SYSTEMS.values()].map(toEntry);

function toEntry({ name, title, proofs }: MonitoringSystem): ConnectorEntry {
  const isDelivery = DELIVERY.has(name);
  const takesTokens = proofs.some(({ kind }) => kind === 'token');
  return {
    description: {
      name,
      title,
      summary: isDelivery
        ? 'Reports of what was rolled out.'
        : 'Alerts that open and resolve incidents.',
      capabilities: ['signals'],
      documentation: `docs/connectors/${isDelivery ? 'delivery' : 'monitoring'}.md`,
    },
    open({ config: { connectors }, authorizeSender }) {
      const secret = secretOf(connectors, name);
      const settings = [shownSecret(`connectors.${name}.secret`, secret)];
      if (secret === undefined && !takesTokens) {
        return { missing: `Set connectors.${name}.secret.`, settings };
      }
      const source = createMonitoringSource({ system: name, secret, ...connectors.monitoring });
      return {
        settings,
        source,
        verify(delivery) {
          const token = tokenOf(delivery.headers['authorization'] ?? '');
          return takesTokens && token?.startsWith('loom_') === true
            ? authorizeSender(token, name)
            : source.verify(delivery);
        },
      };
    },
  };
}

function secretOf(settings: Config['connectors'], name: string): string | undefined {
  const own = (settings as Record<string, object | undefined>)[name];
  const secret: unknown = own !== undefined && 'secret' in own ? own.secret : undefined;
  return typeof secret === 'string' ? secret : undefined;
}
