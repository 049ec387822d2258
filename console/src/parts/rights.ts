/** What the signed-in person may do, to spare them buttons that only refuse; the server decides. */
import { useQuery } from '@tanstack/react-query';
import { queries } from '../api/queries.ts';
import type { Role } from '../api/types.ts';

const ROLES_OF = {
  'context:record': ['developer', 'admin'],
  'context:curate': ['developer', 'approver', 'admin'],
  'context:approve': ['approver', 'admin'],
  'runs:control': ['developer', 'admin'],
  'work:write': ['developer', 'admin'],
  'connections:manage': ['admin'],
  'repositories:import': ['admin'],
  'changes:override': ['approver', 'admin'],
  'people:manage': ['admin'],
  'policy:publish': ['admin'],
} satisfies Record<string, Role[]>;

export function useMay(action: keyof typeof ROLES_OF): boolean {
  const roles: readonly string[] = useQuery(queries.me()).data?.principal.roles ?? [];
  return ROLES_OF[action].some((role) => roles.includes(role));
}
