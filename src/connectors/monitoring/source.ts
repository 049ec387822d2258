/** A monitoring system as a source of signals: checks that a delivery is genuine and has it translated. */
import { AppError, assert } from '#kernel';
import type { SignalSource } from '#connectors/contract';
import { withCommonLabels } from './labels.ts';
import { digestOf, type MonitoringSystem, SYSTEMS } from './systems.ts';

export interface MonitoringSourceOptions {
  /** Name of one of `SYSTEMS`. */
  system: string;
  /** What the system signs with, or the token it sends. Unset: only callers with a token of ours are genuine. */
  secret?: string | undefined;
  /** Labels that name repository and service, looked at before the common ones. */
  repositoryLabels?: readonly string[];
  serviceLabels?: readonly string[];
}

const MAX_ID = 200;

/** @throws AppError `monitoring.missing_secret` when the secret is empty: anyone would be genuine then. */
export function createMonitoringSource(options: MonitoringSourceOptions): SignalSource {
  const { secret, repositoryLabels = [], serviceLabels = [] } = options;
  const system = SYSTEMS.get(options.system);
  assert(system !== undefined, 'only systems of the list are asked for');
  if (secret?.trim() === '') throw missingSecret(system);
  const names = withCommonLabels({ repository: repositoryLabels, service: serviceLabels });

  return {
    name: system.name,

    verify(delivery) {
      const isGenuine =
        secret !== undefined && system.proofs.some((proof) => proof.isGenuine(secret, delivery));
      if (!isGenuine) throw badProof(system);
    },

    deliveryId({ headers, body }) {
      const id = system.idHeader === undefined ? undefined : headers[system.idHeader];
      return id !== undefined && id !== '' && id.length <= MAX_ID ? id : digestOf(body);
    },

    toSignals: (delivery) => system.read(delivery, names),
  };
}

function missingSecret({ name, title }: MonitoringSystem): AppError {
  return new AppError('invalid', 'monitoring.missing_secret', {
    message: `The secret of ${title} is empty.`,
    hint: `Set connectors.${name}.secret, or leave it out.`,
  });
}

function badProof({ name, title, proofs }: MonitoringSystem): AppError {
  const isSigned = proofs[0]!.kind === 'signature';
  return new AppError('unauthenticated', 'monitoring.bad_proof', {
    message: isSigned
      ? `The delivery is not signed with the secret that is set for ${title}.`
      : `The delivery does not carry the token that is set for ${title}.`,
    hint: `Compare connectors.${name}.secret with the settings there, or send a token of LoomStack with the scope signals:write as Authorization: Bearer.`,
  });
}
