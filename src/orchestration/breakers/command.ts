/** What a shell command is for: looking, testing, building, waiting, or changing something. Pure. */

export type CommandPurpose = 'look' | 'test' | 'check' | 'wait' | 'act';

const TEST =
  /\b(?:(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:t|test|tests)\b|(?:npm|pnpm|yarn|bun)\s+run\s+\S*(?:test|spec|e2e)\S*|(?:npx\s+|node_modules\/\.bin\/)?(?:vitest|jest|mocha|ava|karma|cypress|playwright\s+test)\b|node\s+(?:\S+\s+)*--test\b|(?:py\.test|pytest|tox|nox)\b|python[\d.]*\s+-m\s+(?:pytest|unittest)|manage\.py\s+test|go\s+test|gotestsum|cargo\s+(?:test|nextest)|(?:mvnw?|\.\/mvnw)\b.*\b(?:test|verify|surefire)|gradlew?\b.*\b(?:test|check)\b|rspec|phpunit|dotnet\s+test|bazel\s+test|ctest|make\s+(?:-\S+\s+)*(?:test|check)\S*|rake\s+(?:test|spec)|deno\s+test|mix\s+test|swift\s+test|flutter\s+test|bats)\b/;
const CHECK =
  /\b(?:tsc|vue-tsc|eslint|oxlint|biome|prettier\s+--check|ruff|mypy|pyright|flake8|pylint|black\s+--check|make|cmake|ninja|gcc|g\+\+|clang|javac|rustc|cargo\s+(?:build|check|clippy)|go\s+(?:build|vet)|golangci-lint|(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:build|lint|typecheck|type-check|check|compile)\S*|(?:mvnw?|gradlew?)\b.*\b(?:compile|build|package|assemble)|dotnet\s+build|webpack|vite\s+build|next\s+build|docker\s+(?:compose\s+)?build|terraform\s+(?:plan|validate)|bazel\s+build|swift\s+build|xcodebuild|helm\s+lint)\b/;
const WAIT =
  /^\s*(?:sleep|wait|tail\s+-f)\b|(?:&&|;|\|\|)\s*sleep\s+\d|\bgh\s+(?:run|pr)\s+(?:view|watch|checks|list)\b|\bkubectl\s+(?:get|rollout\s+status|wait)\b|\bdocker\s+(?:compose\s+)?(?:ps|logs)\b|\b(?:pgrep|systemctl\s+(?:status|is-active)|squeue|qstat)\b|\bps\s+(?:-|aux|ax)|\btail\b[^|]*\.(?:log|out|txt)\b|\b(?:aws|gcloud|az|flyctl|vercel|heroku)\b.*\b(?:status|describe\S*|wait|show|logs)\b/;
const LOOK =
  /^(?:cd|ls|ll|cat|bat|head|tail|less|grep|egrep|fgrep|rg|ag|find|fd|pwd|echo|printf|which|whereis|type|env|printenv|wc|stat|file|tree|du|df|ps|date|whoami|uname|id|hostname|sed\s+-n|awk|jq|yq|sort|uniq|cut|tr|diff|cmp|nl|xxd|od|strings|basename|dirname|realpath|readlink|test|\[|true|false|sleep|history|ss|netstat|lsof|nproc|free|uptime|dig|nslookup|ping|ldd|nm|objdump|man|help|git\s+(?:-\S+\s+|-C\s+\S+\s+)*(?:status|log|diff|show|branch(?:\s+-\S+)*$|remote|blame|rev-parse|ls-files|ls-remote|ls-tree|describe|grep|shortlog|reflog|cat-file|merge-base|config\s+--get|stash\s+list|tag$|worktree\s+list)|gh\s+(?:\w+\s+)?(?:view|list|status|checks|diff)|kubectl\s+(?:get|describe|logs|top)|docker\s+(?:ps|logs|inspect|images)|npm\s+(?:ls|list|view|outdated|why)|pip\s+(?:list|show|freeze)|\S+\s+(?:--version|-v|-V|--help|version))(?:\s|$)/;

const JUDGED = 1_000;

/** A pipeline is as strong as its strongest part. `whole` is normalised, `rawWhole` as it was written. */
export function purposeOf(whole: string, rawWhole: string): CommandPurpose {
  // A script of pages is told by its beginning.
  const command = whole.slice(0, JUDGED);
  const raw = rawWhole.slice(0, JUDGED);
  if (TEST.test(command)) return 'test';
  if (CHECK.test(command)) return 'check';
  if (WAIT.test(raw)) return 'wait';
  // Writing into a file is no looking, whoever does it.
  if (/(?:^|[^2&0-9])>>?\s*[^&\s]/.test(command) || /<</.test(command)) return 'act';
  const parts = command.split(/&&|\|\|?|;|\n/).map((part) => part.trim());
  return parts.every((part) => part === '' || LOOK.test(part)) ? 'look' : 'act';
}

/** Seconds the command waits before it asks, for polls that back off. */
export function sleepSeconds(raw: string): number {
  const found = /\bsleep\s+([\d.]{1,9})([smh]?)/.exec(raw.slice(0, JUDGED));
  if (found === null) return 0;
  return Number(found[1]) * (found[2] === 'h' ? 3_600 : found[2] === 'm' ? 60 : 1);
}
