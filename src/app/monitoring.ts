/** The receivers of monitoring and delivery systems, as the settings have them. */
import { createMonitoringSource, SYSTEMS, tokenOf } from '#connectors/monitoring';
import type { Delivery, SignalSource } from '#connectors/contract';
import type { GovernanceService } from '#governance';
import type { Config } from '#kernel';

export interface TellingSystem {
  source: SignalSource;
  /** The system's own proof, or a token of ours. @throws AppError 401 or 403. */
  verify(delivery: Delivery): Promise<void>;
}

/** Systems that can only sign are there once their secret is set; those that send a token, always. */
export function openMonitoring(deps: {
  settings: Config['connectors'];
  governance: GovernanceService;
}): TellingSystem[] {
  const { monitoring, ...rest } = deps.settings;
  const secrets = new Map(
    Object.entries(rest).map(([name, value]) => [
      name,
      'secret' in value ? value.secret : undefined,
    ]),
  );
  return [...SYSTEMS.values()].flatMap(({ name, proofs }): TellingSystem[] => {
    const secret = secrets.get(name);
    const takesTokens = proofs.some(({ kind }) => kind === 'token');
    if (secret === undefined && !takesTokens) return [];
    const source = createMonitoringSource({ system: name, secret, ...monitoring });
    return [
      {
        source,
        async verify(delivery) {
          const token = tokenOf(delivery.headers['authorization'] ?? '');
          if (!takesTokens || token?.startsWith('loom_') !== true) return source.verify(delivery);
          const principal = await deps.governance.authenticate(token);
          const connector = { kind: 'connector', id: name };
          await deps.governance.authorize(principal, 'signals:write', connector);
        },
      },
    ];
  });
}
