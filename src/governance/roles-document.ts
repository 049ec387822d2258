/** Prints docs/roles.md, so that the document and the rights cannot drift apart. */
import { OWN_TOKEN_ROLES, PERSON_ONLY_ACTIONS, ROLE_ACTIONS, ROLE_DESCRIPTIONS } from './roles.ts';
import { ACTIONS, ROLES } from './schema.ts';

/** The matrix of roles and actions as a Markdown page. */
export function rolesDocument(): string {
  const header = `| Action | ${ROLES.join(' | ')} | agent |`;
  const rule = `| --- |${' :-: |'.repeat(ROLES.length + 1)}`;
  const rows = ACTIONS.map((action) => {
    const cells = ROLES.map((role) => {
      if (ROLE_ACTIONS[role].includes(action)) return 'yes';
      return action === 'tokens:manage' && OWN_TOKEN_ROLES.includes(role) ? 'own' : '';
    });
    const agent = PERSON_ONLY_ACTIONS.includes(action) ? 'never' : 'as operator';
    return `| \`${action}\` | ${[...cells, agent].join(' | ')} |`;
  });
  return `# Roles

Printed from \`src/governance/roles.ts\`; edit that file, then run \`UPDATE_DOCS=1 npx vitest run src/governance\`.

${ROLES.map((role) => `- **${role}** ${ROLE_DESCRIPTIONS[role]}.`).join('\n')}

A person may have several roles; rights add up. A token narrows its person's rights by its scopes and never
widens them. An agent session has at most the rights of its operator, and never those marked *never*.
*own* means: only for tokens of one's own. Every route, tool and command names exactly one action; whatever
is not listed is denied, and denials are written to the ledger.

Whoever is in the custody of a change (requester, prompter, author, committer, operator of its agent, owner of
the token used) can never approve it, whatever the role.

${[header, rule, ...rows].join('\n')}
`;
}
