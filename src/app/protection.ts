/** What a code host lets happen around us, read through its connector and kept for a minute. */
import type { CodeHost } from '#connectors/contract';
import type { ContextService, Repository } from '#context';
import { type Clock, toAppError } from '#kernel';
import type { ProtectionReport, ProtectionService } from '#surfaces';

const KEPT_MS = 60_000;
const MAX_KEPT = 500;

export function createProtectionService(deps: {
  context: Pick<ContextService, 'findRepository'>;
  hostOf(name: string): CodeHost | undefined;
  clock: Clock;
}): ProtectionService {
  const { context, hostOf, clock } = deps;
  /** Each look is three calls of the host's budget. */
  const kept = new Map<string, { until: number; report: ProtectionReport }>();

  async function look(repository: Repository): Promise<ProtectionReport> {
    const common = {
      repository: repository.name,
      branch: repository.defaultBranch,
      checkedAt: clock.now(),
    };
    const host = hostOf(repository.host);
    if (host?.auditProtection === undefined) {
      const text =
        host === undefined
          ? `No code host is connected for ${repository.name}: its verdicts are shown here and enforced nowhere.`
          : `${host.name} tells nothing of the protection of its branches.`;
      const hint =
        'Connect the code host it lives on (loom connections), and import it from there.';
      return {
        ...common,
        state: 'unknown',
        findings: [{ code: 'no-host', level: 'warning', text, hint }],
      };
    }
    try {
      const { branch, findings } = await host.auditProtection(repository.name);
      const state = findings.every(({ level }) => level === 'ok') ? 'protected' : 'open';
      return { ...common, branch, state, findings };
    } catch (error) {
      // What keeps us from looking is what the reader has to mend first.
      const { message, hint } = toAppError(error);
      return {
        ...common,
        state: 'unknown',
        findings: [{ code: 'not-readable', level: 'problem', text: message, hint }],
      };
    }
  }

  return {
    async read(repositoryId) {
      const repository = await context.findRepository(repositoryId);
      if (repository === undefined) return undefined;
      const now = clock.now().getTime();
      const known = kept.get(repository.id);
      if (known !== undefined && known.until > now && known.report.repository === repository.name)
        return known.report;
      const report = await look(repository);
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!);
      kept.set(repository.id, { until: now + KEPT_MS, report });
      return report;
    },
  };
}
