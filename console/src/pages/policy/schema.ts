/** The shape of a policy file as the editor offers it. The server has the last word on every text. */

export interface Shape {
  /** Said beside the name in the list. */
  about?: string;
  keys?: Record<string, Shape>;
  /** What stands below names the leader chooses: tiers, services, grants. */
  named?: Shape;
  /** Words it takes; a name in angle brackets is read from the file itself. */
  values?: readonly string[];
}

const AUTHORS = ['human', 'assisted', 'agent'];
const LANES = ['ship', 'ship-and-watch', 'one-reviewer', 'two-person', 'hold'];
const STRICT_LANES = ['one-reviewer', 'two-person', 'hold'];
const RULE_TAGS = [
  'auth',
  'agent-rules',
  'binary',
  'ci',
  'code',
  'code-owners',
  'config',
  'dependency',
  'docs',
  'generated',
  'infrastructure',
  'migration',
  'policy',
  'public-api',
  'secrets',
  'submodule',
  'symlink',
  'tests',
  'tests-removed',
  'tests-weakened',
  'unmapped',
  'workflow',
];
const EVIDENCE = [
  'tests-added',
  'checks-passed',
  'ci-green',
  'second-agent-review',
  'docs-only',
  'tests-only',
];
const FREEZE_TAGS = ['tag:hotfix', 'docs-only', 'tests-only'];
const ROUTING_STEPS = ['next-expert', 'owning-team-lead', 'on-call', 'owners', 'leadership'];
const FROM = ['owners', 'expertise', 'owners-of-downstream', '<team>', '<role>'];

const GRANT: Shape = {
  values: ['never'],
  keys: {
    because: { about: 'the reason, in your words' },
    max_score: { about: 'risk from 0 to 100' },
    max_risk_percentile: { about: 'the same by its other name' },
    max_changed_lines: { about: 'lines added and deleted' },
    max_files: { about: 'files changed' },
    daily_per_service: { about: 'changes a day that ship alone' },
    agents: { about: 'whether agents may use it', values: ['true', 'false'] },
    needs: { about: 'evidence it takes', values: EVIDENCE },
    lane: { values: ['ship', 'ship-and-watch'] },
    paths: { about: 'patterns such as src/cart/**' },
    tiers: { values: ['<tier>'] },
  },
};

const WHEN: Shape = {
  about: 'all that is given must hold',
  keys: {
    paths: { about: 'patterns such as src/payments/**' },
    service: { values: ['<service>'] },
    services: { about: 'names, or how many: ">1"', values: ['<service>'] },
    tier: { values: ['<tier>'] },
    data: { about: 'classes of data', values: ['<data>'] },
    tags: { about: 'what kind of files', values: RULE_TAGS },
    author: { values: AUTHORS },
    changed_lines: { about: 'such as ">400"' },
    files: { about: 'such as ">15"' },
    downstream_services: { about: 'such as ">=5"' },
    score: { about: 'risk, such as ">60"' },
    risk_percentile: { about: 'risk, such as ">60"' },
  },
};

export const POLICY_SHAPE: Shape = {
  keys: {
    version: { about: 'of the format', values: ['1'] },
    default: {
      about: 'the lane of what nothing else speaks of',
      keys: { lane: { values: STRICT_LANES } },
    },
    services: {
      about: 'which paths belong to which service',
      named: { keys: { paths: {}, depends_on: { values: ['<service>'] }, owner: {} } },
    },
    tiers: {
      about: 'how much hangs on it, the riskiest first',
      named: { keys: { services: { values: ['<service>'] }, paths: {} } },
    },
    data: {
      about: 'classes of data and their standard',
      named: {
        keys: { paths: {}, standard: { values: ['PCI-DSS', 'HIPAA', 'SOX', 'GDPR', 'ISO-27001'] } },
      },
    },
    teams: { named: { keys: { members: {}, zone: { values: ['Europe/Berlin', 'UTC'] } } } },
    roles: { named: { keys: { members: {}, zone: { values: ['Europe/Berlin', 'UTC'] } } } },
    autonomy: {
      about: 'the only place that lets a change ship alone',
      keys: {
        bound: { about: 'most defects that may slip through', values: ['5%', '10%'] },
        agents: {
          keys: { daily_per_agent: { about: 'changes a day' }, needs: { values: EVIDENCE } },
        },
        after_incident: {
          keys: {
            halve_for: { values: ['14d', '7d'] },
            scope: { values: ['service', 'repository'] },
            restore: {},
          },
        },
        '<tier>': GRANT,
      },
      named: GRANT,
    },
    rules: {
      about: 'each only adds a requirement',
      keys: {
        id: { about: 'a short name, kept for ever' },
        because: { about: 'the reason, in your words' },
        when: WHEN,
        require: {
          about: 'what it takes to land',
          keys: {
            reviewers: { values: ['1', '2'] },
            from: { values: FROM },
            not: { values: ['author', 'contributor', 'agent-operator', 'deployer'] },
            lane: { values: STRICT_LANES },
            ticket: { values: ['true'] },
          },
        },
      },
    },
    freeze: {
      about: 'spans of time in which little lands',
      keys: {
        id: {},
        because: { about: 'the reason, in your words' },
        from: { about: 'such as 2026-12-18T00:00' },
        to: { about: 'such as 2027-01-04T08:00' },
        cron: { about: 'such as "Fri 14:00 - Mon 08:00"' },
        for: { about: 'how long, such as 12h' },
        zone: { values: ['Europe/Berlin', 'UTC', 'local-of-owner'] },
        lane: { values: STRICT_LANES },
        except: { values: FREEZE_TAGS },
        paths: {},
        services: { values: ['<service>', '<tier>'] },
        tiers: { values: ['<tier>'] },
      },
    },
    approvals: {
      about: 'how long a consent counts',
      keys: {
        stale_on: { values: ['push', 'code-change'] },
        keep_on: { values: ['rebase-without-diff', 'update-merge'] },
        valid_for: { values: ['72h', '24h'] },
      },
    },
    routing: {
      about: 'who is asked when nobody answers',
      keys: {
        ack_within: { keys: { default: { values: ['1d', '4h'] }, '<tier>': {} } },
        // oxlint-disable-next-line unicorn/no-thenable -- the file's own word; nobody awaits this table.
        then: { about: 'one after the other', values: ROUTING_STEPS },
        max_open_per_person: { values: ['6'] },
      },
    },
    override: {
      about: 'who may put a verdict aside',
      keys: {
        by: { values: ['<role>', '<team>'] },
        needs: { values: ['reason>=20-chars', 'ticket', 'second-person'] },
        expires: { values: ['4h'] },
        report_to: {},
      },
    },
    tests: {
      about: 'changes with the verdict you expect',
      keys: {
        name: {},
        change: {
          keys: {
            paths: {},
            service: { values: ['<service>'] },
            tags: { values: [...RULE_TAGS, ...EVIDENCE, 'hotfix'] },
            author: { values: AUTHORS },
            changed_lines: {},
            checks: { values: ['passed', 'failed', 'unknown'] },
            risk_percentile: {},
            at: { about: 'such as 2026-12-20T12:00:00Z' },
          },
        },
        expect: { keys: { lane: { values: LANES }, rules: { values: ['<rule>'] } } },
      },
    },
  },
};
