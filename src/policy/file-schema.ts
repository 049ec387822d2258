/**
 * What may stand in a policy file: keys, closed words and notations, said once. The reader takes its keys
 * from here, and editors get it as JSON Schema. Names of the file's own (tiers, services, teams) and
 * what they refer to are the reader's to check, which knows the rest of the file.
 */
import { z } from 'zod';
import { KEEP_ON, ROUTING_STEPS } from './document.ts';
import { LANES } from './schema.ts';
import { WORK_PRIORITIES } from './work-facts.ts';
import { FREEZE_TAGS, GRANT_TAG_WORDS, GRANT_TAGS, RULE_TAGS } from './tags.ts';

export const AUTHOR_KINDS = ['human', 'assisted', 'agent'] as const;
/** Lanes a rule may ask for; only a grant names the others. */
export const STRICT_LANES = ['one-reviewer', 'two-person', 'hold'] as const;
export const GRANTED_LANES = ['ship', 'ship-and-watch'] as const;
export const CUSTODIANS = [
  'author',
  'contributor',
  'committer',
  'agent-operator',
  'deployer',
] as const;
/** Evidence a grant may ask for, by all its names. */
export const EVIDENCE: readonly string[] = [...GRANT_TAGS, ...Object.keys(GRANT_TAG_WORDS)];
/** Sources of reviewers that are found by looking at the change, not by a name. */
export const FOUND_SOURCES = ['owners', 'expertise', 'owners-of-downstream'] as const;
export const OVERRIDE_NEEDS = ['reason>=20-chars', 'ticket', 'second-person'] as const;
/** Leaders say "two reviewers" where the lane is called two-person. */
export const LANE_WORDS = ['two-reviewers'] as const;
export const CHECK_RESULTS = ['passed', 'failed', 'unknown'] as const;
export const STALE_ON = ['push', 'code-change'] as const;
export const HALVE_SCOPES = ['service', 'repository'] as const;

/** Names of the file that are offered beside the fixed words; editors read it as `x-names`. */
type NamesOf = 'tier' | 'service' | 'data' | 'team' | 'role' | 'rule';

const one = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.array(schema)]);
const word = (examples: readonly string[] = []) =>
  z.string().meta(examples.length === 0 ? {} : { examples: [...examples] });
const named = (...names: NamesOf[]) => z.string().meta({ 'x-names': names });
const patterns = () => one(z.string()).describe('patterns such as src/cart/**');
const because = () => z.string().describe('the reason, in your words');
const threshold = (example: string) =>
  z
    .string()
    .regex(/^\s*>=?\s*\d{1,9}\s*$/)
    .describe(`more than a number, such as "${example}"`);
const duration = (...examples: string[]) =>
  z
    .string()
    .regex(/^\d{1,4}[mhdw]$/)
    .meta({ examples });
const reviewers = () =>
  one(
    z
      .string()
      .regex(/^(owners|expertise|owners-of-downstream|(team|role|person):\S{1,200})$/i)
      .meta({ examples: [...FOUND_SOURCES], 'x-names': ['team', 'role'] satisfies NamesOf[] }),
  );
const flag = () => z.boolean();
const count = (least: number, most: number, about: string) =>
  z.int().min(least).max(most).describe(about);

export const GrantEntry = z.strictObject({
  because: because().optional(),
  max_score: count(0, 100, 'risk from 0 to 100').optional(),
  max_risk_percentile: count(0, 100, 'the same by its other name').optional(),
  max_changed_lines: count(0, 1_000_000, 'lines added and deleted').optional(),
  max_files: count(0, 1_000_000, 'files changed').optional(),
  daily_per_service: count(0, 10_000, 'changes a day that ship alone').optional(),
  agents: flag().describe('whether agents may use it').optional(),
  needs: one(z.enum(EVIDENCE as [string, ...string[]]))
    .describe('evidence it takes')
    .optional(),
  lane: z.enum(GRANTED_LANES).optional(),
  paths: patterns().optional(),
  tiers: one(named('tier')).optional(),
});

export const AgentsEntry = z.strictObject({
  daily_per_agent: count(0, 10_000, 'changes a day').optional(),
  needs: one(z.enum(EVIDENCE as [string, ...string[]])).optional(),
});

export const AfterIncidentEntry = z.strictObject({
  halve_for: duration('14d', '7d').optional(),
  scope: z.enum(HALVE_SCOPES).optional(),
  restore: z.string().optional(),
});

export const WhenEntry = z
  .strictObject({
    paths: patterns().optional(),
    service: one(named('service')).optional(),
    services: one(named('service')).describe('names, or how many: ">1"').optional(),
    tier: one(named('tier')).optional(),
    data: one(named('data')).describe('classes of data').optional(),
    tags: one(z.enum(RULE_TAGS)).describe('what kind of files').optional(),
    author: one(z.enum(AUTHOR_KINDS)).optional(),
    label: one(word(['security']))
      .describe('on the work item it is for')
      .optional(),
    priority: one(z.enum(WORK_PRIORITIES)).describe('of the work item it is for').optional(),
    changed_lines: threshold('>400').optional(),
    files: threshold('>15').optional(),
    downstream_services: threshold('>=5').optional(),
    score: threshold('>60').optional(),
    risk_percentile: threshold('>60').optional(),
  })
  .describe('all that is given must hold');

export const RequireEntry = z
  .strictObject({
    reviewers: z
      .int()
      .min(1)
      .max(10)
      .meta({ examples: [1, 2] })
      .optional(),
    from: reviewers().optional(),
    not: one(z.enum(CUSTODIANS)).optional(),
    lane: z.enum(STRICT_LANES).optional(),
    ticket: flag().optional(),
  })
  .describe('what it takes to land');

export const RuleEntry = z.strictObject({
  id: z.string().describe('a short name, kept for ever'),
  because: because().optional(),
  when: WhenEntry.optional(),
  require: RequireEntry,
});

export const FreezeEntry = z.strictObject({
  id: z.string(),
  because: because().optional(),
  from: z.string().describe('such as 2026-12-18T00:00').optional(),
  to: z.string().describe('such as 2027-01-04T08:00').optional(),
  cron: z.string().describe('such as "Fri 14:00 - Mon 08:00"').optional(),
  for: z.string().describe('how long, such as 12h').optional(),
  zone: word(['Europe/Berlin', 'UTC', 'local-of-owner']).optional(),
  lane: z.enum(STRICT_LANES).optional(),
  except: one(word(['tag:hotfix', ...FREEZE_TAGS.slice(1)])).optional(),
  paths: patterns().optional(),
  services: one(named('service', 'tier')).optional(),
  tiers: one(named('tier')).optional(),
});

export const ApprovalsEntry = z.strictObject({
  stale_on: z.enum(STALE_ON).optional(),
  keep_on: one(z.enum(KEEP_ON)).optional(),
  valid_for: duration('72h', '24h').optional(),
});

export const RoutingEntry = z.strictObject({
  ack_within: z
    .record(z.string(), duration('1d', '4h'))
    .meta({ 'x-keys': ['default'], 'x-names': ['tier'] satisfies NamesOf[] })
    .optional(),
  // oxlint-disable-next-line unicorn/no-thenable -- the file's own word; nobody awaits this schema.
  then: one(z.enum(ROUTING_STEPS)).describe('one after the other').optional(),
  max_open_per_person: z
    .int()
    .min(1)
    .max(1_000)
    .meta({ examples: [6] })
    .optional(),
});

export const OverrideEntry = z.strictObject({
  by: reviewers(),
  needs: one(word(OVERRIDE_NEEDS)).optional(),
  expires: duration('4h').optional(),
  report_to: z.string().optional(),
});

export const TestChangeEntry = z.strictObject({
  paths: one(z.string()).optional(),
  service: one(named('service')).optional(),
  tags: one(
    z.enum([...new Set([...RULE_TAGS, ...EVIDENCE, ...FREEZE_TAGS])] as [string, ...string[]]),
  ).optional(),
  author: z.enum(AUTHOR_KINDS).optional(),
  label: one(z.string()).optional(),
  priority: z.enum(WORK_PRIORITIES).optional(),
  changed_lines: z.int().min(0).max(1_000_000).optional(),
  checks: z.enum(CHECK_RESULTS).optional(),
  risk_percentile: z.int().min(0).max(100).optional(),
  at: z.string().describe('such as 2026-12-20T12:00:00Z').optional(),
});

export const TestExpectEntry = z.strictObject({
  lane: z.enum([...LANES, ...LANE_WORDS]).optional(),
  rules: one(named('rule')).optional(),
});

export const TestEntry = z.strictObject({
  name: z.string().optional(),
  change: TestChangeEntry,
  expect: TestExpectEntry.optional(),
});

export const ServiceEntry = z.strictObject({
  paths: patterns().optional(),
  depends_on: one(named('service')).optional(),
  owner: z.string().optional(),
});

export const TierEntry = z.strictObject({
  services: one(named('service')).optional(),
  paths: patterns().optional(),
});

export const DataEntry = z.strictObject({
  paths: patterns(),
  standard: word(['PCI-DSS', 'HIPAA', 'SOX', 'GDPR', 'ISO-27001']).optional(),
});

export const GroupEntry = z.strictObject({
  members: one(z.string()).optional(),
  zone: word(['Europe/Berlin', 'UTC']).optional(),
});

export const DefaultEntry = z
  .strictObject({ lane: z.enum(STRICT_LANES) })
  .describe('the lane of what nothing else speaks of');

const group = z.record(z.string(), z.union([GroupEntry, one(z.string())]));

export const PolicyFile = z
  .strictObject({
    version: z.literal(1).describe('of the format'),
    default: DefaultEntry.optional(),
    services: z
      .record(z.string(), z.union([ServiceEntry, one(z.string())]))
      .describe('which paths belong to which service')
      .optional(),
    tiers: z
      .record(z.string(), z.union([TierEntry, one(named('service'))]))
      .describe('how much hangs on it, the riskiest first')
      .optional(),
    data: z.record(z.string(), DataEntry).describe('classes of data and their standard').optional(),
    teams: group.optional(),
    roles: group.optional(),
    autonomy: z
      .object({
        bound: z
          .string()
          .regex(/^\d{1,2}(\.\d)?\s*%$/)
          .meta({ description: 'most defects that may slip through', examples: ['5%', '10%'] })
          .optional(),
        agents: AgentsEntry.optional(),
        after_incident: AfterIncidentEntry.optional(),
      })
      .catchall(z.union([GrantEntry, z.literal('never')]))
      .meta({
        description: 'the only place that lets a change ship alone',
        'x-names': ['tier'] satisfies NamesOf[],
      })
      .optional(),
    rules: z.array(RuleEntry).describe('each only adds a requirement').optional(),
    freeze: z.array(FreezeEntry).describe('spans of time in which little lands').optional(),
    approvals: ApprovalsEntry.describe('how long a consent counts').optional(),
    routing: RoutingEntry.describe('who is asked when nobody answers').optional(),
    override: OverrideEntry.describe('who may put a verdict aside').optional(),
    tests: z.array(TestEntry).describe('changes with the verdict you expect').optional(),
  })
  .meta({ title: 'Policy file', description: 'Rules by which changes land: .loom/policy.yaml.' });

/** The keys of a mapping of the file, in the order in which they are offered. */
export function keysOf<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
): (keyof Shape & string)[] {
  return Object.keys(schema.shape);
}

let schema: Record<string, unknown> | undefined;

/** JSON Schema (2020-12) of a policy file, for editors. */
export function policyFileSchema(): Record<string, unknown> {
  schema ??= z.toJSONSchema(PolicyFile, { io: 'input', reused: 'inline' });
  return schema;
}
