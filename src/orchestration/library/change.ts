/** The workflow a change runs through where its repository has none of its own. */
import { parseWorkflow } from '../workflow/index.ts';

export const BUILT_IN = 'built-in';

/** Read like any workflow file, so that what is shipped obeys the same rules as what users write. */
export const CHANGE_WORKFLOW = `# What every change goes through: knowledge, checks, the verdict, consent, the merge, production.
# Copy it to .loom/workflows/change.yaml to change it; it is read from the protected base.
name: change
on: [change.opened, change.updated]
steps:
  - name: context
    kind: context.pack
  - name: check
    kind: check.command
    # Without a command: what the base says, such as the test script of package.json.
    retries: { max: 1, backoff: 5s }
  - name: decide
    kind: policy.decide
    needs: [context, check]
    retries: { max: 5, backoff: 2s }
  - name: approve
    kind: approval.request
    needs: [decide]
    retries: { max: 5, backoff: 2s }
  - name: merge
    kind: merge
    needs: [decide, approve]
    retries: { max: 5, backoff: 2s }
  - name: deployed
    kind: wait.signal
    needs: [merge]
    with: { signal: deployed, match: { status: [succeeded] }, timeout: 14d, onTimeout: continue }
  - name: tell
    kind: notify
    needs: [merge, deployed]
    with: { to: host, message: "Shipped: {title}" }
`;

export const builtInChangeWorkflow = parseWorkflow(CHANGE_WORKFLOW, BUILT_IN).graph;
