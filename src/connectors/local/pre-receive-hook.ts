/**
 * The hook that guards a bare repository. Plain POSIX sh and git, so that it also holds when somebody
 * serves the folder without us. It trusts nothing but the refs on its standard input and the
 * repository's own HEAD and settings: no push option, header or variable of the client reaches it.
 *
 * Where LoomStack serves the push it is asked, over descriptor 3, whether a session may still write what it
 * pushes (push-gate.ts).
 *
 * LoomStack's own merges move the branch with `git update-ref`, which runs no receive hook.
 */
export const PRE_RECEIVE_HOOK = `#!/bin/sh
# Written by LoomStack. It is not meant to be edited: protected branches move only by a merge that
# LoomStack makes after its verdict.
set -u
LC_ALL=C
export LC_ALL

lower() {
  printf '%s' "$1" | tr 'A-Z' 'a-z'
}

refuse() {
  printf '\\nLoomStack: %s\\n' "$1" >&2
  shift
  for line in "$@"; do
    printf '  %s\\n' "$line" >&2
  done
  exit 1
}

default=$(git symbolic-ref HEAD) || refuse 'The repository has no default branch.'
protected=$(
  printf '%s\\n' "$default" 'refs/heads/main'
  git config --get-all loom.protectedBranch | sed 's,^,refs/heads/,'
)
# File systems that ignore case keep refs/heads/Main and refs/heads/main in one file.
protected=$(lower "$protected")

moves=
while read -r old new ref; do
  moves="\${moves}move $old $new $ref
"
  case "$ref" in
    refs/heads/HEAD) refuse 'No branch may be called HEAD: git would take it for another.' ;;
    refs/heads/?*) ;;
    refs/tags/?*) continue ;;
    *) refuse "$ref cannot be pushed." 'Push branches (refs/heads/...) and tags (refs/tags/...) only.' ;;
  esac

  # Bytes, as LC_ALL is C. Merges and verdicts need a name that fits into a file name.
  [ "\${#ref}" -le 255 ] || refuse 'The name of the branch is too long.' 'Use at most 244 bytes.'

  name=$(lower "$ref")
  is_protected=no
  while read -r candidate; do
    [ "$name" = "$candidate" ] && is_protected=yes
  done <<EOT
$protected
EOT
  [ "$is_protected" = yes ] || continue

  branch=\${ref#refs/heads/}
  case "$new" in
    *[!0]*) ;;
    *) refuse "$branch is protected and cannot be deleted." ;;
  esac
  # What the client says the old value was is not believed; the ref itself is asked.
  if git show-ref --verify --quiet "$ref"; then
    refuse "$branch is protected: it moves only by a merge that LoomStack makes." \\
      'Push your commits to a branch of your own instead; it becomes a change and is judged:' \\
      '' \\
      '    git push origin HEAD:refs/heads/<your-branch>' \\
      ''
  fi
  # The first commits of an empty repository have no branch they could be merged into.
  [ "$ref" = "$default" ] || refuse "$branch is protected and cannot be created by a push."
done

[ "\${LOOM_PUSH_GATE:-}" = 3 ] || exit 0
printf 'objects %s\\n%send\\n' "\${GIT_OBJECT_DIRECTORY:-}" "$moves" >&3
said=no
while read -r word words <&3; do
  case "$word" in
    yes) exit 0 ;;
    say)
      [ "$said" = yes ] || printf '\\nLoomStack: ' >&2
      said=yes
      printf '%s\\n' "$words" >&2
      ;;
    *) exit 1 ;;
  esac
done
refuse 'The push could not be judged.' 'Push again in a moment.'
`;
