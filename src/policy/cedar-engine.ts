/**
 * The Cedar engine behind one narrow door. It fails open on its own: a rule that errs is skipped. So
 * a set is refused unless strict validation is entirely clean, every request is validated, and any
 * error in an answer is reported beside it, for the caller to escalate.
 */
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';

export interface CedarSet {
  /** Names the content: equal sets share one name. */
  id: string;
  schema: string;
  /** Names the schema alone, which sets may share. */
  schemaId: string;
  policies: Readonly<Record<string, string>>;
}

export interface CedarRequest {
  principal: { type: string; id: string };
  action: string;
  resource: {
    type: string;
    id: string;
    attributes: Record<string, cedar.CedarValueJson>;
  };
  context: Record<string, cedar.CedarValueJson>;
}

export interface CedarAnswer {
  isAllowed: boolean;
  /** Ids of the policies that decided: all forbids that hold, or else all permits. */
  reasons: string[];
  errors: string[];
}

/** A parsed set of 500 rules takes a few megabytes; policies of more repositories are parsed again. */
const MAX_LOADED = 32;
const EMPTY_SET = { staticPolicies: {} };

// The engine keeps parsed sets for the whole process and cannot drop one, so neither can this list
// belong to one service. Names are hashes of the content: sharing them shares nothing but memory.
const loaded = new Map<string, true>();

/** Says why the set cannot be trusted; empty when it can. Parses nothing for later. */
export function validateCedarSet(set: CedarSet): { policy: string | null; message: string }[] {
  const answer = cedar.validate({
    schema: set.schema,
    policies: { staticPolicies: { ...set.policies } },
    validationSettings: { mode: 'strict' },
  });
  if (answer.type === 'failure') {
    return answer.errors.map(({ message }) => ({ policy: null, message }));
  }
  // A warning names a policy that can never apply: a rule that protects nothing.
  return [...answer.validationErrors, ...answer.validationWarnings].map(({ policyId, error }) => ({
    policy: policyId,
    message: error.message,
  }));
}

/** Evaluates one request against a validated set, parsing it first where it is not in memory. */
export function evaluateCedar(set: CedarSet, request: CedarRequest): CedarAnswer {
  const failed = load(set);
  if (failed.length > 0) return { isAllowed: false, reasons: [], errors: failed };
  const resource = { type: request.resource.type, id: request.resource.id };
  const answer = cedar.statefulIsAuthorized({
    principal: request.principal,
    action: { type: 'Action', id: request.action },
    resource,
    context: request.context,
    entities: [{ uid: resource, attrs: request.resource.attributes, parents: [] }],
    preparsedPolicySetId: set.id,
    preparsedSchemaName: set.schemaId,
    validateRequest: true,
  });
  if (answer.type === 'failure') {
    return { isAllowed: false, reasons: [], errors: answer.errors.map(({ message }) => message) };
  }
  const { decision, diagnostics } = answer.response;
  return {
    isAllowed: decision === 'allow',
    reasons: diagnostics.reason,
    errors: diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`),
  };
}

function load(set: CedarSet): string[] {
  if (loaded.delete(set.id)) {
    loaded.set(set.id, true);
    return [];
  }
  const steps = [
    cedar.preparseSchema(set.schemaId, set.schema),
    cedar.preparsePolicySet(set.id, { staticPolicies: { ...set.policies } }),
  ];
  const errors = steps.flatMap((step) =>
    step.type === 'failure' ? step.errors.map(({ message }) => message) : [],
  );
  if (errors.length > 0) return errors;
  loaded.set(set.id, true);
  if (loaded.size > MAX_LOADED) {
    const [oldest = ''] = loaded.keys();
    loaded.delete(oldest);
    // Nothing can be dropped, but an empty set in its place gives the memory back.
    cedar.preparsePolicySet(oldest, EMPTY_SET);
  }
  return [];
}
