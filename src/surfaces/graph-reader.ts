/** What of the graph a caller may know: whatever its sources may be read by them. */
import type { Reader } from '#context';
import type { Principal } from '#governance';
import type { Services } from './services.ts';

/** An ACL names a kind and a thing, `repository:acme/shop`; governance decides about each. */
export function readerOf(
  { governance }: Pick<Services, 'governance'>,
  principal: Principal,
): Reader {
  return {
    mayRead(acl) {
      const colon = acl.indexOf(':');
      const resource =
        colon === -1
          ? { kind: acl, id: '*' }
          : { kind: acl.slice(0, colon), id: acl.slice(colon + 1) };
      return governance.isAllowed(principal, 'context:read', resource);
    },
  };
}
