/**
 * What the server answers and takes, as it is on the wire: dates are RFC 3339 text, ids are prefixed text.
 * Written from its routes by `node scripts/write-docs.ts`. Change the routes, then run it.
 */

export type Absence = {
  id: string;
  personId: string;
  from: string;
  to: string;
  delegateId: string | null;
  note: string;
  createdAt: string;
  cancelledAt: string | null;
};

export type Approval = {
  id: string;
  changeId: string;
  headSha: string;
  policyVersion: string;
  personId: string;
  personName: string;
  decision: 'approve' | 'decline';
  reason: string;
  state: 'valid' | 'void';
  givenAt: string;
};

export type Assignment = {
  id: string;
  changeId: string;
  repository: string;
  title: string;
  headSha: string;
  decisionId: string;
  slot: string;
  sources: string[];
  personId: string;
  personName: string;
  standsInFor: string | null;
  via: string;
  reasons: string[];
  state: 'open' | 'acknowledged' | 'decided' | 'handed-over' | 'closed';
  packageSha256: string;
  dueAt: string | null;
  decision: 'approve' | 'approve-with-watch' | 'send-back' | 'hand-over' | null;
  endedWhy: string | null;
  createdAt: string;
  acknowledgedAt: string | null;
  endedAt: string | null;
};

export type Attention = {
  kind: 'change-waits' | 'run-failed' | 'incident-open';
  title: string;
  ref: string;
  at: string;
};

export type Audit = {
  changeId: string;
  repository: string;
  title: string;
  mergeSha: string;
  landedAt: string;
  state: 'open' | 'fine' | 'risky';
  auditedName: string | null;
  reason: string | null;
  auditedAt: string | null;
};

export type AutonomyCurb = {
  number: number;
  repository: string;
  service: string;
  changeId: string;
  title: string;
  agent: string;
  cause: 'revert' | 'rollback' | 'incident';
  causeRef: string;
  startedAt: string;
  until: string;
  restoredAt: string | null;
  restoredName: string | null;
  reason: string | null;
  isActive: boolean;
};

export type AutonomyRecord = {
  agent: string;
  repository: string;
  prefix: string;
  shippedAlone: number;
  reverted: number;
  incidents: number;
  firstAt: string;
  lastAt: string;
};

export type AutonomyThreshold = {
  repository: string;
  changeClass: string;
  tier: string;
  boundPerMille: number | null;
  landed: number;
  shippedAlone: number;
  defects: number;
  slipped: number;
  tightening: number;
  ceiling: number | null;
  phase: 'cold' | 'warm';
  alarmSince: string | null;
  changedAt: string;
};

export type Backtest = {
  changes: number;
  from: string | null;
  to: string | null;
  before: {
    ship: number;
    'ship-and-watch': number;
    'one-reviewer': number;
    'two-person': number;
    hold: number;
  };
  after: {
    ship: number;
    'ship-and-watch': number;
    'one-reviewer': number;
    'two-person': number;
    hold: number;
  };
  weeks: {
    week: string;
    before: {
      ship: number;
      'ship-and-watch': number;
      'one-reviewer': number;
      'two-person': number;
      hold: number;
    };
    after: {
      ship: number;
      'ship-and-watch': number;
      'one-reviewer': number;
      'two-person': number;
      hold: number;
    };
  }[];
  stricter: number;
  milder: number;
  moved: {
    sha: string;
    subject: string;
    landedAt: string;
    before: 'ship' | 'ship-and-watch' | 'one-reviewer' | 'two-person' | 'hold';
    after: 'ship' | 'ship-and-watch' | 'one-reviewer' | 'two-person' | 'hold';
    rulesAdded: string[];
    rulesRemoved: string[];
    score: number;
  }[];
  paged: {
    who: string;
    before: number;
    after: number;
  }[];
  revertedLater: {
    sha: string;
    subject: string;
    landedAt: string;
    revertedBy: string;
    revertedAt: string;
    shippedBefore: boolean;
  }[];
  fired: {
    id: string;
    line: number;
    file: string;
    count: number;
  }[];
  neverFired: {
    id: string;
    line: number;
    file: string;
    because: string;
  }[];
  notes: string[];
};

export type BearingControl = {
  control: {
    id: string;
    kind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
    key: string;
    title: string;
    freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
    properties: Record<string, unknown>;
    confirmedAt: string | null;
  };
  bonds: {
    pattern: string;
    dataClass: string | null;
    through: {
      id: string;
      kind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
      key: string;
      title: string;
      freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
      properties: Record<string, unknown>;
      confirmedAt: string | null;
    } | null;
    writtenIn: string;
  }[];
};

export type Board = {
  at: string;
  totals: {
    sessions: number;
    waiting: number;
    collisions: number;
    stopped: number;
    tokens: number;
    usd: number;
    readyItems: number;
    waitingChanges: number;
  };
  sessions: {
    id: string;
    agent: string;
    model: string | null;
    operatorId: string | null;
    parentId: string | null;
    intent: string;
    repository: string | null;
    branch: string | null;
    state: 'active' | 'idle';
    startedAt: string;
    lastSeenAt: string;
    toolCalls: number;
    deniedCalls: number;
    workItem: {
      id: string;
      title: string;
      externalKey: string | null;
    } | null;
    change: {
      id: string;
      title: string;
      lane: string | null;
    } | null;
    claims: {
      held: number;
      exclusive: number;
      newest: string[];
    };
    collisions: number;
    waitsFor: {
      what: string;
      since: string;
      holder: {
        sessionId: string;
        agent: string;
      } | null;
    } | null;
    spend: {
      tokens: number;
      usd: number | null;
      budgetTokens: number | null;
      budgetUsd: number | null;
    };
    breaker: 'closed' | 'turn-ended' | 'session-ended';
  }[];
  changes: {
    id: string;
    title: string;
    repository: string;
    lane: string;
    since: string;
    askedOf: string[];
  }[];
  items: {
    id: string;
    title: string;
    repository: string | null;
    source: string;
    labels: string[];
    priority: number;
    createdAt: string;
  }[];
};

export type Change = {
  id: string;
  repository: string;
  host: string;
  number: number | null;
  branch: string;
  baseBranch: string;
  baseSha: string | null;
  headSha: string;
  title: string;
  text: string;
  url: string | null;
  authorName: string;
  authorKind: 'human' | 'assisted' | 'agent';
  custody: string[];
  state: 'open' | 'merged' | 'closed';
  workItemId: string | null;
  sessionId: string | null;
  runId: string | null;
  lane: string | null;
  mergeSha: string | null;
  correlationId: string;
  openedAt: string;
  updatedAt: string;
  mergedAt: string | null;
};

export type Checkpoint = {
  size: number;
  root: string;
  note: string;
  signedAt: string;
  vkey: string;
};

export type ChoiceAnswer = {
  choice: 'go-on' | 'rebase' | 'split' | 'wait' | 'hand-over' | 'stop';
  message: string;
  withSessionId: string | null;
  workItemId: string | null;
  claims: Claim[];
};

export type Claim = {
  id: string;
  sessionId: string;
  agent: string;
  repository: string;
  kind: 'intent' | 'path' | 'glob' | 'symbol' | 'resource' | 'issue';
  target: string;
  path: string;
  strength: 'shared' | 'exclusive';
  origin: 'declared' | 'edit';
  fence: number;
  state: 'held' | 'released' | 'expired';
  intent: string;
  predicted: {
    path: string;
    score: number;
  }[] | null;
  grantedAt: string;
  leaseUntil: string;
  releasedAt: string | null;
};

export type ClaimAnswer = {
  outcome: 'granted';
  claims: Claim[];
} | {
  outcome: 'denied';
  message: string;
  conflicts: {
    path: string;
    heldBy: {
      sessionId: string;
      claimId: string;
      target: string;
      agent: string;
      operator: string | null;
      intent: string;
      branch: string | null;
      since: string;
      until: string;
    };
  }[];
  choices: string[];
};

export type ClaimWait = {
  sessionId: string;
  agent: string;
  repository: string;
  target: string;
  since: string;
};

export type Collision = {
  id: string;
  repository: string;
  level: 'intent' | 'path' | 'symbol' | 'lines' | 'merge';
  sides: [{
    kind: 'change' | 'session';
    id: string;
    title: string;
    by: string;
    branch: string | null;
    headSha: string | null;
    url: string | null;
  }, {
    kind: 'change' | 'session';
    id: string;
    title: string;
    by: string;
    branch: string | null;
    headSha: string | null;
    url: string | null;
  }];
  paths: string[];
  symbols: string[];
  hunks: {
    path: string;
    text: string;
    isCut: boolean;
  }[];
  why: string;
  state: 'open' | 'cleared';
  clearReason: string | null;
  isAlerted: boolean;
  foundAt: string;
  updatedAt: string;
  clearedAt: string | null;
};

export type Comment = {
  id: string;
  system: string;
  author: string | null;
  person: {
    id: string;
    name: string;
  } | null;
  text: string;
  url: string | null;
  path: string | null;
  line: number | null;
  writtenAt: string;
  isEdited: boolean;
};

export type Composition = {
  outcome: 'chosen' | 'ambiguous' | 'none' | 'refused' | 'standing';
  workflow: string | null;
  source: string | null;
  candidates: {
    workflow: string;
    origin: string;
    priority: number;
  }[];
  hint: string | null;
  graphHash: string | null;
  graph: WorkflowGraph | null;
};

export type CompositionRecord = {
  id: string;
  subject: string;
  kind: string;
  repository: string | null;
  workItemId: string | null;
  outcome: 'chosen' | 'ambiguous' | 'none' | 'refused' | 'standing';
  workflow: string | null;
  source: string | null;
  candidates: {
    workflow: string;
    origin: string;
    priority: number;
  }[];
  hint: string | null;
  facts: Record<string, unknown>;
  graphHash: string | null;
  runId: string | null;
  createdAt: string;
};

export type Connection = {
  name: string;
  title: string;
  summary: string;
  capabilities: ('signals' | 'knowledge' | 'work-items' | 'messages' | 'code-host')[];
  documentation: string;
  state: 'off' | 'paused' | 'waiting' | 'limited' | 'failing' | 'healthy';
  missing: string | null;
  webhookUrl: string | null;
  settings: {
    path: string;
    value: string | null;
    description: string;
    environment: string | null;
    isSecret: boolean;
    isGivable: boolean;
  }[];
  origin: 'none' | 'file' | 'page';
  canTest: boolean;
  canRotateSecret: boolean;
  pause: {
    at: string;
    by: string;
    reason: string | null;
  } | null;
  lastEventAt: string | null;
  lastSuccessAt: string | null;
  lastError: {
    at: string;
    code: string;
    message: string;
  } | null;
  lost: {
    repository: string;
    since: string;
    why: string;
  }[];
  readings: {
    scope: string;
    state: 'reading' | 'read' | 'failed';
    stream: string | null;
    via: 'graphql' | 'rest' | null;
    why: string | null;
    total: number | null;
    told: number;
    objects: Record<string, number>;
    startedAt: string;
    updatedAt: string;
    finishedAt: string | null;
    error: string | null;
  }[];
  counts: {
    deliveries: number;
    duplicates: number;
    refused: number;
    signals: number;
    objects: number;
  };
  rate: {
    limit: number | null;
    remaining: number | null;
    resetsAt: string | null;
    callsLastHour: number;
    callsPerHour: number;
    closedUntil: string | null;
  } | null;
};

export type ConnectionTest = {
  isWorking: boolean;
  account: string;
  findings: {
    level: 'ok' | 'warning' | 'problem';
    text: string;
    hint?: string;
  }[];
};

export type ContextPack = {
  id: string;
  repository: string;
  revision: string | null;
  sessionId: string | null;
  workItemId: string | null;
  title: string;
  addsTo: string | null;
  items: {
    id: string;
    kind: 'rule' | 'control' | 'decision' | 'lesson' | 'file' | 'companion' | 'owner' | 'person' | 'collision' | 'change' | 'incident' | 'document' | 'warning';
    title: string;
    path?: string;
    text: string;
    source: {
      system: string;
      object: string;
      revision: string;
      lines?: string;
      url?: string;
    };
    observedAt: string | null;
    ageDays: number | null;
    freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
    why: {
      signal: string;
      evidence: string;
    }[];
    score: number;
    tokens: number;
    isUntrusted: boolean;
  }[];
  unchanged: string[];
  unknowns: string[];
  budgetTokens: number;
  tokens: number;
  text: string;
  contentHash: string;
  createdAt: string;
};

export type ContextStudy = {
  state: 'empty';
} | {
  state: 'computing';
  done: number;
  total: number | null;
} | {
  state: 'ready';
  figures: {
    revision: string;
    changes: number;
    tasks: {
      task: 'files' | 'companions' | 'documents' | 'people';
      question: string;
      asked: number;
      hit3: number | null;
      recall5: number | null;
      recall10: number | null;
      meanReciprocalRank: number | null;
    }[];
    withoutNames: {
      task: 'files' | 'companions' | 'documents' | 'people';
      question: string;
      asked: number;
      hit3: number | null;
      recall5: number | null;
      recall10: number | null;
      meanReciprocalRank: number | null;
    } | null;
    cut: {
      afterMs: number;
      asked: number;
      planned: number;
    } | null;
    examples: {
      sha: string;
      title: string;
      at: string;
      isFound: boolean;
      files: {
        path: string;
        place: number | null;
        reason: string;
      }[];
    }[];
    notes: string[];
  };
} | {
  state: 'failed';
  reason: string;
};

export type ControlReach = {
  services: {
    service: {
      id: string;
      kind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
      key: string;
      title: string;
      freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
      properties: Record<string, unknown>;
      confirmedAt: string | null;
    };
    because: string[];
  }[];
  patterns: {
    repository: string;
    pattern: string;
    dataClass: string | null;
    files: number;
    writtenIn: string;
  }[];
  fileCount: number;
  files: {
    repository: string;
    path: string;
  }[];
  changes: {
    repository: string;
    sha: string;
    subject: string;
    author: string;
    at: string;
    files: number;
  }[];
};

export type Decision = {
  id: string;
  changeId: string;
  repository: string;
  baseSha: string;
  headSha: string;
  policyVersion: string;
  policySource: string;
  lane: 'ship' | 'ship-and-watch' | 'one-reviewer' | 'two-person' | 'hold';
  outcome: 'ship' | 'escalate' | 'block';
  rules: {
    id: string;
    file: string;
    line: number;
    because: string;
    kind: 'grant' | 'requirement' | 'hold' | 'default';
    reviewers: number;
    from: string[];
    isMet: boolean;
  }[];
  score: number;
  factors: {
    name: string;
    value: number | string | boolean;
    points: number;
    explanation: string;
  }[];
  missing: {
    rule: string;
    what: string;
    who: string[];
  }[];
  facts: Record<string, unknown>;
  decidedAt: string;
};

export type Deployment = {
  id: string;
  repository: string;
  environment: string;
  sha: string;
  status: 'started' | 'succeeded' | 'failed' | 'rolled-back';
  externalKey: string;
  url: string | null;
  changeIds: string[];
  startedAt: string;
  finishedAt: string | null;
};

export type EscalationPackage = {
  version: 1;
  changeId: string;
  repository: string;
  title: string;
  headSha: string;
  baseSha: string;
  decisionId: string;
  policyVersion: string;
  slots: {
    decision: {
      text: string;
      deadline: string;
      unlocks: string;
    };
    whyYou: {
      text: string;
      personId: string;
      personName: string;
      reasons: string[];
      standsInFor: string | null;
      next: string | null;
    };
    rules: {
      text: string;
      rules: {
        id: string;
        file: string;
        line: number;
        words: string;
      }[];
    };
    risk: {
      text: string;
      percentile: number;
      factors: {
        name: string;
        points: number;
        explanation: string;
      }[];
    };
    blastRadius: {
      text: string;
      tiers: string[];
      services: string[];
      downstream: string[];
      data: {
        name: string;
        standard: string | null;
      }[];
      reversibility: {
        level: 'easy' | 'with-care' | 'hard';
        because: string;
      };
    };
    hunks: {
      text: string;
      hunks: {
        path: string;
        startLine: number;
        endLine: number;
        added: number;
        deleted: number;
        why: string;
      }[];
      total: number | null;
    };
    evidence: {
      text: string;
      checks: 'passed' | 'failed' | 'unknown';
      tests: string[];
      findings: string[];
      incidents: {
        title: string;
        severity: string;
        at: string;
        url: string | null;
      }[];
    };
    provenance: {
      text: string;
      human: string | null;
      agent: string | null;
      sessionId: string | null;
      workItemId: string | null;
      workItem: string | null;
      contextPackId: string | null;
    };
    rollback: {
      text: string;
      command: string;
      canary: string;
    };
    actions: {
      text: string;
      actions: ('approve' | 'approve-with-watch' | 'send-back' | 'hand-over')[];
    };
  };
  words: number;
};

export type FileChange = {
  status: 'added' | 'modified' | 'deleted' | 'renamed' | 'copied' | 'type-changed';
  path: string;
  oldPath?: string;
  addedLines: number | null;
  deletedLines: number | null;
  isSubmodule: boolean;
};

export type ForgeRepository = {
  name: string;
  cloneUrl: string;
};

export type GateAnswer = {
  outcome: 'open';
} | {
  outcome: 'fenced';
  message: string;
  writes: {
    path: string;
    fence: number;
    holderSessionId: string;
    holderFence: number;
  }[];
};

export type GitHubAppMade = {
  slug: string;
  url: string;
  installUrl: string;
};

export type GitHubAppManifest = {
  formUrl: string;
  manifest: string;
  state: string;
};

export type GraphContradiction = {
  a: {
    id: string;
    kind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
    key: string;
    title: string;
    freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
    properties: Record<string, unknown>;
    confirmedAt: string | null;
  };
  b: {
    id: string;
    kind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
    key: string;
    title: string;
    freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
    properties: Record<string, unknown>;
    confirmedAt: string | null;
  };
  sources: {
    system: string;
    object: string;
    revision: string;
    confirmedAt: string;
    extractor: string;
    extractorVersion: number;
    method: 'declared' | 'parsed' | 'derived' | 'model';
    confidence: number;
    evidence: {
      path?: string;
      startLine?: number;
      endLine?: number;
      url?: string;
      quote?: string;
      history?: {
        changes: number;
        of: number;
        lastAt: string;
        lastCommit: string;
      };
    } | null;
    properties: Record<string, unknown>;
    validFrom: string;
    validTo: string | null;
    seenFrom: string;
    seenTo: string | null;
  }[];
  workItem: {
    id: string;
    state: 'open' | 'in-progress' | 'done' | 'cancelled';
    title: string;
  } | null;
};

export type GraphEntity = {
  id: string;
  kind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
  key: string;
  title: string;
  freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
  properties: Record<string, unknown>;
  confirmedAt: string | null;
};

export type GraphEntityPage = {
  entity: {
    id: string;
    kind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
    key: string;
    title: string;
    freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
    properties: Record<string, unknown>;
    confirmedAt: string | null;
  };
  sources: {
    system: string;
    object: string;
    revision: string;
    confirmedAt: string;
    extractor: string;
    extractorVersion: number;
    method: 'declared' | 'parsed' | 'derived' | 'model';
    confidence: number;
    evidence: {
      path?: string;
      startLine?: number;
      endLine?: number;
      url?: string;
      quote?: string;
      history?: {
        changes: number;
        of: number;
        lastAt: string;
        lastCommit: string;
      };
    } | null;
    properties: Record<string, unknown>;
    validFrom: string;
    validTo: string | null;
    seenFrom: string;
    seenTo: string | null;
  }[];
  relations: {
    kind: 'is' | 'contains' | 'imports' | 'references' | 'defines' | 'touched' | 'co_changed' | 'implements' | 'authored' | 'reviewed' | 'owns_declared' | 'owns_observed' | 'member_of' | 'depends_on' | 'provides_api' | 'consumes_api' | 'constrains' | 'supersedes' | 'contradicts' | 'mentions' | 'caused' | 'fixed_by' | 'affected' | 'discussed_in' | 'deployed' | 'same_as' | 'distinct_from';
    direction: 'out' | 'in';
    slot: string;
    other: {
      id: string;
      kind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
      key: string;
      title: string;
      freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
      properties: Record<string, unknown>;
      confirmedAt: string | null;
    };
    freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
    sources: {
      system: string;
      object: string;
      revision: string;
      confirmedAt: string;
      extractor: string;
      extractorVersion: number;
      method: 'declared' | 'parsed' | 'derived' | 'model';
      confidence: number;
      evidence: {
        path?: string;
        startLine?: number;
        endLine?: number;
        url?: string;
        quote?: string;
        history?: {
          changes: number;
          of: number;
          lastAt: string;
          lastCommit: string;
        };
      } | null;
      properties: Record<string, unknown>;
      validFrom: string;
      validTo: string | null;
      seenFrom: string;
      seenTo: string | null;
    }[];
  }[];
  hasMoreRelations: boolean;
  disagreements: {
    about: string;
    sides: {
      says: string;
      system: string;
      object: string;
      confirmedAt: string;
    }[];
  }[];
};

export type GraphLandscape = {
  nodes: {
    id: string;
    kind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
    key: string;
    title: string;
    freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
    properties: Record<string, unknown>;
    confirmedAt: string | null;
    system: string | null;
    domain: string | null;
    owner: string | null;
  }[];
  edges: {
    kind: 'is' | 'contains' | 'imports' | 'references' | 'defines' | 'touched' | 'co_changed' | 'implements' | 'authored' | 'reviewed' | 'owns_declared' | 'owns_observed' | 'member_of' | 'depends_on' | 'provides_api' | 'consumes_api' | 'constrains' | 'supersedes' | 'contradicts' | 'mentions' | 'caused' | 'fixed_by' | 'affected' | 'discussed_in' | 'deployed' | 'same_as' | 'distinct_from';
    from: string;
    to: string;
    confidence: number;
  }[];
  isTruncated: boolean;
};

export type GraphNeighbourhood = {
  entities: {
    id: string;
    kind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
    key: string;
    title: string;
    freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
    properties: Record<string, unknown>;
    confirmedAt: string | null;
    distance: number;
  }[];
  edges: {
    kind: 'is' | 'contains' | 'imports' | 'references' | 'defines' | 'touched' | 'co_changed' | 'implements' | 'authored' | 'reviewed' | 'owns_declared' | 'owns_observed' | 'member_of' | 'depends_on' | 'provides_api' | 'consumes_api' | 'constrains' | 'supersedes' | 'contradicts' | 'mentions' | 'caused' | 'fixed_by' | 'affected' | 'discussed_in' | 'deployed' | 'same_as' | 'distinct_from';
    slot: string;
    from: string;
    to: string;
    confidence: number;
  }[];
  more: {
    of: string;
    kind: 'is' | 'contains' | 'imports' | 'references' | 'defines' | 'touched' | 'co_changed' | 'implements' | 'authored' | 'reviewed' | 'owns_declared' | 'owns_observed' | 'member_of' | 'depends_on' | 'provides_api' | 'consumes_api' | 'constrains' | 'supersedes' | 'contradicts' | 'mentions' | 'caused' | 'fixed_by' | 'affected' | 'discussed_in' | 'deployed' | 'same_as' | 'distinct_from';
    direction: 'out' | 'in';
    otherKind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
    count: number;
  }[];
};

export type GraphPerson = {
  id: string;
  name: string;
  identities: {
    id: string;
    name: string;
  }[];
  evidence: {
    a: string;
    b: string;
    because: string;
    confidence: number;
    source: string;
  }[];
};

export type HandOut = {
  item: WorkItem | null;
  reason: string | null;
  skipped: {
    id: string;
    title: string;
    reason: string;
  }[];
};

export type Incident = {
  id: string;
  title: string;
  severity: 'low' | 'medium' | 'high' | 'critical';
  state: 'open' | 'resolved';
  repository: string | null;
  deploymentId: string | null;
  externalKey: string;
  url: string | null;
  detectedAt: string;
  resolvedAt: string | null;
};

export type LedgerEvent = {
  id: string;
  seq: number | null;
  type: string;
  subject: string;
  actor: {
    kind: 'person' | 'agent' | 'connector' | 'system';
    id: string;
    onBehalfOf?: string;
  };
  cause: string | null;
  correlationId: string;
  occurredAt: string;
  recordedAt: string;
  refs: {
    signal?: string;
    workItem?: string;
    session?: string;
    claim?: string;
    pack?: string;
    change?: string;
    commit?: string;
    mergeCommit?: string;
    decision?: string;
    approval?: string;
    run?: string;
    step?: string;
    deployment?: string;
    incident?: string;
    repository?: string;
    person?: string;
  };
  data: Record<string, unknown> | null;
};

export type Lesson = {
  id: string;
  repository: string;
  text: string;
  paths: string[];
  state: 'candidate' | 'approved' | 'rejected' | 'retired';
  origin: 'session' | 'person' | 'review' | 'revert';
  sessionId: string | null;
  actorId: string;
  evidence: {
    kind: string;
    ref: string;
    text: string;
  }[];
  sightings: number;
  decidedBy: string | null;
  decidedAt: string | null;
  decisionReason: string;
  createdAt: string;
  use: {
    sessions: number;
    accepted: number;
    rejected: number;
    reworked: number;
    lastUsedAt: string | null;
  };
};

export type OrganisationPolicy = {
  version: number;
  text: string;
  authorId: string;
  authorName: string;
  reason: string;
  state: 'proposed' | 'active' | 'replaced' | 'withdrawn';
  judgedBy: number | null;
  proposedAt: string;
  activeAt: string | null;
  approvals: {
    personId: string;
    personName: string;
    givenAt: string;
  }[];
};

export type Override = {
  id: string;
  changeId: string;
  repository: string;
  headSha: string;
  policyVersion: string;
  requestedBy: string;
  requesterName: string;
  reason: string;
  ticket: string | null;
  isEmergency: boolean;
  state: 'requested' | 'active' | 'used' | 'expired';
  confirmedBy: string | null;
  confirmerName: string | null;
  reportTo: string | null;
  requestedAt: string;
  activeAt: string | null;
  expiresAt: string;
  usedAt: string | null;
};

export type OwnershipMap = {
  folders: {
    folder: string;
    component: string | null;
    files: number;
    changes: number;
    busFactor: number;
    declared: string[];
    people: {
      id: string;
      name: string;
      share: number;
      lastAt: string;
      isActive: boolean;
    }[];
  }[];
};

export type PackItem = {
  id: string;
  kind: 'rule' | 'control' | 'decision' | 'lesson' | 'file' | 'companion' | 'owner' | 'person' | 'collision' | 'change' | 'incident' | 'document' | 'warning';
  title: string;
  path?: string;
  text: string;
  source: {
    system: string;
    object: string;
    revision: string;
    lines?: string;
    url?: string;
  };
  observedAt: string | null;
  ageDays: number | null;
  freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
  why: {
    signal: string;
    evidence: string;
  }[];
  score: number;
  tokens: number;
  isUntrusted: boolean;
};

export type PackPreview = {
  pack: {
    repository: string;
    revision: string | null;
    sessionId: string | null;
    workItemId: string | null;
    title: string;
    addsTo: string | null;
    items: {
      id: string;
      kind: 'rule' | 'control' | 'decision' | 'lesson' | 'file' | 'companion' | 'owner' | 'person' | 'collision' | 'change' | 'incident' | 'document' | 'warning';
      title: string;
      path?: string;
      text: string;
      source: {
        system: string;
        object: string;
        revision: string;
        lines?: string;
        url?: string;
      };
      observedAt: string | null;
      ageDays: number | null;
      freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
      why: {
        signal: string;
        evidence: string;
      }[];
      score: number;
      tokens: number;
      isUntrusted: boolean;
    }[];
    unchanged: string[];
    unknowns: string[];
    budgetTokens: number;
    tokens: number;
    text: string;
    contentHash: string;
    createdAt: string;
  };
  leftOut: {
    kind: 'rule' | 'control' | 'decision' | 'lesson' | 'file' | 'companion' | 'owner' | 'person' | 'collision' | 'change' | 'incident' | 'document' | 'warning';
    title: string;
    path?: string;
    freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
    why: {
      signal: string;
      evidence: string;
    }[];
    score: number;
  }[];
};

export type Person = {
  id: string;
  name: string;
  roles: ('viewer' | 'developer' | 'approver' | 'admin' | 'auditor')[];
  teams: string[];
  identities: string[];
  createdAt: string;
};

export type PolicyProblem = {
  line: number;
  column: number;
  path: string;
  message: string;
  suggestion: string | null;
};

export type PolicyRemark = {
  file: string;
  line: number;
  rule: string;
  kind: 'never-fires' | 'shadowed' | 'no-effect' | 'no-paths';
  message: string;
};

export type PolicySummary = {
  version: string;
  source: string;
  refused: {
    source: string;
    problems: PolicyProblem[];
  } | null;
  rules: {
    id: string;
    line: number;
    because: string;
    kind: string;
    words: string;
  }[];
};

export type Principal = {
  kind: 'person' | 'agent' | 'service';
  id: string;
  name: string;
  roles: ('viewer' | 'developer' | 'approver' | 'admin' | 'auditor')[];
  teams: string[];
  identities: string[];
  scopes: ('repositories:read' | 'repositories:import' | 'context:read' | 'context:record' | 'context:approve' | 'context:curate' | 'changes:read' | 'changes:approve' | 'changes:check' | 'sessions:read' | 'sessions:write' | 'work:read' | 'work:write' | 'runs:read' | 'runs:control' | 'signals:write' | 'deployments:read' | 'deployments:write' | 'incidents:write' | 'policy:read' | 'policy:publish' | 'audit:read' | 'audit:export' | 'insights:read' | 'connections:read' | 'connections:manage' | 'people:read' | 'people:manage' | 'tokens:manage' | 'system:read')[] | 'all';
  onBehalfOf: string | null;
};

export type Problem = {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  hint: string | null;
  requestId: string;
};

export type ProtectionReport = {
  repository: string;
  branch: string;
  state: 'protected' | 'open' | 'unknown';
  findings: {
    code: string;
    level: 'ok' | 'warning' | 'problem';
    text: string;
    hint?: string;
  }[];
  checkedAt: string;
};

export type RankingFit = {
  version: number;
  state: 'running' | 'in-force' | 'not-better' | 'replaced' | 'withdrawn' | 'failed';
  startedAt: string;
  finishedAt: string | null;
  startedBy: string;
  progress: {
    done: number;
    total: number;
  };
  repositories: {
    repository: string;
    revision: string;
    questions: number;
  }[];
  measures: {
    question: 'files' | 'companions' | 'documents' | 'people';
    figure: 'recall@10' | 'recall@5' | 'hit@3';
    fitted: number;
    judged: number;
    before: {
      main: number;
      meanReciprocalRank: number;
    } | null;
    after: {
      main: number;
      meanReciprocalRank: number;
    } | null;
    leastGain: number | null;
    isTaken: boolean;
    reason: string;
  }[];
  reason: string | null;
};

export type RealisedBound = {
  repository: string;
  landed: number;
  shippedAlone: number;
  defects: number;
  slipped: number;
  audited: number;
  auditedRisky: number;
  boundPerMille: number | null;
  realised: number | null;
  tightening: number;
  alarmSince: string | null;
};

export type Repository = {
  id: string;
  name: string;
  host: string;
  url: string;
  defaultBranch: string;
  headSha: string | null;
  commitCount: number;
  fileCount: number;
  state: 'importing' | 'ready' | 'empty' | 'failed';
  problems: string[];
  skipped: {
    reason: string;
    count: number;
    examples: string[];
  }[];
  formerNames: string[];
  accessLost: {
    at: string;
    why: string;
  } | null;
  importedAt: string | null;
  createdAt: string;
};

export type RiskExplanation = {
  score: number;
  kind: 'learned' | 'counted';
  model: string | null;
  probability: number | null;
  percentile: number | null;
  ranks: {
    changes: number;
    ownShare: number;
  } | null;
  factors: {
    name: string;
    value: number | string | boolean;
    points: number;
    explanation: string;
    meaning: string;
    curve: {
      axis: 'percentile' | 'value';
      from: string;
      to: string;
      place: number;
      points: number[];
      shipped: number[] | null;
    } | null;
  }[];
  reliability: {
    model: string;
    changes: number;
    knownDefects: number;
    fittedAt: string;
    error: number | null;
    bins: {
      from: number;
      to: number;
      changes: number;
      declared: number;
      realised: number;
    }[];
  } | null;
};

export type Run = {
  id: string;
  workflow: string;
  graphHash: string;
  definitionSource: string;
  state: 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  changeId: string | null;
  workItemId: string | null;
  repository: string | null;
  title: string;
  input: Record<string, unknown>;
  correlationId: string;
  createdAt: string;
  endedAt: string | null;
  deadlineAt: string | null;
  undoOf: string | null;
  undoneBy: string | null;
  archivedAt: string | null;
};

export type RunWithSteps = {
  id: string;
  workflow: string;
  graphHash: string;
  definitionSource: string;
  state: 'running' | 'paused' | 'done' | 'failed' | 'cancelled';
  changeId: string | null;
  workItemId: string | null;
  repository: string | null;
  title: string;
  input: Record<string, unknown>;
  correlationId: string;
  createdAt: string;
  endedAt: string | null;
  deadlineAt: string | null;
  undoOf: string | null;
  undoneBy: string | null;
  archivedAt: string | null;
  steps: {
    id: string;
    runId: string;
    name: string;
    kind: 'context.pack' | 'agent.run' | 'autofix' | 'eval.gate' | 'change.open' | 'check.command' | 'policy.decide' | 'approval.request' | 'merge' | 'wait.signal' | 'wait.timer' | 'notify' | 'repeat' | 'for-each' | 'workflow';
    state: 'blocked' | 'ready' | 'running' | 'waiting' | 'done' | 'failed' | 'skipped' | 'cancelled';
    needs: string[];
    origin: string;
    with: Record<string, unknown>;
    attempt: number;
    maxAttempts: number;
    output: Record<string, unknown> | null;
    message: string | null;
    worker: string | null;
    dueAt: string | null;
    startedAt: string | null;
    endedAt: string | null;
  }[];
};

export type SearchHit = {
  kind: 'rule' | 'control' | 'decision' | 'lesson' | 'file' | 'companion' | 'owner' | 'person' | 'collision' | 'change' | 'incident' | 'document' | 'warning' | 'symbol';
  title: string;
  path: string | null;
  line?: number;
  excerpt: string;
  repository: string;
  revision: string;
  score: number;
  source?: {
    system: string;
    object: string;
    url?: string;
  };
  owner?: string | null;
  observedAt?: string;
  freshness?: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
};

export type Session = {
  id: string;
  externalId: string;
  agent: string;
  model: string | null;
  operatorId: string | null;
  repository: string | null;
  branch: string | null;
  baseSha: string | null;
  cwd: string | null;
  intent: string;
  workItemId: string | null;
  parentId: string | null;
  packId: string | null;
  state: 'active' | 'idle' | 'ended' | 'lost';
  toolCalls: number;
  deniedCalls: number;
  correlationId: string;
  startedAt: string;
  lastSeenAt: string;
  endedAt: string | null;
  endReason: string | null;
  role: string | null;
  budget: {
    tokens: number | null;
    usdMicros: number | null;
    minutes: number | null;
  };
};

export type SourceRestriction = {
  id: string;
  repository: string | null;
  system: string;
  prefix: string;
  teams: string[];
  people: string[];
  reason: string;
  createdBy: string;
  createdAt: string;
};

export type StaleKnowledge = {
  entity: {
    id: string;
    kind: 'repository' | 'file' | 'symbol' | 'component' | 'api' | 'resource' | 'system' | 'domain' | 'package' | 'team' | 'person' | 'change' | 'work-item' | 'decision' | 'section' | 'rule' | 'document' | 'incident' | 'slo' | 'control' | 'thread' | 'deployment' | 'session';
    key: string;
    title: string;
    freshness: 'current' | 'unverified' | 'stale' | 'superseded' | 'contradicted';
    properties: Record<string, unknown>;
    confirmedAt: string | null;
  };
  because: string[];
};

export type SystemStatus = {
  database: {
    state: 'ready' | 'unavailable';
    version: string | null;
    isEmbedded: boolean;
  };
  loops: {
    name: string;
    state: 'running' | 'failing' | 'stopped';
    lastRunAt: string | null;
    lastError: string | null;
  }[];
  connectors: {
    name: string;
    state: 'ready' | 'failing' | 'off';
    detail: string;
  }[];
  outbox: {
    waiting: number;
    lagSeconds: number;
    failed: number;
  };
};

export type Token = {
  id: string;
  personId: string;
  name: string;
  kind: 'api' | 'agent' | 'session';
  scopes: ('repositories:read' | 'repositories:import' | 'context:read' | 'context:record' | 'context:approve' | 'context:curate' | 'changes:read' | 'changes:approve' | 'changes:check' | 'sessions:read' | 'sessions:write' | 'work:read' | 'work:write' | 'runs:read' | 'runs:control' | 'signals:write' | 'deployments:read' | 'deployments:write' | 'incidents:write' | 'policy:read' | 'policy:publish' | 'audit:read' | 'audit:export' | 'insights:read' | 'connections:read' | 'connections:manage' | 'people:read' | 'people:manage' | 'tokens:manage' | 'system:read')[] | 'all';
  hint: string;
  createdAt: string;
  expiresAt: string;
  lastUsedAt: string | null;
  revokedAt: string | null;
};

export type Trace = {
  ref: string;
  correlationIds: string[];
  nodes: {
    ref: string;
    kind: 'signal' | 'workItem' | 'session' | 'claim' | 'pack' | 'change' | 'commit' | 'mergeCommit' | 'decision' | 'approval' | 'run' | 'step' | 'deployment' | 'incident' | 'repository' | 'person';
    title: string;
    at: string;
  }[];
  edges: {
    from: string;
    to: string;
    relation: string;
    eventId: string;
  }[];
  events: {
    id: string;
    seq: number | null;
    type: string;
    subject: string;
    actor: {
      kind: 'person' | 'agent' | 'connector' | 'system';
      id: string;
      onBehalfOf?: string;
    };
    cause: string | null;
    correlationId: string;
    occurredAt: string;
    recordedAt: string;
    refs: {
      signal?: string;
      workItem?: string;
      session?: string;
      claim?: string;
      pack?: string;
      change?: string;
      commit?: string;
      mergeCommit?: string;
      decision?: string;
      approval?: string;
      run?: string;
      step?: string;
      deployment?: string;
      incident?: string;
      repository?: string;
      person?: string;
    };
    data: Record<string, unknown> | null;
  }[];
  isTruncated: boolean;
};

export type VerifyReport = {
  isValid: boolean;
  firstBad: {
    index: number | null;
    eventId: string | null;
    what: string;
  } | null;
  problems: {
    index: number | null;
    eventId: string | null;
    what: string;
  }[];
  checked: {
    entries: number;
    payloads: number;
    redacted: number;
    tiles: number;
    checkpoints: number;
    proofs: number;
  };
  checkpoint: {
    origin: string;
    size: number;
    root: string;
    note: string;
  } | null;
  trust: {
    key: 'given' | 'found';
    isPinned: boolean;
  };
};

export type Watch = {
  changeId: string;
  headSha: string;
  watcherId: string;
  hours: number;
  askedAt: string;
  endsAt: string | null;
  state: 'promised' | 'watching' | 'over' | 'void';
};

export type WebhookSubscription = {
  id: string;
  url: string;
  eventTypes: string[];
  description: string;
  state: 'active' | 'paused';
  pausedWhy: string | null;
  createdAt: string;
  failingSince: string | null;
  lastSuccessAt: string | null;
  lastError: string | null;
};

export type WhyAnswer = {
  repository: string;
  path: string;
  line: number;
  text: string;
  commit: {
    sha: string;
    subject: string;
    author: string;
    at: string;
  };
  trace: {
    ref: string;
    correlationIds: string[];
    nodes: {
      ref: string;
      kind: 'signal' | 'workItem' | 'session' | 'claim' | 'pack' | 'change' | 'commit' | 'mergeCommit' | 'decision' | 'approval' | 'run' | 'step' | 'deployment' | 'incident' | 'repository' | 'person';
      title: string;
      at: string;
    }[];
    edges: {
      from: string;
      to: string;
      relation: string;
      eventId: string;
    }[];
    events: {
      id: string;
      seq: number | null;
      type: string;
      subject: string;
      actor: {
        kind: 'person' | 'agent' | 'connector' | 'system';
        id: string;
        onBehalfOf?: string;
      };
      cause: string | null;
      correlationId: string;
      occurredAt: string;
      recordedAt: string;
      refs: {
        signal?: string;
        workItem?: string;
        session?: string;
        claim?: string;
        pack?: string;
        change?: string;
        commit?: string;
        mergeCommit?: string;
        decision?: string;
        approval?: string;
        run?: string;
        step?: string;
        deployment?: string;
        incident?: string;
        repository?: string;
        person?: string;
      };
      data: Record<string, unknown> | null;
    }[];
    isTruncated: boolean;
  } | null;
};

export type WorkItem = {
  id: string;
  repository: string | null;
  title: string;
  text: string;
  labels: string[];
  state: 'open' | 'in-progress' | 'done' | 'cancelled';
  source: string;
  externalKey: string | null;
  url: string | null;
  priority: number;
  status: string | null;
  sessionId: string | null;
  offeredTo: string | null;
  correlationId: string;
  createdAt: string;
  updatedAt: string;
};

export type Workflow = {
  name: string;
  description: string;
  source: string;
  isShipped: boolean;
  priority: number;
  on: string[];
  triggers: {
    line: number;
    match: Record<string, unknown>;
  }[];
  hash: string;
  graph: WorkflowGraph;
};

export type WorkflowGraph = {
  name: string;
  source: string;
  steps: {
    name: string;
    kind: string;
    needs: string[];
    with: Record<string, unknown>;
    origin: string;
    maxAttempts: number;
    timeoutMs: number | null;
    when: Record<string, unknown>;
    terms: Record<string, unknown>;
  }[];
};

export type WorkflowLibrary = {
  workflows: Workflow[];
  refused: {
    path: string;
    problems: {
      line: number;
      column: number;
      path: string;
      code: string;
      message: string;
      suggestion: string | null;
      hint: string | null;
    }[];
  }[];
};

export type XrayReport = {
  repository: string;
  since: string;
  until: string;
  generatedAt: string;
  headSha: string | null;
  totals: {
    commits: number;
    changes: number;
    authors: number;
    files: number;
    addedLines: number;
    deletedLines: number;
  };
  changesOverTime: {
    week: string;
    changes: number;
    addedLines: number;
    deletedLines: number;
    aiChanges: number;
  }[];
  hotFiles: {
    path: string;
    changes: number;
    authors: number;
    addedLines: number;
    deletedLines: number;
    commits: string[];
  }[];
  ownership: {
    concentration: number;
    singleOwnerShare: number;
    files: {
      path: string;
      topAuthor: string;
      share: number;
      commits: string[];
    }[];
  };
  overlaps: {
    a: string;
    b: string;
    paths: string[];
    hasConflict: boolean;
    conflictPaths: string[];
  }[];
  waits: {
    isKnown: boolean;
    medianHours: number | null;
    p90Hours: number | null;
    sample: number;
    commits: string[];
  };
  churn: {
    bornLines: number;
    churnedLines: number;
    share: number | null;
    commits: string[];
  };
  aiAuthored: {
    share: number;
    changes: number;
    byAgent: {
      agent: string;
      changes: number;
    }[];
    commits: string[];
  };
  sizes: {
    bucket: string;
    changes: number;
    commits: string[];
  }[];
  risk: {
    buckets: {
      bucket: string;
      changes: number;
      commits: string[];
    }[];
    underBound: {
      bound: number;
      isDeclared: boolean;
      judged: number;
      changes: number;
      share: number | null;
      defects: number;
      slipped: number;
      commits: string[];
    };
    explanation: string;
  };
  commits: Record<string, {
    subject: string;
    author: string;
    at: string;
    addedLines: number;
    deletedLines: number;
    files: number;
    risk: number | null;
  }>;
  problems: string[];
};

/** What each route answers. */
export interface Answers {
  'DELETE /v1/connections/{name}/settings': Connection;
  'DELETE /v1/people/{id}/absences/{absenceId}': Absence;
  'DELETE /v1/tokens/{id}': Token;
  'GET /v1/agents': {
    items: {
      agent: string;
      title: string;
      person: {
        id: string;
        name: string;
      };
      repository: string | null;
      version: string | null;
      attachedAt: string | null;
      detachedAt: string | null;
      lastEvent: {
        event: string;
        at: string;
      } | null;
      events: number;
      toolsLastAt: string | null;
      telemetryLastAt: string | null;
      state: 'connected' | 'waiting' | 'incomplete' | 'detached';
      missing: string[];
    }[];
    known: {
      agent: string;
      title: string;
      seenVersion: string | null;
      tellsTelemetry: boolean;
    }[];
  };
  'GET /v1/audit/checkpoint': Checkpoint;
  'GET /v1/audit/export': {
    path: string;
    data: string;
    append: boolean;
  };
  'GET /v1/audit/proofs/{seq}': {
    seq: number;
    size: number;
    hashes: string[];
    file: string;
  };
  'GET /v1/autonomy': {
    windowDays: number;
    curbs: AutonomyCurb[];
    budgets: {
      repository: string;
      budget: string;
      used: number;
    }[];
    records: AutonomyRecord[];
    bounds: RealisedBound[];
    thresholds: AutonomyThreshold[];
    audits: Audit[];
  };
  'GET /v1/board': Board;
  'GET /v1/breakers': {
    items: {
      id: string;
      sessionId: string;
      agent: string;
      repository: string | null;
      rule: 'same-call' | 'cycle' | 'same-error' | 'tests-not-improving' | 'edits-undone' | 'nothing-new' | 'talk-without-action' | 'token-burst' | 'endless-poll' | 'budget';
      stage: 'block-call' | 'end-turn' | 'end-session';
      reason: string;
      advice: string;
      evidence: number[];
      step: number;
      handOver: string | null;
      savedTokens: number;
      savedCostUsdMicros: number | null;
      savedMethod: string;
      trippedAt: string;
      liftedAt: string | null;
      liftedBy: string | null;
    }[];
    nextCursor: string | null;
    fleet: {
      scope: 'agent' | 'repository' | 'provider' | 'subject';
      key: string;
      state: 'closed' | 'open' | 'half-open';
      reason: string;
      changedAt: string;
      until: string | null;
    }[];
    totals: {
      days: number;
      trips: number;
      callsBlocked: number;
      turnsEnded: number;
      sessionsEnded: number;
      lifted: number;
      savedTokens: number;
      savedCostUsdMicros: number;
    };
  };
  'GET /v1/changes': {
    items: Change[];
    nextCursor: string | null;
  };
  'GET /v1/changes/{id}': {
    change: Change;
    decision: Decision | null;
    approvals: Approval[];
    run: RunWithSteps | null;
    session: Session | null;
    pack: ContextPack | null;
    files: FileChange[];
    deployments: Deployment[];
  };
  'GET /v1/changes/{id}/collisions': {
    items: Collision[];
    nextCursor: string | null;
  };
  'GET /v1/changes/{id}/comments': {
    items: Comment[];
  };
  'GET /v1/changes/{id}/decisions': {
    items: Decision[];
    nextCursor: string | null;
  };
  'GET /v1/changes/{id}/diff': {
    text: string;
    isCut: boolean;
    baseSha: string;
    headSha: string;
  };
  'GET /v1/changes/{id}/escalation': {
    assignments: Assignment[];
    newest: {
      assignment: Assignment;
      package: EscalationPackage;
      markdown: string;
    } | null;
    watch: Watch | null;
  };
  'GET /v1/claims': {
    items: Claim[];
    nextCursor: string | null;
  };
  'GET /v1/claims/waits': {
    items: ClaimWait[];
    nextCursor: string | null;
  };
  'GET /v1/collisions': {
    items: Collision[];
    nextCursor: string | null;
  };
  'GET /v1/collisions/{id}': Collision;
  'GET /v1/compositions': {
    items: CompositionRecord[];
    nextCursor: string | null;
  };
  'GET /v1/connections': {
    items: Connection[];
  };
  'GET /v1/connections/{name}': Connection;
  'GET /v1/context-packs/{id}': ContextPack;
  'GET /v1/context-packs/{id}/items/{itemId}': {
    item: PackItem;
    text: string;
  };
  'GET /v1/decisions/{id}': Decision;
  'GET /v1/decisions/{id}/explanation': RiskExplanation;
  'GET /v1/decisions/{id}/replay': {
    isIdentical: boolean;
    recorded: {
      lane: string;
      outcome: string;
      score: number;
      rules: unknown[];
      factors: unknown[];
      missing: unknown[];
    };
    replayed: {
      lane: string;
      outcome: string;
      score: number;
      rules: unknown[];
      factors: unknown[];
      missing: unknown[];
    };
  };
  'GET /v1/deployments': {
    items: Deployment[];
    nextCursor: string | null;
  };
  'GET /v1/devboxes': {
    items: {
      id: string;
      repository: string;
      branch: string;
      state: 'open' | 'kept' | 'empty' | 'lost';
      runId: string | null;
      step: string | null;
      sessionId: string | null;
      agent: string | null;
      operator: string | null;
      node: string;
      wasWarm: boolean;
      readyMs: number;
      ports: Record<string, number>;
      diskBytes: number | null;
      createdAt: string;
      endedAt: string | null;
    }[];
    nextCursor: string | null;
  };
  'GET /v1/events': {
    items: LedgerEvent[];
    nextCursor: string | null;
  };
  'GET /v1/events/{id}': LedgerEvent;
  'GET /v1/graph/contradictions': {
    items: GraphContradiction[];
  };
  'GET /v1/graph/controls/{id}/reach': ControlReach;
  'GET /v1/graph/entities': {
    items: GraphEntity[];
  };
  'GET /v1/graph/entities/{id}': GraphEntityPage;
  'GET /v1/graph/entities/{id}/controls': {
    items: BearingControl[];
  };
  'GET /v1/graph/entities/{id}/neighbourhood': GraphNeighbourhood;
  'GET /v1/graph/landscape': GraphLandscape;
  'GET /v1/graph/ownership/{id}': OwnershipMap;
  'GET /v1/graph/people': {
    items: GraphPerson[];
  };
  'GET /v1/graph/stale': {
    items: StaleKnowledge[];
  };
  'GET /v1/inbox': {
    items: Assignment[];
    nextCursor: string | null;
  };
  'GET /v1/inbox/{id}': {
    assignment: Assignment;
    package: EscalationPackage;
    markdown: string;
  };
  'GET /v1/incidents': {
    items: Incident[];
    nextCursor: string | null;
  };
  'GET /v1/landing-queue': {
    lanes: {
      repository: string;
      baseBranch: string;
      strategy: 'serial' | 'lanes';
      mainSha: string | null;
      greenSha: string | null;
      red: {
        source: 'build' | 'host';
        check: string;
        sha: string;
        since: string;
        output: string;
        suspects: number;
        culprit: string | null;
        culpritChangeId: string | null;
        revert: {
          state: 'proposed' | 'conflicts' | 'unsupported' | 'failed';
          branch: string | null;
          changeId: string | null;
          why: string | null;
        } | null;
      } | null;
      waiting: {
        changeId: string;
        runId: string;
        branch: string;
        title: string;
        headSha: string;
        state: 'queued' | 'testing' | 'cleared' | 'rejected' | 'landing' | 'landed' | 'returned' | 'left';
        group: number | null;
        isFlaky: boolean;
        queuedAt: string;
        endedAt: string | null;
      }[];
      builds: {
        id: string;
        kind: 'landing' | 'main' | 'bisect';
        state: 'queued' | 'running' | 'passed' | 'failed';
        changes: string[];
        assumed: string[];
        attempt: number;
        baseSha: string;
        tree: string;
        command: string | null;
        createdAt: string;
        startedAt: string | null;
        endedAt: string | null;
      }[];
      ended: {
        changeId: string;
        runId: string;
        branch: string;
        title: string;
        headSha: string;
        state: 'queued' | 'testing' | 'cleared' | 'rejected' | 'landing' | 'landed' | 'returned' | 'left';
        group: number | null;
        isFlaky: boolean;
        queuedAt: string;
        endedAt: string | null;
      }[];
    }[];
  };
  'GET /v1/lessons': {
    items: Lesson[];
    nextCursor: string | null;
  };
  'GET /v1/lessons/{id}': Lesson;
  'GET /v1/me': {
    principal: Principal;
    version: string;
    organisation: string;
  };
  'GET /v1/overrides': {
    items: Override[];
    nextCursor: string | null;
  };
  'GET /v1/overview': {
    repositories: number;
    changes: {
      open: number;
      shippedAlone: number;
      waiting: number;
      merged: number;
    };
    sessions: {
      active: number;
    };
    claims: {
      held: number;
      denied: number;
    };
    runs: {
      running: number;
      failed: number;
    };
    audit: {
      size: number;
      checkpointAt: string | null;
    };
    attention: Attention[];
    latestEvents: LedgerEvent[];
  };
  'GET /v1/people': {
    items: Person[];
    nextCursor: string | null;
  };
  'GET /v1/people/{id}/absences': {
    items: Absence[];
  };
  'GET /v1/policy': PolicySummary;
  'GET /v1/policy/organisation/versions': {
    items: OrganisationPolicy[];
  };
  'GET /v1/policy/schema': Record<string, unknown>;
  'GET /v1/policy/versions': {
    items: {
      version: string;
      text: string;
      sourceCommit: string;
      acceptedAt: string;
      isActive: boolean;
    }[];
  };
  'GET /v1/ranking-fits': {
    items: RankingFit[];
    nextCursor: string | null;
  };
  'GET /v1/ranking-fits/{version}': RankingFit;
  'GET /v1/repositories': {
    items: Repository[];
    nextCursor: string | null;
  };
  'GET /v1/repositories/{id}': Repository;
  'GET /v1/repositories/{id}/context-study': ContextStudy;
  'GET /v1/repositories/{id}/protection': ProtectionReport;
  'GET /v1/repositories/{id}/xray': XrayReport;
  'GET /v1/runs': {
    items: Run[];
    nextCursor: string | null;
  };
  'GET /v1/runs/{id}': RunWithSteps;
  'GET /v1/runs/{id}/agents': {
    items: {
      step: string;
      agent: string;
      model: string | null;
      state: 'running' | 'asleep' | 'done' | 'stopped' | 'failed';
      starts: number;
      sessionId: string | null;
      branch: string;
      headSha: string;
      inputTokens: number;
      cachedTokens: number;
      outputTokens: number;
      costUsdMicros: number | null;
      toolCalls: number;
      workMs: number;
      budget: {
        tokens: number | null;
        costUsdMicros: number | null;
        workMs: number | null;
      };
      errorCode: string | null;
      output: string;
      answer: string;
      handover: string | null;
      wakeAt: string | null;
      startedAt: string;
      endedAt: string | null;
    }[];
  };
  'GET /v1/search': {
    items: SearchHit[];
  };
  'GET /v1/sessions': {
    items: Session[];
    nextCursor: string | null;
  };
  'GET /v1/sessions/{id}': Session & {
    claims: Claim[];
    changes: Change[];
  };
  'GET /v1/sessions/{id}/breaker': {
    stage: 'closed' | 'turn-ended' | 'session-ended';
    nudges: number;
    trips: number;
    spent: {
      tokens: number;
      costUsdMicros: number;
      calls: number;
    };
    budget: {
      tokens: number | null;
      costUsdMicros: number | null;
      minutes: number | null;
      calls: number | null;
    };
    items: {
      id: string;
      sessionId: string;
      agent: string;
      repository: string | null;
      rule: 'same-call' | 'cycle' | 'same-error' | 'tests-not-improving' | 'edits-undone' | 'nothing-new' | 'talk-without-action' | 'token-burst' | 'endless-poll' | 'budget';
      stage: 'block-call' | 'end-turn' | 'end-session';
      reason: string;
      advice: string;
      evidence: number[];
      step: number;
      handOver: string | null;
      savedTokens: number;
      savedCostUsdMicros: number | null;
      savedMethod: string;
      trippedAt: string;
      liftedAt: string | null;
      liftedBy: string | null;
    }[];
  };
  'GET /v1/sessions/{id}/usage': {
    items: {
      source: 'logs' | 'spans' | 'metrics';
      model: string;
      requests: number;
      errors: number;
      toolCalls: number;
      toolErrors: number;
      inputTokens: number;
      outputTokens: number;
      cacheReadTokens: number;
      cacheWriteTokens: number;
      costUsdMicros: number;
      unpricedRequests: number;
      lastAt: string;
    }[];
  };
  'GET /v1/source-restrictions': {
    items: SourceRestriction[];
  };
  'GET /v1/stream': LedgerEvent;
  'GET /v1/system': SystemStatus & {
    version: string;
    organisation: string;
    hooks: {
      agent: string;
      event: string;
      lastAt: string;
      events: number;
    }[];
  };
  'GET /v1/tokens': {
    items: Token[];
    nextCursor: string | null;
  };
  'GET /v1/trace': Trace;
  'GET /v1/webhook-subscriptions': {
    items: WebhookSubscription[];
    nextCursor: string | null;
  };
  'GET /v1/webhook-subscriptions/{id}': WebhookSubscription;
  'GET /v1/why': WhyAnswer;
  'GET /v1/work-items': {
    items: WorkItem[];
    nextCursor: string | null;
  };
  'GET /v1/work-items/{id}': WorkItem;
  'GET /v1/work-items/{id}/comments': {
    items: Comment[];
  };
  'GET /v1/workflow-graphs/{hash}': WorkflowGraph;
  'GET /v1/workflows': WorkflowLibrary;
  'POST /v1/agents/attachments': {
    agent: string;
    attached: boolean;
  };
  'POST /v1/audit/verify': VerifyReport;
  'POST /v1/autonomy/audits/{changeId}': Audit;
  'POST /v1/autonomy/restorations': AutonomyCurb;
  'POST /v1/breakers/close': {
    scope: 'agent' | 'repository' | 'provider' | 'subject';
    key: string;
    state: 'closed' | 'open' | 'half-open';
    reason: string;
    changedAt: string;
    until: string | null;
  };
  'POST /v1/changes/{id}/reviews': Change;
  'POST /v1/checks': {
    repository: string;
    baseSha: string;
    headSha: string;
    policyVersion: string;
    policySource: string;
    lane: 'ship' | 'ship-and-watch' | 'one-reviewer' | 'two-person' | 'hold';
    outcome: 'ship' | 'escalate' | 'block';
    rules: {
      id: string;
      file: string;
      line: number;
      because: string;
      kind: 'grant' | 'requirement' | 'hold' | 'default';
      reviewers: number;
      from: string[];
      isMet: boolean;
    }[];
    score: number;
    factors: {
      name: string;
      value: number | string | boolean;
      points: number;
      explanation: string;
    }[];
    missing: {
      rule: string;
      what: string;
      who: string[];
    }[];
    facts: Record<string, unknown>;
    decidedAt: string;
  };
  'POST /v1/claims': ClaimAnswer;
  'POST /v1/claims/check': ClaimAnswer;
  'POST /v1/claims/choices': ChoiceAnswer;
  'POST /v1/claims/gate': GateAnswer;
  'POST /v1/claims/intent': Claim;
  'POST /v1/claims/release': {
    released: number;
  };
  'POST /v1/connections/github/app': GitHubAppMade;
  'POST /v1/connections/github/manifest': GitHubAppManifest;
  'POST /v1/connections/{name}/pause': Connection;
  'POST /v1/connections/{name}/resume': Connection;
  'POST /v1/connections/{name}/rotate-secret': {
    secret: string;
    acceptedUntil: string;
  };
  'POST /v1/connections/{name}/settings': Connection;
  'POST /v1/connections/{name}/test': ConnectionTest;
  'POST /v1/context-packs': ContextPack;
  'POST /v1/context-packs/preview': PackPreview;
  'POST /v1/deployments': Deployment;
  'POST /v1/forge/repositories': ForgeRepository;
  'POST /v1/graph/contradictions/work-item': WorkItem;
  'POST /v1/identities': {
    person: Person;
    identity: string;
  };
  'POST /v1/inbox/{id}/acknowledgements': Assignment;
  'POST /v1/inbox/{id}/answers': Assignment;
  'POST /v1/incidents': Incident;
  'POST /v1/landing-queue/resume': {
    lanes: {
      repository: string;
      baseBranch: string;
      strategy: 'serial' | 'lanes';
      mainSha: string | null;
      greenSha: string | null;
      red: {
        source: 'build' | 'host';
        check: string;
        sha: string;
        since: string;
        output: string;
        suspects: number;
        culprit: string | null;
        culpritChangeId: string | null;
        revert: {
          state: 'proposed' | 'conflicts' | 'unsupported' | 'failed';
          branch: string | null;
          changeId: string | null;
          why: string | null;
        } | null;
      } | null;
      waiting: {
        changeId: string;
        runId: string;
        branch: string;
        title: string;
        headSha: string;
        state: 'queued' | 'testing' | 'cleared' | 'rejected' | 'landing' | 'landed' | 'returned' | 'left';
        group: number | null;
        isFlaky: boolean;
        queuedAt: string;
        endedAt: string | null;
      }[];
      builds: {
        id: string;
        kind: 'landing' | 'main' | 'bisect';
        state: 'queued' | 'running' | 'passed' | 'failed';
        changes: string[];
        assumed: string[];
        attempt: number;
        baseSha: string;
        tree: string;
        command: string | null;
        createdAt: string;
        startedAt: string | null;
        endedAt: string | null;
      }[];
      ended: {
        changeId: string;
        runId: string;
        branch: string;
        title: string;
        headSha: string;
        state: 'queued' | 'testing' | 'cleared' | 'rejected' | 'landing' | 'landed' | 'returned' | 'left';
        group: number | null;
        isFlaky: boolean;
        queuedAt: string;
        endedAt: string | null;
      }[];
    }[];
  };
  'POST /v1/landing-queue/strategy': {
    lanes: {
      repository: string;
      baseBranch: string;
      strategy: 'serial' | 'lanes';
      mainSha: string | null;
      greenSha: string | null;
      red: {
        source: 'build' | 'host';
        check: string;
        sha: string;
        since: string;
        output: string;
        suspects: number;
        culprit: string | null;
        culpritChangeId: string | null;
        revert: {
          state: 'proposed' | 'conflicts' | 'unsupported' | 'failed';
          branch: string | null;
          changeId: string | null;
          why: string | null;
        } | null;
      } | null;
      waiting: {
        changeId: string;
        runId: string;
        branch: string;
        title: string;
        headSha: string;
        state: 'queued' | 'testing' | 'cleared' | 'rejected' | 'landing' | 'landed' | 'returned' | 'left';
        group: number | null;
        isFlaky: boolean;
        queuedAt: string;
        endedAt: string | null;
      }[];
      builds: {
        id: string;
        kind: 'landing' | 'main' | 'bisect';
        state: 'queued' | 'running' | 'passed' | 'failed';
        changes: string[];
        assumed: string[];
        attempt: number;
        baseSha: string;
        tree: string;
        command: string | null;
        createdAt: string;
        startedAt: string | null;
        endedAt: string | null;
      }[];
      ended: {
        changeId: string;
        runId: string;
        branch: string;
        title: string;
        headSha: string;
        state: 'queued' | 'testing' | 'cleared' | 'rejected' | 'landing' | 'landed' | 'returned' | 'left';
        group: number | null;
        isFlaky: boolean;
        queuedAt: string;
        endedAt: string | null;
      }[];
    }[];
  };
  'POST /v1/lessons': {
    id: string;
    state: 'candidate' | 'approved' | 'rejected' | 'retired';
  };
  'POST /v1/lessons/{id}/decision': Lesson;
  'POST /v1/login': {
    person: Person;
  };
  'POST /v1/login-codes': {
    code: string;
    url: string;
  };
  'POST /v1/overrides': Override;
  'POST /v1/overrides/{id}/confirmations': Override;
  'POST /v1/people': Person;
  'POST /v1/people/{id}/absences': Absence;
  'POST /v1/policy/backtest': {
    type: 'progress';
    phase: 'history' | 'risk' | 'patches' | 'verdicts' | 'done';
    done: number;
    total: number | null;
  } | {
    type: 'report';
    report: Backtest;
  } | {
    type: 'problem';
    problem: {
      type: string;
      title: string;
      status: number;
      code: string;
      detail: string;
      hint: string | null;
      requestId: string;
    };
  };
  'POST /v1/policy/organisation/versions': OrganisationPolicy;
  'POST /v1/policy/organisation/versions/{version}/endorse': OrganisationPolicy;
  'POST /v1/policy/organisation/versions/{version}/withdraw': OrganisationPolicy;
  'POST /v1/policy/validate': {
    problems: PolicyProblem[];
    remarks: PolicyRemark[];
    version: string | null;
  };
  'POST /v1/ranking-fits': RankingFit;
  'POST /v1/ranking-fits/{version}/decision': RankingFit;
  'POST /v1/repositories': Repository;
  'POST /v1/repositories/{id}/refresh': Repository;
  'POST /v1/runs/{id}/cancel': RunWithSteps;
  'POST /v1/runs/{id}/pause': RunWithSteps;
  'POST /v1/runs/{id}/resume': RunWithSteps;
  'POST /v1/runs/{id}/retry': RunWithSteps;
  'POST /v1/sessions': Session;
  'POST /v1/sessions/{id}/breaker/budget': {
    stage: 'closed' | 'turn-ended' | 'session-ended';
    nudges: number;
    trips: number;
    spent: {
      tokens: number;
      costUsdMicros: number;
      calls: number;
    };
    budget: {
      tokens: number | null;
      costUsdMicros: number | null;
      minutes: number | null;
      calls: number | null;
    };
  };
  'POST /v1/sessions/{id}/breaker/reset': {
    stage: 'closed' | 'turn-ended' | 'session-ended';
    nudges: number;
    trips: number;
    spent: {
      tokens: number;
      costUsdMicros: number;
      calls: number;
    };
    budget: {
      tokens: number | null;
      costUsdMicros: number | null;
      minutes: number | null;
      calls: number | null;
    };
  };
  'POST /v1/sessions/{id}/end': Session;
  'POST /v1/sessions/{id}/hand-over': ChoiceAnswer;
  'POST /v1/sessions/{id}/notes': {
    notes: {
      kind: string;
      fromSessionId: string | null;
      text: string;
    }[];
  };
  'POST /v1/source-restrictions': SourceRestriction;
  'POST /v1/tokens': {
    token: Token;
    secret: string;
  };
  'POST /v1/webhook-subscriptions': {
    subscription: WebhookSubscription;
    secret: string;
  };
  'POST /v1/webhook-subscriptions/{id}': WebhookSubscription;
  'POST /v1/webhook-subscriptions/{id}/secrets': {
    secret: string;
  };
  'POST /v1/work-items': WorkItem;
  'POST /v1/work-items/batch': {
    items: WorkItem[];
  };
  'POST /v1/work-items/hand-out': HandOut;
  'POST /v1/work-items/next': WorkItem;
  'POST /v1/workflows/compose': Composition;
}

/** What each route takes. */
export interface Bodies {
  'POST /v1/agents/attachments': {
    agent: string;
    repository?: string;
    version?: string | null;
    attached: boolean;
  };
  'POST /v1/audit/verify': {
    pinned?: string;
  };
  'POST /v1/autonomy/audits/{changeId}': {
    finding: 'fine' | 'risky';
    reason: string;
  };
  'POST /v1/autonomy/restorations': {
    curb: number;
    reason: string;
  };
  'POST /v1/breakers/close': {
    scope: 'agent' | 'repository' | 'provider' | 'subject';
    key: string;
    reason: string;
  };
  'POST /v1/changes/{id}/reviews': {
    decision: 'approve' | 'decline';
    headSha: string;
    reason: string;
    sessionId?: string;
  };
  'POST /v1/checks': {
    repository: string;
    branch: string;
  };
  'POST /v1/claims': {
    sessionId: string;
    repository: string;
    paths?: string[];
    targets?: string[];
    strength?: 'shared' | 'exclusive';
    intent?: string;
  };
  'POST /v1/claims/check': {
    sessionId: string;
    repository: string;
    paths?: string[];
    targets?: string[];
  };
  'POST /v1/claims/choices': {
    sessionId: string;
    repository: string;
    paths?: string[];
    targets?: string[];
    choice: 'go-on' | 'rebase' | 'split' | 'wait' | 'hand-over' | 'stop';
    note?: string;
    withSessionId?: string;
  };
  'POST /v1/claims/gate': {
    sessionId: string;
    repository: string;
    gate: 'commit' | 'push';
    paths: string[];
    dirty?: string[];
    headSha?: string;
  };
  'POST /v1/claims/intent': {
    sessionId: string;
    repository: string;
    intent: string;
    predicted?: {
      path: string;
      score: number;
    }[];
  };
  'POST /v1/claims/release': {
    sessionId: string;
    paths?: string[];
    targets?: string[];
    reason?: string;
  };
  'POST /v1/connections/github/app': {
    code: string;
    state: string;
  };
  'POST /v1/connections/github/manifest': {
    name?: string;
    organisation?: string;
  };
  'POST /v1/connections/{name}/pause': {
    reason?: string;
  };
  'POST /v1/connections/{name}/settings': {
    values: Record<string, string>;
  };
  'POST /v1/context-packs': {
    repository: string;
    title: string;
    text?: string;
    paths?: string[];
    budgetTokens?: number;
    sessionId?: string;
    workItemId?: string;
    maxBytes?: number;
    full?: boolean;
  };
  'POST /v1/context-packs/preview': {
    repository: string;
    title: string;
    text?: string;
    paths?: string[];
    budgetTokens?: number;
    workItemId?: string;
    maxBytes?: number;
    full?: boolean;
  };
  'POST /v1/deployments': {
    repository: string;
    environment: string;
    sha: string;
    status: 'started' | 'succeeded' | 'failed' | 'rolled-back';
    externalKey: string;
    url?: string;
    occurredAt?: string;
  };
  'POST /v1/forge/repositories': {
    name: string;
  };
  'POST /v1/graph/contradictions': {
    a: string;
    b: string;
    because: string;
  };
  'POST /v1/graph/contradictions/settle': {
    a: string;
    b: string;
    holds: 'a' | 'b' | 'both';
    because: string;
  };
  'POST /v1/graph/contradictions/work-item': {
    a: string;
    b: string;
  };
  'POST /v1/graph/people/merge': {
    a: string;
    b: string;
    because: string;
  };
  'POST /v1/graph/people/split': {
    a: string;
    b: string;
    because: string;
  };
  'POST /v1/identities': {
    code: string;
  };
  'POST /v1/inbox/{id}/acknowledgements': Record<string, never>;
  'POST /v1/inbox/{id}/answers': {
    decision: 'approve' | 'approve-with-watch' | 'send-back' | 'hand-over';
    reason: string;
    watchHours?: number;
    to?: string;
    packageSha256?: string;
  };
  'POST /v1/incidents': {
    title: string;
    severity: 'low' | 'medium' | 'high' | 'critical';
    state?: 'open' | 'resolved';
    externalKey: string;
    repository?: string;
    deploymentId?: string;
    url?: string;
    occurredAt?: string;
  };
  'POST /v1/landing-queue/resume': {
    repository: string;
    baseBranch: string;
    reason: string;
  };
  'POST /v1/landing-queue/strategy': {
    repository: string;
    baseBranch: string;
    strategy: 'serial' | 'lanes';
    reason: string;
  };
  'POST /v1/lessons': {
    repository: string;
    text: string;
    paths?: string[];
    sessionId?: string;
  };
  'POST /v1/lessons/{id}/decision': {
    decision: 'approve' | 'reject' | 'retire';
    text?: string;
    paths?: string[];
    reason?: string;
  };
  'POST /v1/login': {
    code: string;
  };
  'POST /v1/login-codes': {
    personId?: string;
  };
  'POST /v1/overrides': {
    changeId: string;
    headSha: string;
    reason: string;
    ticket?: string;
    isEmergency?: boolean;
  };
  'POST /v1/overrides/{id}/confirmations': Record<string, never>;
  'POST /v1/people': {
    name: string;
    roles: ('viewer' | 'developer' | 'approver' | 'admin' | 'auditor')[];
    teams?: string[];
    identities?: string[];
  };
  'POST /v1/people/{id}/absences': {
    from: string;
    to: string;
    delegateId?: string;
    note?: string;
  };
  'POST /v1/policy/backtest': {
    text: string;
    repository: string;
    layer?: 'repository' | 'organisation';
    sinceDays?: number;
    limit?: number;
  };
  'POST /v1/policy/organisation/versions': {
    text: string;
    reason: string;
  };
  'POST /v1/policy/validate': {
    text: string;
    repository?: string;
  };
  'POST /v1/ranking-fits/{version}/decision': {
    decision: 'withdraw' | 'use';
    reason?: string;
  };
  'POST /v1/repositories': {
    url: string;
    name?: string;
  };
  'POST /v1/runs/{id}/cancel': {
    reason: string;
  };
  'POST /v1/runs/{id}/pause': {
    reason: string;
  };
  'POST /v1/runs/{id}/resume': Record<string, never>;
  'POST /v1/runs/{id}/retry': {
    step?: string;
  };
  'POST /v1/sessions': {
    agent: string;
    externalId: string;
    model?: string;
    repository?: string;
    branch?: string;
    baseSha?: string;
    cwd?: string;
    intent?: string;
    workItemId?: string;
    parentId?: string;
    role?: string;
    budget?: {
      tokens?: number | null;
      usdMicros?: number | null;
      minutes?: number | null;
    };
  };
  'POST /v1/sessions/{id}/breaker/budget': {
    tokens?: number | null;
    costUsdMicros?: number | null;
    minutes?: number | null;
    calls?: number | null;
  };
  'POST /v1/sessions/{id}/breaker/reset': {
    reason: string;
  };
  'POST /v1/sessions/{id}/end': {
    reason?: string;
  };
  'POST /v1/sessions/{id}/hand-over': {
    to: string;
    paths?: string[];
    targets?: string[];
    note?: string;
  };
  'POST /v1/sessions/{id}/notes': Record<string, never>;
  'POST /v1/source-restrictions': {
    repository?: string;
    system?: string;
    prefix?: string;
    teams?: string[];
    people?: string[];
    reason: string;
  };
  'POST /v1/tokens': {
    personId?: string;
    name: string;
    kind?: 'api' | 'agent';
    scopes?: ('repositories:read' | 'repositories:import' | 'context:read' | 'context:record' | 'context:approve' | 'context:curate' | 'changes:read' | 'changes:approve' | 'changes:check' | 'sessions:read' | 'sessions:write' | 'work:read' | 'work:write' | 'runs:read' | 'runs:control' | 'signals:write' | 'deployments:read' | 'deployments:write' | 'incidents:write' | 'policy:read' | 'policy:publish' | 'audit:read' | 'audit:export' | 'insights:read' | 'connections:read' | 'connections:manage' | 'people:read' | 'people:manage' | 'tokens:manage' | 'system:read')[] | 'all';
    expiresInDays?: number;
  };
  'POST /v1/webhook-subscriptions': {
    url: string;
    eventTypes: string[];
    description?: string;
  };
  'POST /v1/webhook-subscriptions/{id}': {
    url?: string;
    eventTypes?: string[];
    description?: string;
    state?: 'active' | 'paused';
  };
  'POST /v1/webhook-subscriptions/{id}/secrets': Record<string, never>;
  'POST /v1/work-items': {
    title: string;
    text?: string;
    repository?: string;
    labels?: string[];
    priority?: number;
    url?: string;
    externalKey?: string;
  };
  'POST /v1/work-items/batch': {
    items: {
      title: string;
      text?: string;
      repository?: string;
      labels?: string[];
      priority?: number;
      url?: string;
      externalKey?: string;
    }[];
  };
  'POST /v1/work-items/hand-out': {
    sessionId: string;
    repository?: string;
    labels?: string[];
  };
  'POST /v1/work-items/next': {
    sessionId: string;
    repository?: string;
  };
  'POST /v1/workflows/compose': {
    workItemId?: string;
    signal?: Record<string, unknown>;
  };
}
