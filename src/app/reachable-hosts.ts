/**
 * Keeps us from a host that took our access to a repository away: a merge is refused with the reason,
 * all else waits in the outbox and is said once the access is back.
 */
import type { CodeHost } from '#connectors/contract';
import type { ContextService } from '#context';
import { AppError } from '#kernel';

export function reachableHosts(
  find: (name: string) => CodeHost | undefined,
  context: () => Pick<ContextService, 'findRepository'>,
): (name: string) => CodeHost | undefined {
  async function lossOf(repository: string): Promise<AppError | undefined> {
    const lost = (await context().findRepository(repository))?.accessLost ?? null;
    if (lost === null) return undefined;
    return new AppError('unavailable', 'connections.access_lost', {
      message: `We have had no access to ${repository} since ${lost.at.toISOString()}: ${lost.why}.`,
      hint: 'Give the App access to the repository again; what waits is then done by itself.',
    });
  }
  async function need(repository: string): Promise<void> {
    const loss = await lossOf(repository);
    if (loss !== undefined) throw loss;
  }

  return (name) => {
    const host = find(name);
    if (host === undefined) return undefined;
    const { answer, openChange, mergeWhenReady, auditProtection } = host;
    return {
      name: host.name,
      fetchSource: (repository) => host.fetchSource(repository),
      async publishVerdict(report) {
        await need(report.change.repository);
        return host.publishVerdict(report);
      },
      async upsertComment(change, markdown) {
        await need(change.repository);
        return host.upsertComment(change, markdown);
      },
      async requestReviewers(change, logins) {
        await need(change.repository);
        return host.requestReviewers(change, logins);
      },
      async merge(request) {
        const loss = await lossOf(request.change.repository);
        return loss === undefined
          ? host.merge(request)
          : { outcome: 'refused', reason: loss.message };
      },
      ...(answer === undefined
        ? {}
        : {
            async answer(at, markdown, key) {
              await need(at.repository);
              return answer.call(host, at, markdown, key);
            },
          }),
      ...(openChange === undefined
        ? {}
        : {
            async openChange(request) {
              await need(request.repository);
              return openChange.call(host, request);
            },
          }),
      ...(mergeWhenReady === undefined
        ? {}
        : {
            async mergeWhenReady(request) {
              const loss = await lossOf(request.change.repository);
              return loss === undefined
                ? mergeWhenReady.call(host, request)
                : { outcome: 'refused', reason: loss.message };
            },
          }),
      ...(auditProtection === undefined
        ? {}
        : {
            async auditProtection(repository) {
              await need(repository);
              return auditProtection.call(host, repository);
            },
          }),
    };
  };
}
