/** Ends a halving early for whoever owns the service, by the policy in force on the default branch. */
import type { Principal } from '#governance';
import { AppError, isId } from '#kernel';
import type { AutonomyCurb } from '#policy';
import type { Services } from './services.ts';

/** Sources of people need none of these, and owners of files own no service. */
const NO_FACTS = { owners: [], downstreamOwners: [], experts: [], deployers: [] };

export async function restoreAutonomy(
  { policy, context, governance }: Services,
  request: { curb: number; reason: string },
  by: Principal,
): Promise<AutonomyCurb> {
  const curb = await policy.findCurb(request.curb);
  const person =
    by.kind === 'person' && isId('usr', by.id) ? await governance.findPerson(by.id) : undefined;
  if (curb === undefined || person === undefined) {
    throw new AppError('not_found', 'policy.no_such_curb', {
      message: 'There is no such curb, or the caller is no person.',
      hint: 'GET /v1/autonomy lists them.',
    });
  }
  const git = await context.openMirror(curb.repository);
  const base = await git.resolve((await git.defaultBranch()) ?? 'HEAD');
  const terms =
    base === undefined ? undefined : await policy.leaderTerms(curb.repository, git, base);
  const { id, name, roles, teams, identities } = person;
  const owner = terms?.services.get(curb.service)?.owner ?? null;
  // All of a repository has no owner of its own: its leaders answer for it.
  const sources = owner === null ? ['role:leadership', 'team:leadership'] : [owner];
  return policy.restoreAutonomy(request.curb, {
    by: { id, name },
    reason: request.reason,
    isOwner: () =>
      terms?.satisfies(
        { person: id, roles: [...roles], teams: [...teams], identities: [...identities] },
        sources,
        NO_FACTS,
      ) ?? false,
  });
}
