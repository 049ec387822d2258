/**
 * What kind of file a path is. Closed vocabularies: a policy that names another one is refused.
 * Judged by path alone and in lower case, so that a rename in another case hides nothing.
 */
import { createPathMatcher, type PathMatcher } from './glob.ts';

/** True of a change as soon as one file has it: safe in rules, since more files never lose one. */
export const RULE_TAGS = [
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
  'path-twin',
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
] as const;
export type RuleTag = (typeof RULE_TAGS)[number];

/** Evidence about the whole change: only grants may ask for it, for more files can take it away. */
export const GRANT_TAGS = [
  'docs-only',
  'tests-only',
  'no-production-code',
  'tests-added',
  'checks-passed',
  'second-agent-review',
] as const;
export type GrantTag = (typeof GRANT_TAGS)[number];

/** Other words leaders use for the same evidence. */
export const GRANT_TAG_WORDS: Readonly<Record<string, GrantTag>> = { 'ci-green': 'checks-passed' };

/** What may be let through a freeze; a person is needed all the same. */
export const FREEZE_TAGS = ['hotfix', 'docs-only', 'tests-only'] as const;
export type FreezeTag = (typeof FREEZE_TAGS)[number];

const PATTERNS: Partial<Record<RuleTag, readonly string[]>> = {
  policy: ['.loom/policy.yaml', '.loom/policy/**'],
  workflow: ['.loom/workflows/**', '.loom/catalog.{yaml,yml}', '**/catalog-info.{yaml,yml}'],
  'code-owners': ['codeowners', '.github/codeowners', 'docs/codeowners', '.gitlab/codeowners'],
  'agent-rules': [
    '**/{agents,claude,gemini}.md',
    '**/{agents,claude}.local.md',
    '**/.{claude,cursor,codex,gemini,windsurf,opencode}/**',
    '**/.{cursorrules,windsurfrules,clinerules,mcp.json}',
    '**/opencode.{json,jsonc}',
    '.github/copilot-instructions.md',
    '.github/{instructions,prompts,hooks}/**',
    '.{husky,githooks}/**',
    '.pre-commit-config.{yaml,yml}',
    'lefthook.{yaml,yml}',
  ],
  ci: [
    '.github/{workflows,actions}/**',
    '.gitlab-ci.{yml,yaml}',
    '.gitlab/**',
    '.{circleci,buildkite,ci,woodpecker,drone}/**',
    '.{travis,drone,appveyor,cirrus}.yml',
    'jenkinsfile*',
    'azure-pipelines*.yml',
    'bitbucket-pipelines.yml',
  ],
  dependency: [
    '**/package.json',
    '**/{package-lock,npm-shrinkwrap,composer}.json',
    '**/{pnpm-lock.yaml,yarn.lock,bun.lock,bun.lockb,.npmrc,.yarnrc.yml}',
    '**/{go.mod,go.sum,cargo.toml,cargo.lock,gemfile,gemfile.lock,poetry.lock,uv.lock}',
    '**/{pyproject.toml,pipfile,pipfile.lock,setup.py,setup.cfg}',
    '**/requirements*.txt',
    '**/{pom.xml,build.gradle,build.gradle.kts,gradle.lockfile,libs.versions.toml}',
    '**/*.{csproj,fsproj,nuspec}',
    '**/cmakelists.txt',
  ],
  migration: ['**/{migrations,migration,migrate}/**', '**/*.sql', '**/schema.prisma'],
  infrastructure: [
    '**/*.{tf,tfvars,hcl,bicep}',
    '**/{terraform,helm,charts,k8s,kubernetes,ansible,pulumi,infra,infrastructure}/**',
    '**/dockerfile*',
    '**/{docker-compose,compose}*.{yml,yaml}',
  ],
  auth: [
    '**/{auth,authn,authz,oauth,sso,login,session,sessions,permissions,security,crypto}/**',
    '**/*{auth,login,password,permission,credential,secret,crypto,token}*',
  ],
  'public-api': [
    '**/*.{proto,thrift,graphql,graphqls,avsc,wsdl,xsd}',
    '**/{openapi,swagger,asyncapi}*.{yaml,yml,json}',
    '**/*.d.ts',
    '**/{api,public}/**',
  ],
  secrets: [
    '**/.env',
    '**/.env.{local,production,prod,staging}',
    '**/*.{pem,p12,pfx,jks,keystore}',
    '**/{id_rsa,id_ed25519,id_ecdsa,.netrc,.pgpass}',
  ],
  docs: [
    '**/*.{md,rst,adoc,txt}',
    '{docs,doc}/**/*.{mdx,png,jpg,jpeg,gif,svg,webp,html,css}',
    '**/{license,notice,authors,changelog}',
  ],
  tests: [
    '**/{test,tests,__tests__,spec,specs,testdata,fixtures,__snapshots__,e2e}/**',
    '**/*.{test,spec}.*',
    '**/*_{test,spec}.*',
    '**/test_*.py',
    '**/*{test,tests}.{java,kt,cs,scala}',
  ],
  generated: [
    '**/{dist,build,generated,__generated__,vendor,node_modules,third_party}/**',
    '**/*.min.{js,css}',
    '**/*.{map,snap}',
    '**/*{.pb.go,_pb2.py,.g.dart,.generated.ts}',
    '**/{package-lock.json,npm-shrinkwrap.json,pnpm-lock.yaml,yarn.lock,go.sum,cargo.lock,poetry.lock,uv.lock}',
  ],
  config: ['**/*.{yaml,yml,json,toml,ini,env,properties,conf}', '**/.env*', '**/makefile'],
};

const MATCHERS: readonly (readonly [RuleTag, PathMatcher])[] = Object.entries(PATTERNS).map(
  ([tag, patterns]) => [tag as RuleTag, createPathMatcher(patterns)] as const,
);
const LOCK_FILE =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|go\.sum|cargo\.lock|poetry\.lock|uv\.lock)$/;
/** Documents by name that steer machines all the same. */
const NEVER_DOCS: ReadonlySet<RuleTag> = new Set([
  'agent-rules',
  'dependency',
  'code-owners',
  'policy',
]);

const known = new Map<string, readonly RuleTag[]>();
const MAX_KNOWN = 20_000;

/** Tags of one path. Whatever is neither documentation, test nor lock file is code. */
export function tagsOfPath(path: string): readonly RuleTag[] {
  const found = known.get(path);
  if (found !== undefined) return found;
  // The same files change again and again; beyond that many paths the oldest half is forgotten.
  if (known.size >= MAX_KNOWN) {
    for (const old of [...known.keys()].slice(0, MAX_KNOWN / 2)) known.delete(old);
  }
  const tags = findTags(path);
  known.set(path, tags);
  return tags;
}

function findTags(path: string): RuleTag[] {
  const lower = path.toLowerCase();
  const names = lower.split('/');
  const found = MATCHERS.filter(([, matches]) => matches(names)).map(([tag]) => tag);
  const tags = found.some((tag) => NEVER_DOCS.has(tag))
    ? found.filter((tag) => tag !== 'docs')
    : found;
  const isHarmless = tags.includes('docs') || tags.includes('tests') || LOCK_FILE.test(lower);
  return isHarmless ? tags : [...tags, 'code'];
}
